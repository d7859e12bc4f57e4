import { describe, expect, test } from 'vitest';
import type { Contract } from './scenario.ts';

export const numberingContract = ({ ports, fresh, subscribe, numberEntry }: Contract): void => {
  describe('numberNotification', () => {
    test('writes the notification under its number, pending and due', async () => {
      const subscription = await subscribe(fresh());
      const written = await numberEntry(subscription, 'a', 1);
      expect(written).toMatchObject({ number: 1, mission: 'a', entry: 1, status: 'pending', attempts: 0 });
      expect(await ports().notifications.read(subscription.id, 1)).toEqual(written);
      expect(await ports().places.read({ subscription: subscription.id, mission: 'a' })).toEqual({
        entry: 1,
        number: 1,
      });
    });

    test('numbers notifications 1, 2, 3 … per subscription, each with the number before it in its mission', async () => {
      const one = await subscribe(fresh());
      const other = await subscribe(fresh());
      const numbered = async (subscription: typeof one, mission: string, entry: number) => {
        const notification = await numberEntry(subscription, mission, entry);
        return notification === 'passed' ? notification : [notification.number, notification.previous];
      };
      expect(await numbered(one, 'a', 1)).toEqual([1, undefined]);
      expect(await numbered(one, 'b', 1)).toEqual([2, undefined]);
      expect(await numbered(one, 'a', 2)).toEqual([3, 1]);
      expect(await numbered(other, 'a', 2)).toEqual([1, undefined]);
      expect(await numbered(one, 'b', 7)).toEqual([4, 2]);
      expect(await ports().notifications.newest(one.id)).toBe(4);
    });

    test('returns the same notification for the same entry', async () => {
      const subscription = await subscribe(fresh());
      await numberEntry(subscription, 'a', 1);
      const first = await numberEntry(subscription, 'a', 2);
      await numberEntry(subscription, 'b', 1);
      expect(await numberEntry(subscription, 'a', 2)).toEqual(first);
      expect(await ports().notifications.newest(subscription.id)).toBe(3);
    });

    test('passes an entry before the last one with a number', async () => {
      const subscription = await subscribe(fresh());
      await numberEntry(subscription, 'a', 1);
      await numberEntry(subscription, 'a', 2);
      expect(await numberEntry(subscription, 'a', 1)).toBe('passed');
      expect(await ports().notifications.newest(subscription.id)).toBe(2);
    });

    test('gives one number to concurrent callers for one entry', async () => {
      const subscription = await subscribe(fresh());
      const given = await Promise.all(Array.from({ length: 5 }, () => numberEntry(subscription, 'a', 1)));
      expect(given).toMatchObject(Array.from({ length: 5 }, () => ({ number: 1 })));
      expect(await ports().notifications.newest(subscription.id)).toBe(1);
    });

    test('gives entries of fifty missions their own numbers without a gap, if they are numbered concurrently', async () => {
      const subscription = await subscribe(fresh());
      const given = await Promise.all(
        Array.from({ length: 50 }, (_, index) => numberEntry(subscription, `m${index}`, 1)),
      );
      const numbers = given.map((one) => (one === 'passed' ? 0 : one.number)).sort((one, other) => one - other);
      expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    });
  });
};
