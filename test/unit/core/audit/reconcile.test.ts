import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FindingKind, Reconciled } from '../../../../core/audit/reconcile/findings.ts';
import type { LoggedEntry, Receipt, ReconcilePorts } from '../../../../core/audit/reconcile/logged.ts';
import { readText } from '../../../../core/audit/reconcile/read-text.ts';
import { reconcile, type ReconcileOptions } from '../../../../core/audit/reconcile/reconcile.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import { memoryReconcile, partiesIn } from '../../../memory/reconcile.ts';
import { becomes } from '../../../support/endpoint-status.ts';
import { flown, mission, played, say, task } from '../../../support/history.ts';
import {
  acknowledgement,
  directory,
  missionCancel,
  missionRequest,
  missionUpdate,
  parties,
  resourceAvailability,
  sentBy,
} from '../../../support/messages.ts';
import { portsOf } from '../delivery/deliver-scenario.ts';

/** The auditor recomputes who had to be notified, and compares with the receipts. */

const { amk, la, operator, hospital, otherHospital, observer, quality } = parties;

const portsOver = (hub: MemoryHub): ReconcilePorts => memoryReconcile(hub, partiesIn(directory));

const audit = (hub: MemoryHub, change: Partial<ReconcilePorts> = {}, options?: ReconcileOptions): Promise<Reconciled> =>
  reconcile({ ...portsOver(hub), ...change }, options);

const kindsIn = ({ findings }: Reconciled): readonly FindingKind[] => findings.map(({ kind }) => kind);

const deliverAll = async (hub: MemoryHub): Promise<void> => {
  for (const job of hub.lanes.quick.notifications()) await deliver(job, portsOf(hub));
};

/** A mission flown with every party subscribed; the quality system too. */
const flownMission = async (): Promise<MemoryHub> => {
  const hub = await played();
  await hub.subscriptions.create(sampleSubscription('quality', quality.organisation), hub.clock.iso());
  await becomes(hub, 'quality', 'active');
  for (const step of flown) await say(hub, step);
  await deliverAll(hub);
  return hub;
};

/** The log as it would be read if its entries were changed. */
const withLog = (hub: MemoryHub, change: (entry: LoggedEntry) => LoggedEntry | undefined): Partial<ReconcilePorts> => ({
  log: async function* (id) {
    for await (const entries of portsOver(hub).log(id)) yield entries.flatMap((entry) => change(entry) ?? []);
  },
});

/** The receipts as they would be read if they were changed. */
const withReceipts = (hub: MemoryHub, change: (receipt: Receipt) => readonly Receipt[]): Partial<ReconcilePorts> => ({
  receipts: async (names) => (await portsOver(hub).receipts(names)).flatMap(change),
  receiptsOf: async function* (...args) {
    for await (const receipt of portsOver(hub).receiptsOf(...args)) yield* change(receipt);
  },
});

const receiptTo = async (hub: MemoryHub, subscription: string, entry: number): Promise<Receipt> => {
  const found = (await hub.notifications.range(subscription, 1, 100)).find((one) => one.entry === entry);
  if (found === undefined) throw new Error(`${subscription} was not notified of ${entry}`);
  return found;
};

