import { describe, expect, test } from 'vitest';
import type { Obligation } from '../../core/delivery/obligations.ts';
import { attempted } from '../support/endpoint-status.ts';
import { type Contract, at, endOfTime } from './scenario.ts';

export const notificationsContract = ({ ports, fresh, subscribe, notificationOf, expectDue }: Contract): void => {
  describe('Notifications', () => {
    test('writes a notification once and reads it as it was written', async () => {
      const subscription = await subscribe(fresh());
      const written = notificationOf(subscription, 'a', 2);
      expect(await ports().notifications.append(written, endOfTime)).toEqual(written);
      const other = { ...written, mission: 'b', entry: 99, writtenAt: at(99) };
      expect(await ports().notifications.append(other, endOfTime)).toEqual(written);
      expect(await ports().notifications.read(subscription.id, 2)).toEqual(written);
      expect(await ports().notifications.read(subscription.id, 1)).toBeUndefined();
    });

    test('reads notifications by their keys, and by their numbers in order', async () => {
      const one = await subscribe(fresh());
      const two = await subscribe(fresh());
      const numbers = [3, 1, 10, 2, 9];
      for (const number of numbers) await ports().notifications.append(notificationOf(one, 'a', number), endOfTime);
      await ports().notifications.append(notificationOf(two, 'a', 1), endOfTime);
      const found = await ports().notifications.readAll([
        { subscription: one.id, number: 3 },
        { subscription: two.id, number: 1 },
        { subscription: two.id, number: 2 },
      ]);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([notificationOf(one, 'a', 3), notificationOf(two, 'a', 1)]));
      expect((await ports().notifications.range(one.id, 2, 10)).map(({ number }) => number)).toEqual([2, 3, 9, 10]);
      expect(await ports().notifications.range(one.id, 4, 8)).toEqual([]);
      expect(await ports().notifications.readAll([])).toEqual([]);
    });

    test('knows the newest number, and what has the numbers after one', async () => {
      const subscription = await subscribe(fresh());
      expect(await ports().notifications.newest(subscription.id)).toBe(0);
      expect(await ports().notifications.taken(subscription.id, 0, 10)).toEqual([]);
      for (const number of [1, 2, 9, 10, 11])
        await ports().notifications.append(notificationOf(subscription, 'a', number), endOfTime);
      expect(await ports().notifications.newest(subscription.id)).toBe(11);
      expect(await ports().notifications.taken(subscription.id, 0, 2)).toEqual([
        { number: 1, mission: 'a', entry: 1 },
        { number: 2, mission: 'a', entry: 2 },
      ]);
      const after = async (number: number) =>
        (await ports().notifications.taken(subscription.id, number, 10)).map((one) => one.number);
      expect(await after(2)).toEqual([9, 10, 11]);
      expect(await after(11)).toEqual([]);
    });

    test('counts each attempt and stores the last one', async () => {
      const subscription = await subscribe(fresh());
      const written = notificationOf(subscription, 'a', 1);
      await ports().notifications.append(written, endOfTime);
      await ports().notifications.record(
        subscription.id,
        1,
        attempted({
          at: at(5),
          answer: 'HTTP 503',
          status: 'pending',
          dueAt: endOfTime,
          rejectedFor: 7,
        }),
      );
      const tried = await ports().notifications.read(subscription.id, 1);
      expect(tried).toEqual({
        ...written,
        attempts: 1,
        firstTriedAt: at(5),
        rejectedFor: 7,
        lastAttemptAt: at(5),
        lastAnswer: 'HTTP 503',
      });
      await ports().notifications.record(
        subscription.id,
        1,
        attempted({ at: at(9), answer: 'HTTP 200', status: 'delivered', firstTriedAt: at(5) }),
      );
      expect(await ports().notifications.read(subscription.id, 1)).toEqual({
        ...written,
        status: 'delivered',
        attempts: 2,
        firstTriedAt: at(5),
        lastAttemptAt: at(9),
        lastAnswer: 'HTTP 200',
        completedAt: at(9),
      });
    });

    test('notes that a notification waits for a slot, until the next attempt', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(5));
      const waiting = { since: at(1), notedAt: at(2) };
      await ports().notifications.noteWait(id, 1, { waiting, dueAt: at(90), warned: false });
      expect(await ports().notifications.read(id, 1)).toMatchObject({ status: 'pending', attempts: 0, waiting });
      expect((await ports().notifications.read(id, 1))?.warned).toBeUndefined();
      const mine = (obligation: Obligation): boolean =>
        obligation.kind === 'delivery' && obligation.subscription === id;
      await expectDue(at(80), mine, []);
      await expectDue(at(90), mine, [{ kind: 'delivery', subscription: id, number: 1 }]);
      await ports().notifications.noteWait(id, 1, { waiting, dueAt: at(90), warned: true });
      expect((await ports().notifications.read(id, 1))?.warned).toBe(true);
      await ports().notifications.record(id, 1, attempted({ at: at(91), answer: 'HTTP 200', status: 'delivered' }));
      expect((await ports().notifications.read(id, 1))?.waiting).toBeUndefined();
      await ports().notifications.noteWait(id, 1, { waiting, dueAt: at(99), warned: false });
      expect((await ports().notifications.read(id, 1))?.waiting).toBeUndefined();
      await expectDue(endOfTime, mine, []);
    });

    test('counts an attempt once although its record is repeated', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(5));
      const failed = (second: number) =>
        ports().notifications.record(
          id,
          1,
          attempted({ at: at(second), answer: 'HTTP 503', status: 'pending', dueAt: at(90) }),
        );
      for (const second of [1, 1, 2]) await failed(second);
      expect(await ports().notifications.read(id, 1)).toMatchObject({ attempts: 2 });
    });

    test('notes that people have been alerted of a notification that was not tried', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(5));
      await ports().notifications.noteWait(id, 1, { dueAt: at(90), warned: true });
      const noted = await ports().notifications.read(id, 1);
      expect(noted).toMatchObject({ status: 'pending', attempts: 0, warned: true });
      expect(noted?.waiting).toBeUndefined();
    });

    test('keeps a notification complete although a slower attempt failed', async () => {
      const subscription = await subscribe(fresh());
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(0));
      await ports().notifications.record(
        subscription.id,
        1,
        attempted({ at: at(1), answer: 'HTTP 200', status: 'delivered' }),
      );
      await ports()
        .notifications.record(
          subscription.id,
          1,
          attempted({ at: at(2), answer: 'timeout', status: 'pending', dueAt: at(3) }),
        )
        .catch(() => undefined);
      expect(await ports().notifications.read(subscription.id, 1)).toMatchObject({
        status: 'delivered',
        completedAt: at(1),
      });
      await expectDue(
        endOfTime,
        (one) => 'subscription' in one && one.subscription === subscription.id && one.kind === 'delivery',
        [],
      );
    });

    test('keeps a delivered notification when it is written again', async () => {
      const subscription = await subscribe(fresh());
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(0));
      await ports().notifications.record(
        subscription.id,
        1,
        attempted({ at: at(1), answer: 'HTTP 200', status: 'delivered' }),
      );
      await ports().notifications.append(notificationOf(subscription, 'a', 1), at(0));
      expect((await ports().notifications.read(subscription.id, 1))?.status).toBe('delivered');
    });
  });
};
