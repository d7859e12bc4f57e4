import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DeleteCommand, GetCommand, PutCommand } from '../../adapters/dynamodb/commands.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { accessLog } from '../../adapters/dynamodb/access-log.ts';
import { anchorStates } from '../../adapters/dynamodb/nightly-state.ts';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { keys, openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { openBucket } from '../../adapters/s3/bucket.ts';
import type { Access, AccessRecord } from '../../core/audit/access-log.ts';
import { recordAfter } from '../../core/audit/chain.ts';
import { recordAccess } from '../../core/audit/record.ts';
import { accessTo, freshMission, recordOf } from '../contract/access-log.ts';
import { type Ran, runHub } from '../support/commands.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { sampleDirectoryData } from '../support/examples.ts';
import { functionEnvironment } from '../support/function-environment.ts';

/** Anchors of the log of reads and its comparison with the functions' log, by the function, the command, and an attacker. */

let aws: EmbeddedAws;
let table: Table;
let folder: string;
let nightly: (event: unknown, context: { readonly getRemainingTimeInMillis: () => number }) => Promise<void>;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  await saveDirectory(table, sampleDirectoryData);
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    ANCHOR_BUCKET: aws.anchorBucket,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  ({ handler: nightly } = await import('../../functions/nightly/lambda.ts'));
});
afterAll(async () => {
  vi.useRealTimers();
  await aws.close();
  await rm(folder, { recursive: true, force: true });
});

/** Reads now, unless a time is given. */
const read = async (mission: string, change: Partial<Access> = {}): Promise<AccessRecord> =>
  recordOf(await recordAccess(accessLog(table), accessTo(mission, { at: new Date().toISOString(), ...change })));

const readTimes = async (times: number): Promise<string> => {
  const mission = freshMission();
  for (let index = 0; index < times; index += 1) await read(mission, { request: `request-${index}` });
  return mission;
};

/** What an attacker with every right on the table does: rewrites a chain from a record on, up to its head. */
const forge = async (chain: string, from: number): Promise<readonly AccessRecord[]> => {
  const records = await accessLog(table).range(chain, 1, 100);
  const forged: AccessRecord[] = [];
  for (const { number, access } of records) {
    const record = recordAfter(forged.at(-1), chain, number === from ? { ...access, client: 'another' } : access);
    forged.push(record);
    const { previous, digest } = record;
    const text = JSON.stringify(record.access);
    await put({ ...keys.access(chain, number), at: access.at, previous, digest, access: text });
  }
  await put({ ...keys.accessHead(chain), number: forged.length, digest: forged.at(-1)?.digest });
  return forged;
};

const put = (Item: Record<string, unknown>) => table.client.send(new PutCommand({ TableName: aws.tableName, Item }));

/** Removes the records of a chain from a number on, and moves its head. */
const cut = async (chain: string, from: number): Promise<void> => {
  const records = await accessLog(table).range(chain, 1, 100);
  for (const { number } of records.slice(from - 1))
    await table.client.send(new DeleteCommand({ TableName: aws.tableName, Key: keys.access(chain, number) }));
  const last = records[from - 2];
  if (last !== undefined) await put({ ...keys.accessHead(chain), number: last.number, digest: last.digest });
  else await table.client.send(new DeleteCommand({ TableName: aws.tableName, Key: keys.accessHead(chain) }));
};

const removeChain = async (chain: string): Promise<void> => cut(chain, 1);

const audit = (action: string, ...args: readonly string[]): Promise<Ran> =>
  runHub(['audit', action, ...args, '--table', aws.tableName]);

/** Begins a pass also if one was completed this night. */
const anchor = (): Promise<Ran> => audit('anchor', '--bucket', aws.anchorBucket);

const files = async (): Promise<readonly string[]> => (await readdir(aws.anchors)).toSorted();

