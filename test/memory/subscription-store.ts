import type { Notification } from '../../core/delivery/notifications.ts';
import type { Place } from '../../core/delivery/places.ts';
import type { Subscriber, Subscription } from '../../core/delivery/subscription.ts';

/** The head of a subscription. */
export interface Head {
  readonly subscription: Subscription;
  /** When its next handshake or heartbeat is due. */
  readonly dueAt?: string;
  /** It was created, and is not known to be listed. */
  readonly isUnlisted?: true;
}

interface Item {
  readonly notification: Notification;
  readonly dueAt?: string;
  /** When it was given up; absent once an operator has redriven or discarded it. */
  readonly deadSince?: string;
}

/** What the ports of subscriptions, endpoint health, places and notifications store. Several sets of ports may share one store. */
export interface SubscriptionStore {
  readonly heads: Map<string, Head>;
  readonly items: Map<string, Item>;
  readonly places: Map<string, Place>;
  /** Subscriptions that are not off, as the fan-out finds them: a list beside the heads, written after them. */
  readonly enlisted: Map<string, Subscriber>;
  /** Subscriptions that each organisation has created so far. */
  readonly listings: Map<string, number>;
}

export const subscriptionStore = (): SubscriptionStore => ({
  heads: new Map(),
  items: new Map(),
  places: new Map(),
  enlisted: new Map(),
  listings: new Map(),
});

export const keepHead = ({ heads }: SubscriptionStore, id: string, head: Head): void => {
  Object.freeze(head.subscription);
  heads.set(id, head);
};
