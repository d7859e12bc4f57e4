import type { Obligation, Obligations, PlannedObligation } from '../../core/delivery/obligations.ts';
import { defined } from '../../schemas/defined.ts';
import type { Database, Row, Statement } from './database.ts';
import { integer, optionalText, text } from './rows.ts';

/** What is pending of each kind: where it is, and the columns that name it. */
const deadlines = `SELECT 'deadline' AS kind, mission AS log, task AS item, due_at FROM tasks WHERE due_at IS NOT NULL`;
const others = [
  `SELECT 'fan-out' AS kind, mission AS log, number AS item, due_at FROM fan_outs WHERE due_at IS NOT NULL`,
  `SELECT 'delivery', subscription, number, due_at FROM notifications WHERE due_at IS NOT NULL`,
  `SELECT 'contact', id, due_at, due_at FROM subscriptions WHERE due_at IS NOT NULL`,
];

/** Each part has its own condition, so that each is read from its index. */
const dueBy = (parts: readonly string[]): string =>
  `${parts.map((part) => `${part} AND due_at <= $time`).join(' UNION ALL ')} ORDER BY due_at LIMIT $limit`;

const obligationOf = ({ kind, log, item }: Row): Obligation => {
  switch (kind) {
    case 'deadline':
      return { kind, mission: text(log), task: text(item) };
    case 'fan-out':
      return { kind, mission: text(log), entry: integer(item) };
    case 'delivery':
      return { kind, subscription: text(log), number: integer(item) };
    case 'contact':
      return { kind, subscription: text(log), due: text(item) };
    default:
      throw new Error(`There is no obligation of the kind ${text(kind)}`);
  }
};

/** Obligations that are due after a time, farthest ahead first. A negative limit: all of them. */
export const plannedAfter = `${[deadlines, ...others].map((part) => `${part} AND due_at > $time`).join(' UNION ALL ')}
  ORDER BY due_at DESC LIMIT $limit`;

export const plannedObligation = (row: Row): PlannedObligation => ({
  obligation: obligationOf(row),
  dueAt: text(row['due_at']),
});

/**
 * Makes every unfinished fan-out and pending notification due at a time, ISO 8601. The jobs of a process are gone when it has ended:
 * the sweeper of the next one sends them at once, not when they would have been checked.
 */
export const makeDue = async (database: Database, time: string): Promise<void> => {
  const statements = ['fan_outs', 'notifications'].map((table) =>
    database.statement(`UPDATE ${table} SET due_at = $time WHERE due_at > $time`),
  );
  await database.write(() => {
    for (const statement of statements) statement.run({ time });
  });
};

/** Obligations on SQLite: the rows that have `due_at`, read from their indexes. The cost grows with what is pending, not with what is stored. */
export const obligations = (database: Database): Obligations => {
  const dueDeadlines = database.statement(dueBy([deadlines]));
  const dueOthers = database.statement(dueBy(others));
  const planned = database.statement(plannedAfter);
  const pending = database.statement(
    `SELECT count(*) AS count, min(since) AS since FROM (
       SELECT received_at AS since FROM fan_outs JOIN entries USING (mission, number) WHERE due_at IS NOT NULL
       UNION ALL
       SELECT coalesce(redriven_at, written_at) FROM notifications WHERE due_at IS NOT NULL
     )`,
  );
  const update = (table: string, key: string): Statement =>
    database.statement(`UPDATE ${table} SET due_at = $dueAt WHERE ${key} AND due_at IS NOT NULL`);
  const postponeDeadline = update('tasks', 'mission = $mission AND task = $task');
  const postponeFanOut = update('fan_outs', 'mission = $mission AND number = $number');
  const postponeDelivery = update('notifications', 'subscription = $subscription AND number = $number');
  const postponeContact = update('subscriptions', 'id = $id');

  const postponed = (obligation: Obligation, dueAt: string): number => {
    switch (obligation.kind) {
      case 'deadline':
        return postponeDeadline.run({ mission: obligation.mission, task: obligation.task, dueAt });
      case 'fan-out':
        return postponeFanOut.run({ mission: obligation.mission, number: obligation.entry, dueAt });
      case 'delivery':
        return postponeDelivery.run({ subscription: obligation.subscription, number: obligation.number, dueAt });
      case 'contact':
        return postponeContact.run({ id: obligation.subscription, dueAt });
      case 'unknown':
        // A database of a newer release is not opened, so there is none.
        return 0;
    }
  };

  return {
    async due(now, limit) {
      const first = dueDeadlines.all({ time: now, limit });
      const rest = dueOthers.all({ time: now, limit: limit - first.length });
      return [...first, ...rest].map(obligationOf);
    },

    async dueAfter(time, limit) {
      return planned.all({ time, limit }).map(plannedObligation);
    },

    async undelivered() {
      const row = pending.get({});
      return { count: integer(row?.['count']), ...defined({ since: optionalText(row?.['since']) }) };
    },

    async postpone(obligation, dueAt) {
      await database.write(() => postponed(obligation, dueAt));
    },
  };
};
