import { describe, expect, test, vi } from 'vitest';
import { type MissionListName, placeOfMission } from '../../core/mission/mission-lists.ts';
import type { MissionState, Party } from '../../core/mission/state.ts';
import { missionCancel, missionOpenedBy, missionRequest, missionUpdate, parties } from '../support/messages.ts';
import { at, type Contract, entriesOf, firstOf } from './scenario.ts';

export const missionListsContract = ({ ports, fresh }: Contract): void => {
  describe('MissionLists', () => {
    const party = (): Party => ({ organisation: fresh(), name: 'Contract', role: 'local-amk' });
    const requestedBy = ({ organisation }: Party): MissionListName => ({ organisation, part: 'requester' });

    /** A mission after its request, an update and its cancellation. */
    const missionOf = (requester: Party, minute: number) => {
      const request = missionRequest({ id: fresh() });
      const mission = missionOpenedBy(request);
      const states = entriesOf([
        [parties.amk, request],
        [parties.amk, missionUpdate({ mission, id: fresh() })],
        [parties.amk, missionCancel({ mission, id: fresh() })],
      ]).map(({ state }): MissionState => ({ ...state, requester: requester.organisation, openedAt: at(minute) }));
      const [opened, updated, ended] = states;
      if (opened === undefined || updated === undefined || ended === undefined) throw new Error('no mission');
      return { mission, opened, updated, ended };
    };

    const listed = async (list: MissionListName, which: 'all' | 'open') =>
      (await ports().missionLists.list(list, which, 50)).items.map(({ mission }) => mission);

    /** An index may show what is put a little later. */
    const openIn = async (list: MissionListName, expected: readonly string[]): Promise<void> =>
      vi.waitFor(async () => expect(await listed(list, 'open')).toEqual(expected), { timeout: 60_000, interval: 50 });

    test('lists the missions of a party newest first, and the open ones apart', async () => {
      const [me, other] = [party(), party()];
      const [first, second, third] = [missionOf(me, 1), missionOf(me, 2), missionOf(me, 3)];
      for (const { opened } of [second, first, third]) await ports().missionLists.put(requestedBy(me), opened);
      await ports().missionLists.put(requestedBy(me), second.ended);
      expect(await listed(requestedBy(me), 'all')).toEqual([third.mission, second.mission, first.mission]);
      await openIn(requestedBy(me), [third.mission, first.mission]);
      const [, ended] = (await ports().missionLists.list(requestedBy(me), 'all', 50)).items;
      expect(ended).toEqual({
        mission: second.mission,
        openedAt: at(2),
        exercise: false,
        requester: me.organisation,
        coordinator: parties.la.organisation,
        ended: { status: 'revoked', changedAt: second.ended.changedAt },
      });
      expect(await listed(requestedBy(other), 'all')).toEqual([]);
      expect(await listed({ ...requestedBy(me), part: 'coordinator' }, 'all')).toEqual([]);
    });

    test('keeps the newer entry when an older one arrives late or one is put twice', async () => {
      const me = party();
      const { mission, opened, updated, ended } = missionOf(me, 1);
      for (const state of [ended, opened, ended, updated]) await ports().missionLists.put(requestedBy(me), state);
      expect((await ports().missionLists.list(requestedBy(me), 'all', 50)).items).toMatchObject([
        { mission, ended: { status: 'revoked' } },
      ]);
      await openIn(requestedBy(me), []);
    });

    test('has every mission on one page, also if one ends between the pages', async () => {
      const me = party();
      const missions = Array.from({ length: 5 }, (_, minute) => missionOf(me, minute));
      for (const { opened } of missions) await ports().missionLists.put(requestedBy(me), opened);
      const first = await ports().missionLists.list(requestedBy(me), 'all', 2);
      for (const { ended } of missions) await ports().missionLists.put(requestedBy(me), ended);
      const rest = await ports().missionLists.list(requestedBy(me), 'all', 50, first.next);
      expect(first.next).toBe(placeOfMission(missions[3]?.opened ?? first.items[0] ?? { openedAt: '', mission: '' }));
      expect([...first.items, ...rest.items].map(({ mission }) => mission)).toEqual(
        missions.map(({ mission }) => mission).toReversed(),
      );
      expect(rest.next).toBeUndefined();
    });

    test('finds the missions of a case number at once, each once, and none of another number, system or exercise', async () => {
      const [here, there] = [fresh(), fresh()].map((value) => ({ system: 'urn:case', value }));
      if (here === undefined || there === undefined) throw new Error('no number');
      const of = (exercise: boolean) =>
        firstOf(entriesOf([[parties.amk, missionRequest({ id: fresh(), exercise })]])).state;
      const [one, other, drill] = [of(false), of(false), of(true)];
      for (const state of [one, other, drill, one]) await ports().missionLists.linkCase(here, state);
      const found = async (number: typeof here, exercise = false) =>
        [...(await ports().missionLists.missionsOfCase(number, exercise, 10))].sort();
      expect(await found(here)).toEqual([one.mission, other.mission].sort());
      expect(await found(here, true)).toEqual([drill.mission]);
      expect(await found(there)).toEqual([]);
      expect(await found({ ...here, system: '' })).toEqual([]);
    });

    test('gives the newest missions of a case number, newest first', async () => {
      const me = party();
      const number = { system: 'urn:case', value: fresh() };
      const missions = Array.from({ length: 4 }, (_, minute) => missionOf(me, minute));
      for (const { opened } of missions) await ports().missionLists.linkCase(number, opened);
      expect(await ports().missionLists.missionsOfCase(number, false, 2)).toEqual(
        missions
          .map(({ mission }) => mission)
          .toReversed()
          .slice(0, 2),
      );
    });
  });
};
