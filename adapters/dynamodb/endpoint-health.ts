import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import { count, text } from './attributes.ts';
import { obligationAt } from './shards.ts';
import { isConditionFailed, keys, type Table, updateItem, updateIf } from './table.ts';

/** The condition that the head still has the status that was read; a status that only a newer release knows was read as `error`. */
const isAsSeen = ({ status }: Pick<Subscription, 'status'>): string =>
  status === 'error' ? 'NOT #status IN (:requested, :active, :off)' : '#status = :seen';
const valuesSeen = ({ status }: Pick<Subscription, 'status'>): Readonly<Record<string, string>> =>
  status === 'error' ? { requested: 'requested', active: 'active', off: 'off' } : { seen: status };

/** Endpoint health on DynamoDB: attributes of the subscription's head item. */
export const endpointHealth = (table: Table): EndpointHealthStore => ({
  async save(seen, { status, failures, failingSince, rejectedSince, failedCall, retryAt, quickAnswersNeeded, dueAt }) {
    const key = keys.subscription(seen.id);
    const { obligation } = dueAt === undefined ? {} : obligationAt(table, 'pending', key, dueAt);
    const health = {
      status,
      failures,
      failingSince,
      rejectedSince,
      failedCall: failedCall && JSON.stringify(failedCall),
      retryAt,
      quickAnswersNeeded,
      obligation,
      dueAt,
    };
    return updateIf(table, {
      key,
      set: health,
      remove: Object.entries(health).flatMap(([name, value]) => (value === undefined ? [name] : [])),
      // The outage too: a call that the client library repeats must not end another outage.
      when: `${isAsSeen(seen)} AND #status <> :off AND revision = :revision AND ${seen.failingSince === undefined ? 'attribute_not_exists(#failingSince)' : '#failingSince = :since'}`,
      values: { ...valuesSeen(seen), off: 'off', revision: seen.revision, since: seen.failingSince },
    });
  },

  async countFailure({ id, revision }, failedCall, { isRejection }) {
    const { at } = failedCall;
    try {
      const { Attributes } = await updateItem(table, {
        key: keys.subscription(id),
        set: { failedCall: JSON.stringify(failedCall) },
        compute: {
          failures: '#failures + :one',
          failingSince: 'if_not_exists(#failingSince, :at)',
          ...(isRejection ? { rejectedSince: 'if_not_exists(#rejectedSince, :at)' } : {}),
        },
        remove: isRejection ? [] : ['rejectedSince'],
        when: '#status = :active AND revision = :revision',
        values: { one: 1, at, active: 'active', revision },
      });
      return {
        failures: count(Attributes?.['failures']),
        failingSince: text(Attributes?.['failingSince']) ?? at,
        ...defined({ rejectedSince: text(Attributes?.['rejectedSince']) }),
      };
    } catch (failure) {
      if (isConditionFailed(failure)) return undefined;
      throw failure;
    }
  },

  async saveSpeed({ id, revision, quickAnswersNeeded: seen }, quickAnswersNeeded) {
    return updateIf(table, {
      key: keys.subscription(id),
      set: { quickAnswersNeeded },
      remove: quickAnswersNeeded === undefined ? ['quickAnswersNeeded'] : [],
      when: `#status = :active AND revision = :revision AND ${seen === undefined ? 'attribute_not_exists(#quickAnswersNeeded)' : '#quickAnswersNeeded = :before'}`,
      values: { active: 'active', revision, before: seen },
    });
  },

  async claimProbe({ id, revision, retryAt }, until) {
    return updateIf(table, {
      key: keys.subscription(id),
      set: { retryAt: until },
      when: `${isAsSeen({ status: 'error' })} AND retryAt = :retryAt AND revision = :revision`,
      values: { ...valuesSeen({ status: 'error' }), retryAt: retryAt ?? '', revision },
    });
  },
});
