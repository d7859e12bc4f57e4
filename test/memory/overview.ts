import type { Overview } from '../../core/mission/projections.ts';
import type { MissionState } from '../../core/mission/state.ts';

/** Readiness and incidents across missions, in memory. */
export const memoryOverview = (): Overview => {
  const readiness = new Map<string, MissionState>();
  const incidents = new Map<string, Set<string>>();
  const nameOf = (...names: readonly unknown[]): string => JSON.stringify(names);
  return {
    putReadiness: async (state) => {
      const known = readiness.get(state.mission);
      if (known !== undefined && known.version >= state.version) return;
      readiness.set(state.mission, structuredClone(state));
    },
    readinessOf: async (operator) =>
      structuredClone([...readiness.values()].filter(({ requester }) => requester === operator)),
    link: async ({ incident, exercise, mission, openedAt }, { parties, shares }) => {
      if (incident === undefined) return;
      const lists = [
        { list: 'all' },
        ...parties.map((organisation) => ({ list: 'of-party', organisation })),
        ...shares.map((organisation) => ({ list: 'shared-with', organisation })),
      ];
      for (const list of lists) {
        const name = nameOf(incident.system, incident.value, exercise, list);
        incidents.set(name, (incidents.get(name) ?? new Set()).add(`${openedAt}#${mission}`));
      }
    },
    missionsOf: async (incident, exercise, list, limit) =>
      [...(incidents.get(nameOf(incident.system, incident.value, exercise, list)) ?? [])]
        .sort()
        .slice(0, limit)
        .map((place) => {
          const [openedAt = '', mission = ''] = place.split('#');
          return { mission, openedAt };
        }),
  };
};
