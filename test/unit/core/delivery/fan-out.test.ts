import { array, assert, asyncProperty, constantFrom, integer, option, scheduler, uniqueArray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { deliveryGraceMilliseconds, fanOut } from '../../../../core/delivery/fan-out.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { Subscription } from '../../../../core/delivery/subscription.ts';
import type { SubscriptionFilter } from '../../../../schemas/subscription.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { sweep, type SweepPorts } from '../../../../core/delivery/sweep.ts';
import type { Message } from '../../../../schemas/messages/message.ts';
import { attempted, becomes } from '../../../support/contact.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { Crash, type Gate, gated, mortal } from '../../../memory/gate.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  resourceRequest,
  resourceResponse,
  sentBy,
  taskOpenedBy,
} from '../../../support/messages.ts';

const { amk, la, operator, otherOperator, hospital, observer, quality } = parties;

const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);
const update = (id: string): Message => missionUpdate({ mission, id });

type Step = readonly [Party, Message];

/** Accepts a message without telling anybody. */
const accept = async (ports: Pick<SweepPorts, 'missions' | 'now'>, [sender, message]: Step): Promise<StoredEntry> => {
  const outcome = await acceptMessage(ports.missions, message, sentBy(sender), ports.now);
  if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
  return { ...outcome.entry, fanOutPending: true, notified: [], withoutSubscription: [] };
};

const subscribe = async (
  hub: MemoryHub,
  id: string,
  party: Party,
  change: Partial<Subscription> = {},
): Promise<void> => {
  await hub.subscriptions.create(
    { ...sampleSubscription(id, party.organisation), ...change },
    '2099-01-01T00:00:00.000Z',
  );
  if (change.status === undefined) await becomes(hub, id, 'active');
};

const subscriptionIds = ['amk', 'la-1', 'la-2', 'operator', 'hospital', 'quality'];

/** Every party has a subscription, the AMK LA two. */
const everybodySubscribed = async (hub: MemoryHub): Promise<void> => {
  await subscribe(hub, 'amk', amk);
  await subscribe(hub, 'la-1', la);
  await subscribe(hub, 'la-2', la);
  await subscribe(hub, 'operator', operator);
  await subscribe(hub, 'hospital', hospital);
  await subscribe(hub, 'quality', quality);
};

/** One subscription takes no further mission. */
const withoutRoom = (hub: MemoryHub, full: string): SweepPorts => ({
  ...hub,
  eventNumbers: {
    ...hub.eventNumbers,
    number: async (id, ...of) => (id === full ? 'full' : hub.eventNumbers.number(id, ...of)),
  },
});

const notificationsOf = (hub: MemoryHub, id: string) => hub.notifications.range(id, 1, 10_000);
const entriesOf = async (hub: MemoryHub, id: string) => (await notificationsOf(hub, id)).map(({ entry }) => entry);
const logOf = (hub: MemoryHub, id: string) => hub.missions.entries(id, 1, 10_000);

/** Pays what is due until nothing of the fan-out is, as the sweeper does minute by minute. */
const sweepAll = async (hub: MemoryHub, ports: SweepPorts, beforeEach: () => void = () => undefined): Promise<void> => {
  for (let pass = 0; pass < 100; pass += 1) {
    hub.clock.advance(60_000);
    beforeEach();
    await sweep(
      ports,
      () => 60_000,
      () => undefined,
    ).catch(() => undefined);
    const due = await hub.obligations.due('2098-01-01T00:00:00.000Z', 1000);
    if (!due.some(({ kind }) => kind === 'fan-out')) return;
  }
  throw new Error('the sweeper does not come to an end');
};

/**
 * Every recipient's every subscription has each entry exactly once: numbered without a gap, in the order of the log,
 * each naming the one before it in its mission, and on its way in that order. Nothing is owed.
 */
