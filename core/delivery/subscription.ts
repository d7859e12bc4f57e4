import type { MissionRole, Urgency } from '../../schemas/codes.ts';

export type PayloadContent = 'empty' | 'id-only' | 'full-resource';
export type SubscriptionStatus = 'requested' | 'active' | 'error' | 'off';
/** Narrowing of the topic; what is absent matches everything. */
export interface SubscriptionFilter {
  readonly events?: readonly string[];
  readonly urgencies?: readonly Urgency[];
  readonly missions?: readonly string[];
  /** What the subscriber must be in the mission, at the entry. */
  readonly roles?: readonly MissionRole[];
}

export interface Subscription {
  readonly id: string;
  readonly organisation: string;
  readonly status: SubscriptionStatus;
  readonly endpoint: string;
  readonly payload: PayloadContent;
  /** Header lines the subscriber wants with every notification, e.g. `Authorization: …`. Never shown again. */
  readonly headers: readonly string[];
  readonly filter: SubscriptionFilter;
  /** The criteria extensions as the subscriber gave them. */
  readonly filterText: readonly string[];
  /** Seconds the subscriber wants to be waited for. */
  readonly timeout?: number;
  /** Seconds between two heartbeats; absent: none are wanted. */
  readonly heartbeat?: number;
  readonly reason: string;
  /** Standard Webhooks secret, `whsec_…`. */
  readonly secret: string;
  /** The secret before a rotation: the hub signs with both until then, ISO 8601. */
  readonly formerSecret?: { readonly secret: string; readonly until: string };
  readonly createdAt: string;
  /** Rises with every change of the settings. */
  readonly revision: number;
  /** Events numbered so far; of a restored hub, the number that the next one follows. */
  readonly lastNumber: number;
  /** Numbers that tell of nothing here, oldest first. */
  readonly gaps?: readonly NumberGap[];
  /** Calls in a row that the endpoint has not answered. */
  readonly failures: number;
  /** The first of them, ISO 8601: it names the outage. */
  readonly failingSince?: string;
  /** The circuit is open: until then nothing is sent, and then one handshake. */
  readonly retryAt?: string;
  /** What the last failed call came to, in words without personal data. */
  readonly error?: string;
}

/**
 * The hub was restored from a backup: numbers after `after` may have been given to events that it has lost, so it never gives
 * them again and goes on at `next`.
 */
export interface NumberGap {
  readonly after: number;
  readonly next: number;
  /** When it was restored, ISO 8601. */
  readonly at: string;
}

/** How it stands between the hub and an endpoint. `error` is the open circuit: what `$status` shows is what the hub does. */
export interface EndpointHealth {
  readonly status: Exclude<SubscriptionStatus, 'off'>;
  readonly failures: number;
  readonly failingSince?: string;
  readonly error?: string;
  readonly retryAt?: string;
  /** When the hub owes the endpoint a handshake, or a heartbeat. */
  readonly dueAt?: string;
}

/** A subscription as the fan-out needs it. */
export type Subscriber = Pick<Subscription, 'id' | 'organisation' | 'filter'>;
export type NotificationStatus = 'pending' | 'delivered' | 'failed';
/** The delivery receipt: one item of a subscription's log. */
export interface Notification {
  readonly subscription: string;
  /** `event-number` of the Backport IG: 1, 2, 3 … per subscription. */
  readonly number: number;
  readonly organisation: string;
  readonly mission: string;
  readonly entry: number;
  /** Number of the notification before it for the same mission: it goes first. */
  readonly previous?: number;
  readonly writtenAt: string;
  readonly status: NotificationStatus;
  /** Calls made; an open circuit makes none. */
  readonly attempts: number;
  /** When it was first turned to: from then on the hub tries for so long, and no longer. */
  readonly firstTriedAt?: string;
  /** People have been told that the party is not reached. */
  readonly warned?: boolean;
  /** When somebody had the hub try again after it had given up. */
  readonly redrivenAt?: string;
  /** When somebody put it away after the hub had given up. */
  readonly discardedAt?: string;
  readonly lastAttemptAt?: string;
  /** HTTP status, or the kind of failure, of the last attempt. */
  readonly lastAnswer?: string;
  readonly completedAt?: string;
}

/** What an attempt came to. `dueAt` absent: nothing is owed any more. */
export interface Attempt {
  readonly at: string;
  readonly answer: string;
  readonly status: NotificationStatus;
  /** A call was made; otherwise the open circuit put it off. */
  readonly called: boolean;
  /** Kept if it is the first. */
  readonly firstTriedAt: string;
  readonly warned?: boolean;
  readonly dueAt?: string;
}
