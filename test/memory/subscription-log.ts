import type { DeadLetters, IdleMissions } from '../../core/delivery/obligations.ts';
import type { SubscriptionLog } from '../../core/delivery/subscription-log.ts';
import type { Notification, Subscriber, Subscription } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import type { Debtor } from './debts.ts';
import { frozen } from './frozen.ts';

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
  /** Who has read before that, milliseconds, may number no mission that has no place. */
  readonly forgotThrough?: number;
}

interface Item {
  readonly notification: Notification;
  readonly dueAt?: string;
  /** Given up then, and nobody has looked at it since. */
  readonly deadSince?: string;
}

/** What a head knows of missions, whatever becomes of the subscription. */
const numberingOf = ({ given, forgotThrough }: Head): Pick<Head, 'given' | 'forgotThrough'> => ({
  given,
  ...defined({ forgotThrough }),
});

const keyOf = (subscription: string, number: number): string => `${subscription}/${number}`;

/** What subscription logs keep; several may keep it together. */
export interface SubscriptionStore {
  readonly heads: Map<string, Head>;
  readonly items: Map<string, Item>;
  /** Those that want notifications, as the fan-out finds them: kept beside the heads and written after them. */
  readonly enlisted: Map<string, Subscriber>;
}

export const subscriptionStore = (): SubscriptionStore => ({
  heads: new Map(),
  items: new Map(),
  enlisted: new Map(),
});

/**
 * Subscriptions and their logs in memory: conditional writes, copies in and out. `between` stands between the two writes of
 * what DynamoDB does in two.
 */
