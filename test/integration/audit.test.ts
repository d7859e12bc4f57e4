import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DeleteCommand, GetCommand, PutCommand } from '../../adapters/dynamodb/commands.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { accessLog } from '../../adapters/dynamodb/access-log.ts';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { type Key, keys } from '../../adapters/dynamodb/table.ts';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import { recordAccess } from '../../core/audit/record.ts';
import type { AccessRecord } from '../../core/audit/access-log.ts';
import { missionIdOf, uuidOf } from '../../schemas/identifiers.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { missionRequest, resourceRequest } from '../support/messages.ts';
import { accessLogContract, accessTo, freshMission } from '../contract/access-log.ts';
import { type Ran, runHub } from '../support/commands.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { organisationOf, sampleDirectoryData } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type ApiHandler, ask, type Asking } from '../support/requests.ts';

/** Who read what, on the stack's own table: written by the functions that read, and looked after by the command. */

let aws: EmbeddedAws;
let logs: Logs;
let read: ApiHandler;
let send: ApiHandler;

const amk = organisationOf('amk-innlandet');
const la = organisationOf('amk-la-oslo');
const operator = organisationOf('operator-dombas');
const otherRegion = organisationOf('amk-la-tromso');

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  await saveDirectory(logs.table, sampleDirectoryData);
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  ({ handler: read } = await import('../../functions/read/lambda.ts'));
  ({ handler: send } = await import('../../functions/process-message/lambda.ts'));
});
afterAll(async () => {
  await aws.close();
});

accessLogContract('DynamoDB', () => accessLog(logs.table));

let count = 0;

/** A mission that the AMK LA has asked an operator to fly. */
const flown = async (): Promise<string> => {
  count += 1;
  const id = uuidOf('audit test', String(Date.now()), String(count));
  const mission = missionIdOf(amk, id);
  const say = async (parent: string, body: string): Promise<void> => {
    const answer = await ask(send, { parent }, { method: 'POST', path: '$process-message', body });
    if (answer.statusCode !== 200) throw new Error(answer.body);
  };
  await say(amk, missionRequest({ id, to: [la] }).text);
  await say(la, resourceRequest({ id: uuidOf(id, 'resource'), mission, to: [operator] }).text);
  return mission;
};

const get = (parent: string, path: string, query?: Asking['query']) =>
  ask(read, { parent, client: 'a-client' }, { path, ...(query === undefined ? {} : { query }) });

const eventShape = z.object({
  id: z.string(),
  recorded: z.string(),
  outcome: z.string(),
  agent: z.array(
    z.object({
      who: z.object({ reference: z.string().optional(), identifier: z.object({ value: z.string() }).optional() }),
      altId: z.string().optional(),
      role: z.array(z.object({ coding: z.array(z.object({ code: z.string() })) })).optional(),
    }),
  ),
  entity: z.array(z.object({ detail: z.array(z.object({ type: z.string(), valueString: z.string() })).optional() })),
});

const bundleShape = z.object({
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.object({ resource: eventShape })).default([]),
});

/** A page of AuditEvents, which must be valid FHIR. */
const pageOf = async (parent: string, query: Readonly<Record<string, string>>) => {
  const answer = await get(parent, 'AuditEvent', query);
  expect(answer.statusCode, answer.body).toBe(200);
  const bundle: unknown = JSON.parse(answer.body);
  expect(problemsOf(bundle)).toEqual([]);
  const { link, entry } = bundleShape.parse(bundle);
  const next = link.find(({ relation }) => relation === 'next')?.url;
  return {
    events: entry.map(({ resource }) => resource),
    next: next === undefined ? undefined : Object.fromEntries(new URL(next).searchParams),
  };
};

const eventsOf = async (parent: string, mission: string) =>
  (await pageOf(parent, { entity: `ServiceRequest/${mission}` })).events;

/** Who, as what, what, with which outcome. */
const readText = ({ agent, entity, outcome }: z.output<typeof eventShape>): string => {
  const [{ who, role = [] } = { who: {} }] = agent;
  const detail = (type: string): string =>
    entity.flatMap((one) => one.detail ?? []).find((one) => one.type === type)?.valueString ?? '';
  const codes = role.flatMap(({ coding }) => coding.map(({ code }) => code));
  return `${who.reference?.split('/')[1]} ${codes.join('+')}: ${detail('asked')} [${detail('parts')}] ${outcome}`;
};

