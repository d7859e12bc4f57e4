import type { Notification, Retirements, Subscription, SubscriptionLog } from '../../../mission/ports.ts';
import type { Debtor } from './debts.ts';

interface NumberGiven {
  readonly entry: number;
  readonly number: number;
  readonly previous?: number;
}

interface Head {
  readonly subscription: Subscription;
  readonly dueAt?: string;
  /** The last number given for each mission. */
  readonly given: ReadonlyMap<string, NumberGiven>;
}

interface Item {
  readonly notification: Notification;
  readonly dueAt?: string;
}

const keyOf = (subscription: string, number: number): string => `${subscription}/${number}`;

/** Subscriptions and their logs in memory: conditional writes, copies in and out. */
export const memorySubscriptionLog = (): SubscriptionLog & Debtor & Pick<Retirements, 'forget'> => {
  const heads = new Map<string, Head>();
  const items = new Map<string, Item>();

  const headOf = (id: string): Head => {
    const head = heads.get(id);
    if (head === undefined) throw new Error(`there is no subscription ${id}`);
    return head;
  };
  const notificationOf = (subscription: string, number: number): Notification | undefined =>
    structuredClone(items.get(keyOf(subscription, number))?.notification);

  return {
    create: async (subscription, dueAt) => {
      heads.set(subscription.id, { subscription: structuredClone(subscription), dueAt, given: new Map() });
    },
    subscription: async (id) => structuredClone(heads.get(id)?.subscription),
    subscriptionsOf: async (organisation) =>
      [...heads.values()]
        .map(({ subscription }) => structuredClone(subscription))
        .filter((subscription) => subscription.organisation === organisation),
    setStatus: async (id, status, error) => {
      const { subscription, given } = headOf(id);
      if (subscription.status === 'off') return;
      const { error: _before, ...rest } = subscription;
      heads.set(id, { given, subscription: { ...rest, status, ...(error === undefined ? {} : { error }) } });
    },
    subscribers: async (organisations) =>
      [...heads.values()]
        .filter(
          ({ subscription }) => organisations.includes(subscription.organisation) && subscription.status !== 'off',
        )
        .map(({ subscription: { id, organisation, filter } }) => structuredClone({ id, organisation, filter })),
    number: async (id, mission, entry) => {
      const head = headOf(id);
      const last = head.given.get(mission);
      if (last !== undefined && last.entry > entry) return 'passed';
      const next: NumberGiven =
        last?.entry === entry
          ? last
          : {
              entry,
              number: head.subscription.lastNumber + 1,
              ...(last === undefined ? {} : { previous: last.number }),
            };
      heads.set(id, {
        ...head,
        subscription: { ...head.subscription, lastNumber: Math.max(head.subscription.lastNumber, next.number) },
        given: new Map([...head.given, [mission, next]]),
      });
      return { number: next.number, ...(next.previous === undefined ? {} : { previous: next.previous }) };
    },
    write: async (notification, dueAt) => {
      const key = keyOf(notification.subscription, notification.number);
      if (!items.has(key)) items.set(key, { notification: structuredClone(notification), dueAt });
    },
    notification: async (subscription, number) => notificationOf(subscription, number),
    notifications: async (keys) =>
      keys
        .map(({ subscription, number }) => notificationOf(subscription, number))
        .filter((notification) => notification !== undefined),
    range: async (subscription, from, to) =>
      [...items.values()]
        .map(({ notification }) => structuredClone(notification))
        .filter((one) => one.subscription === subscription && one.number >= from && one.number <= to)
        .sort((one, other) => one.number - other.number),
    record: async (subscription, number, attempt) => {
      const key = keyOf(subscription, number);
      const item = items.get(key);
      if (item === undefined) throw new Error(`there is no notification ${key}`);
      if (item.notification.status !== 'pending') return;
      items.set(key, {
        notification: {
          ...item.notification,
          status: attempt.status,
          attempts: item.notification.attempts + 1,
          lastAttemptAt: attempt.at,
          lastAnswer: attempt.answer,
          ...(attempt.status === 'pending' ? {} : { settledAt: attempt.at }),
        },
        ...(attempt.dueAt === undefined ? {} : { dueAt: attempt.dueAt }),
      });
    },
    forget: async (subscription, { mission, entry }) => {
      const head = heads.get(subscription);
      const last = head?.given.get(mission);
      if (head === undefined || last === undefined || last.entry > entry) return;
      heads.set(subscription, {
        ...head,
        given: new Map([...head.given].filter(([given]) => given !== mission)),
      });
    },
    postpone: (obligation, dueAt) => {
      if (obligation.kind === 'handshake') {
        const head = heads.get(obligation.subscription);
        if (head?.dueAt !== undefined) heads.set(obligation.subscription, { ...head, dueAt });
      }
      if (obligation.kind === 'delivery') {
        const key = keyOf(obligation.subscription, obligation.number);
        const item = items.get(key);
        if (item?.dueAt !== undefined) items.set(key, { ...item, dueAt });
      }
    },
    debts: () => [
      ...[...heads].flatMap(([subscription, { dueAt }]) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'handshake' as const, subscription } }],
      ),
      ...[...items.values()].flatMap(({ notification: { subscription, number }, dueAt }) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'delivery' as const, subscription, number } }],
      ),
    ],
  };
};
