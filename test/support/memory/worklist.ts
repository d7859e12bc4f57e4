import type { Worklist, WorklistItem } from '../../../mission/ports.ts';
import { deadlineOf, isFinal } from '../../../mission/state.ts';
import type { Debtor } from './debts.ts';

interface Kept {
  readonly item: WorklistItem;
  /** The entry as of which it is kept. */
  readonly entry: number;
  readonly dueAt?: string;
}

/** Worklists in memory, in the order in which the Tasks were opened, with the deadlines that the Tasks wait for. */
export const memoryWorklist = (): Worklist & Debtor => {
  const items = new Map<string, Kept>();
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
    list: async (owner, open, limit, from) => {
      const start = from === undefined ? 0 : Number(from);
      const found = [...items.values()]
        .map(({ item }) => item)
        .filter(({ task }) => task.owner === owner && isFinal(task) !== open)
        .sort((one, other) => (one.task.openedAt < other.task.openedAt ? -1 : 1));
      const page = found.slice(start, start + limit);
      return {
        items: structuredClone(page),
        ...(start + limit < found.length ? { next: String(start + limit) } : {}),
      };
    },
    postpone: (obligation, dueAt) => {
      if (obligation.kind !== 'deadline') return;
      const kept = items.get(obligation.task);
      if (kept?.dueAt !== undefined) items.set(obligation.task, { ...kept, dueAt });
    },
    debts: () =>
      [...items].flatMap(([task, { item, dueAt }]) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'deadline' as const, mission: item.mission, task } }],
      ),
  };
};