const expectEverybodyTold = async (hub: MemoryHub, missions: readonly string[]): Promise<void> => {
  const logs = (await Promise.all(missions.map((id) => logOf(hub, id)))).flat();
  const orders = hub.queue.notifications();
  const told = new Map(logs.map((entry) => [`${entry.mission}.${entry.number}`, new Set<string>()]));
  for (const id of subscriptionIds) {
    const subscription = await hub.subscriptions.read(id);
    const notifications = await notificationsOf(hub, id);
    expect(notifications.map(({ number }) => number)).toEqual(
      Array.from({ length: subscription?.lastNumber ?? -1 }, (_, index) => index + 1),
    );
    for (const one of missions) {
      const mine = notifications.filter((notification) => notification.mission === one);
      const owed = logs.filter(
        (entry) => entry.mission === one && entry.recipients.includes(subscription?.organisation ?? ''),
      );
      expect(mine.map(({ entry }) => entry)).toEqual(owed.map(({ number }) => number));
      expect(mine.map(({ previous }) => previous)).toEqual([
        ...(mine.length === 0 ? [] : [undefined]),
        ...mine.slice(0, -1).map(({ number }) => number),
      ]);
      // An order may be sent again after minutes; the first of each counts.
      const ordered = orders.filter((order) => order.subscription === id && order.mission === one);
      expect([...new Set(ordered.map(({ number }) => number))]).toEqual(mine.map(({ number }) => number));
    }
    for (const { mission: of, entry, number } of notifications) told.get(`${of}.${entry}`)?.add(`${id}.${number}`);
  }
  for (const entry of logs) {
    expect(entry.fanOutPending).toBe(false);
    expect(new Set(entry.notified.map(({ subscription, number }) => `${subscription}.${number}`))).toEqual(
      told.get(`${entry.mission}.${entry.number}`),
    );
    expect(entry.notified).toHaveLength(told.get(`${entry.mission}.${entry.number}`)?.size ?? -1);
    expect(entry.withoutSubscription).toEqual([]);
  }
};

