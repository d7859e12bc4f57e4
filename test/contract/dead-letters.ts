import { describe, expect, test, vi } from 'vitest';
import type { Obligation } from '../../core/delivery/obligations.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import { type Contract, at, endOfTime } from './scenario.ts';

export const deadLettersContract = ({ ports, fresh, subscribe, notificationOf, expectDue }: Contract): void => {
  describe('DeadLetters', () => {
    const givenUp = async (second: number): Promise<Notification> => {
      const subscription = await subscribe(fresh());
      const letter = notificationOf(subscription, 'a', 1);
      await ports().notifications.append(letter, endOfTime);
      await ports().notifications.record(subscription.id, 1, {
        at: at(second),
        answer: 'HTTP 410',
        status: 'failed',
        called: true,
        warned: true,
        firstTriedAt: at(0),
      });
      return letter;
    };
    const listed = async (size = 2): Promise<readonly string[]> => {
      const ids: string[] = [];
      let from: string | undefined;
      do {
        const page = await ports().deadLetters.list(size, from);
        ids.push(...page.items.map(({ subscription }) => subscription));
        from = page.next;
      } while (from !== undefined);
      return ids;
    };
    const expectListed = async (letters: readonly Notification[], expected: readonly Notification[]): Promise<void> =>
      vi.waitFor(
        async () => {
          const mine = (await listed()).filter((id) => letters.some(({ subscription }) => subscription === id));
          expect(mine).toEqual(expected.map(({ subscription }) => subscription));
        },
        { timeout: 60_000, interval: 50 },
      );
    const ofLetter =
      ({ subscription }: Notification) =>
      (obligation: Obligation): boolean =>
        obligation.kind === 'delivery' && obligation.subscription === subscription;

    test('lists dead letters page by page, the oldest first; none of them is due', async () => {
      const [late, early, between] = [await givenUp(30), await givenUp(10), await givenUp(20)];
      const all = [late, early, between];
      await expectListed(all, [early, between, late]);
      for (const letter of all) await expectDue(endOfTime, ofLetter(letter), []);
    });

    test('keeps the order over pages of any length, whichever were given up at the same time', async () => {
      const seconds = Array.from({ length: 25 }, (_, index) => (index * 7) % 12);
      const letters: { readonly letter: Notification; readonly second: number }[] = [];
      for (const second of seconds) letters.push({ letter: await givenUp(second), second });
      const secondOf = new Map(letters.map(({ letter, second }) => [letter.subscription, second]));
      for (const size of [1, 3, 10, 1_000])
        await vi.waitFor(
          async () => {
            const mine = (await listed(size)).filter((id) => secondOf.has(id));
            expect(new Set(mine).size).toBe(letters.length);
            expect(mine.map((id) => secondOf.get(id))).toEqual(seconds.toSorted((one, other) => one - other));
          },
          { timeout: 60_000, interval: 50 },
        );
    });

    test('redrives a dead letter once, as if it had never been tried', async () => {
      const letter = await givenUp(10);
      const { subscription, number } = letter;
      const redriven = await Promise.all(
        [at(40), at(41)].map((now) => ports().deadLetters.redrive(subscription, number, now, at(60))),
      );
      expect(redriven.filter((mine) => mine)).toHaveLength(1);
      await expectListed([letter], []);
      await expectDue(at(61), ofLetter(letter), [{ kind: 'delivery', subscription, number }]);
      const found = await ports().notifications.read(subscription, number);
      expect(found).toMatchObject({
        status: 'pending',
        attempts: 0,
        redrivenAt: redriven[0] === true ? at(40) : at(41),
      });
      expect([found?.firstTriedAt, found?.warned, found?.completedAt]).toEqual([undefined, undefined, undefined]);
    });

    test('redrives no notification that was delivered after it was redriven', async () => {
      const letter = await givenUp(10);
      const { subscription, number } = letter;
      await ports().deadLetters.redrive(subscription, number, at(40), at(60));
      const taken = {
        at: at(42),
        answer: 'HTTP 200',
        status: 'delivered',
        called: true,
        firstTriedAt: at(42),
      } as const;
      await ports().notifications.record(subscription, number, taken);
      expect(await ports().deadLetters.redrive(subscription, number, at(50), at(60))).toBe(false);
      expect(await ports().deadLetters.discard(subscription, number, at(50))).toBe(false);
      expect((await ports().notifications.read(subscription, number))?.status).toBe('delivered');
    });

    test('discards a dead letter: it stays failed and is not listed', async () => {
      const letter = await givenUp(10);
      const { subscription, number } = letter;
      expect(await ports().deadLetters.discard(subscription, number, at(40))).toBe(true);
      await expectListed([letter], []);
      expect(await ports().notifications.read(subscription, number)).toMatchObject({
        status: 'failed',
        discardedAt: at(40),
      });
      expect(await ports().deadLetters.discard(subscription, number, at(41))).toBe(false);
      expect(await ports().deadLetters.redrive(subscription, number, at(41), at(60))).toBe(false);
    });

    test('keeps a dead letter dead when it is postponed', async () => {
      const letter = await givenUp(10);
      const { subscription, number } = letter;
      await ports().obligations.postpone({ kind: 'delivery', subscription, number }, at(20));
      await expectDue(endOfTime, ofLetter(letter), []);
      await expectListed([letter], [letter]);
    });

    test('lists no notification that was not given up', async () => {
      const subscription = await subscribe(fresh());
      await ports().notifications.append(notificationOf(subscription, 'a', 1), endOfTime);
      expect(await ports().deadLetters.redrive(subscription.id, 1, at(1), at(2))).toBe(false);
      expect(await ports().deadLetters.redrive(subscription.id, 2, at(1), at(2))).toBe(false);
      expect(await ports().deadLetters.discard(subscription.id, 1, at(1))).toBe(false);
    });
  });
};
