import { describe, expect, test } from 'vitest';
import { missionOpenedBy, missionRequest, missionUpdate, parties } from '../support/messages.ts';
import { type Contract, at, endOfTime, entriesOf, noise, fanOutResult } from './scenario.ts';

export const missionLogContract = ({ ports, fresh, missionWithUpdates, store }: Contract): void => {
  describe('MissionLog', () => {
    test('has no entries of a mission that was never requested', async () => {
      const { mission } = missionWithUpdates();
      expect(await ports().missions.last(mission)).toBeUndefined();
      expect(await ports().missions.entry(mission, 1)).toBeUndefined();
      expect(await ports().missions.entries(mission, 1, 9)).toEqual([]);
    });

    test('reads an entry as it was written, with its fan-out pending', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      for (const entry of entries) {
        expect(await ports().missions.entry(mission, entry.number)).toEqual({
          ...entry,
          fanOutPending: true,
          notified: [],
          withoutSubscription: [],
        });
      }
    });

    test('reads the entry with the highest number as the last one', async () => {
      const { mission, entries } = missionWithUpdates();
      for (const entry of entries) {
        await store([entry]);
        expect((await ports().missions.last(mission))?.number).toBe(entry.number);
      }
    });

    test('orders the tenth entry after the ninth', async () => {
      const request = missionRequest({ id: fresh() });
      const mission = missionOpenedBy(request);
      const entries = entriesOf([
        [parties.amk, request],
        ...Array.from({ length: 11 }, () => [parties.amk, missionUpdate({ mission, id: fresh() })] as const),
      ]);
      await store(entries);
      expect((await ports().missions.last(mission))?.number).toBe(12);
      expect((await ports().missions.entries(mission, 2, 11)).map(({ number }) => number)).toEqual([
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
      ]);
    });

    test('appends one entry to a number and never changes it', async () => {
      const { mission, entries, first } = missionWithUpdates();
      await store(entries);
      const late = { ...first, messageId: 'another' };
      expect(await ports().missions.append(late, endOfTime)).toBe('taken');
      expect((await ports().missions.entry(mission, 1))?.messageId).toBe(first.messageId);
    });

    test('appends one of several entries that race for a number', async () => {
      const { mission, first } = missionWithUpdates();
      const ids = ['a', 'b', 'c', 'd'];
      const results = await Promise.all(
        ids.map((messageId) => ports().missions.append({ ...first, messageId }, endOfTime)),
      );
      expect(results.filter((result) => result === 'appended')).toHaveLength(1);
      expect((await ports().missions.last(mission))?.messageId).toBe(ids[results.indexOf('appended')]);
    });

    test('reads entries from one number to another, both included', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const numbers = async (from: number, to: number) =>
        (await ports().missions.entries(mission, from, to)).map(({ number }) => number);
      expect(await numbers(1, 3)).toEqual([1, 2, 3]);
      expect(await numbers(2, 2)).toEqual([2]);
      expect(await numbers(2, 99)).toEqual([2, 3]);
      expect(await numbers(4, 9)).toEqual([]);
    });

    test('keeps the fingerprints of entries, each once, and of every mission apart', async () => {
      const [mission, other] = [fresh(), fresh()];
      const { missions } = ports();
      const found = async (of: string, ...fingerprints: readonly string[]): Promise<readonly number[]> =>
        [...(await missions.entriesKept(of, fingerprints))].sort((one, another) => one - another);
      expect(await found(mission, 'aaaaaaaa', 'bbbbbbbb')).toEqual([]);
      for (const [fingerprint, number] of [
        ['aaaaaaaa', 1],
        ['bbbbbbbb', 2],
        ['aaaaaaaa', 1],
        // Two entries may have one fingerprint.
        ['aaaaaaaa', 30_000],
      ] as const)
        await missions.keepFingerprint(mission, fingerprint, number);
      expect(await found(mission, 'aaaaaaaa')).toEqual([1, 30_000]);
      expect(await found(mission, 'aaaaaaaa', 'bbbbbbbb')).toEqual([1, 2, 30_000]);
      expect(await found(mission, 'AAAAAAAA', 'cccccccc')).toEqual([]);
      expect(await found(other, 'aaaaaaaa')).toEqual([]);
      expect(await missions.last(mission)).toBeUndefined();
    });

    test('keeps what concurrent writers keep under one fingerprint', async () => {
      const mission = fresh();
      const { missions } = ports();
      await Promise.all([3, 4, 3, 5].map((number) => missions.keepFingerprint(mission, 'aaaaaaaa', number)));
      expect(new Set(await missions.entriesKept(mission, ['aaaaaaaa']))).toEqual(new Set([3, 4, 5]));
    });

    test('completes a fan-out and stores which subscriptions were notified and which recipients have none', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const notified = [{ subscription: 'one', number: 4, organisation: parties.la.organisation }];
      await ports().missions.completeFanOut(mission, 1, fanOutResult(notified, [parties.amk.organisation]));
      expect(await ports().missions.entry(mission, 1)).toMatchObject({
        fanOutPending: false,
        notified,
        withoutSubscription: [parties.amk.organisation],
      });
      expect(await ports().missions.entry(mission, 2)).toMatchObject({
        fanOutPending: true,
        notified: [],
        withoutSubscription: [],
      });
    });

    test('keeps the first result of a fan-out', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const notified = [{ subscription: 'one', number: 4, organisation: parties.la.organisation }];
      await ports().missions.completeFanOut(mission, 1, fanOutResult(notified, []));
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], [parties.la.organisation]));
      expect(await ports().missions.entry(mission, 1)).toMatchObject({
        fanOutPending: false,
        notified,
        withoutSubscription: [],
      });
    });

    test('adds the subscriptions of a second result that the first does not list, and nothing else', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const notified = (subscription: string) => ({ subscription, number: 4, organisation: parties.la.organisation });
      await ports().missions.completeFanOut(mission, 1, fanOutResult([notified('one')], [parties.amk.organisation]));
      await Promise.all([
        ports().missions.completeFanOut(mission, 1, fanOutResult([notified('one'), notified('two')], [])),
        ports().missions.completeFanOut(mission, 1, fanOutResult([notified('three')], [])),
      ]);
      const settled = await ports().missions.entry(mission, 1);
      expect(settled?.notified.map(({ subscription }) => subscription).sort()).toEqual(['one', 'three', 'two']);
      expect(settled).toMatchObject({ fanOutPending: false, withoutSubscription: [parties.amk.organisation] });
    });

    test('writes nothing when it completes a fan-out of an entry that is not in the log', async () => {
      const { mission } = missionWithUpdates();
      await ports()
        .missions.completeFanOut(mission, 1, fanOutResult([], []))
        .catch(() => undefined);
      expect(await ports().missions.last(mission)).toBeUndefined();
    });

    test('changes nothing else of an entry when it completes a fan-out', async () => {
      const { mission, entries, first } = missionWithUpdates();
      await store(entries);
      await ports().missions.completeFanOut(mission, 1, fanOutResult([], []));
      expect(await ports().missions.entry(mission, 1)).toEqual({
        ...first,
        fanOutPending: false,
        notified: [],
        withoutSubscription: [],
        fanOutCompletedAt: at(7),
      });
    });

    test('stores the largest body that the hub accepts, however badly it compresses', async () => {
      const request = missionRequest({
        id: fresh(),
        more: [{ resourceType: 'Binary', contentType: 'text/plain', data: noise(250 * 1024, 7) }],
      });
      const [entry] = entriesOf([[parties.amk, request]]);
      await store(entry === undefined ? [] : [entry]);
      expect((await ports().missions.last(missionOpenedBy(request)))?.text).toBe(request.text);
    });

    test('refuses an entry that is larger than the limit and writes nothing', async () => {
      const { mission, first } = missionWithUpdates();
      const text = noise(900_000, 7);
      expect(await ports().missions.append({ ...first, text }, endOfTime)).toBe('too-large');
      expect(await ports().missions.last(mission)).toBeUndefined();
    });

    test('keeps letters of every script', async () => {
      const request = missionRequest({ id: fresh(), by: 'Åse Ørbæk Čálliidlágádus 🚁 \u2028 𝄞' });
      await store(entriesOf([[parties.amk, request]]));
      const kept = await ports().missions.last(missionOpenedBy(request));
      expect(kept?.text).toBe(request.text);
      expect(kept?.facts.decider?.name).toBe('Åse Ørbæk Čálliidlágádus 🚁 𝄞');
    });
  });
};