describe('Who is told', () => {
  test('Each subscription of each recipient is told once, and nobody else', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await entriesOf(hub, 'la-1')).toEqual([1]);
    expect(await entriesOf(hub, 'la-2')).toEqual([1]);
    for (const id of ['amk', 'operator', 'hospital']) expect(await entriesOf(hub, id)).toEqual([]);
    expect(hub.queue.waiting()).toEqual(
      ['la-1', 'la-2'].map((subscription) => ({
        kind: 'notification',
        subscription,
        number: 1,
        mission,
        entry: 1,
        request: 1,
      })),
    );
  });

  test('However often the fan-out is repeated, each subscription is told once', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    const entry = await accept(hub, [amk, request]);
    await fanOut(hub, entry);
    await fanOut(hub, entry);
    hub.clock.advance(3_600_000);
    await Promise.all([fanOut(hub, entry), fanOut(hub, entry)]);
    expect(await entriesOf(hub, 'la-1')).toEqual([1]);
    expect((await hub.subscriptions.read('la-1'))?.lastNumber).toBe(1);
  });

  test('A fan-out that comes long after later ones tells nobody anything', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    const first = await accept(hub, [amk, request]);
    await fanOut(hub, first);
    await fanOut(hub, await accept(hub, [amk, update('second')]));
    hub.clock.advance(3_600_000);
    const waiting = hub.queue.waiting().length;
    await fanOut(hub, first);
    expect(hub.queue.waiting()).toHaveLength(waiting);
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 2]);
    expect((await hub.missions.entry(mission, 1))?.notified).toHaveLength(2);
  });

  test('A notification is written with its debt, owed a while later', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.notifications.read('la-1', 1)).toEqual({
      subscription: 'la-1',
      number: 1,
      organisation: la.organisation,
      mission,
      entry: 1,
      writtenAt: hub.clock.iso(),
      status: 'pending',
      attempts: 0,
    });
    hub.clock.advance(deliveryGraceMilliseconds - 1);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
    hub.clock.advance(1);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toHaveLength(2);
  });

  test('A notification that is delivered is not owed', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await fanOut(hub, await accept(hub, [amk, request]));
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
    hub.clock.advance(86_400_000);
    expect((await hub.obligations.due(hub.clock.iso(), 10)).map(({ kind }) => kind)).toEqual(['deadline']);
  });

  test('The log says who was told, by which number', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    await fanOut(hub, await accept(hub, [amk, update('second')]));
    expect(await hub.missions.entry(mission, 2)).toMatchObject({
      fanOutPending: false,
      notified: [
        { subscription: 'la-1', number: 2, organisation: la.organisation },
        { subscription: 'la-2', number: 2, organisation: la.organisation },
      ],
      withoutSubscription: [],
    });
  });

  test('A recipient without a subscription is noted as one that no machine can tell', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'operator', operator);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      fanOutPending: false,
      notified: [],
      withoutSubscription: [la.organisation],
    });
    expect(hub.queue.waiting()).toEqual([]);
  });

  test('A recipient that has turned its subscription off is noted as one that no machine can tell', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await becomes(hub, 'la-1', 'off');
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      fanOutPending: false,
      notified: [],
      withoutSubscription: [la.organisation],
    });
  });

  test('A subscription that has no room for another mission holds up nobody, and its party is phoned', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    const full = withoutRoom(hub, 'operator');
    await fanOut(full, await accept(full, [amk, request]));
    await fanOut(full, await accept(full, [la, resourceRequest({ mission })]));
    await fanOut(full, await accept(full, [amk, update('later')]));
    const log = await logOf(hub, mission);
    expect(log.map(({ event }) => event)).toEqual([
      'mission-request',
      'resource-request',
      'party-unreachable',
      'mission-update',
    ]);
    expect(log.map(({ fanOutPending }) => fanOutPending)).toEqual([false, false, false, false]);
    expect(log[1]).toMatchObject({ notified: [], withoutSubscription: [operator.organisation] });
    expect(log[2]?.text).toContain('holds too many missions');
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 3, 4]);
    expect(await entriesOf(hub, 'operator')).toEqual([]);
  });

  test('A party of two subscriptions is reached if one of them has room', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    const full = withoutRoom(hub, 'la-1');
    await fanOut(full, await accept(full, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      notified: [{ subscription: 'la-2' }],
      withoutSubscription: [],
    });
    expect(await logOf(hub, mission)).toHaveLength(1);
  });

  test('A filter by role asks what the subscriber is in the mission as of the entry', async () => {
    const filtered = async (roles: NonNullable<SubscriptionFilter['roles']>): Promise<readonly number[]> => {
      const hub = memoryHub();
      await everybodySubscribed(hub);
      await subscribe(hub, 'mine', operator, { filter: { roles } });
      await subscribe(hub, 'theirs', la, { filter: { roles } });
      for (const step of [
        [amk, request],
        [la, resourceRequest({ mission })],
        [amk, update('both')],
      ] as const)
        await fanOut(hub, await accept(hub, step));
      return [...(await entriesOf(hub, 'mine')), ...(await entriesOf(hub, 'theirs')).map((entry) => -entry)];
    };
    expect(await filtered(['performer'])).toEqual([2, 3, -1, -3]);
    expect(await filtered(['coordinator'])).toEqual([-1, -3]);
    expect(await filtered(['requester', 'observer'])).toEqual([]);
    expect(await filtered(['requester', 'performer'])).toEqual([2, 3, -1, -3]);
  });

  test('Who was given a number and died untold is told, though it has changed its filter since', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    const dying: SweepPorts = {
      ...hub,
      notifications: { ...hub.notifications, write: () => Promise.reject(new Error('died')) },
    };
    const entry = await accept(hub, [amk, request]);
    await expect(fanOut(dying, entry, { mayHaveStarted: false })).rejects.toThrow('died');
    const seen = await hub.subscriptions.read('la-1');
    if (seen === undefined) throw new Error('no subscription');
    expect(await hub.subscriptions.change({ ...seen, filter: { events: ['mission-cancel'] } })).toBe(true);
    await fanOut(hub, await accept(hub, [amk, update('second')]));
    expect(await notificationsOf(hub, 'la-1')).toMatchObject([{ number: 1, entry: 1, status: 'pending' }]);
    expect((await hub.subscriptions.read('la-1'))?.lastNumber).toBe(1);
    expect((await logOf(hub, mission)).map(({ notified }) => notified.length)).toEqual([1, 0]);
  });

  test('A subscription whose handshake is not done yet misses nothing', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la, { status: 'requested' });
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await entriesOf(hub, 'la-1')).toEqual([1]);
  });

  test('A subscription begins with the entry after it was made', async () => {
    const hub = memoryHub();
    await fanOut(hub, await accept(hub, [amk, request]));
    await subscribe(hub, 'la-1', la);
    const second = await accept(hub, [amk, update('second')]);
    await fanOut(hub, second);
    expect(await notificationsOf(hub, 'la-1')).toMatchObject([{ number: 1, entry: second.number }]);
  });

  test('An order names the entry that holds the description of the mission', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    for (const message of [request, update('describes'), missionUpdate({ mission, id: 'says', describes: false })])
      await fanOut(hub, await accept(hub, [amk, message]));
    expect(hub.queue.waiting()).toMatchObject([
      { entry: 1, request: 1 },
      { entry: 2, request: 2, previous: 1 },
      { entry: 3, request: 2, previous: 2 },
    ]);
  });
});