describe('bucket of the anchors', () => {
  const bucketFor = (accessKeyId: string) =>
    openBucket({
      name: aws.anchorBucket,
      region: async () => 'eu-north-1',
      credentials: async () => ({ accessKeyId, secretAccessKey: 'any' }),
      endpoint: process.env['AWS_ENDPOINT_URL_S3'],
    });

  test('takes an object once, and never replaces it', async () => {
    const bucket = bucketFor('Nightly');
    expect([await bucket.add('one.txt', 'first'), await bucket.add('one.txt', 'second')]).toEqual(['added', 'exists']);
    expect(await readFile(join(aws.anchors, 'one.txt'), 'utf8')).toBe('first');
  });

  test.each(['Read', 'ProcessMessage', 'Deliver', 'Sweep', 'Subscribe', 'Metadata', 'Authorize', 'CheckToken'])(
    'takes nothing from %s',
    async (name) => {
      await expect(bucketFor(name).add('two.txt', 'text')).rejects.toThrow('403 AccessDenied');
    },
  );

  test('gives nothing out to the function', async () => {
    await expect(bucketFor('Nightly').read('one.txt')).rejects.toThrow('501');
    await expect(bucketFor('Nightly').add('../two.txt', 'text')).rejects.toThrow(/40[34]/);
  });
});

describe('nightly function', () => {
  test('anchors every chain with the rights of its policy, once a night', async () => {
    const mission = await readTimes(3);
    await nightly({}, { getRemainingTimeInMillis: () => 600_000 });
    await nightly({}, { getRemainingTimeInMillis: () => 600_000 });
    const names = (await files()).filter((name) => name.endsWith('.jsonl'));
    expect(names).toHaveLength(1);
    const text = await readFile(join(aws.anchors, names[0] ?? ''), 'utf8');
    const { digest } = recordOf(await accessLog(table).last(mission));
    expect(text).toContain(JSON.stringify({ log: 'reads', chain: mission, number: 3, digest }));
    expect((await anchorStates(table).read())?.newest?.anchor).toBe(1);
  });
});

describe('npm run hub -- audit verify --anchors', () => {
  const verify = (...args: readonly string[]) => audit('verify', '--anchors', aws.anchors, ...args);

  test('says how much the anchors cover, and what is newer', async () => {
    await readTimes(2);
    const { code, out, errors } = await verify();
    expect(code, errors).toBe(0);
    expect(out).toMatch(/all as they were written/);
    expect(out).toMatch(/Anchors: \d+, of .+; they cover \d+ of \d+ records, 2 are newer\./);
  });

  test('finds a chain that was rewritten to its head, one that was shortened, and one that was removed', async () => {
    const [forged, shortened, removed, grown] = [
      await readTimes(4),
      await readTimes(3),
      await readTimes(2),
      await readTimes(2),
    ];
    expect(await anchor()).toMatchObject({ code: 0, out: expect.stringMatching(/^Anchor \d+: \d+ chains/) });
    await read(grown);
    expect((await verify()).code).toBe(0);
    await forge(forged, 2);
    await cut(shortened, 2);
    await removeChain(removed);
    // The table shows nothing.
    expect((await audit('verify')).code).toBe(0);
    const { code, errors } = await verify();
    expect(code).toBe(1);
    expect(errors).toMatch(new RegExp(`Chain ${forged}:\n  record 4 has another digest than in the anchor of 20`));
    expect(errors).toMatch(new RegExp(`Chain ${shortened}:\n  record 3 is missing, though it is in the anchor of 20`));
    expect(errors).toMatch(new RegExp(`Chain ${removed}:\n  record 2 is missing, though it is in the anchor of 20`));
    expect(errors).toMatch(/; 3 chains of them are not as written/);
    for (const chain of [forged, shortened, removed]) {
      await removeChain(chain);
      expect((await verify('--mission', chain)).code).toBe(1);
    }
  });

  test('finds an anchor that was removed, changed or renamed, and what belongs to another hub', async () => {
    const copy = join(folder, 'anchors');
    await anchor();
    const all = (await files()).filter((name) => name.endsWith('.jsonl'));
    const fresh = async (): Promise<void> => {
      await rm(copy, { recursive: true, force: true });
      await mkdir(copy);
      for (const name of all) await writeFile(join(copy, name), await readFile(join(aws.anchors, name)));
    };
    const errorsOf = async (): Promise<string> =>
      (await audit('verify', '--mission', freshMission(), '--anchors', copy)).errors;
    await fresh();
    expect(await errorsOf()).toBe('');
    await rm(join(copy, all[1] ?? ''));
    expect(await errorsOf()).toMatch(/anchor 3 of \S+ follows one that is not here/);
    await fresh();
    await rm(join(copy, all.at(-1) ?? ''));
    expect(await errorsOf()).toMatch(/anchor \d+, the newest one by the table, is not here/);
    await fresh();
    const first = join(copy, all[0] ?? '');
    await chmod(first, 0o644);
    await appendFile(first, '{"log":"reads","chain":"a","number":1,"digest":"b"}\n');
    expect(await errorsOf()).toMatch(/is not as it was written: cut, changed, or renamed/);
    await fresh();
    await rename(first, join(copy, 'an-anchor.jsonl'));
    expect(await errorsOf()).toContain('an-anchor.jsonl is not as it was written');
    // One file says nothing of the others.
    expect(
      await audit('verify', '--mission', freshMission(), '--anchors', join(aws.anchors, all[0] ?? '')),
    ).toMatchObject({ code: 0 });
  });

  test('finds a record that was added with an earlier time', async () => {
    const mission = await readTimes(1);
    await read(mission, { at: '2026-01-01T11:00:00.000Z' });
    const { code, errors } = await verify('--mission', mission);
    expect(code).toBe(1);
    expect(errors).toMatch(/record 2 states a time before .+ and no anchor has it/);
  });
});

