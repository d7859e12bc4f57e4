import type { Obligation, Obligations } from '../../core/delivery/obligations.ts';

/** An obligation and its time: what DynamoDB shows through the one sparse index. */
export interface DueItem {
  readonly dueAt: string;
  readonly obligation: Obligation;
  /** When the message or notification was stored; absent for others. */
  readonly since?: string;
}

/** A store whose items carry obligations. */
export interface ObligationSource {
  pending(): readonly DueItem[];
  /** Moves the time of one of its obligations, if it is still pending. */
  postpone(obligation: Obligation, dueAt: string): void;
}

const rank = ({ obligation }: DueItem): number => (obligation.kind === 'deadline' ? 0 : 1);

/** What is due: first the deadlines, then the rest, each oldest first. Times compare as text: all are ISO 8601 in UTC with milliseconds. */
export const memoryObligations = (...sources: readonly ObligationSource[]): Obligations => ({
  due: async (now, limit) =>
    sources
      .flatMap((source) => source.pending())
      .filter(({ dueAt }) => dueAt <= now)
      .sort((one, other) => rank(one) - rank(other) || (one.dueAt < other.dueAt ? -1 : Number(one.dueAt > other.dueAt)))
      .slice(0, limit)
      .map(({ obligation }) => obligation),
  dueAfter: async (time, limit) =>
    sources
      .flatMap((source) => source.pending())
      .filter(({ dueAt }) => dueAt > time)
      .sort((one, other) => (one.dueAt > other.dueAt ? -1 : Number(one.dueAt < other.dueAt)))
      .slice(0, limit)
      .map(({ obligation, dueAt }) => ({ obligation, dueAt })),
  undelivered: async () => {
    const all = sources.flatMap((source) => source.pending()).flatMap(({ since }) => since ?? []);
    const [since] = all.toSorted();
    return { count: all.length, ...(since === undefined ? {} : { since }) };
  },
  postpone: async (obligation, dueAt) => {
    for (const source of sources) source.postpone(obligation, dueAt);
  },
});
