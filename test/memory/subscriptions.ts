import { hindranceOf } from '../../core/delivery/endpoint-speed.ts';
import type {
  Listing,
  ListingLimits,
  Subscriber,
  Subscription,
  Subscriptions,
} from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import { immutableCopy } from './immutable-copy.ts';
import type { ObligationSource } from './obligations.ts';
import { keepHead, type SubscriptionStore, subscriptionStore } from './subscription-store.ts';

/** Subscriptions in memory: conditional writes, copies in and out. `between` runs between the two writes where DynamoDB needs two. */
export const memorySubscriptions = (
  store: SubscriptionStore = subscriptionStore(),
  between: () => Promise<void> = async () => undefined,
): Subscriptions & ObligationSource => {
  const { heads, enlisted, listings } = store;
  const listedOf = (organisation: string): readonly Subscriber[] =>
    [...enlisted.values()].filter((one) => one.organisation === organisation);
  const enlist = async ({ id, organisation, filter }: Subscription, limits: ListingLimits): Promise<Listing> => {
    await between();
    const before = listings.get(organisation) ?? 0;
    if (limits.most !== undefined && listedOf(organisation).length >= limits.most) return 'full';
    if (limits.listings !== undefined && limits.listings !== before) return 'changed';
    enlisted.set(id, immutableCopy({ id, organisation, filter }));
    listings.set(organisation, before + 1);
    return 'listed';
  };
  /** Written after the head: a change or an end in between is not undone. */
  const relist = async ({ id, organisation, filter, revision }: Subscription): Promise<void> => {
    await between();
    if (enlisted.has(id)) enlisted.set(id, immutableCopy({ id, organisation, filter }));
    await between();
    const head = heads.get(id)?.subscription;
    if (head !== undefined && head.status !== 'off' && head.revision !== revision) await relist(head);
  };
  /** An ended subscription has an obligation until it is not listed any more. */
  const completeEnd = async (id: string): Promise<void> => {
    await between();
    enlisted.delete(id);
    const head = heads.get(id);
    if (head?.subscription.status === 'off') keepHead(store, id, { subscription: head.subscription });
  };
  const end = async (id: string, at: string): Promise<void> => {
    const head = heads.get(id);
    if (head === undefined) return;
    const { retryAt: _retryAt, ...rest } = head.subscription;
    keepHead(store, id, { subscription: { endedAt: at, ...rest, status: 'off' }, dueAt: at });
    await completeEnd(id);
  };
  const confirmListed = async (id: string): Promise<boolean> => {
    await between();
    const head = heads.get(id);
    if (head === undefined || head.subscription.status === 'off') {
      enlisted.delete(id);
      return false;
    }
    const { isUnlisted: _isUnlisted, ...listed } = head;
    keepHead(store, id, listed);
    return true;
  };
  const turnOff: Subscriptions['turnOff'] = async (id, at, seen) => {
    const head = heads.get(id);
    if (head === undefined || (seen !== undefined && head.subscription.revision !== seen.revision)) return false;
    await end(id, at);
    return true;
  };

  return {
    create: async (subscription, dueAt, limits = {}) => {
      if (heads.has(subscription.id)) throw new Error(`there is a subscription ${subscription.id}`);
      const isUnlisted = subscription.status !== 'off';
      keepHead(store, subscription.id, {
        subscription: immutableCopy(subscription),
        dueAt,
        ...(isUnlisted ? { isUnlisted } : {}),
      });
      if (!isUnlisted) return 'listed';
      const listing = await enlist(subscription, limits);
      if (listing === 'listed') return (await confirmListed(subscription.id)) ? 'listed' : 'changed';
      await turnOff(subscription.id, subscription.createdAt);
      return listing;
    },
    completeListing: async (id) => {
      const head = heads.get(id);
      if (head === undefined) return false;
      if (head.subscription.status === 'off') {
        await completeEnd(id);
        return false;
      }
      if (head.isUnlisted !== true) {
        await relist(head.subscription);
        return true;
      }
      if (enlisted.has(id)) return confirmListed(id);
      await between();
      if (heads.get(id)?.isUnlisted !== true) return true;
      await end(id, head.subscription.createdAt);
      return false;
    },
    read: async (id) => heads.get(id)?.subscription,
    ofOrganisation: async (organisation) =>
      listedOf(organisation).flatMap(({ id }) => heads.get(id)?.subscription ?? []),
    listings: async (organisation) => listings.get(organisation) ?? 0,
    turnOff,
    change: async (changed, handshakeDueAt) => {
      const head = heads.get(changed.id);
      if (head === undefined) return false;
      const { subscription } = head;
      if (subscription.status === 'off' || subscription.revision !== changed.revision) return false;
      const { failedCall, retryAt, failingSince, rejectedSince, quickAnswersNeeded, status, failures } = subscription;
      const {
        failedCall: _failedCall,
        retryAt: _retryAt,
        failingSince: _since,
        rejectedSince: _rejectedSince,
        quickAnswersNeeded: _quickAnswersNeeded,
        ...rest
      } = immutableCopy(changed);
      const next = { ...rest, revision: changed.revision + 1 };
      keepHead(
        store,
        changed.id,
        handshakeDueAt === undefined
          ? {
              ...head,
              subscription: {
                ...next,
                status,
                failures,
                ...defined({ failingSince, rejectedSince, failedCall, retryAt, quickAnswersNeeded }),
              },
            }
          : {
              subscription: { ...next, status: 'requested', failures: 0 },
              dueAt: handshakeDueAt,
            },
      );
      await relist({ ...changed, revision: changed.revision + 1 });
      return true;
    },
    hindered: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const head = heads.get(id);
          const hindrance = head === undefined ? undefined : hindranceOf(head.subscription);
          return hindrance === undefined ? [] : [[id, hindrance] as const];
        }),
      ),
    subscribers: async (organisations) =>
      [...enlisted.values()].filter(({ organisation }) => organisations.includes(organisation)),
    postpone: (obligation, dueAt) => {
      if (obligation.kind !== 'contact') return;
      const head = heads.get(obligation.subscription);
      if (head?.dueAt !== undefined) keepHead(store, obligation.subscription, { ...head, dueAt });
    },
    pending: () =>
      [...heads].flatMap(([subscription, { dueAt }]) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'contact' as const, subscription, due: dueAt } }],
      ),
  };
};
