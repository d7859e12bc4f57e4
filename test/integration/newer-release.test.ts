import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessLog } from '../../adapters/dynamodb/access-log.ts';
import { directoryOf, loadDirectory, saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { loadGuidelines, saveGuideline } from '../../adapters/dynamodb/guideline-store.ts';
import {
  deadLetterShard,
  keys,
  obligationShards,
  owed,
  pack,
  type Table,
  unpack,
} from '../../adapters/dynamodb/table.ts';
import { localPlace } from '../../commands/backup/place.ts';
import { recordAccess } from '../../core/audit/record.ts';
import { chainFaults } from '../../core/audit/verify-chain.ts';
import { fold } from '../../core/mission/evolve.ts';
import { seesNoPerson } from '../../core/mission/access-rules.ts';
import { missionLog } from '../../adapters/dynamodb/mission-log.ts';
import { logMessages } from '../../schemas/telemetry/log-messages.ts';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { hubOn, type LocalHub, scratch } from '../support/backup.ts';
import { runHub } from '../support/commands.ts';
import { acknowledgement, incidentIdentifier, missionRequest, missionUpdate } from '../support/messages.ts';
import {
  inNewerFold,
  itemAt,
  itemsOf,
  newer,
  newEvent,
  newName,
  putItem,
  type Stored,
  tableOf,
} from '../support/newer-release.ts';
import { call, type Endpoint, eventually, openEndpoint, post } from '../support/partners.ts';
import { factsOf, type Listener, missions, moveTo, playRelease } from '../support/releases.ts';
import { organisation, taskOf } from '../support/scene.ts';

/** What a newer release has stored before it was taken back, read and gone on with by this one: what docs/operations.md promises. */
const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';

let place: Awaited<ReturnType<typeof scratch>>;
let hub: LocalHub;
let table: Table;
let listeners: readonly Listener[];
let before: Awaited<ReturnType<typeof factsOf>>;
let la: Endpoint;
let coordinator: Listener;

/** Writes all of a table anew, as a newer release would have written it. */
const writtenByNewer = async (dataDir: string): Promise<void> => {
  const closed = await localPlace(dataDir, 'cdk.out', { mayCreate: false });
  if (closed === undefined) throw new Error('the hub has left no table');
  for (const item of await itemsOf(closed.table)) await putItem(closed.table, newer(item));
  await closed.close();
};

beforeAll(async () => {
  place = await scratch();
  const played = await hubOn(place.path('hub'));
  listeners = await playRelease(played);
  before = await factsOf(played, listeners);
  await played.close();
  await writtenByNewer(place.path('hub'));
  hub = await hubOn(place.path('hub'), played);
  table = tableOf(hub);
  la = await openEndpoint();
  coordinator = listeners.find(({ client }) => client === oslo) ?? { client: '', subscription: '' };
}, 180_000);

afterAll(async () => {
  table.client.destroy();
  await la.close();
  await hub.close();
  await place.remove();
});

const request = (more: object = {}) => missionRequest({ to: [organisation(oslo)], id: randomUUID(), ...more });
const missionOf = ({ id }: { readonly id: string }): string => missionIdOf(organisation(amk), id);
const send = async (client: string, { text }: { readonly text: string }): Promise<void> => {
  const answer = await post(hub, client, text);
  expect(answer.status, answer.text).toBe(200);
};

const told = (what: string): number => la.events().filter(({ text }) => text.includes(what)).length;
const get = (client: string, path: string) => call(hub, client, 'GET', path);
const lines = async (code: string): Promise<readonly Stored[]> =>
  (await readFile(hub.logFile, 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"code":"${code}"`))
    .map((line) => JSON.parse(line));
const now = (): string => new Date().toISOString();

describe('Fields, attributes, folds and kinds of items that this release does not know', () => {
  test('change nothing of missions, Tasks, stories, receipts, messages, and what each was told', async () => {
    const after = await factsOf(
      hub,
      listeners,
      before.missions.map(({ version }) => version),
    );
    for (const [index, { receipts, ...lasting }] of before.missions.entries()) {
      const { receipts: receiptsNow = [], ...lastingNow } = after.missions[index] ?? {};
      expect(lastingNow).toEqual(lasting);
      expect(receiptsNow).toEqual(expect.arrayContaining(receipts.filter(({ status }) => status !== 'in-progress')));
    }
    expect(
      after.subscriptions.map((one, index) => ({
        ...one,
        numbers: one.numbers.slice(0, before.subscriptions[index]?.numbers.length),
      })),
    ).toEqual(before.subscriptions);
  }, 120_000);

  test('keep no list from being read', async () => {
    for (const { client } of listeners.filter(({ client: one }) => one !== 'quality-register'))
      expect([client, (await get(client, `/Task?owner=${organisation(client)}`)).status]).toEqual([client, 200]);
    for (const path of [
      '/Location',
      '/Organization?type=hospital',
      '/Subscription',
      '/Subscription/$status',
      `/ServiceRequest/${missions.flown}/$history`,
    ])
      expect([path, (await get(oslo, path)).status]).toEqual([path, 200]);
    expect((await get(amk, `/AuditEvent?entity=ServiceRequest/${missions.flown}`)).status).toBe(200);
  }, 60_000);

  test('a state of another fold is never taken for one of this: it is folded anew from the log', async () => {
    const log = missionLog(table);
    for (const mission of Object.values(missions)) {
      const last = await log.last(mission);
      expect(last?.state).toEqual(fold(await log.entries(mission, 1, last?.number ?? 0)));
    }
  });

  test('what was owed is told, missions go on, and the first answer is given again', async () => {
    await moveTo(hub, coordinator, la.url);
    await eventually('what was owed', () => told(missions.pending) > 0, 60);
    await send(oslo, acknowledgement({ task: taskOf(missions.goingOn, 1), id: randomUUID() }));
    const update = missionUpdate({ mission: missions.goingOn, id: randomUUID() });
    const first = await post(hub, amk, update.text);
    expect(first.status, first.text).toBe(200);
    await eventually('what is said next', () => told(update.id) > 0, 60);
    const again = await post(hub, amk, update.text);
    expect([again.status, again.headers.get('etag')]).toEqual([200, first.headers.get('etag')]);
  }, 120_000);

  test('they are still there after this release has written to the item', async () => {
    const { subscription } = coordinator;
    expect((await call(hub, oslo, 'POST', `/Subscription/${subscription}/$rotate-secret`)).status).toBe(200);
    const head = await itemAt(table, keys.subscription(subscription));
    expect([head[newName], unpack(head['packed'])[newName]]).toEqual([expect.anything(), expect.anything()]);
    const subscribers = await itemAt(table, keys.subscribers(organisation(oslo)));
    expect(subscribers[newName]).toBeDefined();
    // The example missions' own entries and receipts, some of which were settled since.
    const logged = (await itemsOf(table)).filter(
      ({ sk, [newName]: field }) => sk.startsWith('ENTRY#') && field !== undefined,
    );
    expect(logged.length).toBeGreaterThan(20);
    for (const { packed } of logged) expect(unpack(packed)).toHaveProperty(newName);
    const notes = (await itemsOf(table)).filter(
      ({ pk, sk }) => pk === `SUBSCRIPTION#${subscription}` && sk.startsWith('NOTE#'),
    );
    expect(
      notes.filter(({ [newName]: field, completedAt }) => field !== undefined && completedAt !== undefined).length,
    ).toBeGreaterThan(2);
    await saveDirectory(table, await loadDirectory(table));
    const directory = await itemAt(table, keys.directory);
    expect([directory[newName], unpack(directory['packed'])[0][newName], unpack(directory['places'])[newName]]).toEqual(
      Array.from({ length: 3 }, () => expect.anything()),
    );
    const [known] = await loadGuidelines(table);
    await putItem(table, {
      ...keys.guidelines,
      [newName]: 'kept',
      revision: 1,
      packed: pack([{ ...known, version: '1.9.0', [newName]: 'kept' }]),
    });
    expect(await saveGuideline(table, { ...known, version: '1.9.1' })).toBe('loaded');
    const guidelines = await itemAt(table, keys.guidelines);
    expect([guidelines[newName], unpack(guidelines['packed'])[0][newName]]).toEqual(['kept', 'kept']);
  });

  test('a party in a role of theirs is a party, and sees no person', async () => {
    const party = await get(oslo, '/Organization/319000097');
    expect([party.status, party.body['name']]).toEqual([200, 'Kystvakten']);
    const role = directoryOf(await loadDirectory(table)).partyOf('319000097')?.role;
    expect([role, role !== undefined && seesNoPerson(role)]).toEqual(['coast-guard', true]);
  });

  test('debts of a kind that this release does not know are said and hold up no other, however many they are', async () => {
    const known = request();
    la.behave({ status: 503 });
    await send(amk, known);
    const mission = missionOf(known);
    const { obligation: shard } = owed(keys.entry(mission, 1), '');
    expect(obligationShards).toContain(shard);
    const debts = Array.from({ length: 120 }, (_, index) => ({
      pk: `MISSION#${mission}`,
      sk: `REMINDER#${String(index).padStart(9, '0')}`,
      obligation: shard,
      dueAt: `2026-01-01T00:00:00.${String(index).padStart(3, '0')}Z`,
    }));
    for (const debt of debts) await putItem(table, debt);
    // Cut off after it was accepted: its debt is behind all of those.
    const entry = await itemAt(table, keys.entry(mission, 1));
    const { notified: _notified, withoutSubscription: _without, ...cutOff } = entry;
    await putItem(table, { ...cutOff, obligation: shard, dueAt: '2026-01-02T00:00:00.000Z' });
    await eventually(
      'the debt that is known is paid',
      async () => (await itemAt(table, keys.entry(mission, 1)))['notified'] !== undefined,
      120,
    );
    const unpaid = (await lines(logMessages.OBLIGATION_UNPAID.code)).filter(({ kind }) => kind === 'unknown');
    expect(unpaid.length).toBeGreaterThanOrEqual(debts.length);
    expect(unpaid[0]).toMatchObject({ error: 'NewerRelease' });
    expect((await itemAt(table, debts[0] ?? keys.directory))['obligation']).toBe(shard);
    for (const { pk, sk } of debts) await putItem(table, { pk, sk });
    la.behave({});
    await eventually('it is told', () => told(mission) > 0, 60);
  }, 240_000);
});

