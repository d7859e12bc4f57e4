import {
  type MissionListName,
  type MissionLists,
  type MissionRow,
  placeOfMission,
  rowOf,
} from '../../core/mission/mission-lists.ts';

/** Lists of missions in memory, newest first. */
export const memoryMissionLists = (): MissionLists => {
  const lists = new Map<string, Map<string, { readonly row: MissionRow; readonly entry: number }>>();
  const cases = new Map<string, Map<string, string>>();
  const nameOf = (...names: readonly unknown[]): string => JSON.stringify(names);
  const listOf = ({ organisation, part }: MissionListName) => {
    const name = nameOf(organisation, part);
    const list = lists.get(name) ?? new Map();
    lists.set(name, list);
    return list;
  };
  return {
    put: async (name, state) => {
      const list = listOf(name);
      const known = list.get(state.mission);
      if (known !== undefined && known.entry >= state.version) return;
      list.set(state.mission, { row: structuredClone(rowOf(state)), entry: state.version });
    },
    list: async (name, which, limit, from) => {
      const found = [...listOf(name).values()]
        .map(({ row }) => row)
        .filter((row) => which === 'all' || row.ended === undefined)
        .filter((row) => from === undefined || placeOfMission(row) < from)
        .sort((one, other) => (placeOfMission(one) > placeOfMission(other) ? -1 : 1));
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      return { items: structuredClone(items), ...(last === undefined ? {} : { next: placeOfMission(last) }) };
    },
    linkCase: async ({ system, value }, state) => {
      const name = nameOf(system, value, state.exercise);
      cases.set(name, (cases.get(name) ?? new Map()).set(placeOfMission(state), state.mission));
    },
    missionsOfCase: async ({ system, value }, exercise, limit) =>
      [...(cases.get(nameOf(system, value, exercise)) ?? [])]
        .sort(([one], [other]) => (one > other ? -1 : 1))
        .slice(0, limit)
        .map(([, mission]) => mission),
  };
};
