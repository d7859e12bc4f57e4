import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import { defined } from '../../schemas/defined.ts';
import { keepHead, type SubscriptionStore } from './subscription-store.ts';

/** Endpoint health in memory. */
export const memoryEndpointHealth = (store: SubscriptionStore): EndpointHealthStore => {
  const { heads } = store;
  return {
    save: async (
      seen,
      { status, failures, failingSince, rejectedSince, failedCall, retryAt, quickAnswersNeeded, dueAt },
    ) => {
      const head = heads.get(seen.id);
      if (head === undefined) return false;
      const { subscription } = head;
      if (
        subscription.status === 'off' ||
        subscription.status !== seen.status ||
        subscription.revision !== seen.revision ||
        subscription.failingSince !== seen.failingSince
      )
        return false;
      const {
        failedCall: _failedCall,
        retryAt: _retryAt,
        failingSince: _since,
        rejectedSince: _rejectedSince,
        quickAnswersNeeded: _quickAnswersNeeded,
        ...rest
      } = subscription;
      keepHead(store, seen.id, {
        subscription: {
          ...rest,
          status,
          failures,
          ...defined({ failingSince, rejectedSince, failedCall, retryAt, quickAnswersNeeded }),
        },
        ...defined({ dueAt }),
      });
      return true;
    },
    countFailure: async ({ id, revision }, failedCall, { isRejection }) => {
      const head = heads.get(id);
      if (head === undefined || head.subscription.status !== 'active' || head.subscription.revision !== revision)
        return undefined;
      const { at } = failedCall;
      const { rejectedSince: before, ...rest } = head.subscription;
      const failures = rest.failures + 1;
      const failingSince = rest.failingSince ?? at;
      const rejecting = isRejection ? { rejectedSince: before ?? at } : {};
      keepHead(store, id, { ...head, subscription: { ...rest, failures, failingSince, ...rejecting, failedCall } });
      return { failures, failingSince, ...rejecting };
    },
    saveSpeed: async ({ id, revision, quickAnswersNeeded: seen }, quickAnswersNeeded) => {
      const head = heads.get(id);
      if (head === undefined) return false;
      const { quickAnswersNeeded: before, ...rest } = head.subscription;
      if (rest.status !== 'active' || rest.revision !== revision || before !== seen) return false;
      keepHead(store, id, { ...head, subscription: { ...rest, ...defined({ quickAnswersNeeded }) } });
      return true;
    },
    claimProbe: async ({ id, revision, retryAt }, until) => {
      const head = heads.get(id);
      if (head === undefined) return false;
      const { subscription } = head;
      if (subscription.status !== 'error' || subscription.revision !== revision) return false;
      if (retryAt === undefined || subscription.retryAt !== retryAt) return false;
      keepHead(store, id, { ...head, subscription: { ...subscription, retryAt: until } });
      return true;
    },
  };
};
