import { describe, expect, test } from 'vitest';
import type { NotificationJob } from '../../core/delivery/delivery-queue.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { type Contract, endOfTime, sampleSubscription } from './scenario.ts';

export const deliveryContextsContract = ({
  ports,
  fresh,
  missionWithUpdates,
  store,
  subscribe,
  notificationOf,
}: Contract): void => {
  describe('DeliveryContexts', () => {
    const orderFor = (subscription: Subscription, mission: string, entry: number): NotificationJob => ({
      kind: 'notification',
      subscription: subscription.id,
      organisation: subscription.organisation,
      number: entry,
      mission,
      entry,
      sources: [1, 2],
      ...(entry === 1 ? {} : { previous: entry - 1 }),
    });

    test('loads subscription, notification, previous notification, entry and the entries that describe the mission', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const subscription = await subscribe(fresh());
      for (const { number } of entries)
        await ports().notifications.append(notificationOf(subscription, mission, number), endOfTime);
      const found = await ports().contexts.load(orderFor(subscription, mission, 3));
      expect(found.subscription).toMatchObject({ id: subscription.id, secret: subscription.secret });
      expect(found.notification).toEqual(notificationOf(subscription, mission, 3));
      expect(found.previous).toEqual(notificationOf(subscription, mission, 2));
      expect(found.entry).toMatchObject({ number: 3, text: entries[2]?.text, state: entries[2]?.state });
      expect(found.sources).toMatchObject(entries.slice(0, 2).map(({ number, text }) => ({ number, text })));
    });

    test('loads the first notification, whose entry has the request', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const subscription = await subscribe(fresh());
      await ports().notifications.append(notificationOf(subscription, mission, 1), endOfTime);
      const found = await ports().contexts.load({ ...orderFor(subscription, mission, 1), sources: [] });
      expect(found.entry?.number).toBe(1);
      expect(found.sources).toMatchObject([{ number: 1 }]);
      expect(found.previous).toBeUndefined();
    });

    test('loads the entries that describe the mission, whatever the job names', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const subscription = await subscribe(fresh());
      await ports().notifications.append(notificationOf(subscription, mission, 3), endOfTime);
      for (const sources of [[], [1], [2], [3], [99], [1, 2]]) {
        const found = await ports().contexts.load({ ...orderFor(subscription, mission, 3), sources });
        expect(found.sources.map(({ number }) => number)).toEqual([1, 2]);
      }
    });

    test('loads nothing that does not exist', async () => {
      const { mission } = missionWithUpdates();
      const found = await ports().contexts.load(orderFor(sampleSubscription(fresh(), fresh()), mission, 3));
      expect(found).toEqual({ sources: [] });
    });
  });
};
