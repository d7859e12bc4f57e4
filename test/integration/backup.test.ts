import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFile, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { tableClient } from '../../adapters/dynamodb/client.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { localCredentials } from '../../local/aws/credentials.ts';
import { createStack } from '../../local/aws/stack.ts';
import { startTables } from '../../local/aws/tables.ts';
import { readAssembly } from '../../local/aws/template.ts';
import type { DirectoryData } from '../../schemas/directory/directory.ts';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { backup, hubOn, type LocalHub, scratch } from '../support/backup.ts';
import { sampleDirectoryData } from '../support/examples.ts';
import { acknowledgement, missionRequest, missionUpdate } from '../support/messages.ts';
import { call, type Client, type Endpoint, eventually, openEndpoint, post, subscribe } from '../support/partners.ts';
import { organisation, taskOf } from '../support/scene.ts';
import { letRun } from '../support/standstill.ts';

/** What operators do when a table is lost: export, wipe, restore, compare, continue. */
const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';

const request = () => missionRequest({ to: [organisation(oslo)], id: randomUUID() });
const missionOf = ({ id }: { readonly id: string }): string => missionIdOf(organisation(amk), id);
const update = (mission: string, id: string = randomUUID()): string => missionUpdate({ mission, id }).text;

let place: Awaited<ReturnType<typeof scratch>>;
/** The hub as it was: what it answered before it was lost. */
let before: LocalHub;
let la: Endpoint;
let asker: Endpoint;
let laSubscription: string;
let amkSubscription: string;
const delivered = request();
const given = request();
const pending = request();

const say = async (hub: LocalHub, client: Client, text: string): Promise<string> => {
  const answer = await post(hub, client, text);
  expect(answer.status, answer.text).toBe(200);
  return answer.headers.get('etag') ?? '';
};

const paths = (): readonly (readonly [Client, string])[] => [
  ...[delivered, given, pending].flatMap((one): (readonly [Client, string])[] => [
    [amk, `/ServiceRequest/${missionOf(one)}`],
    [amk, `/ServiceRequest/${missionOf(one)}/$history`],
    [amk, `/Task?based-on=ServiceRequest/${missionOf(one)}`],
    [amk, `/Bundle/${missionOf(one)}.1`],
    [amk, `/Communication?part-of=ServiceRequest/${missionOf(one)}`],
  ]),
  [oslo, `/Subscription/${laSubscription}/$events`],
  [amk, `/Subscription/${amkSubscription}/$events`],
  [amk, '/Subscription'],
];

const answers = async (hub: LocalHub): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (const [client, path] of paths()) {
    const { status, text } = await call(hub, client, 'GET', path);
    expect(status, `${path}: ${text}`).toBe(200);
    // Each Bundle of an operation is made then, and says how it stands with the endpoint then.
    const lasting = text.replace(/"timestamp":"[^"]+"/, '').replace(/,{"name":"error",[^}]+}}/, '');
    texts.push(path.includes('$events') ? lasting : text);
  }
  return texts;
};

const accesses = async (hub: LocalHub): Promise<string> =>
  (await call(hub, amk, 'GET', `/AuditEvent?entity=ServiceRequest/${missionOf(delivered)}&_count=5`)).text;

const local = (folder: string): readonly string[] => ['--local', '--data-dir', place.path(folder)];

const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('base64');

/** All lines of a backup, in order. */
const linesOf = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(join(folder, 'data'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, 'data', name))));
  return texts.flatMap((bytes) => gunzipSync(bytes).toString('utf8').split('\n').filter(Boolean)).toSorted();
};

const isNightly = (line: string): boolean => line.includes('"S":"NIGHTLY"');
/** The lines of a backup without the state of nightly jobs. */
const ofMissions = async (folder: string): Promise<readonly string[]> =>
  (await linesOf(folder)).filter((line) => !isNightly(line));

const restoredShape = z.object({ restored: z.object({ at: z.string(), asOf: z.string() }) });
const stateShape = z.object({ Item: z.object({ state: z.object({ S: z.string() }) }) });
/** The state of the anchors in a backup. */
const anchorStateIn = async (folder: string): Promise<unknown> => {
  const line = (await linesOf(folder)).find((one) => isNightly(one) && one.includes('"S":"ANCHORS"'));
  return JSON.parse(stateShape.parse(JSON.parse(line ?? '{}')).Item.state.S);
};

let answeredBefore: readonly string[];

