import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Ran, runCommand } from '../support/commands.ts';

/** How the project's commands answer whoever gives them wrongly: a sentence, how they are used, and nothing is done. */
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

const commands = Object.entries(scripts).flatMap(([name, script]) => {
  const [, file] = /\bnode (\S+\/main\.ts)$/.exec(script) ?? [];
  return file === undefined ? [] : [{ name, file }];
});

// No hub of the environment is meant, and what a command did all the same would have nowhere to go.
const run = (file: string, ...args: readonly string[]): Promise<Ran> =>
  runCommand(file, args, { env: { TableName: 'of-the-environment' }, killAfter: 25_000 });

const refused = (sentence: string, name: string): Ran => ({
  code: 2,
  out: '',
  errors: expect.stringMatching(
    new RegExp(`^${RegExp.escape(sentence)}\n\nUsage: npm (run |run --silent )?${RegExp.escape(name)}\\b`),
  ),
});

test('The commands are those of package.json', () => {
  expect(commands.length).toBeGreaterThan(10);
  expect(Object.values(scripts).filter((script) => script.includes('/main.ts'))).toHaveLength(commands.length);
});

describe.concurrent.for(commands)('npm run $name', ({ name, file }) => {
  test('refuses an option that it does not know', async () =>
    expect(await run(file, '--nonsense')).toEqual(refused("Unknown option '--nonsense'.", name)));

  test('says how it is used', async () =>
    expect(await run(file, '--help')).toEqual({ code: 0, out: expect.stringMatching(/^Usage: npm /), errors: '' }));
});

const table = ['--table', 'luftbro'];
const id = '00000000-0000-4000-8000-000000000001';
const whichHub = 'Say which hub: --local, or --table <name>.';
const notBoth = 'Say --local or --table, not both.';

describe.concurrent('A command that is not told what it needs', () => {
  test.for<readonly [name: string, sentence: string, ...args: readonly string[]]>([
    ['audit', 'Say what to do: verify, export.'],
    ['audit', '"bury" is no command: verify, export.', 'bury', ...table],
    ['audit', '"now" is one word too many.', 'verify', 'now', ...table],
    ['audit', 'nonsense is not the id of a mission.', 'verify', '--mission', 'nonsense', ...table],
    ['audit', 'Say which mission: --mission <id>.', 'export', ...table],
    ['audit', whichHub, 'verify'],
    ['audit', "Option '--table' is empty.", 'verify', '--table', ''],
    ['audit', notBoth, 'verify', '--local', ...table],
    ['dead-letters', 'Say what to do: list, show, redrive, discard.'],
    ['dead-letters', '"bury" is no command: list, show, redrive, discard.', 'bury', ...table],
    [
      'dead-letters',
      'this is no name of a notification: <subscription>.<number>, as list shows it.',
      'discard',
      'this',
      ...table,
    ],
    ['dead-letters', 'Say which: names, --subscription, --organisation or --all.', 'discard', ...table],
    ['dead-letters', whichHub, 'list'],
    ['dead-letters', notBoth, 'list', '--local', ...table],
    ['dead-letters', 'Say --local, or --table and --queue, not both.', 'list', '--local', '--queue', 'https://q'],
    ['dead-letters', "Option '--queue' is empty.", 'list', ...table, '--queue', ''],
    ['dead-letters', 'Say which queue it delivers from: --queue <url>.', 'discard', `${id}.1`, ...table],
    ['backup', 'Say what to do: export, verify, restore, close, open.'],
    ['backup', '"delete" is no command: export, verify, restore, close, open.', 'delete', ...table],
    ['backup', 'Say which folder: export <folder>.', 'export', ...table],
    ['backup', 'Say which folder: verify <folder>.', 'verify'],
    ['backup', 'Say which folder: restore <folder>.', 'restore', ...table],
    ['backup', 'A word is empty.', 'export', '', ...table],
    ['audit', "Option '--log' is empty.", 'verify', ...table, '--log', 'functions.log', '--log', ''],
    ['backup', 'open takes no folder.', 'open', 'night', ...table],
    ['backup', '"week" is one word too many.', 'verify', 'night', 'week'],
    [
      'backup',
      'there is no URL: give the base URL of the other hub, it ends in /fhir.',
      'close',
      '--elsewhere',
      'there',
    ],
    ['backup', whichHub, 'close'],
    ['backup', notBoth, 'close', '--local', ...table],
    ['backup', "Option '--table <value>' argument missing.", 'close', '--table'],
    ['directory', 'Say which file.'],
    ['directory', 'Say one place that has the phones: a file, --table or --local.', '--phones'],
    [
      'directory',
      '--local is for --phones only: to load a file name a table.',
      'local/sample/directory.json',
      '--local',
    ],
    [
      'directory',
      '"schemas/guidelines/2026.1.json" is one word too many.',
      'local/sample/directory.json',
      'schemas/guidelines/2026.1.json',
    ],
    ['guideline', 'Say which file.'],
    ['guideline', '"b.json" is one word too many.', 'a.json', 'b.json'],
    ['start', "Option '--data-dir' is empty.", '--data-dir='],
    ['start', '"now" is one word too many.', 'now'],
    [
      'start',
      "Option '--data-dir' argument is ambiguous. Did you forget to specify the option argument for '--data-dir'?",
      '--data-dir',
      '--data-dir',
    ],
    ['bench', '--seed takes a whole number from 1, not "many".', '--seed', 'many'],
    ['fuzz', '--inputs takes a whole number from 1, not "0".', '--inputs', '0'],
    ['fuzz', '--seed takes a whole number from 0, not "1e3".', '--seed', '1e3'],
    ['fuzz', 'There is no target "window".', '--target', 'window'],
    ['simulate', '--seeds takes a whole number from 1, not "many".', '--seeds', 'many'],
    ['simulate', '--seed takes a whole number from 0, not "99999999999999999999".', '--seed', '9'.repeat(20)],
  ])('%s: %s', async ([name, sentence, ...args]) => {
    const file = commands.find((command) => command.name === name)?.file ?? '';
    expect(await run(file, ...args)).toEqual(refused(sentence, name));
  });
});

describe.concurrent('A hub on a laptop that is given a setting it cannot use does not start', () => {
  test.for([
    ['LUFTBRO_BUDGET_MISSION', '3', /^There is no LUFTBRO_BUDGET_MISSION\. There are .*LUFTBRO_BUDGET_MISSIONS,/],
    ['LUFTBRO_BUDGET_MISSIONS', '0', /^LUFTBRO_BUDGET_MISSIONS=0 is not a whole number from 1\.$/],
    ['PORT', 'x', /^PORT=x is not a port number\.$/],
  ] as const)('%s=%s', async ([variable, value, said]) => {
    const file = commands.find(({ name }) => name === 'start')?.file ?? '';
    const ran = await runCommand(file, [], { env: { [variable]: value }, killAfter: 25_000 });
    expect(ran).toEqual({ code: 1, out: '', errors: expect.any(String) });
    expect(ran.errors.trim()).toMatch(said);
  });
});
