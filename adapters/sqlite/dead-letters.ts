import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import type { Database, Values } from './database.ts';
import { storedNotification } from './notifications.ts';
import { integer, text } from './rows.ts';

/** The dead letter after which a page begins. */
const cursorOf = (place: readonly [since: string, subscription: string, number: number]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url');
const placeOf = (cursor: string | undefined): Values => {
  const [since, subscription, number] =
    cursor === undefined ? ['', '', 0] : JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  return { since, subscription, number };
};

/** Dead letters are the notifications that have `dead_since`. */
export const deadLetters = (database: Database): DeadLetters => {
  const page = database.statement(
    `SELECT * FROM notifications
     WHERE dead_since IS NOT NULL AND (dead_since, subscription, number) > ($since, $subscription, $number)
     ORDER BY dead_since, subscription, number LIMIT $limit`,
  );
  const makePending = database.statement(
    `UPDATE notifications SET status = 'pending', attempts = 0, redriven_at = $at, due_at = $dueAt, dead_since = NULL,
       first_tried_at = NULL, rejected_for = NULL, warned = NULL, completed_at = NULL
     WHERE subscription = $subscription AND number = $number AND status = 'failed' AND dead_since IS NOT NULL`,
  );
  const leaveFailed = database.statement(
    `UPDATE notifications SET discarded_at = $at, dead_since = NULL
     WHERE subscription = $subscription AND number = $number AND status = 'failed' AND dead_since IS NOT NULL`,
  );

  return {
    async list(limit, from) {
      // One more than the page: whether there is another page.
      const rows = page.all({ ...placeOf(from), limit: limit + 1 });
      const found = rows.slice(0, limit);
      const last = rows.length > limit ? found.at(-1) : undefined;
      return {
        items: found.map(storedNotification),
        ...(last === undefined
          ? {}
          : { next: cursorOf([text(last['dead_since']), text(last['subscription']), integer(last['number'])]) }),
      };
    },

    redrive(subscription, number, at, dueAt) {
      return database.write(() => makePending.run({ subscription, number, at, dueAt }) > 0);
    },

    discard(subscription, number, at) {
      return database.write(() => leaveFailed.run({ subscription, number, at }) > 0);
    },
  };
};
