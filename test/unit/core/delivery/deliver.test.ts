import { assert, asyncProperty, constantFrom, double, integer, option } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { deliver, type DeliveryOutcome } from '../../../../core/delivery/deliver.ts';
import type { DeliverPorts } from '../../../../core/delivery/deliver.ts';
import { deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { Obligation } from '../../../../core/delivery/obligations.ts';
import type { EndpointJob, NotificationJob } from '../../../../core/delivery/delivery-queue.ts';
import type { Answer } from '../../../../core/delivery/channel.ts';
import type { Subscription } from '../../../../core/delivery/subscription.ts';
import { sweep } from '../../../../core/delivery/sweep.ts';
import { attempted, becomes, deadNumbers } from '../../../support/contact.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  sentBy,
} from '../../../support/messages.ts';

const { amk, la } = parties;
const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);

const portsOf = (hub: MemoryHub, random = () => 0.5): DeliverPorts => ({
  ...hub,
  directory,
  random,
  settings: deliverySettings,
  compose: (notice) =>
    JSON.stringify({
      kind: notice.kind,
      status: notice.subscription.status,
      ...('events' in notice
        ? {
            role: notice.role,
            events: notice.events.map(({ notification, entry, request: described }) => ({
              number: notification.number,
              entry: entry.number,
              request: described.number,
            })),
          }
        : {}),
    }),
});

/** A hub that owes the AMK LA notifications of so many entries of one mission. */
const owing = async (entries: number, change: Partial<Subscription> = {}): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create({ ...sampleSubscription('la', la.organisation), ...change }, hub.clock.iso());
  if (change.status === undefined) await becomes(hub, 'la', 'active');
  for (let number = 1; number <= entries; number += 1) {
    const message = number === 1 ? request : missionUpdate({ mission, id: `u${number}`, describes: number !== 3 });
    const accepted = await acceptMessage(hub.missions, message, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    await fanOut(hub, accepted.entry);
  }
  return hub;
};

/** What is due besides the deadlines that Tasks wait for. */
const owed = async (hub: MemoryHub): Promise<readonly Obligation[]> =>
  (await hub.obligations.due(hub.clock.iso(), 10)).filter(({ kind }) => kind !== 'deadline');

const orderOf = (hub: MemoryHub, number: number): NotificationJob => {
  const order = hub.queue.notifications().find((one) => one.number === number);
  if (order === undefined) throw new Error(`no order ${number}`);
  return order;
};

const statuses = async (hub: MemoryHub): Promise<readonly string[]> =>
  (await hub.notifications.range('la', 1, 1000)).map(({ status }) => status);

const secondsOf = (delivered: DeliveryOutcome): number => {
  if (delivered.outcome === 'complete') throw new Error('settled, but it should have come again');
  return delivered.seconds;
};

const handshake: EndpointJob = { kind: 'handshake', subscription: 'la', due: '2026-02-01T11:00:00.000Z' };