describe('Filters', () => {
  const filtered = async (filter: SubscriptionFilter): Promise<readonly number[]> => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la, { filter });
    const steps: readonly Step[] = [
      [amk, request],
      [amk, update('second')],
      [amk, missionUpdate({ mission, id: 'third', urgency: 'routine' })],
      [amk, missionUpdate({ mission, id: 'fourth' })],
    ];
    for (const step of steps) await fanOut(hub, await accept(hub, step));
    const untold = (await logOf(hub, mission)).filter((entry) => entry.withoutSubscription.includes(la.organisation));
    const told = await notificationsOf(hub, 'la-1');
    expect(told.map(({ number }) => number)).toEqual(told.map((_one, index) => index + 1));
    expect([...told.map(({ entry }) => entry), ...untold.map(({ number }) => number)].sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4,
    ]);
    return told.map(({ entry }) => entry);
  };

  test('A subscription without a filter is told everything', async () => {
    expect(await filtered({})).toEqual([1, 2, 3, 4]);
  });

  test('A subscription may ask for some events', async () => {
    expect(await filtered({ events: ['mission-request'] })).toEqual([1]);
    expect(await filtered({ events: ['mission-update', 'mission-cancel'] })).toEqual([2, 3, 4]);
    expect(await filtered({ events: [] })).toEqual([]);
  });

  test('A subscription may ask for some urgencies, as they are after the message', async () => {
    expect(await filtered({ urgencies: ['stat'] })).toEqual([1, 2]);
    expect(await filtered({ urgencies: ['routine'] })).toEqual([3, 4]);
    expect(await filtered({ urgencies: ['stat', 'routine'] })).toEqual([1, 2, 3, 4]);
  });

  test('A subscription may ask for some missions', async () => {
    expect(await filtered({ missions: [mission] })).toEqual([1, 2, 3, 4]);
    expect(await filtered({ missions: ['another'] })).toEqual([]);
  });

  test('A subscription is told what passes all of its filters', async () => {
    expect(await filtered({ events: ['mission-update'], urgencies: ['stat'], missions: [mission] })).toEqual([2]);
  });

  test('A recipient is told if one of its subscriptions wants it', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la, { filter: { events: ['mission-cancel'] } });
    await subscribe(hub, 'la-2', la);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      withoutSubscription: [],
      notified: [{ subscription: 'la-2' }],
    });
    expect(await entriesOf(hub, 'la-1')).toEqual([]);
  });
});

describe('Worklists', () => {
  test('The Tasks that a message changed are on their owners’ lists when it has been told', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    const statuses = async (party: Party, open: boolean) =>
      (await hub.worklist.list(party.organisation, open, 10)).items.map(({ task }) => task.status);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await statuses(la, true)).toEqual(['requested']);
    await fanOut(hub, await accept(hub, [la, resourceRequest({ mission })]));
    await fanOut(hub, await accept(hub, [la, acknowledgement({ task: taskOpenedBy(mission, 1) })]));
    await fanOut(
      hub,
      await accept(hub, [operator, resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'declined' })]),
    );
    expect(await statuses(la, true)).toEqual(['received']);
    expect(await statuses(operator, true)).toEqual([]);
    expect(await statuses(operator, false)).toEqual(['rejected']);
    expect(await statuses(observer, true)).toEqual([]);
  });
});