describe('An event that this release does not know', () => {
  const incident = randomUUID();
  const unread = request({ incident });
  const waiting = request({ incident });
  const other = request({ incident });

  /** The next entry of a mission as a newer release has accepted it, of an event that only that release knows. */
  const say = async (mission: string, debt: Stored): Promise<void> => {
    const first = await itemAt(table, keys.entry(mission, 1));
    const { obligation: _obligation, dueAt: _due, notified: _notified, withoutSubscription: _without, ...item } = first;
    const entry = {
      ...unpack(first['packed']),
      number: 2,
      event: newEvent,
      messageId: randomUUID(),
      bundleId: randomUUID(),
      facts: {},
      unpaidFrom: 2,
    };
    await putItem(table, {
      ...inNewerFold({ ...item, packed: pack(entry) }),
      ...keys.entry(mission, 2),
      event: newEvent,
      messageId: entry.messageId,
      ...debt,
    });
  };

  /** The release that knows the event is there again; here it is as if this one knew it. */
  const learn = async (mission: string): Promise<void> => {
    const { packed, ...item } = await itemAt(table, keys.entry(mission, 2));
    const known = 'mission-update';
    await putItem(table, { ...item, event: known, packed: pack({ ...unpack(packed), event: known }) });
  };

  /** Gives the coordinator's next number to entry 2 of a mission. */
  const notify = async (mission: string): Promise<number> => {
    const head = await itemAt(table, keys.subscription(coordinator.subscription));
    const number = head['lastNumber'] + 1;
    await putItem(table, {
      ...head,
      lastNumber: number,
      previousOf: { ...head['previousOf'], [mission]: head['numberOf'][mission] },
      numberOf: { ...head['numberOf'], [mission]: number },
      seqOf: { ...head['seqOf'], [mission]: 2 },
    });
    const key = keys.notification(coordinator.subscription, number);
    await putItem(table, {
      ...key,
      ...owed(key, now()),
      subscription: coordinator.subscription,
      number,
      organisation: organisation(oslo),
      mission,
      entry: 2,
      writtenAt: now(),
      status: 'pending',
      attempts: 0,
      previous: head['numberOf'][mission],
    });
    return number;
  };
  let owedNumber = 0;

  beforeAll(async () => {
    await moveTo(hub, coordinator, la.url);
    for (const message of [unread, waiting, other]) await send(amk, message);
    await eventually('all are told', () => [unread, waiting, other].every((one) => told(missionOf(one)) > 0), 60);
    await say(missionOf(unread), owed(keys.entry(missionOf(unread), 2), now()));
    await say(missionOf(waiting), { notified: '[]', withoutSubscription: '[]' });
    owedNumber = await notify(missionOf(waiting));
  }, 120_000);

  test('makes its mission unreadable, with a fault that the log names', async () => {
    const answer = await get(oslo, `/ServiceRequest/${missionOf(unread)}`);
    expect([answer.status, answer.text]).toEqual([500, expect.stringContaining('"code":"internal"')]);
    const line = (await lines(logMessages.UNEXPECTED.code)).find(
      ({ correlationId }) => correlationId === answer.headers.get('x-correlation-id'),
    );
    expect(line).toMatchObject({ error: 'NewerRelease' });
    expect((await post(hub, amk, missionUpdate({ mission: missionOf(unread), id: randomUUID() }).text)).status).toBe(
      500,
    );
  });

  test('keeps no other mission from being read, listed and gone on with', async () => {
    expect((await get(oslo, `/ServiceRequest/${missionOf(other)}`)).status).toBe(200);
    const tasks = await get(oslo, `/Task?owner=${organisation(oslo)}&_count=100`);
    expect(tasks.status, tasks.text).toBe(200);
    for (const one of [unread, waiting, other]) expect(tasks.text).toContain(taskOf(missionOf(one), 1));
    const update = missionUpdate({ mission: missionOf(other), id: randomUUID() });
    await send(amk, update);
    await eventually('the coordinator is told of it', () => told(update.id) > 0, 60);
  }, 90_000);

  test('is left out of the list of its incident, which says so', async () => {
    const { system, value } = incidentIdentifier(incident);
    const list = await get(
      oslo,
      `/ServiceRequest?requisition=${encodeURIComponent(`${system}|${value}`)}&_revinclude=Task:based-on`,
    );
    expect(list.status, list.text).toBe(200);
    expect(list.text).toContain(`ServiceRequest/${missionOf(other)}`);
    expect(list.text).not.toContain(`ServiceRequest/${missionOf(unread)}`);
    expect(list.text).toContain('2 missions of the incident cannot be read now');
  });

  test('is counted in $events with its number, so that nobody takes it for nothing', async () => {
    const path = `/Subscription/${coordinator.subscription}/$events?eventsSinceNumber=${owedNumber - 1}`;
    for (const content of ['full-resource', 'id-only', 'empty']) {
      const events = await get(oslo, `${path}&content=${content}`);
      expect(events.status, events.text).toBe(200);
      const numbers = [...events.text.matchAll(/"event-number","valueString":"(\d+)"/g)].map(([, number]) =>
        Number(number),
      );
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => owedNumber - 1 + index));
      expect(numbers.length).toBeGreaterThan(1);
      expect(events.text).toContain(`Event ${owedNumber}`);
    }
  });

  test('is among the dead letters with whom to phone, and keeps no other from the list', async () => {
    const number = 900_000;
    await putItem(table, {
      ...keys.notification(coordinator.subscription, number),
      obligation: deadLetterShard,
      dueAt: now(),
      subscription: coordinator.subscription,
      number,
      organisation: organisation(oslo),
      mission: missionOf(unread),
      entry: 2,
      writtenAt: now(),
      completedAt: now(),
      status: 'failed',
      attempts: 5,
    });
    const letters = (...args: readonly string[]) =>
      runHub(['dead-letters', ...args, '--local', '--data-dir', place.path('hub')]);
    const name = `${coordinator.subscription}.${number}`;
    const list = await letters('list');
    expect([list.code, list.errors]).toEqual([0, '']);
    expect(list.out).toMatch(new RegExp(`${name}.*an entry that only a newer release can read`));
    expect(list.out).not.toContain('WARNED NOBODY');
    expect((await letters('show', name)).out).toContain(
      'only a newer release can read whether the hub has warned anybody',
    );
    expect((await letters('discard', name)).out).toContain('discarded');
  }, 60_000);

  test('its debts are seen by the sweeper, stay, and are paid when the release that knows it is back', async () => {
    await eventually(
      'the sweeper says so',
      async () =>
        (await lines(logMessages.OBLIGATION_UNPAID.code)).some(
          ({ mission, error }) => mission === missionOf(unread) && error === 'NewerRelease',
        ),
      90,
    );
    await eventually(
      'it counts it',
      async () => (await lines(logMessages.SWEPT.code)).some(({ failed }) => failed > 0),
      30,
    );
    expect((await itemAt(table, keys.entry(missionOf(unread), 2)))['obligation']).toBeDefined();
    const isOfDelivery = ({ kind, number, error }: Stored): boolean =>
      kind === 'delivery' && number === owedNumber && error === 'NewerRelease';
    await eventually(
      'it says so of the notification',
      async () => (await lines(logMessages.OBLIGATION_UNPAID.code)).some(isOfDelivery),
      90,
    );
    const key = keys.notification(coordinator.subscription, owedNumber);
    expect(await itemAt(table, key)).toMatchObject({ status: 'pending', obligation: expect.anything() });
    await learn(missionOf(unread));
    await learn(missionOf(waiting));
    for (const one of [unread, waiting]) await eventually('it is told', () => told(missionOf(one)) > 1, 120);
    expect((await itemAt(table, keys.entry(missionOf(unread), 2)))['notified']).toContain(coordinator.subscription);
    await eventually('its receipt', async () => (await itemAt(table, key))['status'] === 'delivered', 60);
  }, 300_000);
});

