import type { Notification } from '../../core/delivery/notifications.ts';
import type { Subscriber, Subscription } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';

interface NumberGiven {
  readonly entry: number;
  readonly number: number;
  readonly previous?: number;
}

/** The head of a subscription. */
export interface Head {
  readonly subscription: Subscription;
  /** When its next handshake or heartbeat is due. */
  readonly dueAt?: string;
  /** The last number of each mission. */
  readonly given: ReadonlyMap<string, NumberGiven>;
  /** A caller that knew the entry before that, milliseconds, may not number a mission that is not in `given`. */
  readonly forgotThrough?: number;
}

interface Item {
  readonly notification: Notification;
  readonly dueAt?: string;
  /** When it was given up; absent once an operator has redriven or discarded it. */
  readonly deadSince?: string;
}

/** What the ports of subscriptions, endpoint health, event numbers and notifications store. Several sets of ports may share one store. */
export interface SubscriptionStore {
  readonly heads: Map<string, Head>;
  readonly items: Map<string, Item>;
  /** Subscriptions that are not off, as the fan-out finds them: a list beside the heads, written after them. */
  readonly enlisted: Map<string, Subscriber>;
  /** Subscriptions that each organisation has created so far. */
  readonly listings: Map<string, number>;
}

export const subscriptionStore = (): SubscriptionStore => ({
  heads: new Map(),
  items: new Map(),
  enlisted: new Map(),
  listings: new Map(),
});

/** The event numbers of a head, which stay whatever becomes of the subscription. */
export const numberingOf = ({ given, forgotThrough }: Head): Pick<Head, 'given' | 'forgotThrough'> => ({
  given,
  ...defined({ forgotThrough }),
});

export const keepHead = ({ heads }: SubscriptionStore, id: string, head: Head): void => {
  Object.freeze(head.subscription);
  heads.set(id, head);
};