describe('npm run hub -- audit verify --log', () => {
  const minutes = (number: number): string => new Date(Date.UTC(2026, 1, 1, 11, number)).toISOString();
  const lineOf = ({ chain, number, digest, access }: AccessRecord, at = access.at): string =>
    `${JSON.stringify({ level: 'INFO', message: 'Read recorded', timestamp: at, code: 'LB-103', chain, number, digest, reading: access.reading })}\n`;
  let mission: string;
  let records: readonly AccessRecord[];
  let log: string;

  beforeEach(async () => {
    mission = freshMission();
    for (let index = 0; index < 5; index += 1) await read(mission, { at: minutes(index) });
    records = await accessLog(table).range(mission, 1, 9);
    log = join(folder, `${mission}.log`);
  });

  const given = async (lines: readonly string[]): Promise<void> => writeFile(log, lines.join(''));
  const verify = (...args: readonly string[]) => audit('verify', '--mission', mission, ...args);

  test('takes the log as complete from its first to its last line, for the functions of which it has lines', async () => {
    const lines = records.map((record) => lineOf(record));
    await given(lines.filter((_line, index) => index !== 0 && index !== 2 && index !== 4));
    const { code, errors } = await verify('--log', log);
    expect(code).toBe(1);
    expect(errors).toContain("record 3 is not in the functions' log, which covers that time");
    expect(errors).not.toMatch(/records? [15] /);
    expect(errors).toMatch(/The log: 2 lines in 1 file, covers .+; compared with 3 of 5 records/);
    // The log of `Subscribe` says nothing of the records of `Read`.
    const ofEvents = records
      .slice(0, 1)
      .map((record) => ({ ...record, access: { ...record.access, reading: 'events' as const } }));
    await given([...ofEvents.map((record) => lineOf(record)), ...ofEvents.map((record) => lineOf(record, minutes(9)))]);
    expect((await verify('--log', log)).code).toBe(0);
  });

  test('takes it as complete for the time that is given', async () => {
    await given([lineOf(records[2] ?? recordOf(undefined))]);
    const errorsOf = async (...args: readonly string[]) => (await verify('--log', log, ...args)).errors;
    expect(await errorsOf()).toBe('');
    expect(await errorsOf('--since', minutes(1), '--until', minutes(30))).toMatch(
      /record 2 is not in.*\n.*records 4 to 5 are not in/,
    );
    expect(await errorsOf('--since', minutes(1))).toMatch(/record 2 is not in/);
  });

  test('accepts a log that is given twice, cut, compressed, in parts, or as CloudWatch gives it', async () => {
    const lines = records.map((record) => lineOf(record));
    const parts = join(folder, `${mission}-parts`);
    await mkdir(join(parts, 'a'), { recursive: true });
    await writeFile(
      join(parts, 'a', '000000.gz'),
      gzipSync(
        lines
          .slice(0, 2)
          .map((line) => `2026-02-01T11:00:00.000Z ${line}`)
          .join(''),
      ),
    );
    await writeFile(
      join(parts, 'messages.json'),
      `[\n${lines
        .slice(2, 4)
        .map((line) => `    ${JSON.stringify(line)},\n`)
        .join('')}]\n`,
    );
    await given([...lines, lines[4]?.slice(0, 190) ?? '']);
    const { code, out, errors } = await verify('--log', log, '--log', log, '--log', parts);
    expect(code, errors).toBe(0);
    expect(out).toMatch(/The log: 14 lines in 4 files, .+ 2 lines of it cannot be read\./);
    await writeFile(join(parts, 'broken.gz'), 'no archive');
    expect(await verify('--log', parts)).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^The log .+broken\.gz cannot be read/),
    });
  });

  test('finds a record that was rewritten although lines that fit were appended to the log', async () => {
    const forged = await forge(mission, 2);
    await given([...records, ...forged].map((record) => lineOf(record)));
    expect((await verify()).code).toBe(0);
    const { code, errors } = await verify('--log', log);
    expect(code).toBe(1);
    expect(errors).toContain("records 2 to 5: lines of the functions' log give different digests");
  });

  test('finds a record that was overwritten, by log, by head, and by anchor, though the chain fits up to its head', async () => {
    const overwritten = await readTimes(5);
    await given((await accessLog(table).range(overwritten, 1, 9)).map((record) => lineOf(record)));
    await anchor();
    await forge(overwritten, 3);
    const { code, errors } = await audit('verify', '--mission', overwritten, '--log', log, '--anchors', aws.anchors);
    expect(code).toBe(1);
    expect(errors).toContain("records 3 to 5 are not as in the functions' log");
    expect(errors).toContain('record 5 has another digest than in the anchor');
    // Who overwrites one record only does not get past the record after it, or the head.
    for (const [number, words] of [
      [3, 'record 3 was replaced'],
      [5, 'record 5 was replaced'],
    ] as const) {
      const other = freshMission();
      for (let index = 0; index < 5; index += 1) await read(other);
      const before = (await accessLog(table).range(other, number - 1, 1))[0];
      const { digest, previous, access } = recordAfter(before, other, accessTo(other, { client: 'another' }));
      const key = keys.access(other, number);
      const { Item } = await table.client.send(new GetCommand({ TableName: aws.tableName, Key: key }));
      await put({ ...Item, digest, previous, access: JSON.stringify(access) });
      expect((await audit('verify', '--mission', other)).errors).toContain(words);
    }
  });

  test('says in one sentence that a log is of another hub', async () => {
    const elsewhere = records.map((record) => ({ ...record, chain: freshMission() }));
    await given(elsewhere.map((record) => lineOf(record)));
    const { code, errors } = await audit('verify', '--log', log);
    expect(code).toBe(1);
    expect(errors).toMatch(/Evidence:\n  none of the 5 chains in the log is in \S+: the log is of another hub/);
    expect(errors).not.toContain(elsewhere[0]?.chain);
  });

  test.each([
    [['verify', '--log', '/nowhere'], '--log: /nowhere does not exist.'],
    [['verify', '--anchors', '/nowhere'], '--anchors: /nowhere does not exist.'],
    [['verify', '--since', '2026-02-01'], '--since and --until are times of a log.'],
    [['verify', '--log', '.', '--since', 'yesterday'], '--since takes a time such as'],
    [['verify', '--log', '.', '--since', '2026-02-02', '--until', '2026-02-01'], '--since must be before --until.'],
    [['verify', '--restored', 'once'], '--restored takes a time such as'],
    [['verify', '--bucket', 'x'], 'verify takes no --bucket.'],
    [['export', '--anchors', '.'], 'export takes no --anchors.'],
    [['anchor'], 'No bucket given.'],
  ])('refuses %j in one sentence, with exit code 2', async ([action = '', ...args], sentence) => {
    const { code, errors } = await audit(action, ...args);
    expect(code).toBe(2);
    expect(errors.split('\n')[0]).toContain(sentence);
  });
});
