import { describe, expect, test } from 'vitest';
import { becomes } from '../support/endpoint-status.ts';
import { type Contract, knownSince } from './scenario.ts';

export const eventNumbersContract = ({ ports, fresh, subscribe }: Contract): void => {
  describe('EventNumbers', () => {
    test('knows the number of an entry until a later entry has one', async () => {
      const { id } = await subscribe(fresh());
      expect(await ports().eventNumbers.numbered(id, 'a', 1)).toBeUndefined();
      await ports().eventNumbers.number(id, 'a', 1, knownSince);
      await ports().eventNumbers.number(id, 'b', 1, knownSince);
      expect(await ports().eventNumbers.numbered(id, 'a', 1)).toEqual({ number: 1 });
      await ports().eventNumbers.number(id, 'a', 4, knownSince);
      expect(await ports().eventNumbers.numbered(id, 'a', 4)).toEqual({ number: 3, previous: 1 });
      expect(await ports().eventNumbers.numbered(id, 'a', 1)).toBeUndefined();
      expect(await ports().eventNumbers.numbered(fresh(), 'a', 1)).toBeUndefined();
    });

    test('gives no number to a subscription that does not exist', async () => {
      expect(await ports().eventNumbers.number(fresh(), 'a', 1, knownSince)).toBe('passed');
    });

    test('numbers notifications 1, 2, 3 … per subscription, each with the number before it in its mission', async () => {
      const { id } = await subscribe(fresh());
      const other = await subscribe(fresh());
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince)).toEqual({ number: 1 });
      expect(await ports().eventNumbers.number(id, 'b', 1, knownSince)).toEqual({ number: 2 });
      expect(await ports().eventNumbers.number(id, 'a', 2, knownSince)).toEqual({ number: 3, previous: 1 });
      expect(await ports().eventNumbers.number(other.id, 'a', 2, knownSince)).toEqual({ number: 1 });
      expect(await ports().eventNumbers.number(id, 'b', 7, knownSince)).toEqual({ number: 4, previous: 2 });
      expect((await ports().subscriptions.read(id))?.lastNumber).toBe(4);
    });

    test('shows that the subscription is in error, and leaves its status as it is', async () => {
      const { id } = await subscribe(fresh());
      await becomes(ports(), id, 'error');
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince)).toEqual({ number: 1, inError: true });
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince)).toEqual({ number: 1, inError: true });
      expect(await ports().eventNumbers.numbered(id, 'a', 1)).toEqual({ number: 1, inError: true });
      expect((await ports().subscriptions.read(id))?.status).toBe('error');
    });

    test('returns the same number and the same previous number for the same entry', async () => {
      const { id } = await subscribe(fresh());
      await ports().eventNumbers.number(id, 'a', 1, knownSince);
      const first = await ports().eventNumbers.number(id, 'a', 2, knownSince);
      await ports().eventNumbers.number(id, 'b', 1, knownSince);
      expect(await ports().eventNumbers.number(id, 'a', 2, knownSince)).toEqual(first);
      expect((await ports().subscriptions.read(id))?.lastNumber).toBe(3);
    });

    test('passes an entry before the last one with a number', async () => {
      const { id } = await subscribe(fresh());
      await ports().eventNumbers.number(id, 'a', 1, knownSince);
      await ports().eventNumbers.number(id, 'a', 2, knownSince);
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince)).toBe('passed');
      expect((await ports().subscriptions.read(id))?.lastNumber).toBe(2);
    });

    test('gives one number to concurrent callers for one entry', async () => {
      const { id } = await subscribe(fresh());
      const given = await Promise.all(
        Array.from({ length: 5 }, () => ports().eventNumbers.number(id, 'a', 1, knownSince)),
      );
      expect(given).toEqual(Array.from({ length: 5 }, () => ({ number: 1 })));
    });

    test('gives entries of many missions their own numbers without a gap, if they are numbered concurrently', async () => {
      const { id } = await subscribe(fresh());
      const given = await Promise.all(
        Array.from({ length: 12 }, (_, index) => ports().eventNumbers.number(id, `m${index}`, 1, knownSince)),
      );
      const numbers = given
        .map((one) => (typeof one === 'object' && 'number' in one ? one.number : 0))
        .sort((one, other) => one - other);
      expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    });
  });
};