describe('A notification', () => {
  test('An endpoint that answers 2xx has it: delivered, and nothing is owed', async () => {
    for (const status of [200, 201, 202, 204, 299]) {
      const hub = await owing(1);
      hub.channel.answer(() => ({ status }));
      expect(await deliver(orderOf(hub, 1), portsOf(hub))).toEqual({ outcome: 'complete' });
      expect(await hub.notifications.read('la', 1)).toMatchObject({
        status: 'delivered',
        attempts: 1,
        lastAnswer: `HTTP ${status}`,
        lastAttemptAt: hub.clock.iso(),
        completedAt: hub.clock.iso(),
      });
      hub.clock.advance(86_400_000);
      expect(await owed(hub)).toEqual([]);
      expect(await deadNumbers(hub.deadLetters)).toEqual([]);
    }
  });

  test('It says which entry it is, what the mission is as of then, and what the role of the subscriber is', async () => {
    const hub = await owing(3);
    for (const number of [1, 2, 3]) await deliver(orderOf(hub, number), portsOf(hub));
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toEqual(
      [
        { number: 1, entry: 1, request: 1 },
        { number: 2, entry: 2, request: 2 },
        { number: 3, entry: 3, request: 2 },
      ].map((event) => ({ kind: 'event-notification', status: 'active', role: 'amk-la', events: [event] })),
    );
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2', 'la.3']);
  });

  test('One whose subscriber has left the directory is told as to an observer', async () => {
    const hub = await owing(1);
    await deliver(orderOf(hub, 1), { ...portsOf(hub), directory: { ...directory, partyOf: () => undefined } });
    expect(hub.channel.posts[0]?.body).toContain('"role":"observer"');
  });

  test('Once settled it is not sent again', async () => {
    const hub = await owing(2);
    hub.channel.answer(({ webhookId }) => ({ status: webhookId === 'la.1' ? 200 : 410 }));
    const orders = [orderOf(hub, 1), orderOf(hub, 2)];
    for (const order of [...orders, ...orders, ...orders])
      expect(await deliver(order, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2']);
    expect(await statuses(hub)).toEqual(['delivered', 'failed']);
    expect(await deadNumbers(hub.deadLetters)).toHaveLength(1);
  });

  test('One that is not there, or whose subscription is not, is settled without a word', async () => {
    const hub = await owing(1);
    for (const order of [
      { ...orderOf(hub, 1), number: 99 },
      { ...orderOf(hub, 1), subscription: 'nobody' },
    ])
      expect(await deliver(order, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.posts).toEqual([]);
  });

  test('One whose entry is not in the log is the hub’s own fault, and is not called delivered', async () => {
    const hub = await owing(1);
    await expect(deliver({ ...orderOf(hub, 1), entry: 9 }, portsOf(hub))).rejects.toThrow('is not in the mission log');
    expect(await statuses(hub)).toEqual(['pending']);
    expect(hub.channel.posts).toEqual([]);
  });

  test('A crash between answer and receipt sends it once more, under the same id', async () => {
    const hub = await owing(1);
    const order = orderOf(hub, 1);
    const forgetful = {
      ...portsOf(hub),
      notifications: { ...hub.notifications, record: () => Promise.reject(new Error('no answer')) },
    };
    await expect(deliver(order, forgetful)).rejects.toThrow('no answer');
    expect(await deliver(order, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.1', 'la.1']);
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('A subscription that is off gets nothing more: what was owed ends visibly as failed', async () => {
    const hub = await owing(2);
    await becomes(hub, 'la', 'off');
    for (const number of [1, 2])
      expect(await deliver(orderOf(hub, number), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.posts).toEqual([]);
    expect(await statuses(hub)).toEqual(['failed', 'failed']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1, 2]);
  });
});

const permanent: readonly Answer[] = [
  ...[300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 426, 431, 451, 499].map(
    (status) => ({ status }),
  ),
  { failure: 'redirect' },
  { failure: 'refused-address' },
];

const passing: readonly Answer[] = [
  ...[408, 425, 429, 500, 501, 502, 503, 504, 507, 599].map((status) => ({ status })),
  { failure: 'timeout' },
  { failure: 'connection' },
  { failure: 'name' },
  { failure: 'tls' },
  {},
];

const nameOf = ({ status, failure }: Answer): string =>
  status === undefined ? (failure ?? 'connection') : `HTTP ${status}`;

describe('An endpoint that refuses', () => {
  test.each(permanent.map((answer) => [nameOf(answer), answer] as const))(
    '%s will not change: failed at once, and kept among the dead letters',
    async (words, answer) => {
      const hub = await owing(1);
      const order = orderOf(hub, 1);
      hub.channel.answer(() => answer);
      expect(await deliver(order, portsOf(hub))).toEqual({ outcome: 'complete' });
      expect(await hub.notifications.read('la', 1)).toMatchObject({
        status: 'failed',
        attempts: 1,
        lastAnswer: words,
        completedAt: hub.clock.iso(),
      });
      expect(await deadNumbers(hub.deadLetters)).toEqual([1]);
      expect(hub.channel.posts).toHaveLength(1);
      hub.clock.advance(86_400_000);
      // What is owed now is that people are told, and the answer of the one who was not.
      expect(await hub.missions.entry(mission, 2)).toMatchObject({ event: 'delivery-failed', fanOutPending: true });
      expect(await owed(hub)).toEqual([{ kind: 'fan-out', mission, entry: 2 }]);
    },
  );

  test.each(passing.map((answer) => [nameOf(answer), answer] as const))(
    '%s may pass: it comes again, and the sweeper looks after it if the queue loses it',
    async (words, answer) => {
      const hub = await owing(1);
      hub.channel.answer(() => answer);
      const seconds = secondsOf(await deliver(orderOf(hub, 1), portsOf(hub)));
      expect(seconds).toBe(1);
      expect(await hub.notifications.read('la', 1)).toMatchObject({
        status: 'pending',
        attempts: 1,
        lastAnswer: words,
      });
      expect(await deadNumbers(hub.deadLetters)).toEqual([]);
      hub.clock.advance(seconds * 1000);
      expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
      hub.clock.advance(60_000);
      expect(await owed(hub)).toEqual([{ kind: 'delivery', subscription: 'la', number: 1 }]);
    },
  );

  test('A status that no one knows is no delivery', async () => {
    for (const status of [0, 100, 103, 199, 600]) {
      const hub = await owing(1);
      hub.channel.answer(() => ({ status }));
      secondsOf(await deliver(orderOf(hub, 1), portsOf(hub)));
      expect(await statuses(hub)).toEqual(['pending']);
    }
  });

  test('One endpoint that is ill says nothing of another mission or subscriber', async () => {
    const hub = await owing(1);
    await hub.subscriptions.create(sampleSubscription('other', la.organisation), hub.clock.iso());
    hub.channel.answer(({ subscription }) => ({ status: subscription.id === 'la' ? 500 : 200 }));
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    const orders = hub.queue.waiting().filter(({ subscription }) => subscription === 'other');
    for (const order of orders) expect(await deliver(order, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['other.1']);
  });
});

describe('Waiting', () => {
  /** Tries one notification again and again while the circuit stays closed: the waits between the tries. */
  const waits = async (answer: Answer, random: () => number): Promise<readonly number[]> => {
    const hub = await owing(1);
    const order = orderOf(hub, 1);
    hub.channel.answer(() => answer);
    const seconds: number[] = [];
    const ports = portsOf(hub, random);
    const patient = {
      ...ports,
      settings: {
        ...deliverySettings,
        circuit: { ...deliverySettings.circuit, opensAfter: 1000, patience: 2_000_000 },
      },
    };
    for (;;) {
      const delivered = await deliver(order, patient);
      if (delivered.outcome === 'complete') break;
      seconds.push(delivered.seconds);
      hub.clock.advance(delivered.seconds * 1000);
    }
    expect(await statuses(hub)).toEqual(['failed']);
    expect(hub.channel.posts).toHaveLength(seconds.length + 1);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1]);
    return seconds;
  };
  const total = (list: readonly number[]): number => list.reduce((sum, seconds) => sum + seconds, 0);

  test('Waits double up to a minute, half of each by chance', async () => {
    expect((await waits({ status: 503 }, () => 1)).slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect((await waits({ status: 503 }, () => 0)).slice(0, 9)).toEqual([1, 1, 2, 4, 8, 16, 30, 30, 30]);
  });

  test('After twelve minutes the hub gives up, however long the waits were', async () => {
    for (const chance of [0, 0.3, 1]) {
      const all = total(await waits({ failure: 'timeout' }, () => chance));
      expect(all).toBeGreaterThanOrEqual(720);
      expect(all).toBeLessThanOrEqual(780);
    }
  });

  test('The time counts from the first try, not from when it was written: an outage of the queue uses none of it up', async () => {
    const hub = await owing(1);
    hub.clock.advance(3_600_000);
    hub.channel.answer(() => ({ status: 503 }));
    secondsOf(await deliver(orderOf(hub, 1), portsOf(hub)));
    hub.clock.advance(719_000);
    secondsOf(await deliver(orderOf(hub, 1), portsOf(hub)));
    hub.clock.advance(1_000);
    expect(await deliver(orderOf(hub, 1), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['failed']);
  });

  test('Retry-After is obeyed if it asks for more than the hub would wait, up to five minutes', async () => {
    const first = async (retryAfter: number): Promise<number> =>
      (await waits({ status: 503, retryAfter }, () => 0.5))[0] ?? 0;
    expect(await first(0)).toBe(1);
    expect(await first(7)).toBe(7);
    expect(await first(300)).toBe(300);
    expect(await first(301)).toBe(300);
    expect(await first(86_400)).toBe(300);
    expect(await first(-5)).toBe(1);
    expect((await waits({ status: 429, retryAfter: 3 }, () => 1)).slice(0, 4)).toEqual([3, 3, 4, 8]);
  });

  test('Whatever chance and endpoints say, a wait is a whole number of seconds from 1 to 300', async () => {
    await assert(
      asyncProperty(
        integer({ min: 0, max: 14 }),
        double({ min: 0, max: 1, noNaN: true }),
        option(integer({ min: -10, max: 1_000_000 }), { nil: undefined }),
        constantFrom(...passing),
        async (attempts, chance, retryAfter, answer) => {
          const hub = await owing(1);
          hub.channel.answer(() => ({ ...answer, ...(retryAfter === undefined ? {} : { retryAfter }) }));
          const circuit = { ...deliverySettings.circuit, patience: 2_000_000 };
          const ports = { ...portsOf(hub, () => chance), settings: { ...deliverySettings, circuit } };
          for (let number = 0; number < attempts; number += 1)
            await hub.notifications.record(
              'la',
              1,
              attempted({
                at: hub.clock.iso(),
                answer: 'HTTP 500',
                status: 'pending',
                dueAt: hub.clock.iso(),
              }),
            );
          const seconds = secondsOf(await deliver(orderOf(hub, 1), ports));
          const ceiling = Math.min(60, 2 ** attempts);
          const asked = Math.min(300, Math.max(0, retryAfter ?? 0));
          expect(Number.isInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThanOrEqual(Math.max(1, ceiling / 2, asked));
          expect(seconds).toBeLessThanOrEqual(Math.max(ceiling, asked));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('The handshake', () => {
  test('It comes before the first event, and makes the subscription active', async () => {
    const hub = await owing(1, { status: 'requested' });
    expect(await deliver(orderOf(hub, 1), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1']);
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
      { kind: 'handshake', status: 'requested' },
      { kind: 'event-notification', status: 'active' },
    ]);
    expect((await hub.subscriptions.read('la'))?.status).toBe('active');
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('It is done once, however many notifications wait for it', async () => {
    const hub = await owing(3, { status: 'requested' });
    for (const number of [1, 2, 3]) await deliver(orderOf(hub, number), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1', 'la.2', 'la.3']);
  });

  test('It is done once, also when the queue lost the first notifications', async () => {
    const hub = await owing(3, { status: 'requested' });
    await deliver(orderOf(hub, 3), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1', 'la.2', 'la.3']);
  });

  test('No event is sent to an endpoint that does not answer the handshake', async () => {
    const hub = await owing(1, { status: 'requested' });
    hub.channel.answer(() => ({ status: 503 }));
    expect(secondsOf(await deliver(orderOf(hub, 1), portsOf(hub)))).toBe(3);
    expect(hub.channel.ids()).toEqual(['la.0']);
    expect((await hub.subscriptions.read('la'))?.status).toBe('error');
    expect(await hub.notifications.read('la', 1)).toMatchObject({ status: 'pending', attempts: 1 });
    hub.channel.answer(() => ({ status: 200 }));
    hub.clock.advance(2_000);
    await deliver(orderOf(hub, 1), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.0', 'la.1']);
  });

  test('A subscription in error is tried again by a handshake when there is something to tell', async () => {
    const hub = await owing(2);
    await becomes(hub, 'la', 'error', 'handshake: timeout');
    for (const number of [1, 2]) await deliver(orderOf(hub, number), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1', 'la.2']);
    const subscription = await hub.subscriptions.read('la');
    expect(subscription?.status).toBe('active');
    expect(subscription?.error).toBeUndefined();
  });

  test('Of several that wait for a handshake that is refused none is sent, and each ends visibly as failed', async () => {
    const hub = await owing(3, { status: 'requested' });
    hub.channel.answer(() => ({ status: 404 }));
    expect(await deliver(orderOf(hub, 3), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(new Set(hub.channel.ids())).toEqual(new Set(['la.0']));
    expect(await statuses(hub)).toEqual(['failed', 'failed', 'failed']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1, 2, 3]);
  });

  test('It may be ordered by itself', async () => {
    const hub = await owing(0, { status: 'requested' });
    expect(await deliver(handshake, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.0']);
    expect((await hub.subscriptions.read('la'))?.status).toBe('active');
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
  });

  test('Ordered again it is not repeated, nor for a subscription that is off or unknown', async () => {
    const hub = await owing(0, { status: 'requested' });
    for (let number = 0; number < 3; number += 1) await deliver(handshake, portsOf(hub));
    await becomes(hub, 'la', 'off');
    await deliver(handshake, portsOf(hub));
    await deliver({ ...handshake, subscription: 'nobody' }, portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0']);
  });

  test('A refusal that will not change puts the subscription in error, and says why', async () => {
    const hub = await owing(0, { status: 'requested' });
    hub.channel.answer(() => ({ status: 404 }));
    expect(await deliver(handshake, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await hub.subscriptions.read('la')).toMatchObject({
      status: 'error',
      error: 'handshake: HTTP 404',
    });
  });

  test('An endpoint that is away is tried again by what the subscription owes, and is in error from the first', async () => {
    const hub = await owing(0, { status: 'requested' });
    hub.channel.answer(() => ({ failure: 'timeout' }));
    const ports = portsOf(hub, () => 1);
    const waits: number[] = [];
    for (let count = 1; count <= 10; count += 1) {
      expect(await deliver(handshake, ports)).toEqual({ outcome: 'complete' });
      expect(await hub.subscriptions.read('la')).toMatchObject({
        status: 'error',
        failures: count,
        error: 'timeout',
      });
      let seconds = 0;
      while ((await owed(hub)).length === 0) {
        hub.clock.advance(1_000);
        seconds += 1;
      }
      expect(await owed(hub)).toEqual([{ kind: 'contact', subscription: 'la', due: hub.clock.iso() }]);
      waits.push(seconds);
    }
    expect(waits).toEqual([2, 2, 2, 2, 2, 4, 8, 16, 30, 30]);
  });
});

describe('The heartbeat', () => {
  const heartbeat: EndpointJob = { kind: 'heartbeat', subscription: 'la', due: '2026-02-01T11:01:00.000Z' };

  test('It is owed from the handshake on, at the time that is wanted, and again after each', async () => {
    const hub = await owing(0, { status: 'requested', heartbeat: 60 });
    await deliver(handshake, portsOf(hub));
    hub.clock.advance(59_999);
    expect(await owed(hub)).toEqual([]);
    hub.clock.advance(3_001);
    expect(await owed(hub)).toEqual([{ kind: 'contact', subscription: 'la', due: heartbeat.due }]);
    await deliver(heartbeat, portsOf(hub));
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
      { kind: 'handshake' },
      { kind: 'heartbeat', status: 'active' },
    ]);
    // The next is not later because this one was.
    hub.clock.advance(57_000);
    expect(await owed(hub)).toEqual([{ kind: 'contact', subscription: 'la', due: '2026-02-01T11:02:00.000Z' }]);
  });

  test('Heartbeats that were missed are not made up for', async () => {
    const hub = await owing(0, { status: 'requested', heartbeat: 60 });
    await deliver(handshake, portsOf(hub));
    hub.clock.advance(3_600_000);
    await deliver(heartbeat, portsOf(hub));
    expect(await owed(hub)).toEqual([]);
    hub.clock.advance(60_000);
    expect(await owed(hub)).toHaveLength(1);
  });

  test('None is sent that nobody wants, and none to a subscription that is not active', async () => {
    const unwanted = await owing(0);
    await deliver(heartbeat, portsOf(unwanted));
    expect(unwanted.channel.ids()).toEqual([]);
    const refused = await owing(0, { status: 'requested', heartbeat: 60 });
    refused.channel.answer(() => ({ status: 404 }));
    await deliver(handshake, portsOf(refused));
    refused.clock.advance(3_600_000);
    expect(await owed(refused)).toEqual([]);
  });

  test('One that is refused for good puts the subscription in error, until a handshake is answered', async () => {
    const hub = await owing(1, { heartbeat: 60 });
    hub.channel.answer(() => ({ status: 404 }));
    await deliver(heartbeat, portsOf(hub));
    expect(await hub.subscriptions.read('la')).toMatchObject({ status: 'error', error: 'heartbeat: HTTP 404' });
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(orderOf(hub, 1), portsOf(hub));
    expect(hub.channel.ids().slice(1)).toEqual(['la.0', 'la.1']);
    expect((await hub.subscriptions.read('la'))?.status).toBe('active');
  });

  test('Heartbeats without an answer open the circuit', async () => {
    const hub = await owing(0, { heartbeat: 60 });
    hub.channel.answer(() => ({ failure: 'connection' }));
    for (let count = 0; count < 5; count += 1) {
      expect((await hub.subscriptions.read('la'))?.status).toBe('active');
      await deliver({ ...heartbeat, due: hub.clock.iso() }, portsOf(hub));
    }
    expect(await hub.subscriptions.read('la')).toMatchObject({ status: 'error', error: 'connection' });
  });
});

describe('The circuit of an endpoint', () => {
  /** A hub that owes the AMK LA one notification in each of so many missions. */
  const owingMissions = async (count: number): Promise<MemoryHub> => {
    const hub = await owing(0);
    for (let number = 1; number <= count; number += 1) {
      const accepted = await acceptMessage(hub.missions, missionRequest({ id: `m${number}` }), sentBy(amk), hub.now);
      if (accepted.outcome === 'refused') throw new Error('refused');
      await fanOut(hub, accepted.entry);
    }
    return hub;
  };
  const subscriptionOf = (hub: MemoryHub) => hub.subscriptions.read('la');
  const ports = (hub: MemoryHub) => portsOf(hub, () => 1);
  const missionIn = async (hub: MemoryHub, number: number): Promise<string> =>
    (await hub.notifications.read('la', number))?.mission ?? '';
  const hubSaid = async (hub: MemoryHub, number: number): Promise<readonly string[]> =>
    (await hub.missions.entries(await missionIn(hub, number), 1, 100)).slice(1).map(({ event }) => event);

  test('It opens after five calls in a row without an answer, of whatever mission', async () => {
    const hub = await owingMissions(6);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    for (const number of [1, 2, 3, 4]) await deliver(orderOf(hub, number), ports(hub));
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 4, error: 'timeout' });
    await deliver(orderOf(hub, 5), ports(hub));
    expect(await subscriptionOf(hub)).toMatchObject({
      status: 'error',
      failures: 5,
      retryAt: new Date(hub.clock.now() + 2_000).toISOString(),
    });
    // Open: the sixth is put off until the probe, and no call is made for it.
    expect(await deliver(orderOf(hub, 6), ports(hub))).toEqual({ outcome: 'retry', seconds: 3 });
    expect(hub.channel.posts).toHaveLength(5);
    expect(await hub.notifications.read('la', 6)).toMatchObject({
      status: 'pending',
      attempts: 0,
      lastAnswer: 'not called, the endpoint does not answer: timeout',
    });
  });

  test('A refusal of the endpoint itself is an error of the subscription; one of what was sent is not', async () => {
    const answers: readonly (readonly [Answer, string])[] = [
      [{ status: 302 }, 'error notification: HTTP 302'],
      [{ status: 401 }, 'error notification: HTTP 401'],
      [{ status: 404 }, 'error notification: HTTP 404'],
      [{ status: 410 }, 'error notification: HTTP 410'],
      [{ failure: 'refused-address' }, 'error notification: refused-address'],
      [{ status: 400 }, 'active none'],
      [{ status: 409 }, 'active none'],
      [{ status: 422 }, 'active none'],
    ];
    for (const [answer, expected] of answers) {
      const hub = await owingMissions(2);
      hub.channel.answer(() => answer);
      await deliver(orderOf(hub, 1), ports(hub));
      const subscription = await subscriptionOf(hub);
      expect(`${subscription?.status} ${subscription?.error ?? 'none'}`).toBe(expected);
      hub.channel.answer(() => ({ status: 200 }));
      await deliver(orderOf(hub, 2), ports(hub));
      expect(hub.channel.ids().slice(1)).toEqual(expected.startsWith('error') ? ['la.0', 'la.2'] : ['la.2']);
      expect((await subscriptionOf(hub))?.status).toBe('active');
    }
  });

  test('An answer, also a refusal, ends the row', async () => {
    for (const status of [200, 400]) {
      const hub = await owingMissions(9);
      for (let number = 1; number <= 9; number += 1) {
        hub.channel.answer(() => (number === 5 ? { status } : { failure: 'timeout' }));
        await deliver(orderOf(hub, number), ports(hub));
      }
      expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 4 });
    }
  });

  /** An endpoint that has just been given up for now, with so many missions waiting. */
  const open = async (count: number): Promise<MemoryHub> => {
    const hub = await owingMissions(count);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    for (const number of [1, 2, 3, 4, 5]) await deliver(orderOf(hub, number), ports(hub));
    return hub;
  };

  test('When its time has come one probe is made, a handshake, whoever comes at once', async () => {
    const hub = await open(9);
    hub.clock.advance(2_000);
    const before = hub.channel.posts.length;
    await Promise.all([
      ...[6, 7, 8, 9].map((number) => deliver(orderOf(hub, number), ports(hub))),
      deliver(handshake, ports(hub)),
      deliver(handshake, ports(hub)),
    ]);
    expect(hub.channel.ids().slice(before)).toEqual(['la.0']);
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'error', failures: 6 });
  });

  test('Probes are owed by the subscription: the endpoint is found again when nothing new happens', async () => {
    const hub = await open(5);
    hub.queue.lose(() => true);
    hub.clock.advance(2_000);
    expect(await owed(hub)).toContainEqual({ kind: 'contact', subscription: 'la', due: hub.clock.iso() });
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(handshake, ports(hub));
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 0 });
    expect((await subscriptionOf(hub))?.error).toBeUndefined();
    expect((await subscriptionOf(hub))?.retryAt).toBeUndefined();
  });

  test('A prober that dies gives the probe back after a while', async () => {
    const hub = await open(6);
    hub.clock.advance(2_000);
    const dying = { ...ports(hub), channel: { post: () => Promise.reject(new Error('died')) } };
    await expect(deliver(handshake, dying)).rejects.toThrow('died');
    await deliver(handshake, ports(hub));
    expect(hub.channel.posts).toHaveLength(5);
    hub.clock.advance(15_000);
    await deliver(handshake, ports(hub));
    expect(hub.channel.ids().slice(5)).toEqual(['la.0']);
  });

  test('An endpoint that asks for patience is away for all missions at once, and people are told at once', async () => {
    const hub = await owingMissions(2);
    hub.channel.answer(() => ({ status: 503, retryAfter: 300 }));
    const start = hub.clock.now();
    await deliver(orderOf(hub, 1), ports(hub));
    expect(await subscriptionOf(hub)).toMatchObject({
      status: 'error',
      failures: 1,
      retryAt: new Date(start + 300_000).toISOString(),
    });
    expect(await hubSaid(hub, 1)).toEqual(['party-unreachable']);
    await deliver(orderOf(hub, 2), ports(hub));
    expect(await hubSaid(hub, 2)).toEqual(['party-unreachable']);
    expect(hub.channel.posts).toHaveLength(1);
  });

  test('Those that wait are told within seconds of the endpoint being back, whatever it had asked for', async () => {
    const hub = await owingMissions(1);
    hub.channel.answer(() => ({ status: 503, retryAfter: 300 }));
    expect(secondsOf(await deliver(orderOf(hub, 1), ports(hub)))).toBeLessThanOrEqual(11);
    const seen = await subscriptionOf(hub);
    if (seen === undefined) throw new Error('no subscription');
    expect(await hub.subscriptions.change(seen, hub.clock.iso())).toBe(true);
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(handshake, ports(hub));
    hub.clock.advance(11_000);
    await deliver(orderOf(hub, 1), ports(hub));
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('Each outage is told of once in a mission, though nothing was heard of the party in between', async () => {
    const hub = await owing(1);
    const outage = async (id: string, number: number): Promise<void> => {
      if (number > 1) {
        const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id }), sentBy(amk), hub.now);
        if (accepted.outcome === 'refused') throw new Error('refused');
        await fanOut(hub, accepted.entry);
      }
      const order = hub.queue.notifications().findLast(({ mission: of }) => of === mission);
      if (order === undefined) throw new Error('no order');
      hub.channel.answer(() => ({ failure: 'timeout' }));
      for (let turn = 0; turn < 8; turn += 1) hub.clock.advance(secondsOf(await deliver(order, ports(hub))) * 1000);
      hub.channel.answer(() => ({ status: 200 }));
      hub.clock.advance(60_000);
      expect(await deliver(order, ports(hub))).toEqual({ outcome: 'complete' });
    };
    await outage('first', 1);
    await outage('second', 2);
    const said = (await hub.missions.entries(mission, 1, 100)).filter(({ event }) => event === 'party-unreachable');
    expect(said).toHaveLength(2);
  });

  test('A refusal of what was sent does not silence the warning of a later outage', async () => {
    const hub = await owing(1);
    hub.channel.answer(() => ({ status: 422 }));
    await deliver(orderOf(hub, 1), ports(hub));
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id: 'later' }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    hub.channel.answer(() => ({ failure: 'connection' }));
    const order = hub.queue.notifications().findLast(({ mission: of }) => of === mission);
    if (order === undefined) throw new Error('no order');
    for (let turn = 0; turn < 6; turn += 1) hub.clock.advance(secondsOf(await deliver(order, ports(hub))) * 1000);
    expect((await hub.missions.entries(mission, 1, 100)).map(({ event }) => event)).toEqual([
      'mission-request',
      'delivery-failed',
      'mission-update',
      'party-unreachable',
    ]);
  });

  test('Settings that were changed while a handshake was under way have a handshake of their own before anything is sent', async () => {
    const hub = await owing(1, { status: 'requested' });
    const seen = await subscriptionOf(hub);
    if (seen === undefined) throw new Error('no subscription');
    const posted: string[] = [];
    const changing = {
      ...ports(hub),
      channel: {
        post: async (_: unknown, id: string) => {
          posted.push(id);
          await hub.subscriptions.change(seen, hub.clock.iso());
          return { status: 200 };
        },
      },
    };
    secondsOf(await deliver(orderOf(hub, 1), changing));
    expect(posted).toEqual(['la.0']);
    expect(await statuses(hub)).toEqual(['pending']);
    hub.clock.advance(3_000);
    await deliver(orderOf(hub, 1), ports(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1']);
  });

  test('A warning that finds no place in the log is owed all the same', async () => {
    const hub = await open(6);
    const contended = {
      ...ports(hub),
      missions: { ...hub.missions, append: async () => 'taken' as const },
    };
    await expect(deliver(orderOf(hub, 6), contended)).rejects.toThrow('cannot take party-unreachable now');
    await deliver(orderOf(hub, 6), ports(hub));
    expect(await hubSaid(hub, 6)).toEqual(['party-unreachable']);
  });

  test('Retry-After of a probe is obeyed within bounds', async () => {
    const hub = await open(5);
    hub.clock.advance(2_000);
    hub.channel.answer(() => ({ status: 503, retryAfter: 1_000_000 }));
    await deliver(handshake, ports(hub));
    expect((await subscriptionOf(hub))?.retryAt).toBe(new Date(hub.clock.now() + 300_000).toISOString());
  });

  test('Closed again, everything that waited goes out', async () => {
    const hub = await open(8);
    hub.clock.advance(60_000);
    hub.channel.answer(() => ({ status: 200 }));
    for (let number = 1; number <= 8; number += 1) await deliver(orderOf(hub, number), ports(hub));
    expect(hub.channel.ids().slice(5)).toEqual(['la.0', ...Array.from({ length: 8 }, (_, index) => `la.${index + 1}`)]);
    expect(new Set(await statuses(hub))).toEqual(new Set(['delivered']));
  });

  test('An answer to a call that began before it opened does not close it: that takes a handshake', async () => {
    const hub = await open(6);
    const [seen] = await hub.subscriptions.ofOrganisation(la.organisation);
    if (seen === undefined) throw new Error('no subscription');
    const slow = {
      ...ports(hub),
      contexts: {
        load: async (order: NotificationJob) => ({
          ...(await hub.contexts.load(order)),
          subscription: { ...seen, status: 'active' as const, failures: 2 },
        }),
      },
      channel: { post: async () => ({ status: 200 }) },
    };
    await deliver(orderOf(hub, 6), slow);
    expect((await statuses(hub))[5]).toBe('delivered');
    expect((await subscriptionOf(hub))?.status).toBe('error');
  });

  test('People are told at once that the party is not reached, in every mission, and once', async () => {
    const hub = await open(6);
    expect(await hubSaid(hub, 6)).toEqual([]);
    for (let turn = 0; turn < 4; turn += 1) await deliver(orderOf(hub, 6), ports(hub));
    expect(await hubSaid(hub, 6)).toEqual(['party-unreachable']);
    expect(await hub.notifications.read('la', 6)).toMatchObject({ warned: true });
  });

  test('A first handshake that failed by chance alarms nobody', async () => {
    const hub = await owing(1, { status: 'requested' });
    hub.channel.answer(() => ({ failure: 'connection' }));
    for (let turn = 0; turn < 3; turn += 1) await deliver(orderOf(hub, 1), ports(hub));
    expect(hub.channel.ids()).toEqual(['la.0']);
    expect(await hubSaid(hub, 1)).toEqual([]);
    expect((await hub.notifications.read('la', 1))?.warned).toBeUndefined();
  });

  test('They are told after half a minute too, if each try takes long to fail', async () => {
    const hub = await owingMissions(1);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    // Each call takes ten seconds to come to nothing.
    const slow = {
      ...ports(hub),
      channel: {
        post: async () => {
          hub.clock.advance(10_000);
          return { failure: 'timeout' as const };
        },
      },
    };
    const start = hub.clock.now();
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(await hubSaid(hub, 1)).toEqual([]);
      hub.clock.advance(secondsOf(await deliver(orderOf(hub, 1), slow)) * 1000);
    }
    // A third call could not be answered before half a minute is over.
    expect(await hubSaid(hub, 1)).toEqual(['party-unreachable']);
    expect(hub.clock.now() - start).toBeLessThan(25_000);
  });

  test('Nobody tries for longer than twelve minutes; what waited behind in the mission is not tried for twelve more', async () => {
    const hub = await owing(3);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    const start = hub.clock.now();
    for (;;) {
      const delivered = await deliver(orderOf(hub, 3), ports(hub));
      if (delivered.outcome === 'complete') break;
      hub.clock.advance(delivered.seconds * 1000);
    }
    expect(await statuses(hub)).toEqual(['failed', 'failed', 'failed']);
    expect(hub.clock.now() - start).toBeLessThan(13 * 60_000);
    // Few calls for all that time: five, and then probes.
    expect(hub.channel.posts.length).toBeLessThan(35);
  });

  test('What was written late behind it has its own twelve minutes', async () => {
    const hub = await owing(1);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    secondsOf(await deliver(orderOf(hub, 1), ports(hub)));
    hub.clock.advance(719_000);
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id: 'late' }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    hub.clock.advance(1_000);
    secondsOf(await deliver(orderOf(hub, 2), ports(hub)));
    expect(await statuses(hub)).toEqual(['failed', 'pending']);
  });

  test('A handshake refused for good owes no probe; each new notification asks once more', async () => {
    const hub = await open(7);
    hub.clock.advance(2_000);
    hub.channel.answer(() => ({ status: 410 }));
    await deliver(handshake, ports(hub));
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'error', error: 'handshake: HTTP 410' });
    hub.queue.lose(() => false);
    hub.clock.advance(86_400_000);
    expect((await owed(hub)).filter(({ kind }) => kind === 'contact')).toEqual([]);
    const before = hub.channel.posts.length;
    expect(await deliver(orderOf(hub, 6), ports(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids().slice(before)).toEqual(['la.0']);
    expect((await statuses(hub))[5]).toBe('failed');
  });

  test('A subscription turned off meanwhile stays off, whatever an answer under way says', async () => {
    const hub = await open(5);
    hub.clock.advance(2_000);
    const late = {
      ...ports(hub),
      channel: {
        post: async () => {
          await hub.subscriptions.turnOff('la');
          return { status: 200 };
        },
      },
    };
    await deliver(handshake, late);
    expect((await subscriptionOf(hub))?.status).toBe('off');
  });
});

describe('Order within a mission', () => {
  test('The notification before it goes first, also if the queue lost it', async () => {
    const hub = await owing(2);
    expect(await deliver(orderOf(hub, 2), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2']);
    expect(await statuses(hub)).toEqual(['delivered', 'delivered']);
  });

  test('However many the queue lost in a row, all go in their order', async () => {
    const hub = await owing(12);
    const last = orderOf(hub, 12);
    hub.queue.lose(() => true);
    expect(await deliver(last, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(Array.from({ length: 12 }, (_, index) => `la.${index + 1}`));
    expect(await statuses(hub)).toEqual(Array.from({ length: 12 }, () => 'delivered'));
  });

  test('Each of those that were lost says what the mission is as of then', async () => {
    const hub = await owing(4);
    await deliver(orderOf(hub, 4), portsOf(hub));
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toMatchObject(
      [1, 2, 2, 4].map((described, index) => ({
        events: [{ number: index + 1, entry: index + 1, request: described }],
      })),
    );
  });

  test('What is settled before it is not sent again', async () => {
    const hub = await owing(3);
    await deliver(orderOf(hub, 1), portsOf(hub));
    await deliver(orderOf(hub, 3), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2', 'la.3']);
  });

  test('While the one before it waits, it waits with it, and is not tried', async () => {
    const hub = await owing(3);
    hub.channel.answer(({ webhookId }) => (webhookId === 'la.1' ? { status: 503, retryAfter: 9 } : { status: 200 }));
    expect(await deliver(orderOf(hub, 3), portsOf(hub))).toEqual({ outcome: 'retry', seconds: 9 });
    expect(hub.channel.ids()).toEqual(['la.1']);
    expect((await hub.notifications.range('la', 1, 3)).map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(orderOf(hub, 3), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.1', 'la.1', 'la.2', 'la.3']);
  });

  test('One that has failed for good holds up no later one', async () => {
    const hub = await owing(3);
    hub.channel.answer(({ webhookId }) => ({ status: webhookId === 'la.2' ? 400 : 200 }));
    expect(await deliver(orderOf(hub, 3), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['delivered', 'failed', 'delivered']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([2]);
  });

  test('A mission of which the subscriber misses something holds up no other mission', async () => {
    const hub = await owing(1);
    const other = missionRequest({ id: 'other' });
    const accepted = await acceptMessage(hub.missions, other, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    hub.channel.answer(({ webhookId }) => ({ status: webhookId === 'la.1' ? 503 : 200 }));
    secondsOf(await deliver(orderOf(hub, 1), portsOf(hub)));
    expect(await deliver(orderOf(hub, 2), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['pending', 'delivered']);
  });
});

describe('Queue, sweeper and delivery together', () => {
  /** What the deliver function does with the queue, until it is empty or so much time has passed. */
  const work = async (hub: MemoryHub, minutes: number): Promise<void> => {
    const until = hub.clock.now() + minutes * 60_000;
    while (hub.clock.now() < until) {
      const received = hub.queue.receive();
      if (received === undefined) {
        hub.clock.advance(1_000);
        if (hub.clock.now() % 60_000 === 0)
          await sweep(
            hub,
            () => 60_000,
            () => undefined,
          );
        continue;
      }
      const delivered = await deliver(received.order, portsOf(hub));
      if (delivered.outcome === 'complete') hub.queue.remove(received.receipt);
      else hub.queue.hide(received.receipt, delivered.seconds);
    }
  };

  /** The numbers an endpoint has taken, in the order in which it took each first. */
  const taken = (ids: readonly string[]): readonly number[] => [...new Set(ids.map((id) => Number(id.split('.')[1])))];

  test('Whatever the queue loses and however the endpoint stumbles, it takes every notification, in order', async () => {
    await assert(
      asyncProperty(integer(), integer({ min: 0, max: 100 }), async (seed, health) => {
        const hub = await owing(8, { status: 'requested' });
        let state = seed;
        const chance = (): number => {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          return (state >>> 8) % 100;
        };
        const stumbling = 4;
        let stumbles = 0;
        const delivered: string[] = [];
        hub.channel.answer(({ webhookId }) => {
          if (stumbles < stumbling * 8 && chance() >= health) {
            stumbles += 1;
            // Every other stumble has taken the notification all the same: only its answer is lost.
            if (stumbles % 2 === 0) delivered.push(webhookId);
            return { failure: 'timeout' };
          }
          stumbles = 0;
          delivered.push(webhookId);
          return { status: 200 };
        });
        hub.queue.lose(() => chance() < 40);
        await work(hub, 1);
        hub.queue.lose(() => chance() < 40);
        await work(hub, 120);
        const settled = await statuses(hub);
        expect(settled).not.toContain('pending');
        const arrived = taken(delivered);
        expect(arrived.slice(0, 1)).toEqual([0]);
        expect(arrived).toEqual([...arrived].sort((one, other) => one - other));
        for (const [index, status] of settled.entries())
          if (status === 'delivered') expect(arrived).toContain(index + 1);
        expect(await deadNumbers(hub.deadLetters)).toHaveLength(settled.filter((status) => status === 'failed').length);
        expect(await hub.obligations.due('2098-01-01T00:00:00.000Z', 10)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