describe('a mission whose parties have all been notified', () => {
  test('has no findings, and is counted', async () => {
    const hub = await flownMission();
    const result = await audit(hub);
    const receipts = [...hub.store.items.values()].length;
    expect(result).toMatchObject({
      missions: 1,
      entries: 9,
      notifications: receipts,
      delivered: receipts,
      pending: 0,
      givenUp: 0,
      filtered: 0,
      notKnown: 0,
      unreadable: 0,
      findings: [],
    });
  });

  test('gives the slowest delivery', async () => {
    const hub = await played(...flown.slice(0, 1));
    hub.clock.advance(7_000);
    await deliverAll(hub);
    await say(hub, [1, la, acknowledgement({ task: task(1) })]);
    hub.clock.advance(3_000);
    await deliverAll(hub);
    expect((await audit(hub)).slowest).toEqual({
      milliseconds: 7_000,
      mission,
      entry: 1,
      organisation: la.organisation,
    });
  });

  test('is compared from a time on, with what came before it', async () => {
    const hub = await flownMission();
    hub.clock.advance(1);
    const since = hub.clock.iso();
    await say(hub, [10, amk, missionCancel({ mission })]);
    expect(await audit(hub, {}, { since })).toMatchObject({ missions: 1, entries: 1, findings: [] });
    hub.clock.advance(1_000);
    expect(await audit(hub, {}, { since: hub.clock.iso() })).toMatchObject({ missions: 0, entries: 0 });
  });

  test('is read a second time before anything is reported, so that work under way is no finding', async () => {
    const hub = await flownMission();
    await say(hub, [10, amk, missionUpdate({ mission, id: 'late' })]);
    const hidden = await receiptTo(hub, hospital.name, 10);
    let isWritten = false;
    const result = await audit(hub, {
      ...withReceipts(hub, (receipt) =>
        !isWritten && receipt.subscription === hidden.subscription && receipt.number === hidden.number ? [] : [receipt],
      ),
      sleep: async () => {
        isWritten = true;
      },
    });
    expect(result.findings).toEqual([]);
    expect(result.entries).toBe(10);
  });

  test('is also that of a resource which reports its readiness', async () => {
    const hub = await played([0, operator, resourceAvailability({ id: 'free' })]);
    expect(await audit(hub)).toMatchObject({ missions: 1, notifications: 2, findings: [] });
  });
});

describe('a run whose time is over', () => {
  /** Reconciles a hub until its time is over, which is when so many logs of missions or subscriptions were begun. */
  const until = async (logs: number) => {
    const hub = await flownMission();
    const ports = portsOver(hub);
    let begun = 0;
    return reconcile(
      {
        ...ports,
        log: (id) => {
          begun += 1;
          return ports.log(id);
        },
        receiptsOf: (...args) => {
          begun += 1;
          return ports.receiptsOf(...args);
        },
      },
      { timeLeft: () => (begun < logs ? 900_000 : 59_000) },
    );
  };

  test('is not complete if it has not read the receipts of every subscription', async () => {
    const subscriptions = (await portsOver(await flownMission()).survey(undefined)).subscriptions.length;
    expect(await until(1)).toMatchObject({ notCompared: subscriptions });
    expect(await until(subscriptions)).toMatchObject({ notCompared: 1 });
    expect(await until(subscriptions + 1)).not.toHaveProperty('notCompared');
  });
});