describe('Reads of a mission', () => {
  test('are shown to the requester: reader, capacity, parts, and refused reads with nothing shown', async () => {
    const mission = await flown();
    await get(amk, `ServiceRequest/${mission}`);
    await get(la, `ServiceRequest/${mission}/$history`);
    await get(la, `Provenance/${mission}.1`);
    await get(operator, `Task/${mission}.3`);
    await get(la, `Bundle/${mission}.1`);
    await get(la, `ServiceRequest/${mission}.1.1`);
    await get(operator, 'Communication', { 'part-of': `ServiceRequest/${mission}` });
    await get(operator, 'Task', { 'based-on': `ServiceRequest/${mission}` });
    await get(operator, 'Task', { owner: operator });
    await get(otherRegion, 'Location');
    await get(otherRegion, `ServiceRequest/${mission}`);
    await get(operator, `Task/${mission}.1`);
    const events = await eventsOf(amk, mission);
    // Without subscriptions the hub writes messages of its own, entries 2 and 4. The resource request is entry 3.
    const own = [
      `${amk} local-amk+requester: GET ServiceRequest/{mission} [4] 0`,
      `${la} amk-la+coordinator+performer: GET ServiceRequest/{mission}/$history [1 2 3 4] 0`,
      `${la} amk-la+coordinator+performer: GET Provenance/{mission}.{entry} [1] 0`,
      `${operator} operator+performer: GET Task/{mission}.{entry} [3] 0`,
      `${la} amk-la+coordinator+performer: GET Bundle/{mission}.{entry} [1] 0`,
      `${la} amk-la+coordinator+performer: GET {type}/{mission}.{entry}.{index} [1.1] 0`,
      `${operator} operator+performer: GET Communication?part-of= [3] 0`,
      `${operator} operator+performer: GET Task?based-on= [3] 0`,
    ];
    const ofReaders = [
      `${otherRegion} amk-la: GET Location [3] 0`,
      `${otherRegion} amk-la: GET ServiceRequest/{mission} [] 4`,
      `${operator} operator+performer: GET Task?owner= [3] 0`,
      `${operator} operator: GET Task/{mission}.{entry} [] 4`,
    ];
    expect(events.map(readText)).toEqual([...own, ...ofReaders]);
    expect(events.every(({ agent }) => agent[0]?.altId === 'a-client')).toBe(true);
    // A read of the access log is in the access log.
    const again = await eventsOf(la, mission);
    expect(again.map(readText)).toContain(`${amk} local-amk+requester: GET AuditEvent?entity= [] 0`);
  });

  test('are hidden from all others, as if the mission did not exist', async () => {
    const mission = await flown();
    const entity = `ServiceRequest/${mission}`;
    const nobody = `ServiceRequest/${freshMission()}`;
    for (const who of [operator, otherRegion, organisationOf('quality-register'), organisationOf('observer-hrs')]) {
      const answers = [await get(who, 'AuditEvent', { entity }), await get(who, 'AuditEvent', { entity: nobody })];
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404]);
      const [one, other] = answers.map(({ body }) => body.replace(/"id":"[^"]+"/, ''));
      expect(one).toBe(other);
    }
    // The refused attempts are shown to the requester.
    const tried = (await eventsOf(amk, mission)).filter(({ outcome }) => outcome === '4').map(readText);
    expect(tried).toHaveLength(4);
  });

  test('come in pages that hold each read once, and end although reading them is recorded too', async () => {
    const mission = await flown();
    for (let index = 0; index < 5; index += 1) await get(amk, `ServiceRequest/${mission}`);
    for (let index = 0; index < 2; index += 1) await get(operator, 'Task', { owner: operator });
    const ids: string[] = [];
    let query: Readonly<Record<string, string>> | undefined = { entity: `ServiceRequest/${mission}`, _count: '2' };
    while (query !== undefined) {
      const page: Awaited<ReturnType<typeof pageOf>> = await pageOf(amk, query);
      expect(page.events.length).toBeLessThanOrEqual(2);
      ids.push(...page.events.map(({ id }) => id));
      query = page.next;
    }
    expect(ids).toHaveLength(7);
    expect(new Set(ids).size).toBe(7);
    const wrong = await get(amk, 'AuditEvent', { entity: `ServiceRequest/${mission}`, _cursor: 'nonsense' });
    expect(wrong.statusCode).toBe(400);
  });

  test('hold the supplier whose system asked, and no person', async () => {
    const mission = await flown();
    await ask(read, { parent: amk, supplier: amk, client: 'a-system' }, { path: `ServiceRequest/${mission}` });
    const record = await logs.accesses.last(mission);
    expect(record?.access).toMatchObject({ organisation: amk, supplier: amk, client: 'a-system', role: 'local-amk' });
    const kept = z.array(z.string()).parse(Object.keys(record?.access ?? {}));
    expect(kept.toSorted()).toEqual(
      ['at', 'client', 'missions', 'organisation', 'outcome', 'reading', 'request', 'role', 'supplier'].toSorted(),
    );
  });

  test('that cannot be recorded are not answered: 503, when to come again, and nothing of the mission', async () => {
    const mission = await flown();
    const tables = process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
    // The table is there and takes no records, as when writes are throttled.
    const throttling = createServer((request, response) => {
      void (async () => {
        const body = await text(request);
        const isRecord = String(request.headers['x-amz-target']).endsWith('PutItem') && body.includes('"AUDIT#');
        if (isRecord) {
          response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
          response.end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' }));
          return;
        }
        const headers = Object.entries(request.headers).filter(([name]) =>
          /^(authorization|content-type|x-amz-)/.test(name),
        );
        const answer = await fetch(tables, {
          method: 'POST',
          headers: headers.map(([name, value]): [string, string] => [name, String(value)]),
          body,
        });
        response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(await answer.text());
      })();
    }).listen(0, '127.0.0.1');
    await once(throttling, 'listening');
    const address = throttling.address();
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] =
      `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    vi.resetModules();
    const { handler } = await import('../../functions/read/lambda.ts');
    const answer = await ask(handler, { parent: amk }, { path: `ServiceRequest/${mission}` });
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] = tables;
    throttling.close();
    throttling.closeAllConnections();
    expect(answer.statusCode).toBe(503);
    expect(answer.headers?.['retry-after']).toBe('2');
    expect(answer.body).not.toContain(mission);
    expect(await logs.accesses.last(mission)).toBeUndefined();
    expect((await get(amk, `ServiceRequest/${mission}`)).statusCode).toBe(200);
  });
});

const audit = (...args: readonly string[]): Promise<Ran> => runHub(['audit', ...args]);

const inTable = (...args: readonly string[]) => audit(...args, '--table', aws.tableName);

const itemAt = async (Key: Key): Promise<Record<string, unknown>> => {
  const { Item } = await logs.table.client.send(new GetCommand({ TableName: aws.tableName, Key }));
  if (Item === undefined) throw new Error(`nothing at ${Key.sk}`);
  return Item;
};

const put = (Item: Record<string, unknown>) =>
  logs.table.client.send(new PutCommand({ TableName: aws.tableName, Item }));
const remove = (Key: Key) => logs.table.client.send(new DeleteCommand({ TableName: aws.tableName, Key }));

/** A record in the chain of a reader to whom the mission was refused. */
const readerChain = async (mission: string): Promise<AccessRecord> => {
  const client = `client-${mission}`;
  const record = await recordAccess(logs.accesses, accessTo(mission, { client, outcome: 'refused' }));
  if (record === undefined) throw new Error('nothing was recorded');
  return record;
};

/** A mission that was read so many times. */
const readTimes = async (times: number): Promise<string> => {
  const mission = freshMission();
  for (let index = 0; index < times; index += 1)
    await recordAccess(logs.accesses, accessTo(mission, { request: `request-${index}` }));
  return mission;
};

describe('npm run hub -- audit', () => {
  test('verifies an unchanged log, and exports the reads of one mission as FHIR', async () => {
    const mission = await flown();
    await get(amk, `ServiceRequest/${mission}`);
    await get(operator, 'Task', { owner: operator });
    const whole = await inTable('verify');
    expect(whole, whole.errors).toMatchObject({ code: 0 });
    expect(whole.out).toMatch(/^\d+ records in \d+ chains, all as they were written\./);
    const { code, out } = await inTable('export', '--mission', mission);
    expect(code).toBe(0);
    const bundle: unknown = JSON.parse(out);
    expect(problemsOf(bundle)).toEqual([]);
    expect(bundleShape.parse({ link: [], ...z.looseObject({}).parse(bundle) }).entry).toHaveLength(2);
  });

  test('reports every kind of change of a log in the table', async () => {
    const cases = new Map<string, { mission: string; words: string }>();
    const spoilt = async (name: string, words: string, spoil: (mission: string) => Promise<unknown>): Promise<void> => {
      const mission = await readTimes(4);
      await spoil(mission);
      cases.set(name, { mission, words });
    };
    await spoilt('changed', 'record 2 is not as it was written', async (mission) => {
      const item = await itemAt(keys.access(mission, 2));
      await put({ ...item, access: String(item['access']).replace('999999999', '111111111') });
    });
    await spoilt('made unreadable', 'record 2 is not as it was written', async (mission) =>
      put({ ...(await itemAt(keys.access(mission, 2))), access: 'not JSON' }),
    );
    await spoilt('removed', 'record 3 is missing', (mission) => remove(keys.access(mission, 3)));
    await spoilt('cut at the end', 'records 3 to 4 are missing', async (mission) => {
      await remove(keys.access(mission, 3));
      await remove(keys.access(mission, 4));
    });
    await spoilt('moved', 'record 3 is not as it was written', async (mission) => {
      const [second, third] = [await itemAt(keys.access(mission, 2)), await itemAt(keys.access(mission, 3))];
      await put({ ...second, ...keys.access(mission, 3) });
      await put({ ...third, ...keys.access(mission, 2) });
    });
    await spoilt('added', 'record 5 cannot be confirmed', async (mission) =>
      put({ ...(await itemAt(keys.access(mission, 4))), ...keys.access(mission, 5) }),
    );
    await spoilt('without what was noted of the newest', 'records 1 to 4 cannot be confirmed', (mission) =>
      remove(keys.accessHead(mission)),
    );
    const other = freshMission();
    const { chain } = await readerChain(other);
    await remove(keys.accessLink(other, chain));

    const { code, errors } = await inTable('verify');
    expect(code).toBe(1);
    const sections = new Map(
      errors.split(/^Chain /m).map((section) => [section.slice(0, section.indexOf(':')), section]),
    );
    for (const [name, { mission, words }] of cases) expect(sections.get(mission), name).toContain(words);
    expect(sections.get(chain)).toContain(`names mission ${other}, which no longer refers to this chain`);
    const one = await inTable('verify', '--mission', cases.get('removed')?.mission ?? '');
    expect([one.code, one.errors.match(/^Chain /gm)?.length]).toEqual([1, 1]);
    const whole = await readTimes(2);
    expect((await inTable('verify', '--mission', whole)).code).toBe(0);
    // What was spoilt does not keep anybody from reading on.
    const spoiltMission = cases.get('made unreadable')?.mission ?? '';
    expect((await recordAccess(logs.accesses, accessTo(spoiltMission)))?.number).toBe(5);
  });

  test("finds by the functions' log a chain that was rewritten or removed as a whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
    const file = join(folder, 'hub.log');
    const [forged, gone, kept] = [await readTimes(3), await readTimes(2), await readTimes(2)];
    const records: AccessRecord[] = [];
    for (const mission of [forged, gone, kept]) records.push(...(await logs.accesses.range(mission, 1, 9)));
    const lines = records.map(({ chain, number, digest }) =>
      JSON.stringify({ level: 'INFO', message: 'read recorded', code: 'LB-103', chain, number, digest }),
    );
    await writeFile(file, `no JSON\n${lines.map((line) => `2026-02-01T11:00:00Z ${line}\n`).join('')}`);
    for (const number of [1, 2, 3]) await remove(keys.access(forged, number));
    await remove(keys.accessHead(forged));
    for (let index = 0; index < 3; index += 1)
      await recordAccess(logs.accesses, accessTo(forged, { organisation: '111111111' }));
    for (const number of [1, 2]) await remove(keys.access(gone, number));
    await remove(keys.accessHead(gone));

    for (const mission of [forged, gone, kept]) expect((await inTable('verify', '--mission', mission)).code).toBe(0);
    const found = await Promise.all(
      [forged, gone, kept].map((mission) => inTable('verify', '--mission', mission, '--log', file)),
    );
    expect(found.map(({ code }) => code)).toEqual([1, 1, 0]);
    expect(found[0]?.errors).toContain("records 1 to 3 are not as in the functions' log");
    const { errors } = await inTable('verify', '--log', file);
    expect(errors).toContain(`Chain ${gone}:`);
    await rm(folder, { recursive: true });
  });

  test('prints its usage, and does nothing, for a wrong use', async () => {
    for (const args of [[], ['bury'], ['export'], ['verify', '--mission', 'nonsense'], ['verify', '--local']])
      expect(await inTable(...args)).toMatchObject({ code: 2, errors: expect.stringContaining('Usage') });
    expect((await audit('verify', '--local', '--data-dir', '/nowhere')).errors).toContain('does not exist');
  });
});
