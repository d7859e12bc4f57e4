import { describe, expect, test, vi } from 'vitest';
import type { IdleMission } from '../../core/delivery/idle-missions.ts';
import { parties } from '../support/messages.ts';
import { at, type Contract, endOfTime, fanOutResult, knownSince } from './scenario.ts';

export const idleMissionsContract = ({
  ports,
  fresh,
  missionWithUpdates,
  store,
  subscribe,
  expectDue,
}: Contract): void => {
  describe('IdleMissions', () => {
    const retiring = async (now: string, mission: string, expected: readonly IdleMission[]): Promise<void> =>
      vi.waitFor(
        async () =>
          expect((await ports().idleMissions.due(now, 1000)).filter((one) => one.mission === mission)).toEqual(
            expected,
          ),
        { timeout: 60_000, interval: 50 },
      );

    test('makes an entry due for the idle check from its time on, until the check is done', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries, at(0));
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], []));
      await ports().missions.completeFanOut(mission, 2, fanOutResult([], [], at(20)));
      await ports().missions.completeFanOut(mission, 3, fanOutResult([], [], at(10)));
      await retiring(at(20), mission, [
        { mission, entry: 3 },
        { mission, entry: 2 },
      ]);
      await retiring(at(19), mission, [{ mission, entry: 3 }]);
      await ports().idleMissions.done({ mission, entry: 3 });
      await retiring(at(20), mission, [{ mission, entry: 2 }]);
      await ports().idleMissions.done({ mission, entry: 2 });
      await ports().idleMissions.done({ mission, entry: 2 });
      await retiring(endOfTime, mission, []);
    });

    test('keeps the fan-out complete of an entry that waits for its idle check', async () => {
      const { mission, entries, first } = missionWithUpdates();
      await store(entries.slice(0, 1), at(0));
      const notified = [{ subscription: 'one', number: 4, organisation: parties.la.organisation }];
      await ports().missions.completeFanOut(mission, 1, fanOutResult(notified, [], at(10)));
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], [parties.la.organisation], at(5)));
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], [parties.la.organisation]));
      const settled = {
        ...first,
        fanOutPending: false,
        notified,
        withoutSubscription: [],
        fanOutCompletedAt: at(7),
      };
      expect(await ports().missions.entry(mission, 1)).toEqual(settled);
      await expectDue(endOfTime, (one) => one.kind === 'fan-out' && one.mission === mission, []);
      await retiring(at(10), mission, [{ mission, entry: 1 }]);
      await retiring(at(9), mission, []);
      await ports().idleMissions.done({ mission, entry: 1 });
      expect(await ports().missions.entry(mission, 1)).toEqual(settled);
    });

    test('changes no entry whose fan-out is pending', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries.slice(0, 1), at(0));
      await ports().idleMissions.done({ mission, entry: 1 });
      expect((await ports().missions.entry(mission, 1))?.fanOutPending).toBe(true);
      await expectDue(at(1), (one) => one.kind === 'fan-out' && one.mission === mission, [
        { kind: 'fan-out', mission, entry: 1 },
      ]);
      await retiring(endOfTime, mission, []);
    });

    test('continues the numbers without a gap after a mission was removed, and without a previous one', async () => {
      const { id } = await subscribe(fresh());
      await ports().eventNumbers.number(id, 'a', 1, knownSince);
      await ports().eventNumbers.number(id, 'b', 1, knownSince);
      await ports().eventNumbers.number(id, 'a', 2, knownSince);
      await ports().idleMissions.forget(id, { mission: 'a', entry: 2 }, knownSince - 1);
      expect(await ports().eventNumbers.number(id, 'a', 3, knownSince)).toEqual({ number: 4 });
      expect(await ports().eventNumbers.number(id, 'b', 2, knownSince)).toEqual({ number: 5, previous: 2 });
      expect((await ports().subscriptions.read(id))?.lastNumber).toBe(5);
    });

    test('keeps a mission with a later number', async () => {
      const { id } = await subscribe(fresh());
      await ports().eventNumbers.number(id, 'a', 1, knownSince);
      await ports().eventNumbers.number(id, 'a', 3, knownSince);
      await ports().idleMissions.forget(id, { mission: 'a', entry: 2 }, knownSince - 1);
      expect(await ports().eventNumbers.number(id, 'a', 3, knownSince)).toEqual({ number: 2, previous: 1 });
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince)).toBe('passed');
    });

    test('refuses a number only to a fan-out that was paused since before the mission was removed', async () => {
      const { id } = await subscribe(fresh());
      const give = (mission: string, entry: number, seconds: number) =>
        ports().eventNumbers.number(id, mission, entry, knownSince + seconds * 1000);
      await give('a', 1, 0);
      await give('b', 1, 0);
      await ports().idleMissions.forget(id, { mission: 'a', entry: 1 }, knownSince + 60_000);
      const refused = { forgotThrough: knownSince + 60_000 };
      for (const late of [0, 60]) expect(await give('a', 1, late)).toEqual(refused);
      expect(await give('c', 1, 60)).toEqual(refused);
      expect((await ports().subscriptions.read(id))?.lastNumber).toBe(2);
      expect(await ports().eventNumbers.numbered(id, 'a', 1)).toBeUndefined();
      // One that has its place is numbered by it, however late.
      expect(await give('b', 1, 0)).toEqual({ number: 2 });
      expect(await give('b', 2, 0)).toEqual({ number: 3, previous: 2 });
      expect(await give('b', 1, 0)).toBe('passed');
      expect(await give('a', 2, 61)).toEqual({ number: 4 });
    });

    test('removes a mission with an older clock, and does not lower the mark of a newer one', async () => {
      const { id } = await subscribe(fresh());
      for (const mission of ['a', 'b']) await ports().eventNumbers.number(id, mission, 1, knownSince);
      await ports().idleMissions.forget(id, { mission: 'a', entry: 1 }, knownSince + 60_000);
      await ports().idleMissions.forget(id, { mission: 'b', entry: 1 }, knownSince + 10_000);
      for (const mission of ['a', 'b'])
        expect(await ports().eventNumbers.number(id, mission, 1, knownSince + 30_000)).toEqual({
          forgotThrough: knownSince + 60_000,
        });
      expect(await ports().eventNumbers.number(id, 'b', 2, knownSince + 60_001)).toEqual({ number: 3 });
    });

    test('refuses a number to a paused fan-out for a mission that never had one', async () => {
      const { id } = await subscribe(fresh());
      await ports().idleMissions.forget(id, { mission: 'a', entry: 2 }, knownSince - 1);
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince - 1)).toEqual({ forgotThrough: knownSince - 1 });
      await ports().idleMissions.forget(fresh(), { mission: 'a', entry: 2 }, knownSince - 1);
      expect(await ports().eventNumbers.number(id, 'a', 1, knownSince)).toEqual({ number: 1 });
    });
  });
};