describe('findings', () => {
  test('a receipt that is gone', async () => {
    const hub = await flownMission();
    const gone = await receiptTo(hub, la.name, 1);
    const result = await audit(
      hub,
      withReceipts(hub, (receipt) =>
        receipt.subscription === gone.subscription && receipt.number === gone.number ? [] : [receipt],
      ),
    );
    expect(kindsIn(result).toSorted()).toEqual(['missing', 'receipt-differs']);
    expect(result.findings).toContainEqual({
      kind: 'missing',
      mission,
      entry: 1,
      event: 'mission-request',
      organisation: la.organisation,
      at: la.name,
    });
  });

  test('a party that was never numbered, and that nobody was alerted about', async () => {
    const hub = await flownMission();
    const isGone = ({ entry, subscription }: Receipt): boolean => entry === 9 && subscription === hospital.name;
    const { number } = await receiptTo(hub, hospital.name, 9);
    const result = await audit(hub, {
      ...withLog(hub, (entry) => ({
        ...entry,
        notified: entry.notified.filter((one) => one.subscription !== hospital.name || one.number !== number),
      })),
      ...withReceipts(hub, (receipt) => (isGone(receipt) ? [] : [receipt])),
    });
    expect(result.findings).toMatchObject([{ kind: 'missing', entry: 9, organisation: hospital.organisation }]);
  });

  test('one of two subscriptions of a party', async () => {
    const hub = await flownMission();
    await hub.subscriptions.create(
      { ...sampleSubscription('second', la.organisation), createdAt: '2026-01-01T00:00:00.000Z' },
      hub.clock.iso(),
    );
    const result = await audit(hub);
    expect(new Set(kindsIn(result))).toEqual(new Set(['subscription-missing']));
    expect(result.findings[0]).toMatchObject({ organisation: la.organisation, at: 'second' });
  });

  test.each([
    ['that its entry lists', true],
    ['that no entry lists', false],
  ])('a notification of a party that is not entitled, %s', async (_what, isListed) => {
    const hub = await flownMission();
    const foreign: Receipt = {
      ...(await receiptTo(hub, la.name, 1)),
      subscription: observer.name,
      number: 1,
      organisation: observer.organisation,
    };
    hub.store.items.set(`${observer.name}/1`, { notification: { ...foreign, attempts: 1 } });
    const result = await audit(
      hub,
      isListed
        ? withLog(hub, (entry) => (entry.number === 1 ? { ...entry, notified: [...entry.notified, foreign] } : entry))
        : {},
    );
    expect(result.findings).toEqual([
      {
        kind: 'unexpected',
        mission,
        entry: 1,
        event: 'mission-request',
        organisation: observer.organisation,
        at: `${observer.name}.1`,
      },
    ]);
  });

  test('a receipt that says one party, in the subscription of another', async () => {
    const hub = await flownMission();
    const own = await receiptTo(hub, la.name, 1);
    hub.store.items.set(`${observer.name}/1`, {
      notification: { ...own, subscription: observer.name, number: 1, attempts: 1 },
    });
    expect((await audit(hub)).findings).toMatchObject([{ kind: 'unexpected', organisation: observer.organisation }]);
  });

  test('a notification of an entry that does not exist', async () => {
    const hub = await flownMission();
    const own = await receiptTo(hub, la.name, 1);
    hub.store.items.set(`${la.name}/99`, { notification: { ...own, entry: 99, number: 99, attempts: 1 } });
    expect((await audit(hub)).findings).toMatchObject([{ kind: 'unexpected', entry: 99, at: `${la.name}.99` }]);
  });

  test('an entry that one subscription has under two numbers', async () => {
    const hub = await flownMission();
    const own = await receiptTo(hub, la.name, 1);
    hub.store.items.set(`${la.name}/99`, { notification: { ...own, number: 99, attempts: 1 } });
    expect((await audit(hub)).findings).toMatchObject([{ kind: 'twice', entry: 1, at: `${la.name}.99` }]);
  });

  test('an entry that the filter of a subscription excludes', async () => {
    const hub = await flownMission();
    const head = hub.store.heads.get(la.name);
    if (head === undefined) throw new Error('there is no subscription');
    hub.store.heads.set(la.name, {
      ...head,
      subscription: { ...head.subscription, filter: { events: ['mission-cancel'] } },
    });
    expect(new Set(kindsIn(await audit(hub)))).toEqual(new Set(['unexpected']));
  });

  test('a fan-out that stays pending, after ten minutes', async () => {
    const hub = await flownMission();
    hub.clock.advance(1_000);
    const accepted = await acceptMessage(hub.missions, missionCancel({ mission }), sentBy(amk), hub.now);
    expect(accepted.outcome).toBe('accepted');
    expect(await audit(hub)).toMatchObject({ pending: 1, findings: [] });
    const since = hub.clock.iso();
    hub.clock.advance(600_001);
    expect((await audit(hub)).findings).toEqual([
      { kind: 'fan-out-late', mission, entry: 10, event: 'mission-cancel', since },
    ]);
  });

  test('a notification that stays pending, after half an hour', async () => {
    const hub = await played(...flown.slice(0, 1));
    const since = hub.clock.iso();
    hub.clock.advance(1_800_000);
    expect(await audit(hub)).toMatchObject({ pending: 1, pendingSince: since, findings: [] });
    hub.clock.advance(1);
    expect((await audit(hub)).findings).toMatchObject([
      { kind: 'late', entry: 1, organisation: la.organisation, at: `${la.name}.1`, since },
    ]);
  });
});

