import type { Notification, Notifications } from '../../core/delivery/notifications.ts';
import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import { defined } from '../../schemas/defined.ts';
import { immutableCopy } from './immutable-copy.ts';
import type { ObligationSource } from './obligations.ts';
import { type SubscriptionStore, subscriptionStore } from './subscription-store.ts';

const keyOf = (subscription: string, number: number): string => `${subscription}/${number}`;

type Item = NonNullable<ReturnType<SubscriptionStore['items']['get']>>;

/** Notifications in memory, with the dead letters among them. */
export const memoryNotifications = (
  { items }: SubscriptionStore = subscriptionStore(),
): Notifications & DeadLetters & ObligationSource => {
  const keep = (key: string, item: Item): void => {
    Object.freeze(item.notification);
    items.set(key, item);
  };
  const of = (subscription: string): Notification[] =>
    [...items.values()].flatMap(({ notification }) =>
      notification.subscription === subscription ? [notification] : [],
    );
  const notificationOf = (subscription: string, number: number): Notification | undefined =>
    items.get(keyOf(subscription, number))?.notification;

  return {
    newest: async (subscription) => Math.max(0, ...of(subscription).map(({ number }) => number)),
    taken: async (subscription, after, limit) =>
      of(subscription)
        .filter(({ number }) => number > after)
        .sort((one, other) => one.number - other.number)
        .slice(0, limit)
        .map(({ number, mission, entry }) => ({ number, mission, entry })),
    append: async (notification, dueAt) => {
      const key = keyOf(notification.subscription, notification.number);
      const there = items.get(key)?.notification;
      if (there !== undefined) return there;
      keep(key, { notification: immutableCopy(notification), dueAt });
      return notification;
    },
    read: async (subscription, number) => notificationOf(subscription, number),
    readAll: async (keys) =>
      keys
        .map(({ subscription, number }) => notificationOf(subscription, number))
        .filter((notification) => notification !== undefined),
    range: async (subscription, from, to) =>
      [...items.values()]
        .map(({ notification }) => notification)
        .filter((one) => one.subscription === subscription && one.number >= from && one.number <= to)
        .sort((one, other) => one.number - other.number),
    record: async (subscription, number, attempt) => {
      const key = keyOf(subscription, number);
      const item = items.get(key);
      if (item === undefined || item.notification.status !== 'pending') return;
      // A repeated call: an attempt is counted once.
      if (item.notification.lastAttemptAt === attempt.at && item.notification.lastAnswer === attempt.answer) return;
      const { rejectedFor: _rejectedFor, waiting: _waiting, ...before } = item.notification;
      keep(key, {
        notification: {
          ...before,
          status: attempt.status,
          attempts: before.attempts + Number(attempt.called),
          firstTriedAt: attempt.firstTriedAt,
          ...defined({ rejectedFor: attempt.rejectedFor }),
          lastAttemptAt: attempt.at,
          lastAnswer: attempt.answer,
          ...(attempt.warned === true ? { warned: true } : {}),
          ...(attempt.status === 'pending' ? {} : { completedAt: attempt.at }),
        },
        ...(attempt.status === 'pending' ? defined({ dueAt: attempt.dueAt }) : {}),
        ...(attempt.status === 'failed' ? { deadSince: attempt.at } : {}),
      });
    },
    noteWait: async (subscription, number, { waiting, dueAt, warned }) => {
      const key = keyOf(subscription, number);
      const item = items.get(key);
      if (item === undefined || item.notification.status !== 'pending') return;
      keep(key, {
        ...item,
        notification: { ...item.notification, ...defined({ waiting, warned: warned ? true : undefined }) },
        dueAt,
      });
    },
    list: async (limit, from) => {
      const dead = [...items.values()]
        .flatMap(({ notification, deadSince }) => (deadSince === undefined ? [] : [{ notification, deadSince }]))
        .sort((one, other) => (one.deadSince < other.deadSince ? -1 : Number(one.deadSince > other.deadSince)));
      const start = from === undefined ? 0 : Number(from);
      const page = dead.slice(start, start + limit);
      return {
        items: page.map(({ notification }) => notification),
        ...(start + limit < dead.length ? { next: String(start + limit) } : {}),
      };
    },
    redrive: async (subscription, number, at, dueAt) => {
      const key = keyOf(subscription, number);
      const item = items.get(key);
      if (item?.deadSince === undefined) return false;
      const {
        firstTriedAt: _tried,
        rejectedFor: _rejected,
        warned: _warned,
        completedAt: _completed,
        ...rest
      } = item.notification;
      keep(key, { notification: { ...rest, status: 'pending', attempts: 0, redrivenAt: at }, dueAt });
      return true;
    },
    discard: async (subscription, number, at) => {
      const key = keyOf(subscription, number);
      const item = items.get(key);
      if (item?.deadSince === undefined) return false;
      keep(key, { notification: { ...item.notification, discardedAt: at } });
      return true;
    },
    postpone: (obligation, dueAt) => {
      if (obligation.kind !== 'delivery') return;
      const key = keyOf(obligation.subscription, obligation.number);
      const item = items.get(key);
      if (item?.dueAt !== undefined) keep(key, { ...item, dueAt });
    },
    pending: () =>
      [...items.values()].flatMap(({ notification: { subscription, number, writtenAt, redrivenAt }, dueAt }) =>
        dueAt === undefined
          ? []
          : [
              {
                dueAt,
                since: redrivenAt ?? writtenAt,
                obligation: { kind: 'delivery' as const, subscription, number },
              },
            ],
      ),
  };
};
