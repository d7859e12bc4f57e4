import { describe, expect, test } from 'vitest';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { decideRetry, deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import type { Notification } from '../../../../core/delivery/notifications.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import {
  due,
  handshake,
  hubWithMissions,
  hubWithPending,
  jobOf,
  mission,
  portsOf,
  rejected,
  statuses,
  subscriptionOf,
} from './deliver-scenario.ts';

/** A partner's bad minute: an endpoint that rejects every call is tried again for two minutes. */

const eventsOf = async (hub: MemoryHub, of = mission): Promise<readonly string[]> =>
  (await hub.missions.entries(of, 1, 1000))
    .map(({ event }) => event)
    .filter((event) => /^(party|delivery)-/.test(event));

/** Delivers a notification, attempt after attempt, until it is complete; `at` gets the seconds since the first attempt. */
const deliverUntilComplete = async (
  hub: MemoryHub,
  number: number,
  at: (seconds: number) => void = () => undefined,
): Promise<number> => {
  const start = hub.clock.now();
  for (;;) {
    at((hub.clock.now() - start) / 1000);
    const delivered = await deliver(jobOf(hub, number), portsOf(hub));
    if (delivered.outcome === 'complete') return (hub.clock.now() - start) / 1000;
    hub.clock.advance(delivered.seconds * 1000);
  }
};

describe('an endpoint that rejects every call', () => {
  test.each(rejected.map(({ status }) => status))(
    'gets the notification if it answers 2xx within two minutes: HTTP %i',
    async (status) => {
      const hub = await hubWithPending(1);
      const seconds = await deliverUntilComplete(hub, 1, (since) =>
        hub.channel.answer(() => ({ status: since < 100 ? (status ?? 0) : 200 })),
      );
      expect(await statuses(hub)).toEqual(['delivered']);
      expect(seconds).toBeLessThan(120);
      expect(await subscriptionOf(hub)).toMatchObject({ status: 'active', failures: 0 });
      expect(await subscriptionOf(hub)).not.toHaveProperty('rejectedSince');
    },
  );

  test('is given up after two minutes, and people are alerted at the first rejection and at the last', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 401 }));
    await deliver(jobOf(hub, 1), portsOf(hub));
    expect(await eventsOf(hub)).toEqual(['party-unreachable']);
    expect((await subscriptionOf(hub))?.status).toBe('active');
    hub.clock.advance(1_000);
    const seconds = await deliverUntilComplete(hub, 1);
    expect(seconds).toBeGreaterThanOrEqual(119);
    expect(seconds).toBeLessThanOrEqual(145);
    expect(await statuses(hub)).toEqual(['failed']);
    expect(await eventsOf(hub)).toEqual(['party-unreachable', 'delivery-failed']);
    expect(await subscriptionOf(hub)).toMatchObject({ status: 'error', failedCall: { result: 'HTTP 401' } });
  });

  test('alerts people once per mission and outage, for all missions at once', async () => {
    const hub = await hubWithMissions(7);
    hub.channel.answer(() => ({ status: 403 }));
    for (let round = 0; round < 3; round += 1) {
      for (let number = 1; number <= 7; number += 1) await deliver(jobOf(hub, number), portsOf(hub));
      hub.clock.advance(1_000);
    }
    for (let number = 1; number <= 7; number += 1)
      expect(await eventsOf(hub, (await hub.notifications.read('la', number))?.mission ?? '')).toEqual([
        'party-unreachable',
      ]);
  });

  test('is probed by the sweeper for two minutes, and not after that', async () => {
    const hub = await hubWithPending(0, { status: 'requested' });
    hub.channel.answer(() => ({ status: 404 }));
    const start = hub.clock.now();
    let last = 0;
    for (let second = 0; second < 300; second += 1) {
      if (second === 0 || (await due(hub)).some(({ kind }) => kind === 'contact')) {
        await deliver(handshake, portsOf(hub));
        last = (hub.clock.now() - start) / 1000;
      }
      hub.clock.advance(1_000);
    }
    expect(last).toBeGreaterThanOrEqual(120);
    expect(last).toBeLessThanOrEqual(131);
    expect(hub.channel.ids().length).toBeGreaterThan(10);
    expect((await subscriptionOf(hub))?.status).toBe('error');
  });

  test('is tried for another two minutes with a later notification', async () => {
    const hub = await hubWithMissions(2);
    hub.channel.answer(() => ({ status: 404 }));
    await deliverUntilComplete(hub, 1);
    hub.clock.advance(3_600_000);
    const seconds = await deliverUntilComplete(hub, 2, (since) =>
      hub.channel.answer(() => ({ status: since < 90 ? 404 : 200 })),
    );
    expect(seconds).toBeGreaterThanOrEqual(90);
    expect(await statuses(hub)).toEqual(['failed', 'delivered']);
    expect(hub.channel.ids().slice(-2)).toEqual(['la.0', 'la.2']);
  });

  test('is given up together with what waits behind it in the mission', async () => {
    const hub = await hubWithPending(3);
    hub.channel.answer(() => ({ status: 404 }));
    expect(await deliverUntilComplete(hub, 3)).toBeLessThanOrEqual(150);
    expect(await statuses(hub)).toEqual(['failed', 'failed', 'failed']);
  });

  test('is tried for twelve minutes if it sometimes does not answer at all', async () => {
    const hub = await hubWithPending(1);
    let calls = 0;
    hub.channel.answer(() => ((calls += 1) % 2 === 0 ? { status: 404 } : { failure: 'timeout' }));
    expect(await deliverUntilComplete(hub, 1)).toBeGreaterThan(600);
  });
});

describe('a clock that jumps', () => {
  const pending: Notification = {
    subscription: 'la',
    number: 1,
    organisation: '311000012',
    mission: 'mission',
    entry: 1,
    writtenAt: '2026-02-01T11:00:00.000Z',
    status: 'pending',
    attempts: 0,
  };
  const start = Date.parse(pending.writtenAt);

  /** Seconds that the hub really waits, with a clock that is wrong by `ahead` milliseconds from the second attempt on. */
  const waited = (ahead: number): number => {
    let total = 0;
    let notification = pending;
    for (let attempt = 0; ; attempt += 1) {
      const now = start + total * 1000 + (attempt === 0 ? 0 : ahead);
      const decision = decideRetry(
        notification,
        undefined,
        { result: { answer: { status: 404 } }, startedAt: now, endedAt: now },
        { settings: { ...deliverySettings, tryFor: Number.MAX_SAFE_INTEGER }, jitter: 0.5 },
      );
      if (decision.outcome !== 'retry') return total;
      total += decision.wait;
      const { firstTriedAt, rejectedFor } = decision.record;
      notification = { ...notification, attempts: attempt + 1, firstTriedAt, rejectedFor: rejectedFor ?? 0 };
    }
  };

  test.each([0, 3_600_000, -3_600_000, 86_400_000])('keeps the two minutes: %i ms', (ahead) =>
    expect(waited(ahead)).toBe(120),
  );
});
