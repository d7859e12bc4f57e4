import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readHubEnv } from '../../../local/data-folder.ts';
import { freePort } from '../../support/free-port.ts';

/** What `npm start` reads from its data folder, and the files that its environment names, broken in every way. */

let whole: string;
const made: string[] = [];

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  made.push(folder);
  return folder;
};

/** Starts the hub as an operator does. */
const start = async (dataDir: string, environment: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, ['commands/start/main.ts', '--data-dir', dataDir], {
    env: {
      ...process.env,
      PORT: String(await freePort()),
      ISSUER_PORT: String(await freePort()),
      ...environment,
    },
  });
  let printed = '';
  let errors = '';
  child.stdout.on('data', (text) => (printed += String(text)));
  child.stderr.on('data', (text) => (errors += String(text)));
  return { child, printed: () => printed, errors: () => errors };
};

/** Starts a hub that must refuse; what it prints, which must be one sentence or more, without a stack. */
const refusalOf = async (dataDir: string, environment: Readonly<Record<string, string>> = {}): Promise<string> => {
  const { child, errors } = await start(dataDir, environment);
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await once(child, 'exit');
  clearTimeout(timer);
  expect(child.exitCode).toBe(1);
  expect(errors()).not.toMatch(/^\s+at /m);
  return errors().trim();
};

/** The files of a folder with their contents, but for what a refused start may write. */
const contentsOf = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const kept = files.filter((file) => !/(?:hub\.log|LOG|LOG\.old|LOCK)$/.test(file));
  return Object.fromEntries(
    await Promise.all(
      kept.map(async (file) => [relative(folder, file), (await readFile(file)).toString('base64')] as const),
    ),
  );
};

beforeAll(async () => {
  whole = await newFolder();
  const { child, printed } = await start(whole);
  await vi.waitFor(() => expect(printed()).toContain('Ctrl-C stops the hub'), { timeout: 60_000, interval: 100 });
  child.kill('SIGKILL');
  await once(child, 'exit');
}, 120_000);

afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

const copyOfWhole = async (): Promise<string> => {
  const folder = await newFolder();
  await cp(whole, folder, { recursive: true });
  return folder;
};

describe('the key of the token issuer', () => {
  test.each([
    ['empty', '', 'is empty'],
    ['cut off', '{"kty":"EC","crv":"P-2', 'is not JSON, or ends in the middle'],
    ['of another kind', 'not JSON', 'is not JSON, or ends in the middle'],
    ['of another version', '{"version":2,"keys":[]}', 'does not have the form that this release reads (at kty)'],
    ['without its private part', '{"kty":"EC","crv":"P-256","x":"a","y":"b"}', 'does not have the form'],
    ['not a key', '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}', 'is not a key'],
  ])('that is %s is named, with what to do, and stays as it is', async (_what, text, why) => {
    const folder = await copyOfWhole();
    const file = join(folder, 'issuer-key.json');
    await writeFile(file, text);
    const said = await refusalOf(folder);
    expect(said).toContain(`${file} ${why}`);
    expect(said).toContain('Remove it to get a new key');
    expect(said).not.toContain('"d"');
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('is named by the path as it was given', async () => {
    const folder = await copyOfWhole();
    await writeFile(join(folder, 'issuer-key.json'), '');
    const given = relative(process.cwd(), folder);
    expect(await refusalOf(given)).toMatch(
      new RegExp(`^${given.replaceAll('.', '\\.')}/issuer-key\\.json is empty\\.`),
    );
  });
});

describe('the tables', () => {
  const file = async (folder: string, pattern: RegExp): Promise<string> => {
    const found = (await readdir(join(folder, 'tables'))).find((name) => pattern.test(name));
    if (found === undefined) throw new Error(`no file is like ${String(pattern)}`);
    return join(folder, 'tables', found);
  };

  test.each<[string, (folder: string) => Promise<unknown>]>([
    ['without CURRENT', async (folder) => rm(await file(folder, /^CURRENT$/))],
    ['with an empty CURRENT', async (folder) => truncate(await file(folder, /^CURRENT$/))],
    ['with a CURRENT of something else', async (folder) => writeFile(await file(folder, /^CURRENT$/), 'no file\n')],
    ['with an empty manifest', async (folder) => truncate(await file(folder, /^MANIFEST/))],
    ['with a broken manifest', async (folder) => writeFile(await file(folder, /^MANIFEST/), 'x'.repeat(100))],
    ['without their manifest', async (folder) => rm(await file(folder, /^MANIFEST/))],
  ])('%s are named, with what to do, and stay as they are', async (_what, damage) => {
    const folder = await copyOfWhole();
    await damage(folder);
    const before = await contentsOf(folder);
    const said = await refusalOf(folder);
    expect(said).toContain(`The tables in ${join(folder, 'tables')} cannot be read`);
    expect(said).toContain('Nothing was changed.');
    expect(said).toContain('backup restore');
    expect(await contentsOf(folder)).toEqual(before);
  });

  test('that another hub has open are said to be', async () => {
    const folder = await copyOfWhole();
    const { child, printed } = await start(folder);
    await vi.waitFor(() => expect(printed()).toContain('Ctrl-C stops the hub'), { timeout: 60_000, interval: 100 });
    const said = await refusalOf(folder);
    child.kill('SIGKILL');
    expect(said).toMatch(/^The tables in \S+ are open in another process\. Stop the hub/);
  });

  test('in whose place is a file are named', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'tables'), '');
    expect(await refusalOf(folder)).toContain(join(folder, 'tables'));
  });
});

describe('a file that the environment names', () => {
  test.each(['LUFTBRO_DIRECTORY', 'LUFTBRO_GUIDELINE'])('%s is named if it is broken or absent', async (variable) => {
    const folder = await copyOfWhole();
    const given = join(folder, 'given.json');
    expect(await refusalOf(folder, { [variable]: given })).toContain(`${given} does not exist.`);
    for (const [text, why] of [
      ['', 'is empty'],
      ['{"parties": [', 'is not JSON, or ends in the middle'],
      ['{"version": 99}', 'cannot be used as a'],
    ] as const) {
      await writeFile(given, text);
      expect(await refusalOf(folder, { [variable]: given })).toContain(`${given} ${why}`);
      expect(await readFile(given, 'utf8')).toBe(text);
    }
  });
});

describe('hub.env', () => {
  test.each([
    ['', /hub\.env has no TableName: it ends in the middle, or is of another release\. Start the hub again/],
    ['TableName=luftbro-dev-Table\nAWS_ENDPOINT_URL_DYN', /hub\.env has no AWS_ENDPOINT_URL_DYNAMODB/],
  ])('that ends in the middle is named by the commands: %j', async (text, sentence) => {
    const folder = await newFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'hub.env'), text);
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const before = { ...process.env };
    expect(readHubEnv(folder)).toBeUndefined();
    expect(error.mock.calls.join('\n')).toMatch(sentence);
    expect(process.env).toEqual(before);
    error.mockRestore();
  });
});
