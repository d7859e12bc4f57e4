import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import { defined } from '../../schemas/defined.ts';
import type { Database } from './database.ts';
import { integer, optionalText, text } from './rows.ts';

/** Endpoint health on SQLite: columns of the subscription's row. */
export const endpointHealth = (database: Database): EndpointHealthStore => {
  // The outage too: a late call must not end another outage.
  const saveHealth = database.statement(
    `UPDATE subscriptions SET status = $status, failures = $failures, failing_since = $failingSince,
       rejected_since = $rejectedSince, failed_call = $failedCall, retry_at = $retryAt,
       quick_answers_needed = $quickAnswersNeeded, due_at = $dueAt
     WHERE id = $id AND status = $seen AND status <> 'off' AND revision = $revision AND failing_since IS $since`,
  );
  const addFailure = database.statement(
    `UPDATE subscriptions SET failures = failures + 1, failed_call = $failedCall,
       failing_since = coalesce(failing_since, $at),
       rejected_since = CASE WHEN $isRejection THEN coalesce(rejected_since, $at) END
     WHERE id = $id AND status = 'active' AND revision = $revision
     RETURNING failures, failing_since, rejected_since`,
  );
  const setSpeed = database.statement(
    `UPDATE subscriptions SET quick_answers_needed = $quickAnswersNeeded
     WHERE id = $id AND status = 'active' AND revision = $revision AND quick_answers_needed IS $seen`,
  );
  const setProbe = database.statement(
    `UPDATE subscriptions SET retry_at = $until
     WHERE id = $id AND status = 'error' AND retry_at = $retryAt AND revision = $revision`,
  );

  return {
    save({ id, status: seen, revision, failingSince: since }, { failedCall, ...health }) {
      const { status, failures, failingSince, rejectedSince, retryAt, quickAnswersNeeded, dueAt } = health;
      return database.write(
        () =>
          saveHealth.run({
            id,
            seen,
            revision,
            since,
            status,
            failures,
            failingSince,
            rejectedSince,
            failedCall: failedCall && JSON.stringify(failedCall),
            retryAt,
            quickAnswersNeeded,
            dueAt,
          }) > 0,
      );
    },

    countFailure({ id, revision }, failed, { isRejection }) {
      const failedCall = JSON.stringify(failed);
      return database.write(() => {
        const row = addFailure.get({ id, revision, failedCall, at: failed.at, isRejection });
        if (row === undefined) return undefined;
        return {
          failures: integer(row['failures']),
          failingSince: text(row['failing_since']),
          ...defined({ rejectedSince: optionalText(row['rejected_since']) }),
        };
      });
    },

    saveSpeed({ id, revision, quickAnswersNeeded: seen }, quickAnswersNeeded) {
      return database.write(() => setSpeed.run({ id, revision, seen, quickAnswersNeeded }) > 0);
    },

    claimProbe({ id, revision, retryAt }, until) {
      return database.write(() => setProbe.run({ id, revision, retryAt, until }) > 0);
    },
  };
};