beforeAll(async () => {
  place = await scratch();
  before = await hubOn(place.path('first'));
  la = await openEndpoint();
  asker = await openEndpoint();
  ({ id: laSubscription } = await subscribe(before, oslo, la.url));
  ({ id: amkSubscription } = await subscribe(before, amk, asker.url));
  await eventually('both handshakes', () => la.received.length >= 1 && asker.received.length >= 1);
  await say(before, amk, delivered.text);
  await say(before, oslo, acknowledgement({ task: taskOf(missionOf(delivered), 1), id: randomUUID() }).text);
  await eventually('both are notified', () => la.events().length === 1 && asker.events().length === 1);
  // One that the hub gives up, and one that stays pending.
  la.behave({ status: 400 });
  await say(before, amk, given.text);
  const receipts = (one: { readonly id: string }) =>
    call(before, amk, 'GET', `/Communication?part-of=ServiceRequest/${missionOf(one)}`);
  await eventually('it is given up', async () => (await receipts(given)).text.includes('"not-done"'));
  la.behave({ status: 503 });
  await say(before, amk, pending.text);
  // So that no deadline passes, however slow this machine is.
  for (const one of [given, pending])
    await say(before, oslo, acknowledgement({ task: taskOf(missionOf(one), 1), id: randomUUID() }).text);
  await eventually('the sender is notified', () => asker.events().length >= 4);
  await eventually('it was tried', async () => (await call(before, oslo, 'GET', '/Subscription')).text.includes('503'));
  await answers(before);
  answeredBefore = await answers(before);
  await before.close();
});

afterAll(async () => {
  await la.close();
  await asker.close();
  await place.remove();
});

describe('backup of a stopped hub', () => {
  test('is exported, lists its contents without contents of messages, and is readable by its owner only', async () => {
    const { code, out, errors } = await backup(['export', place.path('b1'), ...local('first')]);
    expect([code, errors]).toEqual([0, '']);
    expect(out).toContain("They are patients' data");
    for (const folder of ['', 'data']) expect((await stat(join(place.path('b1'), folder))).mode & 0o077).toBe(0);
    for (const name of await readdir(place.path('b1'), { recursive: true }))
      expect((await stat(join(place.path('b1'), name))).mode & 0o077, name).toBe(0);
    const verified = await backup(['verify', place.path('b1')]);
    expect([verified.code, verified.errors]).toEqual([0, '']);
    expect(verified.out).toContain('missions and resource logs: 3, of them with open Tasks: 3');
    expect(verified.out).toContain('subscriptions: 2');
    expect(verified.out).toContain('dead letters: 1');
  });

  test('leaves out items that expire, and is never written over another', async () => {
    const text = (await linesOf(place.path('b1'))).join('\n');
    expect(text).not.toContain('"expiresAt"');
    expect(text).toContain(missionOf(delivered));
    const again = await backup(['export', place.path('b1'), ...local('first')]);
    expect([again.code, again.errors]).toEqual([1, expect.stringContaining('is not empty')]);
  });
});

