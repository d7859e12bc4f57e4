import type { EventNumbers } from '../../core/delivery/event-numbers.ts';
import type { IdleMissions } from '../../core/delivery/idle-missions.ts';
import { defined } from '../../schemas/defined.ts';
import { type Head, keepHead, type SubscriptionStore } from './subscription-store.ts';

const inError = (head: Head | undefined): true | undefined =>
  head?.subscription.status === 'error' ? true : undefined;

/** Event numbers in memory. */
export const memoryEventNumbers = (store: SubscriptionStore): EventNumbers & Pick<IdleMissions, 'forget'> => {
  const { heads } = store;
  return {
    number: async (id, mission, entry, knownSince) => {
      const head = heads.get(id);
      const last = head?.given.get(mission);
      // As on DynamoDB, where the condition fails for a head that does not exist too.
      if (head === undefined) return 'passed';
      if (last !== undefined && last.entry > entry) return 'passed';
      if (last === undefined && (head.forgotThrough ?? 0) >= knownSince)
        return { forgotThrough: head.forgotThrough ?? 0 };
      const next =
        last?.entry === entry
          ? last
          : { entry, number: head.subscription.lastNumber + 1, ...defined({ previous: last?.number }) };
      keepHead(store, id, {
        ...head,
        subscription: { ...head.subscription, lastNumber: Math.max(head.subscription.lastNumber, next.number) },
        given: new Map([...head.given, [mission, next]]),
      });
      return { number: next.number, ...defined({ previous: next.previous, inError: inError(head) }) };
    },
    numbered: async (id, mission, entry) => {
      const head = heads.get(id);
      const last = head?.given.get(mission);
      return last?.entry === entry
        ? { number: last.number, ...defined({ previous: last.previous, inError: inError(head) }) }
        : undefined;
    },
    forget: async (subscription, { mission, entry }, through) => {
      const head = heads.get(subscription);
      const last = head?.given.get(mission);
      if (head === undefined || (last !== undefined && last.entry > entry)) return;
      keepHead(store, subscription, {
        ...head,
        given: new Map([...head.given].filter(([given]) => given !== mission)),
        forgotThrough: Math.max(through, head.forgotThrough ?? 0),
      });
    },
  };
};