describe('Helping', () => {
  test('Whoever tells of an entry first pays what earlier entries owe, in order', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    for (const step of [
      [amk, request],
      [amk, update('second')],
    ] as const)
      await accept(hub, step);
    const third = await accept(hub, [amk, update('third')]);
    const calls: string[] = [];
    const watching: Gate = (name, call) => (calls.push(name), call());
    await fanOut(gated(hub, watching), third);
    expect(await notificationsOf(hub, 'la-1')).toMatchObject([
      { number: 1, entry: 1 },
      { number: 2, entry: 2, previous: 1 },
      { number: 3, entry: 3, previous: 2 },
    ]);
    expect((await logOf(hub, mission)).map(({ fanOutPending }) => fanOutPending)).toEqual([false, false, false]);
    expect(calls.filter((name) => name === 'missions.entries')).toHaveLength(1);
  });

  test('Where nothing is owed nobody looks for debts', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    const calls: string[] = [];
    const watching: Gate = (name, call) => (calls.push(name), call());
    await fanOut(gated(hub, watching), await accept(hub, [amk, update('second')]));
    expect(calls.sort()).toEqual(
      [
        'missions.settle',
        'queue.send',
        'eventNumbers.number',
        'eventNumbers.number',
        'subscriptions.subscribers',
        'notifications.write',
        'notifications.write',
      ].sort(),
    );
  });

  test('Debts that are paid are not paid again', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    const first = await accept(hub, [amk, request]);
    const second = await accept(hub, [amk, update('second')]);
    await fanOut(hub, first);
    expect(second.pendingFrom).toBe(1);
    await fanOut(hub, second);
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 2]);
  });

  test('An entry whose debt cannot be paid keeps later ones from overtaking it', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await accept(hub, [amk, request]);
    const second = await accept(hub, [amk, update('second')]);
    const broken: Gate = (name, call) => (name === 'eventNumbers.number' ? Promise.reject(new Crash(name)) : call());
    await expect(fanOut(gated(hub, broken), second)).rejects.toThrow(Crash);
    expect(await entriesOf(hub, 'la-1')).toEqual([]);
    await sweepAll(hub, hub);
    // A minute has passed meanwhile: the third says that nobody has acknowledged the request.
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 2, 3]);
  });
});

/** Two missions that run side by side and concern the same parties. */
const other = missionRequest({ id: 'other-request', urgency: 'urgent' });
const otherMission = missionOpenedBy(other);
const story: readonly Step[] = [
  [amk, request],
  [la, resourceRequest({ mission, id: 's2' })],
  [amk, other],
  [la, prearrivalNotification({ mission, id: 's3', partOf: taskOpenedBy(mission, 2) })],
  [la, resourceRequest({ mission: otherMission, id: 's4' })],
  [amk, missionUpdate({ mission, id: 's5' })],
  [operator, resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'accepted', id: 's6' })],
  [amk, missionUpdate({ mission: otherMission, id: 's7' })],
];

/** Plays the story; every message is accepted, but who tells of it may die, and so may the sweeper. */
const play = async (
  deaths: ReadonlySet<number>,
  dies: 'before the call' | 'after the call',
): Promise<{ readonly hub: MemoryHub; readonly calls: number }> => {
  const hub = memoryHub();
  await everybodySubscribed(hub);
  const process = mortal(deaths, dies);
  const ports = gated(hub, process.gate);
  for (const step of story) {
    const entry = await accept(hub, step);
    process.revive();
    await fanOut(ports, entry).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  }
  await sweepAll(hub, ports, process.revive);
  return { hub, calls: process.calls() };
};

