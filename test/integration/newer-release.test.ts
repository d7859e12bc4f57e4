import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessLog } from '../../adapters/dynamodb/access-log.ts';
import { obligationAt } from '../../adapters/dynamodb/shards.ts';
import { loadDirectory, saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { directoryOf } from '../../adapters/party-directory.ts';
import { loadGuidelines, saveGuideline } from '../../adapters/dynamodb/guideline-store.ts';
import { keys, type Table } from '../../adapters/dynamodb/table.ts';
import { pack, unpack } from '../../adapters/packed.ts';
import { localPlace } from '../../commands/backup/place.ts';
import { recordAccess } from '../../core/audit/record.ts';
import { chainFaults } from '../../core/audit/verify-chain.ts';
import { fold } from '../../core/mission/evolve.ts';
import { seesNoPerson } from '../../core/mission/access-rules.ts';
import { missionLog } from '../../adapters/dynamodb/mission-log.ts';
import { notifications } from '../../adapters/dynamodb/notifications.ts';
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

/** A newer release has stored data and was rolled back. This release reads the data and continues, as docs/operations.md promises. */
const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';

let place: Awaited<ReturnType<typeof scratch>>;
let hub: LocalHub;
let table: Table;
let listeners: readonly Listener[];
let before: Awaited<ReturnType<typeof factsOf>>;
let la: Endpoint;
let coordinator: Listener;

/** Rewrites all items of a table as a newer release would have written them. */
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

const countOf = (what: string): number => la.events().filter(({ text }) => text.includes(what)).length;
const get = (client: string, path: string) => call(hub, client, 'GET', path);
const lines = async (code: string): Promise<readonly Stored[]> =>
  (await readFile(hub.logFile, 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"code":"${code}"`))
    .map((line) => JSON.parse(line));
const now = (): string => new Date().toISOString();

describe('a table with fields, attributes, folds and item kinds that this release does not know', () => {
  test('shows the same missions, Tasks, histories, receipts, messages and notifications', async () => {
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

  test('leaves every list readable', async () => {
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

  test('folds a mission from its log if the stored state is of another fold', async () => {
    const log = missionLog(table);
    for (const mission of Object.values(missions)) {
      const last = await log.last(mission);
      expect(last?.state).toEqual(fold(await log.entries(mission, 1, last?.number ?? 0)));
    }
  });

  test('delivers pending notifications, continues missions and repeats first answers', async () => {
    await moveTo(hub, coordinator, la.url);
    await eventually('the pending notification', () => countOf(missions.pending) > 0, 60);
    await send(oslo, acknowledgement({ task: taskOf(missions.goingOn, 1), id: randomUUID() }));
    const update = missionUpdate({ mission: missions.goingOn, id: randomUUID() });
    const first = await post(hub, amk, update.text);
    expect(first.status, first.text).toBe(200);
    await eventually('the next message', () => countOf(update.id) > 0, 60);
    const again = await post(hub, amk, update.text);
    expect([again.status, again.headers.get('etag')]).toEqual([200, first.headers.get('etag')]);
  }, 120_000);

  test('keeps unknown fields of an item that this release writes', async () => {
    const { subscription } = coordinator;
    expect((await call(hub, oslo, 'POST', `/Subscription/${subscription}/$rotate-secret`)).status).toBe(200);
    const head = await itemAt(table, keys.subscription(subscription));
    expect([head[newName], unpack(head['packed'])[newName]]).toEqual([expect.anything(), expect.anything()]);
    const subscribers = await itemAt(table, keys.subscribers(organisation(oslo)));
    expect(subscribers[newName]).toBeDefined();
    // The example missions' own entries and receipts, some of which are complete by now.
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

  test('accepts a party in an unknown role, and shows it no person', async () => {
    const party = await get(oslo, '/Organization/319000097');
    expect([party.status, party.body['name']]).toEqual([200, 'Kystvakten']);
    const role = directoryOf(await loadDirectory(table)).partyOf('319000097')?.role;
    expect([role, role !== undefined && seesNoPerson(role)]).toEqual(['coast-guard', true]);
  });

  test('reports 120 obligations of an unknown kind, and completes a known obligation behind them', async () => {
    const known = request();
    la.behave({ status: 503 });
    await send(amk, known);
    const mission = missionOf(known);
    const { obligation: shard } = obligationAt({}, 'pending', keys.entry(mission, 1), '');
    const obligations = Array.from({ length: 120 }, (_, index) => ({
      pk: `MISSION#${mission}`,
      sk: `REMINDER#${String(index).padStart(9, '0')}`,
      obligation: shard,
      dueAt: `2026-01-01T00:00:00.${String(index).padStart(3, '0')}Z`,
    }));
    for (const obligation of obligations) await putItem(table, obligation);
    // Interrupted after it was accepted: its obligation is due after all of those.
    const entry = await itemAt(table, keys.entry(mission, 1));
    const { notified: _notified, withoutSubscription: _without, ...cutOff } = entry;
    await putItem(table, { ...cutOff, obligation: shard, dueAt: '2026-01-02T00:00:00.000Z' });
    await eventually(
      'the known obligation is complete',
      async () => (await itemAt(table, keys.entry(mission, 1)))['notified'] !== undefined,
      120,
    );
    const unknown = (await lines(logMessages.OBLIGATION_FAILED.code)).filter(({ kind }) => kind === 'unknown');
    expect(unknown.length).toBeGreaterThanOrEqual(obligations.length);
    expect(unknown[0]).toMatchObject({ error: 'NewerRelease' });
    expect((await itemAt(table, obligations[0] ?? keys.directory))['obligation']).toBe(shard);
    for (const { pk, sk } of obligations) await putItem(table, { pk, sk });
    la.behave({});
    await eventually('the coordinator is notified', () => countOf(mission) > 0, 60);
  }, 240_000);
});

