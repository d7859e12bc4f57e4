import type { IncidentList } from '../../core/mission/projections.ts';
import { describe, expect, test, vi } from 'vitest';
import type { Party } from '../../core/mission/state.ts';
import {
  incidentIdentifier,
  missionOpenedBy,
  missionRequest,
  parties,
  resourceAvailability,
} from '../support/messages.ts';
import { type Contract, entriesOf, firstOf } from './scenario.ts';

export const overviewContract = ({ ports, fresh }: Contract): void => {
  describe('Overview', () => {
    const operator = (): Party => ({ organisation: fresh(), name: 'Contract', role: 'operator' });

    /** The log of a resource: the state after each report. */
    const reports = (
      sender: Party,
      resource: string,
      ...messages: readonly Parameters<typeof resourceAvailability>[0][]
    ) =>
      entriesOf(
        messages.map((content) => [sender, resourceAvailability({ resource, id: fresh(), ...content })] as const),
      ).map(({ state }) => state);

    const seenOf = async ({ organisation }: Party): Promise<readonly string[]> =>
      (await ports().overview.readinessOf(organisation))
        .map(({ readiness, version, exercise }) =>
          [readiness?.resource, readiness?.availability, version, exercise ? 'exercise' : 'real'].join(' '),
        )
        .sort();

    /** An index may show what is noted a little later. */
    const seen = async (sender: Party, expected: readonly string[]): Promise<void> =>
      vi.waitFor(async () => expect(await seenOf(sender)).toEqual(expected), { timeout: 60_000, interval: 50 });

    test('shows each operator the last report on each of its resources', async () => {
      const [one, other] = [operator(), operator()];
      for (const state of reports(one, 'LA-01', {}, { availability: 'weather' }))
        await ports().overview.putReadiness(state);
      for (const state of reports(one, 'LA-02', { availability: 'technical' }))
        await ports().overview.putReadiness(state);
      for (const state of reports(other, 'LA-01', {})) await ports().overview.putReadiness(state);
      await seen(one, ['LA-01 weather 2 real', 'LA-02 technical 1 real']);
      await seen(other, ['LA-01 free 1 real']);
      expect(await ports().overview.readinessOf(fresh())).toEqual([]);
    });

    test('keeps the newer report when an older one arrives late or one is put twice', async () => {
      const me = operator();
      const [first, second] = reports(me, 'LA-01', {}, { availability: 'crew-duty' });
      for (const state of [second, first, second, first])
        if (state !== undefined) await ports().overview.putReadiness(state);
      await seen(me, ['LA-01 crew-duty 2 real']);
    });

    test('keeps a resource of an exercise apart from the real one of the same call sign', async () => {
      const me = operator();
      for (const state of [
        ...reports(me, 'LA-01', {}),
        ...reports(me, 'LA-01', { exercise: true, availability: 'off-line' }),
      ])
        await ports().overview.putReadiness(state);
      await seen(me, ['LA-01 free 1 real', 'LA-01 off-line 1 exercise']);
    });

    test('stores a report whole', async () => {
      const me = operator();
      const [state] = reports(me, 'LA-01', { availability: 'weather', at: '2026-02-01T12:00:00+01:00' });
      if (state === undefined) throw new Error('nothing was reported');
      await ports().overview.putReadiness(state);
      await seen(me, ['LA-01 weather 1 real']);
      expect(await ports().overview.readinessOf(me.organisation)).toEqual([state]);
    });

    /** A mission of an incident, as of its request. */
    const missionOf = (incident: string | undefined, exercise = false) => {
      const request = missionRequest({
        id: fresh(),
        exercise,
        ...(incident === undefined ? {} : { incident }),
      });
      return { mission: missionOpenedBy(request), state: firstOf(entriesOf([[parties.amk, request]])).state };
    };

    test('finds the missions of an incident at once, each once, and none of another incident', async () => {
      const [here, there] = [fresh(), fresh()];
      const missions = [missionOf(here), missionOf(here), missionOf(there), missionOf(undefined)];
      for (const { state } of missions) {
        await ports().overview.link(state, { parties: [state.requester], shares: [] });
        await ports().overview.link(state, { parties: [state.requester], shares: [] });
      }
      const found = async (value: string): Promise<readonly string[]> =>
        (await ports().overview.missionsOf(incidentIdentifier(value), false, { list: 'all' }, 10))
          .map(({ mission }) => mission)
          .sort();
      const ids = missions.map(({ mission }) => mission);
      expect(await found(here)).toEqual(ids.slice(0, 2).sort());
      expect(await found(there)).toEqual(ids.slice(2, 3));
      expect(await found(fresh())).toEqual([]);
      expect(
        await ports().overview.missionsOf(
          { ...incidentIdentifier(here), system: 'urn:other' },
          false,
          { list: 'all' },
          10,
        ),
      ).toEqual([]);
    });

    test('finds the missions of an incident by party and by receiver, the first opened first, as many as asked for', async () => {
      const value = fresh();
      const [one, other, third] = [missionOf(value), missionOf(value), missionOf(value)];
      const opened = [
        { ...one.state, openedAt: '2026-02-01T10:00:02.000Z' },
        { ...other.state, openedAt: '2026-02-01T10:00:00.000Z' },
        { ...third.state, openedAt: '2026-02-01T10:00:01.000Z' },
      ];
      const [party, receiver] = [fresh(), fresh()];
      for (const state of opened) await ports().overview.link(state, { parties: [party, state.requester], shares: [] });
      await ports().overview.link(one.state, { parties: [], shares: [receiver] });
      const listed = (list: IncidentList, limit = 10) =>
        ports().overview.missionsOf(incidentIdentifier(value), false, list, limit);
      const byTime = [opened[1], opened[2], opened[0]].map((state) => ({
        mission: state?.mission,
        openedAt: state?.openedAt,
      }));
      expect(await listed({ list: 'of-party', organisation: party })).toEqual(byTime);
      expect(await listed({ list: 'of-party', organisation: party }, 2)).toEqual(byTime.slice(0, 2));
      expect(await listed({ list: 'all' }, 2)).toHaveLength(2);
      expect(await listed({ list: 'shared-with', organisation: receiver })).toMatchObject([{ mission: one.mission }]);
      expect(await listed({ list: 'shared-with', organisation: party })).toEqual([]);
      expect(await listed({ list: 'of-party', organisation: receiver })).toEqual([]);
    });

    test('keeps an exercise of an incident apart from the incident', async () => {
      const incident = fresh();
      const [real, drill] = [missionOf(incident), missionOf(incident, true)];
      for (const { state } of [real, drill])
        await ports().overview.link(state, { parties: [state.requester], shares: [] });
      expect(await ports().overview.missionsOf(incidentIdentifier(incident), false, { list: 'all' }, 10)).toMatchObject(
        [{ mission: real.mission }],
      );
      expect(await ports().overview.missionsOf(incidentIdentifier(incident), true, { list: 'all' }, 10)).toMatchObject([
        { mission: drill.mission },
      ]);
    });
  });
};
