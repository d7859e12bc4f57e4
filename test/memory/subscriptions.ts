import type { Subscription, Subscriptions } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import { immutableCopy } from './immutable-copy.ts';
import type { ObligationSource } from './obligations.ts';
import { keepHead, numberingOf, type SubscriptionStore, subscriptionStore } from './subscription-store.ts';

/** Subscriptions in memory: conditional writes, copies in and out. `between` runs between the two writes where DynamoDB needs two. */
export const memorySubscriptions = (
  store: SubscriptionStore = subscriptionStore(),
  between: () => Promise<void> = async () => undefined,
): Subscriptions & ObligationSource => {
  const { heads, enlisted } = store;
  /** Written after the head: a change or an end in between is not undone. */
  const enlist = async ({ id, organisation, filter, revision }: Subscription): Promise<void> => {
    await between();
    enlisted.set(id, immutableCopy({ id, organisation, filter }));
    await between();
    const head = heads.get(id)?.subscription;
    if (head?.status === 'off') enlisted.delete(id);
    else if (head !== undefined && head.revision !== revision) await enlist(head);
  };

  return {
    create: async (subscription, dueAt) => {
      if (heads.has(subscription.id)) throw new Error(`there is a subscription ${subscription.id}`);
      keepHead(store, subscription.id, { subscription: immutableCopy(subscription), dueAt, given: new Map() });
      if (subscription.status !== 'off') await enlist(subscription);
    },
    read: async (id) => heads.get(id)?.subscription,
    ofOrganisation: async (organisation) =>
      [...enlisted.values()]
        .filter((one) => one.organisation === organisation)
        .flatMap(({ id }) => heads.get(id)?.subscription ?? []),
    turnOff: async (id) => {
      const head = heads.get(id);
      if (head === undefined) return;
      const { retryAt: _retryAt, ...rest } = head.subscription;
      keepHead(store, id, { ...numberingOf(head), subscription: { ...rest, status: 'off' } });
      await between();
      enlisted.delete(id);
    },
    change: async (changed, handshakeDueAt) => {
      const head = heads.get(changed.id);
      if (head === undefined) return false;
      const { subscription } = head;
      if (subscription.status === 'off' || subscription.revision !== changed.revision) return false;
      const { error, retryAt, failingSince, status, failures, lastNumber } = subscription;
      const { error: _error, retryAt: _retryAt, failingSince: _since, ...rest } = immutableCopy(changed);
      const next = { ...rest, lastNumber, revision: changed.revision + 1 };
      keepHead(
        store,
        changed.id,
        handshakeDueAt === undefined
          ? { ...head, subscription: { ...next, status, failures, ...defined({ failingSince, error, retryAt }) } }
          : {
              ...numberingOf(head),
              subscription: { ...next, status: 'requested', failures: 0 },
              dueAt: handshakeDueAt,
            },
      );
      await enlist({ ...changed, revision: changed.revision + 1 });
      return true;
    },
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