describe('a damaged backup is refused, and nothing of it is restored', () => {
  const spoil = async (name: string, how: (folder: string) => Promise<void>): Promise<string> => {
    const folder = place.path(`spoilt ${name}`);
    await cp(place.path('b1'), folder, { recursive: true });
    await how(folder);
    return folder;
  };
  const largest = async (folder: string): Promise<string> => {
    const names = await readdir(join(folder, 'data'));
    const sized = await Promise.all(
      names.map(async (name) => ({ name, size: (await stat(join(folder, 'data', name))).size })),
    );
    return join(folder, 'data', sized.toSorted((a, b) => b.size - a.size)[0]?.name ?? '');
  };
  const rewrite = async (file: string, change: (text: string) => string): Promise<void> =>
    writeFile(file, gzipSync(change(gunzipSync(await readFile(file)).toString('utf8'))));

  test.each<readonly [string, (folder: string) => Promise<void>, string]>([
    ['an export that was cut off', (folder) => rm(join(folder, 'manifest-summary.json')), 'was not finished'],
    ['a summary that was changed', (folder) => appendFile(join(folder, 'manifest-summary.json'), ' '), 'checksum'],
    ['a missing list of files', (folder) => rm(join(folder, 'manifest-files.json')), 'is missing'],
    ['a missing file', async (folder) => rm(await largest(folder)), 'ENOENT'],
    [
      'a file that was cut off',
      async (folder) => {
        const file = await largest(folder);
        await writeFile(file, (await readFile(file)).subarray(0, -20));
      },
      'unexpected end of file',
    ],
    [
      'a changed line',
      async (folder) => rewrite(await largest(folder), (text) => text.replace('"S":"', '"S":"x')),
      'checksum differs',
    ],
    [
      'a line that is not an item',
      async (folder) => rewrite(await largest(folder), (text) => `{"Item":{}}\n${text}`),
      'line 1 is not an item',
    ],
  ])('%s', async (name, how, why) => {
    const folder = await spoil(name, how);
    const verified = await backup(['verify', folder]);
    expect([verified.code, verified.out]).toEqual([1, expect.not.stringContaining('is whole')]);
    expect(verified.errors).toContain(why);
    const restored = await backup(['restore', folder, ...local('never')]);
    expect([restored.code, restored.errors]).toEqual([1, expect.stringContaining(why)]);
  });

  test('a removed line with adjusted counts and checksums', async () => {
    const folder = await spoil('forged', async (copy) => {
      const file = await largest(copy);
      await rewrite(file, (text) => text.slice(text.indexOf('\n') + 1));
      const md5Checksum = md5(await readFile(file));
      const list = join(copy, 'manifest-files.json');
      const lines = (await readFile(list, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const changed = lines.map((one) =>
        basename(one.dataFileS3Key) === basename(file) ? { ...one, md5Checksum, itemCount: one.itemCount - 1 } : one,
      );
      await writeFile(list, changed.map((one) => `${JSON.stringify(one)}\n`).join(''));
      const summary = join(copy, 'manifest-summary.json');
      const said = JSON.parse(await readFile(summary, 'utf8'));
      await writeFile(summary, JSON.stringify({ ...said, itemCount: said.itemCount - 1 }));
      for (const name of ['summary', 'files']) await rm(join(copy, `manifest-${name}.checksum`));
    });
    expect((await backup(['verify', folder])).errors).toContain('seal');
  });
});

describe('exact restore', () => {
  let hub: LocalHub;
  afterAll(() => hub.close());

  test('writes exactly the exported items, also if it is interrupted and run again', async () => {
    // Killed at some moment; then the hub stays closed, whatever is there.
    await backup(['restore', place.path('b1'), '--exact', ...local('second')], { killAfter: 900 });
    const { code, out, errors } = await backup(['restore', place.path('b1'), '--exact', ...local('second')]);
    expect([code, errors]).toEqual([0, '']);
    expect(out).toContain('The hub is closed');
    expect(out).toContain(`npm run hub -- backup open --local --data-dir ${place.path('second')}`);
    expect(out).toMatch(/AMK LA Oslo.*: \+47/);
    expect(out).toContain(missionOf(pending));
    expect((await backup(['export', place.path('b2'), ...local('second')])).code).toBe(0);
    expect(await ofMissions(place.path('b2'))).toEqual(await ofMissions(place.path('b1')));
    // The next anchor names all chains, and says that nothing is lost.
    expect(await anchorStateIn(place.path('b1'))).not.toHaveProperty('restored');
    const { at, asOf } = restoredShape.parse(await anchorStateIn(place.path('b2'))).restored;
    expect(at).toBe(asOf);
    expect(out).toContain(`--restored ${at}`);
  });

  test('can be repeated, and refuses another backup or a table in use', async () => {
    expect((await backup(['restore', place.path('b1'), '--exact', ...local('second')])).code).toBe(0);
    const other = await backup(['restore', place.path('b1'), ...local('first')]);
    expect([other.code, other.errors]).toEqual([1, expect.stringContaining('is not empty')]);
  });

  test('keeps the hub closed until it is opened: senders get 503, and nothing is delivered', async () => {
    const heard = la.received.length;
    la.behave({ status: 200 });
    hub = await hubOn(place.path('second'), before);
    const answer = await post(hub, amk, update(missionOf(delivered)));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('30');
    expect(answer.text).toContain('"code":"closed"');
    expect((await call(hub, amk, 'GET', `/ServiceRequest/${missionOf(delivered)}`)).status).toBe(503);
    expect((await call(hub, undefined, 'GET', '/metadata')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(la.received).toHaveLength(heard);
  });

  test('answers byte for byte as before when the hub is opened, and delivers pending notifications', async () => {
    const since = la.events().length;
    expect((await backup(['open', ...local('second')])).out).toContain('is open.');
    await eventually('it is open', async () => (await call(hub, amk, 'GET', '/Subscription')).status === 200);
    await eventually('the pending notification', () => la.events().length > since, 60);
    expect(la.events()[since]?.text).toContain(missionOf(pending));
    expect(la.events()[since]?.eventNumber).toBe(3);
    const now = await answers(hub);
    const changed = paths().flatMap(([, path], index) => (now[index] === answeredBefore[index] ? [] : [path]));
    // What has arrived since, and that the endpoint answers again.
    for (const path of changed) expect(path).toMatch(new RegExp(`${missionOf(pending)}|^/Subscription$|/\\$events$`));
    expect(await accesses(hub)).toContain('"resourceType":"AuditEvent"');
  });

  test('continues the mission with the next number, and repeats the first answer to a repeated message', async () => {
    const id = randomUUID();
    expect(await say(hub, amk, update(missionOf(delivered), id))).toBe('W/"3"');
    expect(await say(hub, amk, delivered.text)).toBe('W/"1"');
    await eventually('the coordinator is notified', () => la.events().some(({ text }) => text.includes(id)));
    expect(la.events().map(({ eventNumber }) => eventNumber)).toEqual([1, 3, 4]);
  });
});

describe('export made by AWS', () => {
  test('is restored in the same way: keys of S3, other names of checksums, empty files, names in any order, used proofs', async () => {
    const folder = place.path('aws');
    await mkdir(join(folder, 'data'), { recursive: true });
    const lines = (await linesOf(place.path('b1'))).map((line) => {
      const { Item } = JSON.parse(line);
      return JSON.stringify({ Item: Object.fromEntries(Object.entries(Item).toReversed()) });
    });
    const proof = '{"Item":{"pk":{"S":"PROOF#1"},"sk":{"S":"USED"},"expiresAt":{"N":"1"}}}';
    const files = [];
    for (const [name, content] of [
      ['aaaa', lines.slice(0, 10)],
      ['bbbb', []],
      ['cccc', [...lines.slice(10), proof]],
    ] as const) {
      const bytes = gzipSync(content.map((line) => `${line}\n`).join(''));
      await writeFile(join(folder, 'data', `${name}.json.gz`), bytes);
      files.push({
        itemCount: content.length,
        md5Checksum: md5(bytes),
        etag: 'c5e5d3b1a2f04a1e8a1d2c3b4a596877-1',
        dataFileS3Key: `hub/AWSDynamoDB/01680958677849-381aef7c/data/${name}.json.gz`,
      });
    }
    const summary = JSON.stringify({
      version: '2020-06-30',
      exportArn: 'arn:aws:dynamodb:eu-north-1:000000000000:table/hub/export/01680958677849-381aef7c',
      startTime: '2026-11-04T07:28:34.028Z',
      endTime: '2026-11-04T07:33:43.897Z',
      tableArn: 'arn:aws:dynamodb:eu-north-1:000000000000:table/hub',
      tableId: '12345a12-abcd-123a-ab12-1234abc12345',
      exportTime: '2026-11-04T07:28:34.028Z',
      s3Bucket: 'hub-exports',
      s3Prefix: 'hub',
      s3SseAlgorithm: 'AES256',
      s3SseKmsKeyId: null,
      manifestFilesS3Key: 'hub/AWSDynamoDB/01680958677849-381aef7c/manifest-files.json',
      billedSizeBytes: 0,
      itemCount: lines.length + 1,
      outputFormat: 'DYNAMODB_JSON',
    });
    const list = files.map((file) => `${JSON.stringify(file)}\n`).join('');
    for (const [name, text] of Object.entries({ 'manifest-summary': summary, 'manifest-files': list })) {
      await writeFile(join(folder, `${name}.json`), text);
      await writeFile(join(folder, `${name}.md5`), md5(text));
    }
    const { code, out, errors } = await backup(['restore', folder, '--exact', ...local('from-aws')]);
    expect([code, errors]).toEqual([0, '']);
    expect(out).toContain('1 that expire were left out');
    expect((await backup(['export', place.path('b3'), ...local('from-aws')])).code).toBe(0);
    expect(await ofMissions(place.path('b3'))).toEqual(await ofMissions(place.path('b1')));
  });
});

/** Region A is lost with what it took after its last backup; B goes on from that. */
describe('restore elsewhere, to an older point', () => {
  let a: LocalHub;
  let b: LocalHub;
  const lost = randomUUID();
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  test('exports a running hub while nothing happens, and not while messages are accepted', async () => {
    a = await hubOn(place.path('second'), before);
    await eventually('an export while nothing happens', async () => {
      const { out } = await backup(['export', place.path('last'), ...local('second')]);
      return out.includes('compared');
    });
    const state = { isBusy: true };
    const talk = async (): Promise<void> => {
      while (state.isBusy) await say(a, amk, update(missionOf(given)));
    };
    const talking = [talk(), talk(), talk()];
    let exported = await backup(['export', place.path('busy'), ...local('second')]);
    // It may have come just between two messages.
    for (let tries = 0; tries < 10 && exported.code === 0; tries += 1) {
      await rm(place.path('busy'), { recursive: true });
      exported = await backup(['export', place.path('busy'), ...local('second')]);
    }
    state.isBusy = false;
    await Promise.all(talking);
    expect([exported.code, exported.errors]).toEqual([1, expect.stringContaining('was written to while it was read')]);
    expect(await readdir(place.path(''))).not.toContain('busy');
  });

  let highest: number;
  let versionThen: string;
  test('continues the mission there, with event numbers that were never given', async () => {
    versionThen = await say(a, amk, update(missionOf(delivered), lost));
    const has = (one: { readonly text: string } | undefined): boolean => one?.text.includes(lost) === true;
    await eventually('the coordinator is notified', () => la.events().some(has));
    highest = Math.max(...la.events().map(({ eventNumber }) => eventNumber ?? 0));
    await a.close();

    const restored = await backup(['restore', place.path('last'), ...local('b')]);
    expect([restored.code, restored.errors]).toEqual([0, '']);
    expect(restored.out).toContain('send again');
    expect((await backup(['open', ...local('b')])).code).toBe(0);
    const heard = la.received.length;
    b = await hubOn(place.path('b'));
    await eventually('a handshake', () => la.received.length > heard, 60);
    expect(la.received[heard]?.type).toBe('handshake');
    expect(la.received[heard]?.text).toContain('The hub was restored from a backup');

    // The sender sends again what it sent after the backup, with the same id.
    const heardEvents = la.events().length;
    expect(await say(b, amk, update(missionOf(delivered), lost))).toBe(versionThen);
    await eventually('the coordinator is notified again', () => la.events().slice(heardEvents).some(has));
    const again = la.events().slice(heardEvents).find(has);
    expect(again?.eventNumber).toBeGreaterThan(highest);
    expect(await say(b, amk, update(missionOf(delivered), lost))).toBe(versionThen);
  });

  test('answers $events across the gap, and names the gap', async () => {
    const numbers: number[] = [];
    let path: string | undefined = `/Subscription/${laSubscription}/$events?eventsSinceNumber=2`;
    let pages = 0;
    while (path !== undefined) {
      const { status, text } = await call(b, oslo, 'GET', path);
      expect(status, text).toBe(200);
      expect(text).toContain('The hub was restored from a backup');
      numbers.push(...[...text.matchAll(/"event-number","valueString":"(\d+)"/g)].map(([, number]) => Number(number)));
      path = /"relation":"next","url":"[^"]*(\/Subscription[^"]*)"/.exec(text)?.[1];
      pages += 1;
    }
    expect(pages).toBeLessThanOrEqual(3);
    expect(numbers.slice(0, 3)).toEqual([2, 3, 4]);
    expect(numbers.at(-1)).toBeGreaterThan(highest);
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  });

  test('keeps the returning region closed, with a reference to the other one, and refuses to open it by mistake', async () => {
    expect((await backup(['close', '--elsewhere', b.url, ...local('second')])).out).toContain('is closed.');
    a = await hubOn(place.path('second'), before);
    const { status, text } = await post(a, amk, update(missionOf(delivered)));
    expect([status, text]).toEqual([503, expect.stringContaining(b.url)]);
    const opened = await backup(['open', ...local('second')]);
    expect([opened.code, opened.errors]).toEqual([1, expect.stringContaining(b.url)]);
    expect((await post(a, amk, update(missionOf(delivered)))).status).toBe(503);
  });

  test('accepts and delivers nothing a minute after a running hub is closed, and continues when it is opened', async () => {
    la.behave({ status: 503 });
    const late = randomUUID();
    await say(b, amk, update(missionOf(delivered), late));
    expect((await backup(['close', ...local('b')])).code).toBe(0);
    // Each function has a minute of its own, and may have a call under way when that is over.
    await letRun(70_000);
    expect((await call(b, amk, 'GET', '/Subscription')).status).toBe(503);
    la.behave({ status: 200 });
    const heard = la.received.length;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(la.received).toHaveLength(heard);
    expect((await backup(['open', ...local('b')])).code).toBe(0);
    await say(b, amk, update(missionOf(delivered)));
    await eventually('the pending notification', () => la.events().some(({ text }) => text.includes(late)), 90);
  });
});

describe('table on this machine', () => {
  /** A data folder with the table of a stack that is not the one that was synthesised here. */
  const tableOf = async (folder: string, name: string, directory: DirectoryData): Promise<void> => {
    const { template } = await readAssembly('cdk.out');
    const region = 'eu-north-1';
    const tables = await startTables({ folder: join(place.path(folder), 'tables'), region, log: () => {} });
    const parameters = { TokenIssuer: 'http://localhost' };
    const [table = ''] = await tables.create(
      createStack({ name, region, template, parameters, queueUrl: (queue) => `http://localhost/${queue}` }),
    );
    const client = new DynamoDBClient({ endpoint: tables.endpoint, region, credentials: localCredentials });
    await saveDirectory({ client: tableClient(client), name: table }, directory);
    client.destroy();
    await tables.close();
  };
  const nobody = { parties: [], coverage: [], resources: [] };

  test('is the existing one, whichever stack was synthesised since', async () => {
    await tableOf('prod', 'luftbro-prod', sampleDirectoryData);
    expect(await backup(['export', place.path('of prod'), ...local('prod')])).toMatchObject({
      code: 0,
      errors: '',
      out: expect.stringContaining('luftbro-prod-Table'),
    });
    expect((await backup(['close', ...local('prod')])).out).toContain('luftbro-prod-Table is closed.');
    expect((await backup(['open', ...local('prod')])).out).toContain('luftbro-prod-Table is open.');
    // `npm start` would pass over what lies beside the table of its own stack.
    expect(await backup(['restore', place.path('of prod'), ...local('prod')])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('luftbro-prod-Table'),
    });
  });

  test('is created by a restore only', async () => {
    await mkdir(join(place.path('empty'), 'tables'), { recursive: true });
    for (const args of [['export', place.path('of none')], ['close'], ['open']])
      expect(await backup([...args, ...local('empty')])).toMatchObject({
        code: 1,
        out: '',
        errors: expect.stringContaining('holds no table'),
      });
  });

  test('must be named if there are two', async () => {
    await tableOf('two', 'luftbro-prod', sampleDirectoryData);
    await tableOf('two', 'luftbro-dev', sampleDirectoryData);
    const { code, errors } = await backup(['close', ...local('two')]);
    expect([code, errors]).toEqual([1, expect.stringContaining('luftbro-dev-Table, luftbro-prod-Table')]);
  });

  test('is not exported if its hub has no directory, and leaves no folder', async () => {
    await tableOf('unused', 'luftbro-dev', nobody);
    const { code, errors } = await backup(['export', place.path('of nobody'), ...local('unused')]);
    expect([code, errors]).toEqual([1, expect.stringContaining('holds no directory')]);
    expect(await readdir(place.path(''))).not.toContain('of nobody');
  });

  test('is written to no folder that git would include: neither as files nor restored', async () => {
    const tree = place.path('tree');
    await mkdir(join(tree, 'ignored'), { recursive: true });
    await promisify(execFile)('git', ['init', '--quiet', tree]);
    await writeFile(join(tree, '.gitignore'), 'ignored/\n');
    const refused = { code: 1, out: '', errors: expect.stringContaining('git work tree') };
    expect(await backup(['export', join(tree, 'night'), ...local('first')])).toEqual(refused);
    expect(await backup(['restore', place.path('b1'), ...local('tree/elsewhere')])).toEqual(refused);
    expect((await readdir(tree)).toSorted()).toEqual(['.git', '.gitignore', 'ignored']);
    expect((await backup(['export', join(tree, 'ignored/night'), ...local('first')])).code).toBe(0);
  });
});

describe('wrong use', () => {
  test.each([
    [[], 2],
    [['export'], 2],
    [['export', 'a', 'b', '--local'], 2],
    [['restore', 'a'], 2],
    [['close', '--local', '--table', 'a'], 2],
    [['close', '--elsewhere', 'B', '--local'], 2],
    [['export', 'a', '--nonsense'], 2],
    [['export', 'a', '--local', '--data-dir', '/nowhere/at/all'], 1],
    [['verify', '/nowhere/at/all'], 1],
  ] as const)('refuses %j, and does nothing', async (args, expected) => {
    const { code, out, errors } = await backup(args, { env: {} });
    expect([code, out]).toEqual([expected, '']);
    expect(errors).not.toBe('');
  });
});