describe('A code that this release does not know', () => {
  beforeAll(() => moveTo(hub, coordinator, la.url));

  /** A mission of which the coordinator is told; returns its notification. */
  const toldOf = async (): Promise<{ readonly mission: string; readonly note: Stored }> => {
    const message = request();
    await send(amk, message);
    const mission = missionOf(message);
    const noteOf = async () =>
      (await itemsOf(table)).find(
        (item) =>
          item['sk'].startsWith('NOTE#') && item['mission'] === mission && item['organisation'] === organisation(oslo),
      );
    await eventually('it is noted', async () => (await noteOf()) !== undefined, 30);
    return { mission, note: (await noteOf()) ?? {} };
  };

  test('as status of a notification that is owed, leaves it owed: it is told and settled', async () => {
    la.behave({ status: 503 });
    const { mission, note } = await toldOf();
    const key = { pk: note['pk'], sk: note['sk'] };
    const seen = await itemAt(table, key);
    expect(seen['obligation']).toBeDefined();
    await putItem(table, { ...seen, status: 'deferred' });
    la.behave({});
    await eventually('it is settled', async () => (await itemAt(table, key))['status'] === 'delivered', 90);
    expect((await itemAt(table, key))['obligation']).toBeUndefined();
    expect(told(mission)).toBeGreaterThan(0);
  }, 120_000);

  test('as status of one that is settled, leaves it settled: it is not told again, and its receipt claims nothing', async () => {
    const { mission, note } = await toldOf();
    const key = { pk: note['pk'], sk: note['sk'] };
    await eventually('it is settled', async () => (await itemAt(table, key))['status'] === 'delivered', 60);
    await putItem(table, { ...(await itemAt(table, key)), status: 'expired' });
    const times = told(mission);
    const update = missionUpdate({ mission, id: randomUUID() });
    await send(amk, update);
    await eventually('what comes next is told', () => told(update.id) > 0, 60);
    expect(told(mission)).toBe(times + 1);
    expect((await itemAt(table, key))['status']).toBe('expired');
    const receipts = await get(amk, `/Communication?part-of=ServiceRequest/${mission}`);
    const receipt = JSON.parse(receipts.text).entry.find(
      ({ resource }: Stored) => resource.id === `${note['subscription']}.${note['number']}`,
    );
    expect(receipt.resource.status).toBe('not-done');
  }, 120_000);

  test('as status of a subscription, is an error: its endpoint is asked, and told again', async () => {
    const key = keys.subscription(coordinator.subscription);
    await putItem(table, { ...(await itemAt(table, key)), status: 'paused' });
    const message = request();
    await send(amk, message);
    await eventually('the coordinator is told', () => told(missionOf(message)) > 0, 60);
    expect((await itemAt(table, key))['status']).toBe('active');
  }, 90_000);

  test('as payload of a subscription, gets what it names: no more than ids', async () => {
    const key = keys.subscription(coordinator.subscription);
    const head = await itemAt(table, key);
    await putItem(table, { ...head, packed: pack({ ...unpack(head['packed']), payload: 'sealed' }) });
    const message = request();
    await send(amk, message);
    await eventually('the coordinator is told', () => told(missionOf(message)) > 0, 60);
    expect(la.events().findLast(({ text }) => text.includes(missionOf(message)))?.text).not.toContain('"Patient"');
    await putItem(table, { ...(await itemAt(table, key)), packed: head['packed'] });
  }, 90_000);

  test('in a Task, keeps neither the Task nor those beside it out of lists', async () => {
    const { mission } = await toldOf();
    const key = keys.task(mission, taskOf(mission, 1));
    await eventually('it is listed', async () => (await itemAt(table, key))['packed'] !== undefined, 30);
    const item = await itemAt(table, key);
    const listed = unpack(item['packed']);
    const task = { ...listed.task, status: 'suspended', kind: 'escort', answer: { event: newEvent, code: 'yes' } };
    await putItem(table, { ...item, packed: pack({ ...listed, task, urgency: 'yesterday' }) });
    const list = await get(oslo, `/Task?owner=${organisation(oslo)}&_count=100`);
    expect(list.status, list.text).toBe(200);
    expect(list.text).toContain(task.id);
    // One that a resource of an operator is asked for by.
    const operator = organisation('operator-dombas');
    const flight = { ...task, id: taskOf(mission, 9), owner: operator, kind: 'resource', resourceKind: 'balloon' };
    await putItem(table, {
      ...item,
      ...keys.task(mission, flight.id),
      worklist: `${operator}#open`,
      packed: pack({ ...listed, task: flight }),
    });
    const board = await get(oslo, '/Location');
    expect(board.status, board.text).toBe(200);
    expect(board.text).toContain(`Location/${flight.id}`);
  }, 60_000);

  test('in a record of the log of reads, keeps the others from nobody', async () => {
    const mission = missions.flown;
    const access = {
      at: now(),
      organisation: organisation(oslo),
      role: 'amk-la' as const,
      client: oslo,
      outcome: 'shown' as const,
      missions: [{ mission, exercise: false, relation: [], parts: ['1'] }],
      request: randomUUID(),
    };
    const log = accessLog(table);
    const record = await recordAccess(log, JSON.parse(JSON.stringify({ ...access, reading: 'map', [newName]: 1 })));
    const reads = await get(amk, `/AuditEvent?entity=ServiceRequest/${mission}&_count=100`);
    expect(reads.status, reads.text).toBe(200);
    expect(reads.text).toContain(access.request);
    // Nobody takes what is not known for what was changed.
    const { chain = '' } = record ?? {};
    const head = await log.head(chain);
    const records = await log.range(chain, 1, head?.number ?? 0);
    expect(records.map(({ access: kept }) => JSON.stringify(kept)).join()).toContain(newName);
    expect(chainFaults(chain, records, head)).toEqual([]);
  });
});
