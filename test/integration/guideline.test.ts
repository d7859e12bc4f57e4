import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteCommand } from '../../adapters/dynamodb/commands.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { cachedGuidelines, loadGuidelines, saveGuideline } from '../../adapters/dynamodb/guideline-store.ts';
import { keys, openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { firstGuidelines, type Guideline } from '../../schemas/guideline.ts';
import { runHub } from '../support/commands.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';

let aws: EmbeddedAws;
let table: Table;
let folder: string;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  folder = await mkdtemp(join(tmpdir(), 'luftbro-guidelines-'));
});

afterAll(async () => {
  await aws.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await table.client.send(new DeleteCommand({ TableName: table.name, Key: keys.guidelines }));
});

const [first] = firstGuidelines;
const version = (name: string, change: Partial<Guideline> = {}): Guideline => ({
  ...first,
  version: name,
  validFrom: '2026-06-01T00:00:00+02:00',
  ...change,
});
const versions = async () => (await loadGuidelines(table)).map((one) => one.version);

describe('the guidelines in the table', () => {
  test('are those of the release until one is loaded', async () =>
    expect(await loadGuidelines(table)).toEqual(firstGuidelines));

  test('are read as they were loaded, in the order in which they come into force', async () => {
    const late = version('2027.1', { validFrom: '2027-01-01T00:00:00+01:00' });
    const early = version('2025.9', { validFrom: '2025-01-01T00:00:00+01:00', title: 'Før' });
    for (const one of [late, version('2026.2'), early]) expect(await saveGuideline(table, one)).toBe('loaded');
    expect(await loadGuidelines(table)).toEqual([early, first, version('2026.2'), late]);
  });

  test('keep the order of loading among versions for one moment', async () => {
    for (const name of ['2026.3', '2026.2']) await saveGuideline(table, version(name));
    expect(await versions()).toEqual(['2026.1', '2026.3', '2026.2']);
  });

  test('never change: the same again is known, other content under the same version is refused', async () => {
    await saveGuideline(table, version('2026.2'));
    expect(await saveGuideline(table, version('2026.2'))).toBe('known');
    expect(await saveGuideline(table, version('2026.2', { title: 'Other' }))).toBe('known-with-other-content');
    expect(await saveGuideline(table, first)).toBe('known');
    expect(await saveGuideline(table, { ...first, title: 'Other' })).toBe('known-with-other-content');
    expect(await loadGuidelines(table)).toEqual([first, version('2026.2')]);
  });

  test('lose nothing when several are loaded at once', async () => {
    const names = ['2026.2', '2026.3', '2026.4', '2026.5'];
    expect(await Promise.all(names.map((name) => saveGuideline(table, version(name))))).toEqual(
      names.map(() => 'loaded'),
    );
    expect((await versions()).toSorted()).toEqual(['2026.1', ...names]);
  });

  test('are loaded once when the same is loaded twice at once', async () => {
    const results = await Promise.all([1, 2].map(() => saveGuideline(table, version('2026.2'))));
    expect(results.toSorted()).toEqual(['known', 'loaded']);
    expect(await versions()).toEqual(['2026.1', '2026.2']);
  });

  test('are cached for a minute', async () => {
    let now = 0;
    const guidelines = cachedGuidelines(table, () => now);
    expect(await guidelines()).toHaveLength(1);
    await saveGuideline(table, version('2026.2'));
    now = 59_999;
    expect(await guidelines()).toHaveLength(1);
    now = 60_000;
    expect(await guidelines()).toHaveLength(2);
  });

  test('are not kept when they could not be read', async () => {
    const guidelines = cachedGuidelines(table);
    const send = vi.spyOn(table.client, 'send').mockRejectedValueOnce(new Error('away'));
    await expect(guidelines()).rejects.toThrow('away');
    send.mockRestore();
    expect(await guidelines()).toHaveLength(1);
  });
});

describe('npm run hub -- guideline', () => {
  const run = async (...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> => {
    const { code, out, errors } = await runHub(['guideline', ...args]);
    return { code, text: out + errors };
  };
  const fileOf = async (guideline: unknown): Promise<string> => {
    const file = join(folder, 'guideline.json');
    await writeFile(file, JSON.stringify(guideline));
    return file;
  };

  test('prints its usage without a file', async () =>
    expect(await run()).toMatchObject({ code: 2, text: expect.stringContaining('Usage') }));

  test('lists every fault of a file', async () => {
    const { code, text } = await run(await fileOf(version('1', { title: '' })), '--table', table.name);
    expect(code).toBe(1);
    expect(text).toMatch(/Guideline\.version: .*\n.*Guideline\.title: /);
    expect(await versions()).toEqual(['2026.1']);
  });

  test('refuses a file that does not exist', async () => expect((await run('nowhere.json')).code).toBe(1));

  test('lists the changes of a valid file, and loads nothing without a table', async () => {
    const { code, text } = await run(await fileOf(version('2026.2', { title: 'Other' })));
    expect(code).toBe(0);
    expect(text).toContain('  title: Other, was: Requesting an air ambulance, 2026.1\n');
    expect(await versions()).toEqual(['2026.1']);
  });

  test.each([
    ['lies ahead', '2099-01-01T00:00:00Z', /requested from 2099-01-01T00:00:00Z on fall under 2026\.2/],
    ['has passed', '2026-01-02T00:00:00Z', /has passed: .* Missions that are open keep the version/],
    ['is older than the one in force', '2020-01-01T00:00:00Z', /2026\.1, which stays in force/],
  ])('loads a version whose time %s, and prints its effect', async (_name, validFrom, meaning) => {
    const { code, text } = await run(await fileOf(version('2026.2', { validFrom })), '--table', table.name);
    expect([code, text]).toEqual([0, expect.stringMatching(meaning)]);
    expect(await versions()).toContain('2026.2');
  });

  test('does nothing for a version that is loaded, and refuses other content under its name', async () => {
    await saveGuideline(table, version('2026.2'));
    const again = await run(await fileOf(version('2026.2')), '--table', table.name);
    expect([again.code, again.text]).toEqual([0, expect.stringContaining('nothing to do')]);
    const other = await run(await fileOf(version('2026.2', { title: 'Other' })), '--table', table.name);
    expect([other.code, other.text]).toEqual([1, expect.stringContaining('give the new content a new version')]);
  });
});
