import { describe, expect, test } from 'vitest';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { quickCallsPerParty } from '../../../../core/delivery/delivery-queue.ts';
import { deliverQuickly } from '../../../../core/delivery/quick-lane.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { slotsPerEndpoint, slotsPerParty } from '../../../../core/delivery/call-slots.ts';
import { type MemoryHub } from '../../../memory/hub.ts';
import { becomes } from '../../../support/endpoint-status.ts';
import {
  hubMessages,
  hubWithMissions,
  hubWithPending,
  jobOf,
  la,
  openCircuit,
  portsOf,
  secondsOf,
  statuses,
  subscriptionOf,
} from './deliver-scenario.ts';

/** An endpoint that takes so many seconds for its answer 200. */
const answersAfter = (hub: MemoryHub, seconds: () => number): void =>
  hub.channel.answer((posted) => {
    const taken = Math.min(seconds(), posted.seconds);
    hub.clock.advance(taken * 1000);
    return taken < seconds() ? { failure: 'timeout' } : { status: 200 };
  });

const quickly = (hub: MemoryHub, number: number) => deliverQuickly(jobOf(hub, number), portsOf(hub));
const moved = (hub: MemoryHub) => hub.lanes.slow.notifications().map(({ number }) => number);

describe('quick lane', () => {
  test('delivers to a quick endpoint, and moves nothing', async () => {
    const hub = await hubWithPending(2);
    for (const number of [1, 2]) expect(await quickly(hub, number)).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['delivered', 'delivered']);
    expect(hub.channel.posts.map(({ seconds }) => seconds)).toEqual([2, 2]);
    expect(moved(hub)).toEqual([]);
  });

  test('cuts a call off after two seconds, marks the endpoint slow, and counts no failure', async () => {
    const hub = await hubWithPending(1);
    answersAfter(hub, () => 9);
    const before = hub.clock.now();
    expect(await quickly(hub, 1)).toEqual({ outcome: 'complete' });
    expect(hub.clock.now() - before).toBe(2_000);
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 0, quickAnswersNeeded: 3 });
    expect(await hub.notifications.read('la', 1)).toMatchObject({ status: 'pending', attempts: 0 });
    expect(moved(hub)).toEqual([1]);
    const [job] = hub.lanes.slow.notifications();
    if (job !== undefined) expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['delivered']);
    expect(hub.channel.posts.map(({ webhookId, seconds }) => [webhookId, seconds])).toEqual([
      ['la.1', 2],
      ['la.1', 10],
    ]);
  });

  test('counts it as a failure if the subscriber itself asked for so little time', async () => {
    const hub = await hubWithPending(1, { timeout: 1 });
    await becomes(hub, 'la', 'active');
    answersAfter(hub, () => 5);
    await quickly(hub, 1);
    expect(await subscriptionOf(hub)).toMatchObject({ failures: 1 });
    expect((await subscriptionOf(hub))?.quickAnswersNeeded).toBeUndefined();
  });

  test('calls no slow endpoint, until three quick answers in a row', async () => {
    const hub = await hubWithMissions(8);
    let seconds = 9;
    answersAfter(hub, () => seconds);
    const slowly = async (number: number): Promise<void> => {
      const calls = hub.channel.posts.length;
      await quickly(hub, number);
      expect(hub.channel.posts).toHaveLength(calls);
      await deliver(jobOf(hub, number), portsOf(hub));
    };
    await quickly(hub, 1);
    seconds = 0.2;
    await slowly(2);
    seconds = 1.5;
    // Neither quick nor slow.
    await slowly(3);
    expect(await subscriptionOf(hub)).toMatchObject({ quickAnswersNeeded: 2 });
    seconds = 3;
    await slowly(4);
    expect(await subscriptionOf(hub)).toMatchObject({ quickAnswersNeeded: 3 });
    seconds = 0.2;
    for (const number of [5, 6, 7]) await slowly(number);
    expect((await subscriptionOf(hub))?.quickAnswersNeeded).toBeUndefined();
    const calls = hub.channel.posts.length;
    await quickly(hub, 8);
    expect(hub.channel.posts).toHaveLength(calls + 1);
  });

  test('moves a job after a failed attempt, which is not tried again before its time', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 503 }));
    expect(await quickly(hub, 1)).toEqual({ outcome: 'complete' });
    expect(await hub.notifications.read('la', 1)).toMatchObject({ attempts: 1, lastAnswer: 'HTTP 503' });
    const [job] = hub.lanes.slow.notifications();
    if (job === undefined) throw new Error('nothing was moved');
    expect(secondsOf(await deliver(job, portsOf(hub)))).toBeGreaterThanOrEqual(1);
    expect(hub.channel.posts).toHaveLength(1);
    hub.channel.answer(() => ({ status: 200 }));
    hub.clock.advance(2_000);
    expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
  });

  test('lets no notification overtake an earlier one of its mission that is in the slow lane', async () => {
    const hub = await hubWithPending(3);
    hub.channel.answer(() => ({ status: 503 }));
    await quickly(hub, 1);
    hub.channel.answer(() => ({ status: 200 }));
    for (const number of [2, 3]) await quickly(hub, number);
    expect(hub.channel.ids()).toEqual(['la.1']);
    expect(moved(hub)).toEqual([1, 2, 3]);
    hub.clock.advance(5_000);
    for (let received = hub.lanes.slow.receive(); received !== undefined; received = hub.lanes.slow.receive()) {
      expect(await deliver(received.job, portsOf(hub))).toEqual({ outcome: 'complete' });
      hub.lanes.slow.remove(received.receipt);
    }
    expect(hub.channel.ids()).toEqual(['la.1', 'la.1', 'la.2', 'la.3']);
  });

  test('alerts people at once that an endpoint is dead, and makes no call', async () => {
    const hub = await openCircuit(6);
    const calls = hub.channel.posts.length;
    await quickly(hub, 6);
    expect(hub.channel.posts).toHaveLength(calls);
    expect(await hubMessages(hub, 6)).toEqual(['party-unreachable']);
    expect(moved(hub)).toEqual([6]);
  });

  test('moves a job that fails inside the hub, so that it blocks no other mission of its group', async () => {
    const hub = await hubWithPending(1);
    const job = { ...jobOf(hub, 1), entry: 9 };
    expect(await deliverQuickly(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.lanes.slow.waiting()).toEqual([job]);
    expect(hub.channel.posts).toEqual([]);
  });

  test('moves a job without running it, if processes were lost with it', async () => {
    const hub = await hubWithPending(1);
    for (const receives of [3, 4]) {
      expect(await deliverQuickly(jobOf(hub, 1), portsOf(hub), { receives })).toEqual({ outcome: 'complete' });
      expect(hub.channel.posts).toEqual([]);
      expect(moved(hub)).toEqual([1]);
    }
    const [job] = hub.lanes.slow.notifications();
    if (job !== undefined) expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test.each([1, 2, Number.NaN])('runs a job that is received for the %sth time', async (receives) => {
    const hub = await hubWithPending(1);
    await deliverQuickly(jobOf(hub, 1), portsOf(hub), { receives });
    expect(await statuses(hub)).toEqual(['delivered']);
    expect(moved(hub)).toEqual([]);
  });

  test('keeps a job while the storage cannot be reached', async () => {
    const hub = await hubWithPending(1);
    const load = async (): Promise<never> => {
      throw new Unavailable('no answer');
    };
    const ports = { ...portsOf(hub), contexts: { load } };
    await expect(deliverQuickly(jobOf(hub, 1), ports)).rejects.toThrow(Unavailable);
    expect(moved(hub)).toEqual([]);
  });

  test('moves handshakes and heartbeats', async () => {
    const hub = await hubWithPending(0);
    const job = { kind: 'heartbeat', subscription: 'la', due: hub.clock.iso() } as const;
    expect(await deliverQuickly(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.lanes.slow.waiting()).toEqual([job]);
  });

  test('bounds the jobs of one party that are worked at the same time', async () => {
    const hub = await hubWithMissions(60);
    let received = 0;
    while (hub.lanes.quick.receive() !== undefined) received += 1;
    expect(received).toBeLessThanOrEqual(quickCallsPerParty);
  });
});

describe('slots of the slow lane', () => {
  /** As if so many calls to other endpoints of the party were in flight. */
  const occupied = async (hub: MemoryHub, count: number): Promise<void> => {
    for (let other = 0; other < count; other += 1) {
      const until = new Date(hub.clock.now() + 25_000).toISOString();
      await hub.slots.take(
        { id: `other-${other}`, organisation: la.organisation, holder: `${other} ${until}` },
        hub.clock.iso(),
        until,
      );
    }
  };

  test('are held during an attempt only', async () => {
    const hub = await hubWithMissions(slotsPerEndpoint + 2);
    for (let number = 1; number <= slotsPerEndpoint + 2; number += 1)
      expect(await deliver(jobOf(hub, number), portsOf(hub))).toEqual({ outcome: 'complete' });
  });

  test('are waited for without a call, longer the longer a notification has waited', async () => {
    const hub = await hubWithPending(1);
    const waits: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      await occupied(hub, slotsPerParty);
      const seconds = secondsOf(await deliver(jobOf(hub, 1), portsOf(hub)));
      waits.push(seconds);
      hub.clock.advance(seconds * 1000);
    }
    expect(hub.channel.posts).toEqual([]);
    expect(waits[0]).toBe(4);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20);
    expect(waits.at(-1)).toBeGreaterThan(3);
  });

  test('alert people 30 s after the notification was written, once', async () => {
    const hub = await hubWithPending(1);
    for (const second of [0, 29]) {
      hub.clock.advance(second * 1000);
      await occupied(hub, slotsPerParty);
      await deliver(jobOf(hub, 1), portsOf(hub));
      expect(await hubMessages(hub, 1)).toEqual([]);
    }
    hub.clock.advance(1_000);
    for (let count = 0; count < 2; count += 1) {
      await occupied(hub, slotsPerParty);
      await deliver(jobOf(hub, 1), portsOf(hub));
      expect(await hubMessages(hub, 1)).toEqual(['party-unreachable']);
      hub.clock.advance(60_000);
    }
    expect(await hub.notifications.read('la', 1)).toMatchObject({ status: 'pending', warned: true });
  });

  test('do not use the time for which a notification is tried', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 503 }));
    await deliver(jobOf(hub, 1), portsOf(hub));
    hub.clock.advance(2_000);
    await occupied(hub, slotsPerParty);
    await deliver(jobOf(hub, 1), portsOf(hub));
    hub.clock.advance(3_600_000);
    expect(secondsOf(await deliver(jobOf(hub, 1), portsOf(hub)))).toBeGreaterThan(0);
    expect(await statuses(hub)).toEqual(['pending']);
    expect((await hub.notifications.read('la', 1))?.waiting).toBeUndefined();
  });

  test('are not needed by an attempt that makes no call', async () => {
    const hub = await openCircuit(6);
    await occupied(hub, slotsPerParty);
    await deliver(jobOf(hub, 6), portsOf(hub));
    expect(await hubMessages(hub, 6)).toEqual(['party-unreachable']);
  });

  test('are needed by handshakes and heartbeats, which come back', async () => {
    const hub = await hubWithPending(0, { status: 'requested' });
    await occupied(hub, slotsPerParty);
    const handshake = { kind: 'handshake', subscription: 'la', due: hub.clock.iso() } as const;
    expect(await deliver(handshake, portsOf(hub))).toEqual({ outcome: 'retry', seconds: 4 });
    hub.clock.advance(30_000);
    expect(await deliver(handshake, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'active' });
  });

  test('leave out heartbeats that are late, however many jobs have piled up', async () => {
    const hub = await hubWithPending(0, { heartbeat: 60 });
    await becomes(hub, 'la', 'active');
    const heartbeats = [0, 30, 60, 90, 120].map((second) => ({
      kind: 'heartbeat' as const,
      subscription: 'la',
      due: new Date(hub.clock.now() + second * 1000).toISOString(),
    }));
    hub.clock.advance(125_000);
    for (const job of heartbeats) expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(heartbeats.slice(-2).map(({ due }) => `la.heartbeat.${due}`));
  });
});
