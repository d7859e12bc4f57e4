import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Ran, runCommand } from '../support/commands.ts';

/** What the programs of the project print and return for --help and for a wrong use; a wrong use does nothing. */
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

interface Program {
  /** What follows `npm run` in its usage. */
  readonly name: string;
  readonly command: readonly [file: string, ...args: readonly string[]];
}

const hubFile = 'commands/main.ts';
const hubCommands = ['audit', 'backup', 'dead-letters', 'directory', 'guideline', 'reconcile'];

const programs = [
  ...Object.entries(scripts).flatMap(([name, script]): readonly Program[] => {
    const [, file] = /\bnode (\S+\/main\.ts)$/.exec(script) ?? [];
    return file === undefined || file === hubFile ? [] : [{ name, command: [file] }];
  }),
  ...hubCommands.map((name): Program => ({ name: `hub -- ${name}`, command: [hubFile, name] })),
];

const runFile = (file: string, ...args: readonly string[]): Promise<Ran> =>
  // No hub of the environment is meant, and what a program did all the same would have no target.
  runCommand(file, args, { env: { TableName: 'of-the-environment' }, killAfter: 60_000 });

const run = ({ command: [file, ...first] }: Program, ...args: readonly string[]): Promise<Ran> =>
  runFile(file, ...first, ...args);

const refused = (sentence: string, name: string): Ran => ({
  code: 2,
  out: '',
  errors: expect.stringMatching(
    new RegExp(`^${RegExp.escape(sentence)}\n\nUsage: npm (run |run --silent )?${RegExp.escape(name)}(?![\\w-])`),
  ),
});

test('covers every program of package.json', () => {
  expect(programs.length).toBeGreaterThan(10);
  expect(Object.values(scripts).filter((script) => script.includes('/main.ts'))).toHaveLength(
    programs.length - hubCommands.length + 1,
  );
});

describe.concurrent.for(programs)('npm run $name', (program) => {
  test('refuses an option that it does not know', async () =>
    expect(await run(program, '--nonsense')).toEqual(refused("Unknown option '--nonsense'.", program.name)));

  test('prints its usage for --help', async () =>
    expect(await run(program, '--help')).toEqual({
      code: 0,
      out: expect.stringMatching(new RegExp(`^Usage: npm (run )?${RegExp.escape(program.name)}`)),
      errors: '',
    }));
});

describe.concurrent('npm run hub', () => {
  test.for([[], ['--help']])('lists every command in one line with %j', async (args) => {
    const { code, out, errors } = await runFile(hubFile, ...args);
    expect([code, errors]).toEqual([0, '']);
    expect([...out.matchAll(/^ {2}([a-z-]+) {2,}\S.*$/gm)].map(([, name]) => name)).toEqual(hubCommands);
  });

  test.for(['bury', '--nonsense', 'constructor'])(
    'refuses the unknown command %s and names the known ones',
    async (name) =>
      expect(await runFile(hubFile, name)).toEqual({
        code: 2,
        out: '',
        errors: `Unknown command "${name}". Use ${hubCommands.join(', ')}.\n`,
      }),
  );
});

const table = ['--table', 'luftbro'];
const id = '00000000-0000-4000-8000-000000000001';
const whichHub = 'No hub given. Use --local or --table <name>.';
const notBoth = '--local and --table exclude each other. Give one.';