describe('Whoever dies where', () => {
  test('When nobody dies everybody is told', async () => {
    const { hub } = await play(new Set(), 'after the call');
    await expectEverybodyTold(hub, [mission, otherMission]);
    expect(await entriesOf(hub, 'operator')).toHaveLength(4);
  });

  test.each(['before the call', 'after the call'] as const)(
    'Whichever call is the last before a death (%s), everybody is told once, in order, without a gap',
    async (dies) => {
      const { calls } = await play(new Set(), dies);
      expect(calls).toBeGreaterThan(50);
      for (let death = 1; death <= calls + 1; death += 1) {
        const { hub } = await play(new Set([death]), dies);
        await expectEverybodyTold(hub, [mission, otherMission]);
      }
    },
  );

  test('Several deaths, of those who tell and of the sweeper, lose and repeat nothing', async () => {
    await assert(
      asyncProperty(
        uniqueArray(integer({ min: 1, max: 90 }), { maxLength: 25 }),
        constantFrom('before the call' as const, 'after the call' as const),
        async (deaths, dies) => {
          const { hub } = await play(new Set(deaths), dies);
          await expectEverybodyTold(hub, [mission, otherMission]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('Messages, those who tell of them and two sweepers at once, in any order and dying anywhere, lose and repeat nothing', async () => {
    const step = (index: number): Step => [index % 2 === 0 ? amk : la, update(`at-once-${index}`)];
    await assert(
      asyncProperty(
        scheduler(),
        array(option(integer({ min: 1, max: 20 }), { nil: 0 }), { minLength: 6, maxLength: 6 }),
        async (schedule, deaths) => {
          const hub = memoryHub();
          await everybodySubscribed(hub);
          for (const before of story.slice(0, 2)) await accept(hub, before);
          const live = async (index: number, run: (ports: SweepPorts) => Promise<unknown>): Promise<void> => {
            const process = mortal(
              new Set([deaths[index] ?? 0]),
              index % 2 === 0 ? 'before the call' : 'after the call',
            );
            const gate: Gate = (name, call) =>
              process.gate(name, async () => {
                await schedule.schedule(Promise.resolve(), `${index} ${name}`);
                return call();
              });
            // Sweepers believe that time has passed, so that everything is theirs to do.
            const now = index >= 4 ? () => hub.clock.now() + 120_000 : hub.now;
            await run(gated({ ...hub, now }, gate)).catch((error: unknown) => {
              if (!(error instanceof Crash)) throw error;
            });
          };
          const all = Promise.all([
            ...[0, 1, 2, 3].map((index) =>
              live(index, async (ports) => fanOut(ports, await accept(ports, step(index)))),
            ),
            ...[4, 5].map((index) =>
              live(index, (ports) =>
                sweep(
                  ports,
                  () => 60_000,
                  () => undefined,
                ),
              ),
            ),
          ]);
          await schedule.waitFor(all);
          await sweepAll(hub, hub);
          await expectEverybodyTold(hub, [mission]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('The sweeper', () => {
  test('It finishes what nobody finished, and then nothing is owed but deliveries', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    for (const step of story) await accept(hub, step);
    hub.clock.advance(10_000);
    const swept = await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect(swept).toEqual({ completed: story.length, failed: 0, stalled: 0, more: false });
    await expectEverybodyTold(hub, [mission, otherMission]);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
  });

  test('A notification that the queue lost is sent again, and one that is settled is not', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    for (const message of [request, update('second')]) await fanOut(hub, await accept(hub, [amk, message]));
    const sent = hub.queue.waiting();
    hub.queue.lose(() => true);
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
    hub.clock.advance(300_000);
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect(hub.queue.notifications().filter(({ entry }) => entry <= 2)).toEqual(sent.slice(1));
  });

  test('What waits for minutes and was not even tried is counted: the hub itself is at fault', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    for (const message of [request, update('second')]) await fanOut(hub, await accept(hub, [amk, message]));
    const look = () =>
      sweep(
        hub,
        () => 60_000,
        () => undefined,
      );
    hub.clock.advance(60_000);
    expect((await look()).stalled).toBe(0);
    hub.clock.advance(90_000);
    // The second waits behind the first, as it should.
    expect((await look()).stalled).toBe(1);
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 503', status: 'pending', dueAt: hub.clock.iso() }),
    );
    hub.clock.advance(60_000);
    expect((await look()).stalled).toBe(0);
  });

  test('What was settled since the index was read is left alone', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await fanOut(hub, await accept(hub, [amk, request]));
    hub.queue.lose(() => true);
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
    hub.clock.advance(300_000);
    const stale: SweepPorts = {
      ...hub,
      obligations: {
        ...hub.obligations,
        due: async () => [
          { kind: 'delivery', subscription: 'la-1', number: 1 },
          { kind: 'delivery', subscription: 'la-1', number: 9 },
          { kind: 'fan-out', mission, entry: 1 },
          { kind: 'fan-out', mission, entry: 9 },
        ],
      },
    };
    const swept = await sweep(
      stale,
      () => 60_000,
      () => undefined,
    );
    expect(swept).toMatchObject({ completed: 4, failed: 0 });
    expect(hub.queue.waiting()).toEqual([]);
    expect((await hub.subscriptions.read('la-1'))?.lastNumber).toBe(1);
  });

  test('A handshake that is owed is ordered', async () => {
    const hub = memoryHub();
    await hub.subscriptions.create(
      { ...sampleSubscription('new', la.organisation), status: 'requested' },
      hub.clock.iso(),
    );
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect(hub.queue.waiting()).toEqual([{ kind: 'handshake', subscription: 'new', due: '2026-02-01T11:00:00.000Z' }]);
  });

  test('One obligation that cannot be paid holds up no other', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await subscribe(hub, 'second-operator', otherOperator);
    await accept(hub, [amk, request]);
    await accept(hub, [amk, other]);
    hub.clock.advance(10_000);
    const failures: string[] = [];
    const broken: SweepPorts = {
      ...hub,
      missions: {
        ...hub.missions,
        entry: (id, number) => (id === mission ? Promise.reject(new Error('broken')) : hub.missions.entry(id, number)),
      },
    };
    const swept = await sweep(
      broken,
      () => 60_000,
      (obligation) => failures.push(JSON.stringify(obligation)),
    );
    expect(swept).toEqual({ completed: 1, failed: 1, stalled: 0, more: false });
    expect(failures).toEqual([JSON.stringify({ kind: 'fan-out', mission, entry: 1 })]);
    expect((await hub.missions.entry(otherMission, 1))?.fanOutPending).toBe(false);
    // It has another turn later, and until then makes room.
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
    hub.clock.advance(30_000);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toContainEqual({ kind: 'fan-out', mission, entry: 1 });
  });

  test('A subscription that cannot be numbered now holds up no other, and is not forgotten', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await subscribe(hub, 'la-2', la);
    const sent: string[] = [];
    const recording = {
      ...hub.queue,
      send: async (orders: Parameters<typeof hub.queue.send>[0]) => {
        sent.push(...orders.map(({ subscription }) => subscription));
        await hub.queue.send(orders);
      },
    };
    const stuck: typeof hub.eventNumbers.number = (subscription, ...entry) =>
      subscription === 'la-1'
        ? Promise.reject(new Error('too large'))
        : hub.eventNumbers.number(subscription, ...entry);
    const broken = { ...hub, queue: recording, eventNumbers: { ...hub.eventNumbers, number: stuck } };
    const entry = await accept(hub, [amk, request]);
    await expect(fanOut(broken, entry)).rejects.toThrow('too large');
    expect(sent).toEqual(['la-2']);
    expect((await hub.missions.entry(mission, 1))?.fanOutPending).toBe(true);
    await fanOut({ ...hub, queue: recording }, entry);
    expect(sent.toSorted()).toEqual(['la-1', 'la-2', 'la-2']);
    expect(await hub.notifications.range('la-2', 1, 9)).toHaveLength(1);
    expect((await hub.missions.entry(mission, 1))?.notified).toHaveLength(2);
  });

  test('More than a batch of what cannot be paid does not keep the rest waiting', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    for (let sent = 0; sent < 130; sent += 1) {
      await fanOut(hub, await accept(hub, [amk, missionUpdate({ mission, id: `pending-${sent}` })]));
    }
    hub.clock.advance(20_000);
    await accept(hub, [amk, other]);
    hub.clock.advance(20_000);
    const pass = () =>
      sweep(
        hub,
        () => 60_000,
        () => {},
      );
    let passes = 1;
    while ((await pass()).more && passes < 10) passes += 1;
    expect(passes).toBeGreaterThan(1);
    expect(passes).toBeLessThan(10);
    // Nobody answered for the first mission, and the second has been told all the same.
    expect((await hub.missions.entry(otherMission, 1))?.fanOutPending).toBe(false);
  });

  test('It stops in time and says that there is more', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    // Eight are worked side by side.
    for (let number = 1; number <= 9; number += 1) await accept(hub, [amk, missionRequest({ id: `r${number}` })]);
    hub.clock.advance(10_000);
    let time = 6_000;
    const swept = await sweep(
      hub,
      () => (time -= 1_000),
      () => undefined,
    );
    expect(swept).toEqual({ completed: 8, failed: 0, stalled: 0, more: true });
  });

  test('It takes a hundred obligations at once and says that there may be more', async () => {
    const hub = memoryHub();
    await everybodySubscribed(hub);
    await accept(hub, [amk, request]);
    for (let number = 2; number <= 120; number += 1) await accept(hub, [amk, update(`u${number}`)]);
    hub.clock.advance(10_000);
    expect(
      await sweep(
        hub,
        () => 60_000,
        () => undefined,
      ),
    ).toEqual({ completed: 100, failed: 0, stalled: 0, more: true });
    expect(
      await sweep(
        hub,
        () => 60_000,
        () => undefined,
      ),
    ).toEqual({ completed: 20, failed: 0, stalled: 0, more: false });
  });
});
