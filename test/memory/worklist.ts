import { placeOfTask, type Worklist, type WorklistItem } from '../../core/mission/projections.ts';
import { deadlineOf, isFinal } from '../../core/mission/state.ts';
import type { ObligationSource } from './obligations.ts';

interface Kept {
  readonly item: WorklistItem;
  /** The entry as of which it is kept. */
  readonly entry: number;
  readonly dueAt?: string;
}

/** Worklists in memory, longest waiting first, with the deadlines of the Tasks. */
export const memoryWorklist = (): Worklist & ObligationSource => {
  const items = new Map<string, Kept>();
  const listOf =
    (party: 'owner' | 'asker'): Worklist['list'] =>
    async (organisation, list, limit, from) => {
      const open = list === 'open';
      const placeOf = ({ task }: WorklistItem): string => placeOfTask(task);
      const isBefore = (one: string, other: string): boolean => (open ? one < other : one > other);
      const found = [...items.values()]
        .map(({ item }) => item)
        .filter((item) => item.task[party] === organisation && isFinal(item.task) !== open)
        .filter((item) => from === undefined || isBefore(from, placeOf(item)))
        .sort((one, other) => (isBefore(placeOf(one), placeOf(other)) ? -1 : 1));
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { items: structuredClone(page), ...(last === undefined ? {} : { next: placeOf(last) }) };
    };
  return {
    put: async (task, state) => {
      const known = items.get(task.id);
      if (known !== undefined && known.entry >= state.version) return;
      const { mission, exercise, urgency, coordinator } = state;
      const dueAt = deadlineOf(task);
      items.set(task.id, {
        item: structuredClone({ task, mission, exercise, urgency, coordinator }),
        entry: state.version,
        ...(dueAt === undefined ? {} : { dueAt }),
      });
    },
    list: listOf('owner'),
    asked: listOf('asker'),
    postpone: (obligation, dueAt) => {
      if (obligation.kind !== 'deadline') return;
      const kept = items.get(obligation.task);
      if (kept?.dueAt !== undefined) items.set(obligation.task, { ...kept, dueAt });
    },
    pending: () =>
      [...items].flatMap(([task, { item, dueAt }]) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'deadline' as const, mission: item.mission, task } }],
      ),
  };
};