describe('a party that no machine notifies', () => {
  /** Only the AMK has a subscription. */
  const alone = async (): Promise<MemoryHub> => {
    const hub = memoryHub();
    await hub.subscriptions.create(sampleSubscription('amk', amk.organisation), hub.clock.iso());
    await becomes(hub, 'amk', 'active');
    await say(hub, [0, amk, missionRequest({ id: 'request' })]);
    return hub;
  };

  test('is counted as alerted if people were asked to phone it', async () => {
    const hub = await alone();
    expect(await audit(hub)).toMatchObject({ alerted: 1, findings: [] });
  });

  test('is a finding if they were not', async () => {
    const hub = await alone();
    const result = await audit(
      hub,
      withLog(hub, (entry) => (entry.sender === 'luftbro' ? undefined : entry)),
    );
    // Nobody sent what the AMK was notified of then.
    expect(result.findings).toMatchObject([
      { kind: 'missing', entry: 1, organisation: la.organisation },
      { kind: 'unexpected', entry: 2, organisation: amk.organisation },
    ]);
  });

  test('is not one if it is an observer', async () => {
    const hub = memoryHub();
    for (const party of [amk, la]) {
      await hub.subscriptions.create(sampleSubscription(party.name, party.organisation), hub.clock.iso());
      await becomes(hub, party.name, 'active');
    }
    await say(hub, [0, amk, missionRequest({ id: 'request' })]);
    await say(hub, [1, la, missionUpdate({ mission, id: 'invites', to: [observer.organisation], describes: false })]);
    expect(await audit(hub)).toMatchObject({ entries: 2, alerted: 0, findings: [] });
  });

  test('is its own choice if its filter excludes the entry', async () => {
    const hub = memoryHub();
    await hub.subscriptions.create(
      { ...sampleSubscription('la', la.organisation), filter: { events: ['mission-cancel'] } },
      hub.clock.iso(),
    );
    await becomes(hub, 'la', 'active');
    await say(hub, [0, amk, missionRequest({ id: 'request' })]);
    expect(await audit(hub)).toMatchObject({ filtered: 1, findings: [] });
  });

  test.each([
    ['its filter was changed later', { filterChangedAt: '2026-02-01T12:00:00.000Z' }],
    ['its subscription has ended since', { endedAt: '2026-02-01T11:00:30.000Z', isOff: true }],
    ['its subscription was created in that moment', { createdAt: '2026-02-01T10:59:30.000Z' }],
  ])('cannot be judged if %s', async (_what, change) => {
    const hub = memoryHub();
    await hub.subscriptions.create(
      { ...sampleSubscription('la', la.organisation), filter: { events: ['mission-cancel'] } },
      hub.clock.iso(),
    );
    await say(hub, [0, amk, missionRequest({ id: 'request' })]);
    const ports = portsOver(hub);
    const result = await audit(hub, {
      survey: async (since) => {
        const { subscriptions, missions } = await ports.survey(since);
        return { missions, subscriptions: subscriptions.map((one) => ({ ...one, ...change, filter: {} })) };
      },
    });
    expect(result).toMatchObject({ notKnown: 1, findings: [] });
  });

  test('that was given up is a finding unless people were alerted of it', async () => {
    const hub = await played(...flown.slice(0, 1));
    hub.channel.answer(() => ({ status: 422 }));
    await deliverAll(hub);
    expect(await audit(hub)).toMatchObject({ givenUp: 1, alerted: 1, findings: [] });
    const silent = await audit(
      hub,
      withLog(hub, (entry) => (entry.sender === 'luftbro' ? undefined : entry)),
    );
    expect(silent.findings).toMatchObject([{ kind: 'missing', entry: 1, organisation: la.organisation }]);
  });

  test('that depends on an earlier directory cannot be judged', async () => {
    const hub = await flownMission();
    const isQuality = ({ organisation }: Receipt): boolean => organisation === quality.organisation;
    const none = withReceipts(hub, (receipt) => (isQuality(receipt) ? [] : [receipt]));
    const unlisted = withLog(hub, (entry) => ({
      ...entry,
      notified: entry.notified.filter(({ subscription }) => subscription !== 'quality'),
    }));
    expect(kindsIn(await audit(hub, { ...none, ...unlisted }))).toContain('missing');
    const later = { parties: partiesIn(directory, hub.clock.iso()) };
    const result = await audit(hub, { ...none, ...unlisted, ...later });
    expect(result.findings).toEqual([]);
    expect(result.notKnown).toBeGreaterThan(0);
  });
});

