import { describe, expect, test, vi } from 'vitest';
import type { Obligation } from '../../core/delivery/obligations.ts';
import { attempted, becomes } from '../support/endpoint-status.ts';
import { type Contract, at, endOfTime, sampleSubscription, fanOutResult } from './scenario.ts';

export const obligationsContract = ({
  ports,
  fresh,
  missionWithUpdates,
  store,
  subscribe,
  notificationOf,
  numberEntry,
  expectDue,
}: Contract): void => {
  describe('Obligations', () => {
    const ofMission =
      (mission: string) =>
      (one: Obligation): boolean =>
        one.kind === 'fan-out' && one.mission === mission;
    const ofSubscription =
      (id: string) =>
      (one: Obligation): boolean =>
        'subscription' in one && one.subscription === id;

    test('makes an entry due from its time on, while its fan-out is pending', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries.slice(0, 1), at(10));
      await expectDue(at(10), ofMission(mission), [{ kind: 'fan-out', mission, entry: 1 }]);
      await expectDue(at(9), ofMission(mission), []);
    });

    test('returns the longest due first', async () => {
      const { mission, first } = missionWithUpdates();
      for (const [number, second] of [
        [1, 30],
        [2, 10],
        [3, 20],
      ] as const)
        expect(await ports().missions.append({ ...first, number }, at(second))).toBe('appended');
      await expectDue(
        at(60),
        ofMission(mission),
        [2, 3, 1].map((entry) => ({ kind: 'fan-out' as const, mission, entry })),
      );
    });

    test('returns at most as many as the limit', async () => {
      const { entries } = missionWithUpdates();
      await store(entries, at(0));
      await vi.waitFor(async () => expect(await ports().obligations.due(at(60), 2)).toHaveLength(2));
    });

    test('returns what is planned for after a time, farthest ahead first', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries.slice(0, 1), '2098-01-01T00:00:00.000Z');
      await vi.waitFor(async () => {
        const planned = await ports().obligations.dueAfter('2097-01-01T00:00:00.000Z', 1_000);
        expect(planned).toContainEqual({
          obligation: { kind: 'fan-out', mission, entry: 1 },
          dueAt: '2098-01-01T00:00:00.000Z',
        });
        expect(planned.map(({ dueAt }) => dueAt)).toEqual(
          planned
            .map(({ dueAt }) => dueAt)
            .toSorted()
            .reverse(),
        );
      });
      const after = await ports().obligations.dueAfter('2098-01-01T00:00:00.000Z', 1_000);
      expect(after.map(({ obligation }) => obligation)).not.toContainEqual({ kind: 'fan-out', mission, entry: 1 });
      expect(await ports().obligations.dueAfter('2097-01-01T00:00:00.000Z', 1)).toHaveLength(1);
    });

    test('counts what is undelivered since when, whenever it is due', async () => {
      const before = (await ports().obligations.undelivered()).count;
      const { mission, first } = missionWithUpdates();
      // Older than what the other tests store.
      const old = (second: number): string => at(second).replace(/^2\d{3}/, '2001');
      await store([{ ...first, receivedAt: old(20) }], endOfTime);
      const expectOldest = async (since: string, more: number): Promise<void> =>
        vi.waitFor(async () =>
          expect(await ports().obligations.undelivered()).toEqual({ count: before + more, since }),
        );
      await expectOldest(old(20), 1);
      const subscription = await subscribe(fresh());
      const notification = { ...notificationOf(subscription, 'a', 1), writtenAt: old(10) };
      await ports().notifications.append(notification, endOfTime);
      await expectOldest(old(10), 2);
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], []));
      await expectOldest(old(10), 1);
      const failed = attempted({ at: at(71), answer: 'HTTP 410', status: 'failed' });
      await ports().notifications.record(subscription.id, 1, failed);
      await vi.waitFor(async () => expect((await ports().obligations.undelivered()).count).toBe(before));
      await ports().deadLetters.redrive(subscription.id, 1, old(30), endOfTime);
      await expectOldest(old(30), 1);
      await ports().notifications.record(subscription.id, 1, { ...failed, status: 'delivered' });
    });

    test('postpones what is pending, and nothing else', async () => {
      const { mission, first } = missionWithUpdates();
      await store([first], at(0));
      const obligation: Obligation = { kind: 'fan-out', mission, entry: 1 };
      await vi.waitFor(async () => expect(await ports().obligations.due(at(0), 100)).toContainEqual(obligation));
      await ports().obligations.postpone(obligation, at(90));
      await vi.waitFor(async () => expect(await ports().obligations.due(at(89), 100)).not.toContainEqual(obligation));
      await vi.waitFor(async () => expect(await ports().obligations.due(at(90), 100)).toContainEqual(obligation));
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], []));
      await ports().obligations.postpone(obligation, at(1));
      await ports().obligations.postpone({ kind: 'delivery', subscription: fresh(), number: 1 }, at(1));
      await vi.waitFor(async () => expect(await ports().obligations.due(at(90), 100)).not.toContainEqual(obligation));
    });

    test('writes nothing when it postpones what was never pending', async () => {
      const { mission } = missionWithUpdates();
      const id = fresh();
      await ports().obligations.postpone({ kind: 'fan-out', mission, entry: 1 }, at(1));
      await ports().obligations.postpone({ kind: 'delivery', subscription: id, number: 1 }, at(1));
      await ports().obligations.postpone({ kind: 'contact', subscription: id, due: at(0) }, at(1));
      expect(await ports().missions.last(mission)).toBeUndefined();
      expect(await ports().notifications.read(id, 1)).toBeUndefined();
      expect(await ports().subscriptions.read(id)).toBeUndefined();
    });

    test('has no obligation for an entry whose fan-out is complete', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries.slice(0, 1), at(0));
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], []));
      await expectDue(endOfTime, ofMission(mission), []);
    });

    test('keeps a notification due until it is complete; a failed attempt moves its time', async () => {
      const subscription = await subscribe(fresh());
      await becomes(ports(), subscription.id, 'active');
      const mine = ofSubscription(subscription.id);
      const pending: Obligation = { kind: 'delivery', subscription: subscription.id, number: 1 };
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(10));
      await expectDue(at(10), mine, [pending]);
      await expectDue(at(9), mine, []);
      await ports().notifications.record(
        subscription.id,
        1,
        attempted({
          at: at(11),
          answer: 'timeout',
          status: 'pending',
          dueAt: at(70),
        }),
      );
      await expectDue(at(69), mine, []);
      await expectDue(at(70), mine, [pending]);
      await ports().notifications.record(
        subscription.id,
        1,
        attempted({ at: at(71), answer: 'HTTP 410', status: 'failed' }),
      );
      await expectDue(endOfTime, mine, []);
    });

    test('keeps a handshake due until the subscription has another status', async () => {
      for (const status of ['active', 'error', 'off'] as const) {
        const subscription = { ...sampleSubscription(fresh(), fresh()), status: 'requested' as const };
        await ports().subscriptions.create(subscription, at(0));
        const mine = ofSubscription(subscription.id);
        await expectDue(at(1), mine, [{ kind: 'contact', subscription: subscription.id, due: at(0) }]);
        await becomes(ports(), subscription.id, status);
        await expectDue(endOfTime, mine, []);
      }
    });

    test('keeps a handshake due when a notification is numbered', async () => {
      const subscription = { ...sampleSubscription(fresh(), fresh()), status: 'requested' as const };
      await ports().subscriptions.create(subscription, at(0));
      await numberEntry(subscription, 'a', 1);
      await expectDue(at(1), ofSubscription(subscription.id), [
        { kind: 'contact', subscription: subscription.id, due: at(0) },
      ]);
    });
  });
};
