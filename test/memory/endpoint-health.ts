import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import { defined } from '../../schemas/defined.ts';
import { keepHead, numberingOf, type SubscriptionStore } from './subscription-store.ts';

/** Endpoint health in memory. */
export const memoryEndpointHealth = (store: SubscriptionStore): EndpointHealthStore => {
  const { heads } = store;
  return {
    save: async (seen, { status, failures, failingSince, error, retryAt, dueAt }) => {
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
      const { error: _error, retryAt: _retryAt, failingSince: _since, ...rest } = subscription;
      keepHead(store, seen.id, {
        ...numberingOf(head),
        subscription: { ...rest, status, failures, ...defined({ failingSince, error, retryAt }) },
        ...defined({ dueAt }),
      });
      return true;
    },
    countFailure: async ({ id, revision }, error, at) => {
      const head = heads.get(id);
      if (head === undefined || head.subscription.status !== 'active' || head.subscription.revision !== revision)
        return undefined;
      const failures = head.subscription.failures + 1;
      const failingSince = head.subscription.failingSince ?? at;
      keepHead(store, id, { ...head, subscription: { ...head.subscription, failures, failingSince, error } });
      return { failures, failingSince };
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
