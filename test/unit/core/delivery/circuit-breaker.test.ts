import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { EndpointJob, NotificationJob } from '../../../../core/delivery/delivery-queue.ts';
import type { Answer, Call } from '../../../../core/delivery/channel.ts';
import { becomes, deadNumbers } from '../../../support/endpoint-status.ts';
import { missionUpdate, sentBy } from '../../../support/messages.ts';
import {
  amk,
  la,
  mission,
  portsOf,
  hubWithPending,
  due,
  jobOf,
  statuses,
  secondsOf,
  handshake,
  hubWithMissions,
  subscriptionOf,
  unluckyPorts,
  hubMessages,
  openCircuit,
} from './deliver-scenario.ts';

describe('handshake', () => {
  test('sends a handshake before the first event and makes the subscription active', async () => {
    const hub = await hubWithPending(1, { status: 'requested' });
    expect(await deliver(jobOf(hub, 1), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1']);
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
      { kind: 'handshake', status: 'requested' },
      { kind: 'event-notification', status: 'active' },
    ]);
    expect((await hub.subscriptions.read('la'))?.status).toBe('active');
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('sends one handshake, however many notifications wait', async () => {
    const hub = await hubWithPending(3, { status: 'requested' });
    for (const number of [1, 2, 3]) await deliver(jobOf(hub, number), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1', 'la.2', 'la.3']);
  });

  test('sends one handshake although the queue lost the first notifications', async () => {
    const hub = await hubWithPending(3, { status: 'requested' });
    await deliver(jobOf(hub, 3), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1', 'la.2', 'la.3']);
  });

  test('sends no event to an endpoint that does not answer the handshake', async () => {
    const hub = await hubWithPending(1, { status: 'requested' });
    hub.channel.answer(() => ({ status: 503 }));
    expect(secondsOf(await deliver(jobOf(hub, 1), portsOf(hub)))).toBe(3);
    expect(hub.channel.ids()).toEqual(['la.0']);
    expect((await hub.subscriptions.read('la'))?.status).toBe('error');
    expect(await hub.notifications.read('la', 1)).toMatchObject({ status: 'pending', attempts: 1 });
    hub.channel.answer(() => ({ status: 200 }));
    hub.clock.advance(2_000);
    await deliver(jobOf(hub, 1), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.0', 'la.1']);
  });

  test('sends a handshake to a subscription in error when a notification is pending', async () => {
    const hub = await hubWithPending(2);
    await becomes(hub, 'la', 'error', { call: 'handshake', result: 'timeout', at: hub.clock.iso() });
    for (const number of [1, 2]) await deliver(jobOf(hub, number), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1', 'la.2']);
    const subscription = await hub.subscriptions.read('la');
    expect(subscription?.status).toBe('active');
    expect(subscription?.failedCall).toBeUndefined();
  });

  test('records every notification that waits as failed if the handshake is rejected for good', async () => {
    const hub = await hubWithPending(3, { status: 'requested' });
    hub.channel.answer(() => ({ status: 422 }));
    expect(await deliver(jobOf(hub, 3), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(new Set(hub.channel.ids())).toEqual(new Set(['la.0']));
    expect(await statuses(hub)).toEqual(['failed', 'failed', 'failed']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1, 2, 3]);
  });

  test('runs a handshake job', async () => {
    const hub = await hubWithPending(0, { status: 'requested' });
    expect(await deliver(handshake, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.0']);
    expect((await hub.subscriptions.read('la'))?.status).toBe('active');
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
  });

  test('sends no handshake to a subscription that is active, off or unknown', async () => {
    const hub = await hubWithPending(0, { status: 'requested' });
    for (let number = 0; number < 3; number += 1) await deliver(handshake, portsOf(hub));
    await becomes(hub, 'la', 'off');
    await deliver(handshake, portsOf(hub));
    await deliver({ ...handshake, subscription: 'nobody' }, portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.0']);
  });

  test('sets status error with the reason after a final answer', async () => {
    const hub = await hubWithPending(0, { status: 'requested' });
    hub.channel.answer(() => ({ status: 422 }));
    expect(await deliver(handshake, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await hub.subscriptions.read('la')).toMatchObject({
      status: 'error',
      failedCall: { call: 'handshake', result: 'HTTP 422' },
    });
  });

  test('sets status error after the first failed handshake and makes the next one due', async () => {
    const hub = await hubWithPending(0, { status: 'requested' });
    hub.channel.answer(() => ({ failure: 'timeout' }));
    const ports = portsOf(hub, () => 1);
    const waits: number[] = [];
    for (let count = 1; count <= 10; count += 1) {
      expect(await deliver(handshake, ports)).toEqual({ outcome: 'complete' });
      expect(await hub.subscriptions.read('la')).toMatchObject({
        status: 'error',
        failures: count,
        failedCall: { result: 'timeout' },
      });
      let seconds = 0;
      while ((await due(hub)).length === 0) {
        hub.clock.advance(1_000);
        seconds += 1;
      }
      expect(await due(hub)).toEqual([{ kind: 'contact', subscription: 'la', due: hub.clock.iso() }]);
      waits.push(seconds);
    }
    expect(waits).toEqual([2, 2, 2, 2, 2, 4, 8, 16, 30, 30]);
  });
});

describe('heartbeat', () => {
  const heartbeat: EndpointJob = { kind: 'heartbeat', subscription: 'la', due: '2026-02-01T11:01:00.000Z' };

  test('makes a heartbeat due from the handshake on, and after each heartbeat, with the requested period', async () => {
    const hub = await hubWithPending(0, { status: 'requested', heartbeat: 60 });
    await deliver(handshake, portsOf(hub));
    hub.clock.advance(59_999);
    expect(await due(hub)).toEqual([]);
    hub.clock.advance(3_001);
    expect(await due(hub)).toEqual([{ kind: 'contact', subscription: 'la', due: heartbeat.due }]);
    await deliver(heartbeat, portsOf(hub));
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
      { kind: 'handshake' },
      { kind: 'heartbeat', status: 'active' },
    ]);
    // The next is not later because this one was.
    hub.clock.advance(57_000);
    expect(await due(hub)).toEqual([{ kind: 'contact', subscription: 'la', due: '2026-02-01T11:02:00.000Z' }]);
  });

  test('does not repeat missed heartbeats', async () => {
    const hub = await hubWithPending(0, { status: 'requested', heartbeat: 60 });
    await deliver(handshake, portsOf(hub));
    hub.clock.advance(3_600_000);
    // The job of an hour ago: the sweeper sends a newer one.
    await deliver(heartbeat, portsOf(hub));
    expect(await due(hub)).toHaveLength(1);
    await deliver({ ...heartbeat, due: hub.clock.iso() }, portsOf(hub));
    expect(await due(hub)).toEqual([]);
    hub.clock.advance(60_000);
    expect(await due(hub)).toHaveLength(1);
  });

  test('sends no heartbeat that was not requested, and none to a subscription that is not active', async () => {
    const unwanted = await hubWithPending(0);
    await deliver(heartbeat, portsOf(unwanted));
    expect(unwanted.channel.ids()).toEqual([]);
    const refused = await hubWithPending(0, { status: 'requested', heartbeat: 60 });
    refused.channel.answer(() => ({ status: 422 }));
    await deliver(handshake, portsOf(refused));
    refused.clock.advance(3_600_000);
    expect(await due(refused)).toEqual([]);
  });

  test('sets status error after a final answer, until a handshake is answered', async () => {
    const hub = await hubWithPending(1, { heartbeat: 60 });
    hub.channel.answer(() => ({ status: 422 }));
    await deliver(heartbeat, portsOf(hub));
    expect(await hub.subscriptions.read('la')).toMatchObject({
      status: 'error',
      failedCall: { call: 'heartbeat', result: 'HTTP 422' },
    });
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(jobOf(hub, 1), portsOf(hub));
    expect(hub.channel.ids().slice(1)).toEqual(['la.0', 'la.1']);
    expect((await hub.subscriptions.read('la'))?.status).toBe('active');
  });

  test('opens the circuit after heartbeats without an answer', async () => {
    const hub = await hubWithPending(0, { heartbeat: 60 });
    hub.channel.answer(() => ({ failure: 'connection' }));
    for (let count = 0; count < 5; count += 1) {
      expect((await hub.subscriptions.read('la'))?.status).toBe('active');
      await deliver({ ...heartbeat, due: hub.clock.iso() }, portsOf(hub));
    }
    expect(await hub.subscriptions.read('la')).toMatchObject({ status: 'error', failedCall: { result: 'connection' } });
  });
});

describe('circuit breaker', () => {
  test('opens after five consecutive calls without an answer, of whichever mission', async () => {
    const hub = await hubWithMissions(6);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    for (const number of [1, 2, 3, 4]) await deliver(jobOf(hub, number), unluckyPorts(hub));
    expect(await subscriptionOf(hub)).toMatchObject({
      status: 'active',
      failures: 4,
      failedCall: { result: 'timeout' },
    });
    await deliver(jobOf(hub, 5), unluckyPorts(hub));
    expect(await subscriptionOf(hub)).toMatchObject({
      status: 'error',
      failures: 5,
      retryAt: new Date(hub.clock.now() + 2_000).toISOString(),
    });
    // Open: the sixth is put off until the probe, and no call is made for it.
    expect(await deliver(jobOf(hub, 6), unluckyPorts(hub))).toEqual({ outcome: 'retry', seconds: 3 });
    expect(hub.channel.posts).toHaveLength(5);
    expect(await hub.notifications.read('la', 6)).toMatchObject({
      status: 'pending',
      attempts: 0,
      lastAnswer: 'not called, the endpoint does not answer: timeout',
    });
  });

  test('sets status error after a call that the hub may not make, not after a rejection of the content', async () => {
    const answers: readonly (readonly [Answer, string])[] = [
      [{ failure: 'refused-address' }, 'error refused-address'],
      [{ status: 400 }, 'active none'],
      [{ status: 409 }, 'active none'],
      [{ status: 422 }, 'active none'],
    ];
    for (const [answer, expected] of answers) {
      const hub = await hubWithMissions(2);
      hub.channel.answer(() => answer);
      await deliver(jobOf(hub, 1), unluckyPorts(hub));
      const subscription = await subscriptionOf(hub);
      expect(`${subscription?.status} ${subscription?.failedCall?.result ?? 'none'}`).toBe(expected);
      hub.channel.answer(() => ({ status: 200 }));
      await deliver(jobOf(hub, 2), unluckyPorts(hub));
      expect(hub.channel.ids().slice(1)).toEqual(expected.startsWith('error') ? ['la.0', 'la.2'] : ['la.2']);
      expect((await subscriptionOf(hub))?.status).toBe('active');
    }
  });

  test('counts from zero again after any answer, also a rejection', async () => {
    for (const status of [200, 400]) {
      const hub = await hubWithMissions(9);
      for (let number = 1; number <= 9; number += 1) {
        hub.channel.answer(() => (number === 5 ? { status } : { failure: 'timeout' }));
        await deliver(jobOf(hub, number), unluckyPorts(hub));
      }
      expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 4 });
    }
  });

  test('sends one handshake as the probe when it is due, whichever caller is first', async () => {
    const hub = await openCircuit(9);
    hub.clock.advance(2_000);
    const before = hub.channel.posts.length;
    await Promise.all([
      ...[6, 7, 8, 9].map((number) => deliver(jobOf(hub, number), unluckyPorts(hub))),
      deliver(handshake, unluckyPorts(hub)),
      deliver(handshake, unluckyPorts(hub)),
    ]);
    expect(hub.channel.ids().slice(before)).toEqual(['la.0']);
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'error', failures: 6 });
  });

  test('makes the probe due, so that the circuit closes without a new notification', async () => {
    const hub = await openCircuit(5);
    hub.lanes.quick.lose(() => true);
    hub.clock.advance(2_000);
    expect(await due(hub)).toContainEqual({ kind: 'contact', subscription: 'la', due: hub.clock.iso() });
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(handshake, unluckyPorts(hub));
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 0 });
    expect((await subscriptionOf(hub))?.failedCall).toBeUndefined();
    expect((await subscriptionOf(hub))?.retryAt).toBeUndefined();
  });

  test('frees the probe of a caller that crashed after a time', async () => {
    const hub = await openCircuit(6);
    hub.clock.advance(2_000);
    const dying = { ...unluckyPorts(hub), channel: { post: () => Promise.reject(new Error('died')) } };
    await expect(deliver(handshake, dying)).rejects.toThrow('died');
    await deliver(handshake, unluckyPorts(hub));
    expect(hub.channel.posts).toHaveLength(5);
    hub.clock.advance(15_000);
    await deliver(handshake, unluckyPorts(hub));
    expect(hub.channel.ids().slice(5)).toEqual(['la.0']);
  });

  test('opens at once for all missions after a long Retry-After, and alerts people at once', async () => {
    const hub = await hubWithMissions(2);
    hub.channel.answer(() => ({ status: 503, retryAfter: 300 }));
    const start = hub.clock.now();
    await deliver(jobOf(hub, 1), unluckyPorts(hub));
    expect(await subscriptionOf(hub)).toMatchObject({
      status: 'error',
      failures: 1,
      retryAt: new Date(start + 300_000).toISOString(),
    });
    expect(await hubMessages(hub, 1)).toEqual(['party-unreachable']);
    await deliver(jobOf(hub, 2), unluckyPorts(hub));
    expect(await hubMessages(hub, 2)).toEqual(['party-unreachable']);
    expect(hub.channel.posts).toHaveLength(1);
  });

  test('delivers pending notifications within seconds of the close, whatever Retry-After was', async () => {
    const hub = await hubWithMissions(1);
    hub.channel.answer(() => ({ status: 503, retryAfter: 300 }));
    expect(secondsOf(await deliver(jobOf(hub, 1), unluckyPorts(hub)))).toBeLessThanOrEqual(11);
    const seen = await subscriptionOf(hub);
    if (seen === undefined) throw new Error('no subscription');
    expect(await hub.subscriptions.change(seen, hub.clock.iso())).toBe(true);
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(handshake, unluckyPorts(hub));
    hub.clock.advance(11_000);
    await deliver(jobOf(hub, 1), unluckyPorts(hub));
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('sends a handshake of its own for settings that were changed during a handshake', async () => {
    const hub = await hubWithPending(1, { status: 'requested' });
    const seen = await subscriptionOf(hub);
    if (seen === undefined) throw new Error('no subscription');
    const posted: string[] = [];
    const changing = {
      ...unluckyPorts(hub),
      channel: {
        post: async (_: unknown, { webhookId }: Call) => {
          posted.push(webhookId);
          await hub.subscriptions.change(seen, hub.clock.iso());
          return { status: 200 };
        },
      },
    };
    secondsOf(await deliver(jobOf(hub, 1), changing));
    expect(posted).toEqual(['la.0']);
    expect(await statuses(hub)).toEqual(['pending']);
    hub.clock.advance(3_000);
    await deliver(jobOf(hub, 1), unluckyPorts(hub));
    expect(hub.channel.ids()).toEqual(['la.0', 'la.1']);
  });

  test('obeys the Retry-After of a probe within its limits', async () => {
    const hub = await openCircuit(5);
    hub.clock.advance(2_000);
    hub.channel.answer(() => ({ status: 503, retryAfter: 1_000_000 }));
    await deliver(handshake, unluckyPorts(hub));
    expect((await subscriptionOf(hub))?.retryAt).toBe(new Date(hub.clock.now() + 300_000).toISOString());
  });

  test('delivers everything that is pending once it is closed', async () => {
    const hub = await openCircuit(8);
    hub.clock.advance(60_000);
    hub.channel.answer(() => ({ status: 200 }));
    for (let number = 1; number <= 8; number += 1) await deliver(jobOf(hub, number), unluckyPorts(hub));
    expect(hub.channel.ids().slice(5)).toEqual(['la.0', ...Array.from({ length: 8 }, (_, index) => `la.${index + 1}`)]);
    expect(new Set(await statuses(hub))).toEqual(new Set(['delivered']));
  });

  test('stays open after an answer to a call that began before it opened', async () => {
    const hub = await openCircuit(6);
    const [seen] = await hub.subscriptions.ofOrganisation(la.organisation);
    if (seen === undefined) throw new Error('no subscription');
    const slow = {
      ...unluckyPorts(hub),
      contexts: {
        load: async (job: NotificationJob) => ({
          ...(await hub.contexts.load(job)),
          subscription: { ...seen, status: 'active' as const, failures: 2 },
        }),
      },
      channel: { post: async () => ({ status: 200 }) },
    };
    await deliver(jobOf(hub, 6), slow);
    expect((await statuses(hub))[5]).toBe('delivered');
    expect((await subscriptionOf(hub))?.status).toBe('error');
  });

  test('gives up a notification that waited behind another in the same twelve minutes', async () => {
    const hub = await hubWithPending(3);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    const start = hub.clock.now();
    for (;;) {
      const delivered = await deliver(jobOf(hub, 3), unluckyPorts(hub));
      if (delivered.outcome === 'complete') break;
      hub.clock.advance(delivered.seconds * 1000);
    }
    expect(await statuses(hub)).toEqual(['failed', 'failed', 'failed']);
    expect(hub.clock.now() - start).toBeLessThan(13 * 60_000);
    // Few calls for all that time: five, and then probes.
    expect(hub.channel.posts.length).toBeLessThan(35);
  });

  test('tries a notification for twelve minutes if it was written late behind another', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    secondsOf(await deliver(jobOf(hub, 1), unluckyPorts(hub)));
    hub.clock.advance(719_000);
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id: 'late' }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    hub.clock.advance(1_000);
    secondsOf(await deliver(jobOf(hub, 2), unluckyPorts(hub)));
    expect(await statuses(hub)).toEqual(['failed', 'pending']);
  });

  test('makes no probe due after a final answer, and sends a handshake for each new notification', async () => {
    const hub = await openCircuit(7);
    hub.clock.advance(2_000);
    hub.channel.answer(() => ({ status: 422 }));
    await deliver(handshake, unluckyPorts(hub));
    expect(await subscriptionOf(hub)).toMatchObject({
      status: 'error',
      failedCall: { call: 'handshake', result: 'HTTP 422' },
    });
    hub.lanes.quick.lose(() => false);
    hub.clock.advance(86_400_000);
    expect((await due(hub)).filter(({ kind }) => kind === 'contact')).toEqual([]);
    const before = hub.channel.posts.length;
    expect(await deliver(jobOf(hub, 6), unluckyPorts(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids().slice(before)).toEqual(['la.0']);
    expect((await statuses(hub))[5]).toBe('failed');
  });

  test('keeps a subscription off that was turned off during a call', async () => {
    const hub = await openCircuit(5);
    hub.clock.advance(2_000);
    const late = {
      ...unluckyPorts(hub),
      channel: {
        post: async () => {
          await hub.subscriptions.turnOff('la', hub.clock.iso());
          return { status: 200 };
        },
      },
    };
    await deliver(handshake, late);
    expect((await subscriptionOf(hub))?.status).toBe('off');
  });
});