export const memorySubscriptionLog = (
  { heads, items, enlisted }: SubscriptionStore = subscriptionStore(),
  between: () => Promise<void> = async () => undefined,
): SubscriptionLog & DeadLetters & Debtor & Pick<IdleMissions, 'forget'> => {
  const keep = (id: string, head: Head): void => {
    Object.freeze(head.subscription);
    heads.set(id, head);
  };
  const note = (key: string, item: Item): void => {
    Object.freeze(item.notification);
    items.set(key, item);
  };
  const notificationOf = (subscription: string, number: number): Notification | undefined =>
    items.get(keyOf(subscription, number))?.notification;
  /** Written after the head; whoever changed or ended it meanwhile is not undone. */
  const enlist = async ({ id, organisation, filter, revision }: Subscription): Promise<void> => {
    await between();
    enlisted.set(id, frozen({ id, organisation, filter }));
    await between();
    const head = heads.get(id)?.subscription;
    if (head?.status === 'off') enlisted.delete(id);
    else if (head !== undefined && head.revision !== revision) await enlist(head);
  };

  return {
    create: async (subscription, dueAt) => {
      if (heads.has(subscription.id)) throw new Error(`there is a subscription ${subscription.id}`);
      keep(subscription.id, { subscription: frozen(subscription), dueAt, given: new Map() });
      if (subscription.status !== 'off') await enlist(subscription);
    },
    subscription: async (id) => heads.get(id)?.subscription,
    subscriptionsOf: async (organisation) =>
      [...enlisted.values()]
        .filter((one) => one.organisation === organisation)
        .flatMap(({ id }) => heads.get(id)?.subscription ?? []),
    saveEndpointHealth: async (seen, { status, failures, failingSince, error, retryAt, dueAt }) => {
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
      keep(seen.id, {
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
      keep(id, { ...head, subscription: { ...head.subscription, failures, failingSince, error } });
      return { failures, failingSince };
    },
    claimProbe: async ({ id, revision, retryAt }, until) => {
      const head = heads.get(id);
      if (head === undefined) return false;
      const { subscription } = head;
      if (subscription.status !== 'error' || subscription.revision !== revision) return false;
      if (retryAt === undefined || subscription.retryAt !== retryAt) return false;
      keep(id, { ...head, subscription: { ...subscription, retryAt: until } });
      return true;
    },
    turnOff: async (id) => {
      const head = heads.get(id);
      if (head === undefined) return;
      const { retryAt: _retryAt, ...rest } = head.subscription;
      keep(id, { ...numberingOf(head), subscription: { ...rest, status: 'off' } });
      await between();
      enlisted.delete(id);
    },
    change: async (changed, contactDueAt) => {
      const head = heads.get(changed.id);
      if (head === undefined) return false;
      const { subscription } = head;
      if (subscription.status === 'off' || subscription.revision !== changed.revision) return false;
      const { error, retryAt, failingSince, status, failures } = subscription;
      const { error: _error, retryAt: _retryAt, failingSince: _since, ...settings } = frozen(changed);
      const { lastNumber } = subscription;
      const next = { ...settings, lastNumber, revision: changed.revision + 1 };
      keep(
        changed.id,
        contactDueAt === undefined
          ? { ...head, subscription: { ...next, status, failures, ...defined({ failingSince, error, retryAt }) } }
          : { ...numberingOf(head), subscription: { ...next, status: 'requested', failures: 0 }, dueAt: contactDueAt },
      );
      await enlist({ ...changed, revision: changed.revision + 1 });
      return true;
    },
    subscribers: async (organisations) =>
      [...enlisted.values()].filter(({ organisation }) => organisations.includes(organisation)),
    number: async (id, mission, entry, asOf) => {
      const head = heads.get(id);
      const last = head?.given.get(mission);
      // As on DynamoDB, where the condition fails for one that is not there too.
      if (head === undefined) return 'passed';
      if (last !== undefined && last.entry > entry) return 'passed';
      if (last === undefined && (head.forgotThrough ?? 0) >= asOf) return { forgotThrough: head.forgotThrough ?? 0 };
      const next: NumberGiven =
        last?.entry === entry
          ? last
          : {
              entry,
              number: head.subscription.lastNumber + 1,
              ...(last === undefined ? {} : { previous: last.number }),
            };
      keep(id, {
        ...head,
        subscription: { ...head.subscription, lastNumber: Math.max(head.subscription.lastNumber, next.number) },
        given: new Map([...head.given, [mission, next]]),
      });
      return { number: next.number, ...(next.previous === undefined ? {} : { previous: next.previous }) };
    },
    numbered: async (id, mission, entry) => {
      const last = heads.get(id)?.given.get(mission);
      return last?.entry === entry ? { number: last.number, ...defined({ previous: last.previous }) } : undefined;
    },
    write: async (notification, dueAt) => {
      const key = keyOf(notification.subscription, notification.number);
      if (!items.has(key)) note(key, { notification: frozen(notification), dueAt });
    },
    notification: async (subscription, number) => notificationOf(subscription, number),
    notifications: async (keys) =>
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
      note(key, {
        notification: {
          ...item.notification,
          status: attempt.status,
          attempts: item.notification.attempts + Number(attempt.called),
          firstTriedAt: item.notification.firstTriedAt ?? attempt.firstTriedAt,
          lastAttemptAt: attempt.at,
          lastAnswer: attempt.answer,
          ...(attempt.warned === true ? { warned: true } : {}),
          ...(attempt.status === 'pending' ? {} : { completedAt: attempt.at }),
        },
        ...(attempt.status === 'pending' ? defined({ dueAt: attempt.dueAt }) : {}),
        ...(attempt.status === 'failed' ? { deadSince: attempt.at } : {}),
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
      const { firstTriedAt: _tried, warned: _warned, completedAt: _settled, ...rest } = item.notification;
      note(key, { notification: { ...rest, status: 'pending', attempts: 0, redrivenAt: at }, dueAt });
      return true;
    },
    discard: async (subscription, number, at) => {
      const key = keyOf(subscription, number);
      const item = items.get(key);
      if (item?.deadSince === undefined) return false;
      note(key, { notification: { ...item.notification, discardedAt: at } });
      return true;
    },
    forget: async (subscription, { mission, entry }, through) => {
      const head = heads.get(subscription);
      const last = head?.given.get(mission);
      if (head === undefined || (last !== undefined && last.entry > entry)) return;
      keep(subscription, {
        ...head,
        given: new Map([...head.given].filter(([given]) => given !== mission)),
        forgotThrough: Math.max(through, head.forgotThrough ?? 0),
      });
    },
    postpone: (obligation, dueAt) => {
      if (obligation.kind === 'contact') {
        const head = heads.get(obligation.subscription);
        if (head?.dueAt !== undefined) keep(obligation.subscription, { ...head, dueAt });
      }
      if (obligation.kind === 'delivery') {
        const key = keyOf(obligation.subscription, obligation.number);
        const item = items.get(key);
        if (item?.dueAt !== undefined) note(key, { ...item, dueAt });
      }
    },
    debts: () => [
      ...[...heads].flatMap(([subscription, { dueAt }]) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'contact' as const, subscription, due: dueAt } }],
      ),
      ...[...items.values()].flatMap(({ notification: { subscription, number }, dueAt }) =>
        dueAt === undefined ? [] : [{ dueAt, obligation: { kind: 'delivery' as const, subscription, number } }],
      ),
    ],
  };
};