describe.concurrent('a wrong use', () => {
  test.for<readonly [name: string, sentence: string, ...args: readonly string[]]>([
    ['hub -- audit', 'No action given. Use verify, anchor, export.'],
    ['hub -- audit', 'Unknown action "bury". Use verify, anchor, export.', 'bury', ...table],
    ['hub -- audit', 'Unexpected argument "now".', 'verify', 'now', ...table],
    ['hub -- audit', '"nonsense" is not the id of a mission.', 'verify', '--mission', 'nonsense', ...table],
    ['hub -- audit', 'No mission given. Use --mission <id>.', 'export', ...table],
    ['hub -- audit', whichHub, 'verify'],
    ['hub -- audit', "Option '--table' is empty.", 'verify', '--table', ''],
    ['hub -- audit', notBoth, 'verify', '--local', ...table],
    ['hub -- dead-letters', 'No action given. Use list, show, redrive, discard.'],
    ['hub -- dead-letters', 'Unknown action "bury". Use list, show, redrive, discard.', 'bury', ...table],
    [
      'hub -- dead-letters',
      '"this" is not the name of a notification. Use <subscription>.<number>, as list shows it.',
      'discard',
      'this',
      ...table,
    ],
    [
      'hub -- dead-letters',
      'No dead letters selected. Use names, --subscription, --organisation or --all.',
      'discard',
      ...table,
    ],
    ['hub -- dead-letters', whichHub, 'list'],
    ['hub -- dead-letters', notBoth, 'list', '--local', ...table],
    [
      'hub -- dead-letters',
      '--local and --queue exclude each other. Use --local, or --table and --queue.',
      'list',
      '--local',
      '--queue',
      'https://q',
    ],
    ['hub -- dead-letters', "Option '--queue' is empty.", 'list', ...table, '--queue', ''],
    ['hub -- dead-letters', 'No delivery queue given. Use --queue <url>.', 'discard', `${id}.1`, ...table],
    ['hub -- backup', 'No action given. Use export, verify, restore, close, open.'],
    ['hub -- backup', 'Unknown action "delete". Use export, verify, restore, close, open.', 'delete', ...table],
    ['hub -- backup', 'No folder given. Use export <folder>.', 'export', ...table],
    ['hub -- backup', 'No folder given. Use verify <folder>.', 'verify'],
    ['hub -- backup', 'No folder given. Use restore <folder>.', 'restore', ...table],
    ['hub -- backup', 'An argument is empty.', 'export', '', ...table],
    ['hub -- audit', "Option '--log' is empty.", 'verify', ...table, '--log', 'functions.log', '--log', ''],
    ['hub -- backup', 'open takes no folder.', 'open', 'night', ...table],
    ['hub -- backup', 'Unexpected argument "week".', 'verify', 'night', 'week'],
    [
      'hub -- backup',
      '"there" is not a URL. Give the base URL of the other hub, which ends in /fhir.',
      'close',
      '--elsewhere',
      'there',
    ],
    ['hub -- backup', whichHub, 'close'],
    ['hub -- backup', notBoth, 'close', '--local', ...table],
    ['hub -- backup', "Option '--table <value>' argument missing.", 'close', '--table'],
    ['hub -- reconcile', whichHub],
    ['hub -- reconcile', notBoth, '--local', ...table],
    ['hub -- reconcile', 'Unexpected argument "now".', 'now', ...table],
    ['hub -- reconcile', '"nonsense" is not the id of a mission.', '--mission', 'nonsense', ...table],
    [
      'hub -- reconcile',
      '"yesterday" is no time. Give hours or days, as 24h or 7d, or a date with time and zone.',
      '--since',
      'yesterday',
      ...table,
    ],
    ['hub -- directory', 'No file given.'],
    ['hub -- directory', '--phones takes one source: a file, --table or --local.', '--phones'],
    [
      'hub -- directory',
      '--local works with --phones only. To load a file, use --table <name>.',
      'local/sample/directory.json',
      '--local',
    ],
    [
      'hub -- directory',
      'Unexpected argument "schemas/guidelines/2026.1.json".',
      'local/sample/directory.json',
      'schemas/guidelines/2026.1.json',
    ],
    ['hub -- guideline', 'No file given.'],
    ['hub -- guideline', 'Unexpected argument "b.json".', 'a.json', 'b.json'],
    ['start', "Option '--data-dir' is empty.", '--data-dir='],
    ['start', 'Unexpected argument "now".', 'now'],
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
    const program = programs.find((one) => one.name === name);
    if (program === undefined) throw new Error(`${name} is not a program`);
    expect(await run(program, ...args)).toEqual(refused(sentence, name));
  });
});

describe.concurrent('npm start refuses a setting that it cannot use', () => {
  test.for([
    ['LUFTBRO_BUDGET_MESSAGE', '3', /^Unknown variable LUFTBRO_BUDGET_MESSAGE\. Use .*LUFTBRO_BUDGET_MESSAGES,/],
    ['LUFTBRO_BUDGET_MESSAGES', '0', /^LUFTBRO_BUDGET_MESSAGES=0 is not a whole number from 1\.$/],
    ['PORT', 'x', /^PORT=x is not a port number\.$/],
  ] as const)('%s=%s', async ([variable, value, sentence]) => {
    const ran = await runCommand('commands/start/main.ts', [], { env: { [variable]: value }, killAfter: 60_000 });
    expect(ran).toEqual({ code: 1, out: '', errors: expect.any(String) });
    expect(ran.errors.trim()).toMatch(sentence);
  });
});