test('says what it cannot read, and does not guess what follows', async () => {
  const hub = await flownMission();
  const result = await audit(
    hub,
    withLog(hub, (entry) => (entry.number === 4 ? { ...entry, text: '{"resourceType":"Bundle"}' } : entry)),
  );
  expect(result).toMatchObject({ entries: 9, unreadable: 6, findings: [] });
});

test('finds a hospital that was notified of a flight that does not concern it', async () => {
  const hub = await flownMission();
  await hub.subscriptions.create(sampleSubscription('other', otherHospital.organisation), hub.clock.iso());
  const result = await audit(hub, {
    ...withLog(hub, (entry) => entry),
    receiptsOf: async function* (subscription, since) {
      if (subscription === 'other')
        yield {
          ...(await receiptTo(hub, hospital.name, 9)),
          subscription,
          number: 1,
          organisation: otherHospital.organisation,
        };
      else yield* portsOver(hub).receiptsOf(subscription, since);
    },
  });
  expect(result.findings).toMatchObject([
    { kind: 'unexpected', entry: 9, event: 'prearrival-notification', organisation: otherHospital.organisation },
  ]);
  expect(task(9)).toContain('.9');
});

describe('independence', () => {
  const root = new URL('../../../../', import.meta.url);
  /** Names, forms of ids and of JSON. Nothing that reads messages, folds missions or chooses recipients. */
  const allowed = [
    'core/audit/nights.ts',
    'core/audit/table-pass.ts',
    'schemas/identifiers.ts',
    'schemas/in-batches.ts',
    'schemas/json/json.ts',
    'schemas/names.ts',
  ];

  test('of the hub: the auditor imports nothing of what it audits', () => {
    const files = globSync('core/audit/reconcile/*.ts', { cwd: root });
    expect(files.length).toBeGreaterThan(5);
    const imported = files.flatMap((file) =>
      [...readFileSync(new URL(file, root), 'utf8').matchAll(/^import (?!type).*?from '(?<path>[^']+)'/gms)].map(
        ({ groups }) => posix.join(posix.dirname(file), groups?.['path'] ?? ''),
      ),
    );
    expect(imported.filter((file) => !file.startsWith('core/audit/reconcile/') && !allowed.includes(file))).toEqual([]);
  });

  test('does not keep it from reading the example of every message', () => {
    const read = catalogue.map(({ event, example }) => [
      event,
      readText(readFileSync(new URL(`partner/examples/${example}`, root), 'utf8'))?.event,
    ]);
    expect(read.filter(([event, name]) => event !== name)).toEqual([]);
  });
});

test('completes with the fan-outs of a mission that are retried', async () => {
  const hub = await flownMission();
  hub.clock.advance(1_000);
  const accepted = await acceptMessage(hub.missions, missionCancel({ mission }), sentBy(amk), hub.now);
  if (accepted.outcome === 'refused') throw new Error('refused');
  await fanOut(hub, accepted.entry);
  expect(await audit(hub)).toMatchObject({ entries: 10, findings: [] });
});
