import type { Obligation, Obligations } from '../../core/delivery/obligations.ts';

/** Something that carries a `dueAt`, seen through the one sparse index. */
export interface Debt {
  readonly dueAt: string;
  readonly obligation: Obligation;
}

export interface Debtor {
  debts(): readonly Debt[];
  /** Moves the time of one of its debts, if it is still owed. */
  postpone(obligation: Obligation, dueAt: string): void;
}

const rank = ({ obligation }: Debt): number => (obligation.kind === 'deadline' ? 0 : 1);

/** What is due: deadlines that people must be told of first, then the rest, each oldest first. Times compare as text: all are ISO 8601 in UTC with milliseconds. */
export const memoryObligations = (...debtors: readonly Debtor[]): Obligations => ({
  due: async (now, limit) =>
    debtors
      .flatMap((debtor) => debtor.debts())
      .filter(({ dueAt }) => dueAt <= now)
      .sort((one, other) => rank(one) - rank(other) || (one.dueAt < other.dueAt ? -1 : Number(one.dueAt > other.dueAt)))
      .slice(0, limit)
      .map(({ obligation }) => obligation),
  postpone: async (obligation, dueAt) => {
    for (const debtor of debtors) debtor.postpone(obligation, dueAt);
  },
});
