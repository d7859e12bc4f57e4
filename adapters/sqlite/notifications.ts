import type { Notification, Notifications, NotificationStatus } from '../../core/delivery/notifications.ts';
import { defined } from '../../schemas/defined.ts';
import type { Database, Row } from './database.ts';
import { integer, json, optionalInteger, optionalText, text } from './rows.ts';

const statuses: readonly NotificationStatus[] = ['pending', 'delivered', 'failed'];

export const storedNotification = (row: Row): Notification => ({
  subscription: text(row['subscription']),
  number: integer(row['number']),
  organisation: text(row['organisation']),
  mission: text(row['mission']),
  entry: integer(row['entry']),
  writtenAt: text(row['written_at']),
  // The schema allows no other status; a row without one is no notification.
  status: statuses.find((status) => status === row['status']) ?? 'failed',
  attempts: integer(row['attempts']),
  ...defined({
    previous: optionalInteger(row['previous']),
    firstTriedAt: optionalText(row['first_tried_at']),
    rejectedFor: optionalInteger(row['rejected_for']),
    waiting: json(row['waiting']),
    warned: row['warned'] === 1 ? true : undefined,
    redrivenAt: optionalText(row['redriven_at']),
    discardedAt: optionalText(row['discarded_at']),
    lastAttemptAt: optionalText(row['last_attempt_at']),
    lastAnswer: optionalText(row['last_answer']),
    completedAt: optionalText(row['completed_at']),
  }),
});

/** Notifications on SQLite: one row each, clustered by subscription and number. */
export const notifications = (database: Database): Notifications => {
  const insert = database.statement(
    `INSERT INTO notifications (subscription, number, organisation, mission, entry, previous, written_at, status,
       attempts, due_at)
     VALUES ($subscription, $number, $organisation, $mission, $entry, $previous, $writtenAt, $status, $attempts, $dueAt)
     ON CONFLICT DO NOTHING`,
  );
  const newestNumber = database.statement(
    'SELECT number FROM notifications WHERE subscription = $subscription ORDER BY number DESC LIMIT 1',
  );
  const takenAfter = database.statement(
    `SELECT number, mission, entry FROM notifications
     WHERE subscription = $subscription AND number > $after ORDER BY number LIMIT $limit`,
  );
  const one = database.statement('SELECT * FROM notifications WHERE subscription = $subscription AND number = $number');
  const several = database.statement(
    `SELECT * FROM notifications
     WHERE subscription = $subscription AND number BETWEEN $from AND $to AND mission IS NOT NULL ORDER BY number`,
  );
  // A late duplicate changes no complete delivery. One that was given up is a dead letter, until an operator redrives or discards it.
  const setAttempt = database.statement(
    `UPDATE notifications SET status = $status, attempts = attempts + $called, last_attempt_at = $at,
       last_answer = $answer, first_tried_at = $firstTriedAt, rejected_for = $rejectedFor,
       warned = coalesce($warned, warned), waiting = NULL,
       completed_at = CASE WHEN $status <> 'pending' THEN $at END,
       due_at = CASE WHEN $status = 'pending' THEN coalesce($dueAt, due_at) END,
       dead_since = CASE WHEN $status = 'failed' THEN $at END
     WHERE subscription = $subscription AND number = $number AND status = 'pending'
       AND NOT (last_attempt_at IS $at AND last_answer IS $answer)`,
  );
  const setWait = database.statement(
    `UPDATE notifications SET waiting = coalesce($waiting, waiting), due_at = $dueAt, warned = coalesce($warned, warned)
     WHERE subscription = $subscription AND number = $number AND status = 'pending'`,
  );

  const read = (subscription: string, number: number): Notification | undefined => {
    const row = one.get({ subscription, number });
    return row === undefined ? undefined : storedNotification(row);
  };

  return {
    async newest(subscription) {
      return integer(newestNumber.get({ subscription })?.['number']);
    },

    async taken(subscription, after, limit) {
      const most = Number.isFinite(limit) ? limit : -1;
      return takenAfter.all({ subscription, after, limit: most }).map(({ number, mission, entry }) => ({
        number: integer(number),
        ...defined({ mission: optionalText(mission), entry: optionalInteger(entry) }),
      }));
    },

    append(notification, dueAt) {
      const { subscription, number, organisation, mission, entry, previous, writtenAt, status, attempts } =
        notification;
      const values = { subscription, number, organisation, mission, entry, previous, writtenAt, status, attempts };
      return database.write(() => {
        const isWritten = insert.run({ ...values, dueAt }) > 0;
        return isWritten ? notification : (read(subscription, number) ?? notification);
      });
    },

    async read(subscription, number) {
      return read(subscription, number);
    },

    async readAll(keys) {
      return keys.flatMap(({ subscription, number }) => read(subscription, number) ?? []);
    },

    async range(subscription, from, to) {
      return several.all({ subscription, from, to }).map(storedNotification);
    },

    async record(subscription, number, { at, answer, status, called, firstTriedAt, rejectedFor, warned, dueAt }) {
      const attempt = { at, answer, status, called, firstTriedAt, rejectedFor, dueAt };
      await database.write(() =>
        setAttempt.run({ subscription, number, ...attempt, warned: warned === true ? 1 : undefined }),
      );
    },

    async noteWait(subscription, number, { waiting, dueAt, warned }) {
      const noted = { waiting: waiting && JSON.stringify(waiting), dueAt, warned: warned ? 1 : undefined };
      await database.write(() => setWait.run({ subscription, number, ...noted }));
    },
  };
};