describe('a mission with an event that this release does not know', () => {
  const incident = randomUUID();
  const unread = request({ incident });
  const waiting = request({ incident });
  const other = request({ incident });

  /** Stores entry 2 of a mission as a newer release has accepted it, of an event that only that release knows. */
  const storeUnknown = async (mission: string, obligation: Stored): Promise<void> => {
    const first = await itemAt(table, keys.entry(mission, 1));
    const { obligation: _obligation, dueAt: _due, notified: _notified, withoutSubscription: _without, ...item } = first;
    const entry = {
      ...unpack(first['packed']),
      number: 2,
      event: newEvent,
      messageId: randomUUID(),
      bundleId: randomUUID(),
      facts: {},
      pendingFrom: 2,
    };
    await putItem(table, {
      ...inNewerFold({ ...item, packed: pack(entry) }),
      ...keys.entry(mission, 2),
      event: newEvent,
      messageId: entry.messageId,
      ...obligation,
    });
  };

  /** Stands for the return of the release that knows the event: makes entry 2 an event that this release knows. */
  const makeKnown = async (mission: string): Promise<void> => {
    const { packed, ...item } = await itemAt(table, keys.entry(mission, 2));
    const known = 'mission-update';
    await putItem(table, { ...item, event: known, packed: pack({ ...unpack(packed), event: known }) });
  };

  /** Assigns the coordinator's next number to entry 2 of a mission, and returns the number. */
  const assignNumber = async (mission: string): Promise<number> => {
    const former = await itemAt(table, keys.place(coordinator.subscription, mission));
    const number = (await notifications(table).newest(coordinator.subscription)) + 1;
    await putItem(table, { ...former, entry: 2, number });
    const key = keys.notification(coordinator.subscription, number);
    await putItem(table, {
      ...key,
      ...obligationAt({}, 'pending', key, now()),
      subscription: coordinator.subscription,
      number,
      organisation: organisation(oslo),
      mission,
      entry: 2,
      writtenAt: now(),
      status: 'pending',
      attempts: 0,
      previous: former['number'],
    });
    return number;
  };
  let pendingNumber = 0;

  beforeAll(async () => {
    await moveTo(hub, coordinator, la.url);
    for (const message of [unread, waiting, other]) await send(amk, message);
    await eventually(
      'the coordinator is notified of all',
      () => [unread, waiting, other].every((one) => countOf(missionOf(one)) > 0),
      60,
    );
    await storeUnknown(missionOf(unread), obligationAt({}, 'pending', keys.entry(missionOf(unread), 2), now()));
    await storeUnknown(missionOf(waiting), { notified: '[]', withoutSubscription: '[]' });
    pendingNumber = await assignNumber(missionOf(waiting));
  }, 120_000);

  test('cannot be read, and the fault is logged', async () => {
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

  test('leaves other missions readable, listed and able to continue', async () => {
    expect((await get(oslo, `/ServiceRequest/${missionOf(other)}`)).status).toBe(200);
    const tasks = await get(oslo, `/Task?owner=${organisation(oslo)}&_count=100`);
    expect(tasks.status, tasks.text).toBe(200);
    for (const one of [unread, waiting, other]) expect(tasks.text).toContain(taskOf(missionOf(one), 1));
    const update = missionUpdate({ mission: missionOf(other), id: randomUUID() });
    await send(amk, update);
    await eventually('the coordinator is notified of it', () => countOf(update.id) > 0, 60);
  }, 90_000);

  test('is omitted from the list of its incident, which reports how many missions cannot be read', async () => {
    const { system, value } = incidentIdentifier(incident);
    const list = await get(
      oslo,
      `/ServiceRequest?requisition=${encodeURIComponent(`${system}|${value}`)}&_revinclude=Task:based-on`,
    );
    expect(list.status, list.text).toBe(200);
    expect(list.text).toContain(`ServiceRequest/${missionOf(other)}`);
    expect(list.text).not.toContain(`ServiceRequest/${missionOf(unread)}`);
    expect(list.text).toContain('2 missions cannot be read now');
  });

  test('keeps its event number in $events, so that the event does not seem absent', async () => {
    const path = `/Subscription/${coordinator.subscription}/$events?eventsSinceNumber=${pendingNumber - 1}`;
    for (const content of ['full-resource', 'id-only', 'empty']) {
      const events = await get(oslo, `${path}&content=${content}`);
      expect(events.status, events.text).toBe(200);
      const numbers = [...events.text.matchAll(/"event-number","valueString":"(\d+)"/g)].map(([, number]) =>
        Number(number),
      );
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => pendingNumber - 1 + index));
      expect(numbers.length).toBeGreaterThan(1);
      expect(events.text).toContain(`Event ${pendingNumber}`);
    }
  });

  test('is listed among the dead letters as one that only a newer release can read, and can be discarded', async () => {
    const number = 900_000;
    await putItem(table, {
      ...keys.notification(coordinator.subscription, number),
      ...obligationAt({}, 'failed', keys.notification(coordinator.subscription, number), now()),
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

  test('keeps obligations that the sweeper reports, until the release that knows the event completes them', async () => {
    await eventually(
      'the sweeper reports the fan-out',
      async () =>
        (await lines(logMessages.OBLIGATION_FAILED.code)).some(
          ({ mission, error }) => mission === missionOf(unread) && error === 'NewerRelease',
        ),
      90,
    );
    await eventually(
      'the sweeper counts it as failed',
      async () => (await lines(logMessages.SWEPT.code)).some(({ failed }) => failed > 0),
      30,
    );
    expect((await itemAt(table, keys.entry(missionOf(unread), 2)))['obligation']).toBeDefined();
    const isOfDelivery = ({ kind, number, error }: Stored): boolean =>
      kind === 'delivery' && number === pendingNumber && error === 'NewerRelease';
    await eventually(
      'the sweeper reports the notification',
      async () => (await lines(logMessages.OBLIGATION_FAILED.code)).some(isOfDelivery),
      90,
    );
    const key = keys.notification(coordinator.subscription, pendingNumber);
    expect(await itemAt(table, key)).toMatchObject({ status: 'pending', obligation: expect.anything() });
    await makeKnown(missionOf(unread));
    await makeKnown(missionOf(waiting));
    for (const one of [unread, waiting])
      await eventually('the coordinator is notified of entry 2', () => countOf(missionOf(one)) > 1, 120);
    expect((await itemAt(table, keys.entry(missionOf(unread), 2)))['notified']).toContain(coordinator.subscription);
    await eventually(
      'the notification is delivered',
      async () => (await itemAt(table, key))['status'] === 'delivered',
      60,
    );
  }, 300_000);
});

describe('a code that this release does not know', () => {
  beforeAll(() => moveTo(hub, coordinator, la.url));

  /** Opens a mission that the coordinator is notified of; returns the notification. */
  const notifiedMission = async (): Promise<{ readonly mission: string; readonly note: Stored }> => {
    const message = request();
    await send(amk, message);
    const mission = missionOf(message);
    const noteOf = async () =>
      (await itemsOf(table)).find(
        (item) =>
          item['sk'].startsWith('NOTE#') && item['mission'] === mission && item['organisation'] === organisation(oslo),
      );
    await eventually('the notification is stored', async () => (await noteOf()) !== undefined, 30);
    return { mission, note: (await noteOf()) ?? {} };
  };

  test('leaves a pending notification pending, as its status, until the notification is delivered', async () => {
    la.behave({ status: 503 });
    const { mission, note } = await notifiedMission();
    const key = { pk: note['pk'], sk: note['sk'] };
    const seen = await itemAt(table, key);
    expect(seen['obligation']).toBeDefined();
    await putItem(table, { ...seen, status: 'deferred' });
    la.behave({});
    await eventually(
      'the notification is delivered',
      async () => (await itemAt(table, key))['status'] === 'delivered',
      90,
    );
    expect((await itemAt(table, key))['obligation']).toBeUndefined();
    expect(countOf(mission)).toBeGreaterThan(0);
  }, 120_000);

  test('leaves a completed notification complete, as its status: no repetition, and a receipt of not-done', async () => {
    const { mission, note } = await notifiedMission();
    const key = { pk: note['pk'], sk: note['sk'] };
    await eventually(
      'the notification is delivered',
      async () => (await itemAt(table, key))['status'] === 'delivered',
      60,
    );
    await putItem(table, { ...(await itemAt(table, key)), status: 'expired' });
    const times = countOf(mission);
    const update = missionUpdate({ mission, id: randomUUID() });
    await send(amk, update);
    await eventually('the coordinator is notified of the next message', () => countOf(update.id) > 0, 60);
    expect(countOf(mission)).toBe(times + 1);
    expect((await itemAt(table, key))['status']).toBe('expired');
    const receipts = await get(amk, `/Communication?part-of=ServiceRequest/${mission}`);
    const receipt = JSON.parse(receipts.text).entry.find(
      ({ resource }: Stored) => resource.id === `${note['subscription']}.${note['number']}`,
    );
    expect(receipt.resource.status).toBe('not-done');
  }, 120_000);

  test('is an error as status of a subscription: after a handshake, the endpoint is notified again', async () => {
    const key = keys.subscription(coordinator.subscription);
    await putItem(table, { ...(await itemAt(table, key)), status: 'paused' });
    const message = request();
    await send(amk, message);
    await eventually('the coordinator is notified', () => countOf(missionOf(message)) > 0, 60);
    expect((await itemAt(table, key))['status']).toBe('active');
  }, 90_000);

  test('gives no more than ids as payload of a subscription', async () => {
    const key = keys.subscription(coordinator.subscription);
    const head = await itemAt(table, key);
    await putItem(table, { ...head, packed: pack({ ...unpack(head['packed']), payload: 'sealed' }) });
    const message = request();
    await send(amk, message);
    await eventually('the coordinator is notified', () => countOf(missionOf(message)) > 0, 60);
    expect(la.events().findLast(({ text }) => text.includes(missionOf(message)))?.text).not.toContain('"Patient"');
    await putItem(table, { ...(await itemAt(table, key)), packed: head['packed'] });
  }, 90_000);

  test('leaves a Task, and the Tasks beside it, in lists', async () => {
    const { mission } = await notifiedMission();
    const key = keys.task(mission, taskOf(mission, 1));
    await eventually('the Task is listed', async () => (await itemAt(table, key))['packed'] !== undefined, 30);
    const item = await itemAt(table, key);
    const listed = unpack(item['packed']);
    const task = { ...listed.task, status: 'suspended', kind: 'escort', answer: { event: newEvent, code: 'yes' } };
    await putItem(table, { ...item, packed: pack({ ...listed, task, urgency: 'yesterday' }) });
    const list = await get(oslo, `/Task?owner=${organisation(oslo)}&_count=100`);
    expect(list.status, list.text).toBe(200);
    expect(list.text).toContain(task.id);
    // A Task that requests a resource of an operator.
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

  test('leaves the records of the access log readable', async () => {
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
    // An unknown field is not mistaken for a changed record.
    const { chain = '' } = record ?? {};
    const head = await log.head(chain);
    const records = await log.range(chain, 1, head?.number ?? 0);
    expect(records.map(({ access: kept }) => JSON.stringify(kept)).join()).toContain(newName);
    expect(chainFaults(chain, records, head)).toEqual([]);
  });
});
