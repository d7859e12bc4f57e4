import type { Worklist, WorklistItem } from '../../../mission/ports.ts';
import { isFinal } from '../../../mission/state.ts';

/** Worklists in memory, in the order in which the Tasks were opened. */
export const memoryWorklist = (): Worklist => {
  const items = new Map<string, WorklistItem>();
  return {
    put: async (task, state) => {
      const known = items.get(task.id);
      if (known !== undefined && known.task.changedBy >= task.changedBy) return;
      const { mission, exercise, urgency } = state;
      items.set(task.id, structuredClone({ task, mission, exercise, urgency }));
    },
    list: async (owner, open, limit, from) => {
      const start = from === undefined ? 0 : Number(from);
      const found = [...items.values()]
        .filter(({ task }) => task.owner === owner && isFinal(task) !== open)
        .sort((one, other) => (one.task.openedAt < other.task.openedAt ? -1 : 1));
      const page = found.slice(start, start + limit);
      return {
        items: structuredClone(page),
        ...(start + limit < found.length ? { next: String(start + limit) } : {}),
      };
    },
  };
};
