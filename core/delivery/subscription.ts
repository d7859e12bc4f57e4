import type { CallReport } from '../../schemas/call-result.ts';
import { digestOf } from '../../schemas/identifiers.ts';
import type { SubscriptionSettings } from '../../schemas/subscription.ts';

export type SubscriptionStatus = 'requested' | 'active' | 'error' | 'off';

/** What subscriber and hub agreed on: it changes only when the subscriber asks for it. */
export interface SubscriptionAgreement extends SubscriptionSettings {
  readonly id: string;
  readonly organisation: string;
  /** Standard Webhooks secret, `whsec_…`. */
  readonly secret: string;
  /** The secret before a rotation: the hub signs with both until then, ISO 8601. */
  readonly formerSecret?: { readonly secret: string; readonly until: string };
  readonly createdAt: string;
  /** When its filter was last changed, ISO 8601; absent: never. */
  readonly filterChangedAt?: string;
}

/** What changes with calls to the endpoint, with events, and with each change of the agreement. */
export interface SubscriptionState {
  /**
   * `error` with `retryAt`: the circuit is open, and the next notification after that time begins with a handshake. While the
   * endpoint does not answer, and for a time while it rejects every call, handshakes are planned too. `error` without: the endpoint
   * rejected the content of a handshake, or may not be called; the next notification begins with a handshake.
   */
  readonly status: SubscriptionStatus;
  /** Rises with every change of the agreement. */
  readonly revision: number;
  /** Numbers without an event in this hub, oldest first. */
  readonly gaps?: readonly NumberGap[];
  /** Consecutive calls that the endpoint has not answered. */
  readonly failures: number;
  /** Time of the first of them, ISO 8601: it identifies the outage. */
  readonly failingSince?: string;
  /** The circuit is open: nothing is sent until then, and then one handshake. */
  readonly retryAt?: string;
  /** Since when the endpoint has rejected every call (`isRejected`), ISO 8601. */
  readonly rejectedSince?: string;
  /** The last call, if it failed. */
  readonly failedCall?: FailedCall;
  /** When it was turned off, ISO 8601. */
  readonly endedAt?: string;
  /** The endpoint is slow: so many quick answers in a row make it quick again. Absent: it is quick. */
  readonly quickAnswersNeeded?: number;
}

/** A call to an endpoint that failed. */
export interface FailedCall extends CallReport {
  readonly call: 'notification' | 'handshake' | 'heartbeat';
}

/** Flat: most readers need one or two properties, from either part. Only storage separates the two parts. */
export interface Subscription extends SubscriptionAgreement, SubscriptionState {}

export const agreementOf = ({
  status: _status,
  revision: _revision,
  gaps: _gaps,
  failures: _failures,
  failingSince: _failingSince,
  retryAt: _retryAt,
  rejectedSince: _rejectedSince,
  failedCall: _failedCall,
  endedAt: _endedAt,
  quickAnswersNeeded: _quickAnswersNeeded,
  ...agreement
}: Subscription): SubscriptionAgreement => agreement;

/**
 * `meta.versionId` of a subscription: its revision, which rises with every change by the subscriber, and a digest of what the hub
 * changes and the subscriber sees. It needs no write of its own when an endpoint fails or answers again.
 */
export const versionOf = ({
  revision,
  status,
  failedCall,
}: Pick<Subscription, 'revision' | 'status' | 'failedCall'>): string =>
  `${revision}.${digestOf(JSON.stringify([status, failedCall])).slice(0, 8)}`;

/**
 * The hub was restored from a backup: it may have given numbers after `after` to events that it has lost. It never gives
 * those numbers again and continues at `next`.
 */
export interface NumberGap {
  readonly after: number;
  readonly next: number;
  /** When it was restored, ISO 8601. */
  readonly at: string;
}

/** A subscription as the fan-out needs it. */
export type Subscriber = Pick<Subscription, 'id' | 'organisation' | 'filter'>;

/** Under which conditions a new subscription is listed among those of its organisation; also if several are created at the same time. */
export interface ListingLimits {
  /** Subscriptions of the organisation that are not off, this one included. */
  readonly most?: number;
  /** As `listings` was before: no other subscription was created since. */
  readonly listings?: number;
}

/** `full`: the organisation has as many as it may. `changed`: another one was created meanwhile. */
export type Listing = 'listed' | 'full' | 'changed';

/** Storage of subscriptions. Every call throws `Unavailable` if the storage cannot be reached: the caller may call again. */
export interface Subscriptions {
  /**
   * Stores a new subscription. `dueAt`: when the sweeper sends the first handshake, unless one was sent before.
   * One that is not `listed` is off: no event finds it. After a crash in between, `completeListing` ends it.
   */
  create(subscription: Subscription, dueAt: string, limits?: ListingLimits): Promise<Listing>;
  read(id: string): Promise<Subscription | undefined>;
  /** Subscriptions of an organisation, oldest first. */
  ofOrganisation(organisation: string): Promise<readonly Subscription[]>;
  /** How many subscriptions the organisation has created so far: by it a later `create` knows whether there was another one meanwhile. */
  listings(organisation: string): Promise<number>;
  /**
   * Changes the agreement, except id and organisation. `false`: the agreement was changed since it was read, or the subscription is off.
   * With `handshakeDueAt` the status becomes `requested`, and the handshake is due then.
   */
  change(changed: Subscription, handshakeDueAt?: string): Promise<boolean>;
  /**
   * Ends the subscription for good, at a time, ISO 8601; no handshake or heartbeat is due any more. `false`: there is none, or its
   * agreement was changed since the revision in `seen`.
   */
  turnOff(id: string, at: string, seen?: Pick<Subscription, 'revision'>): Promise<boolean>;
  /**
   * A subscription and the list of its organisation are written one after the other. This completes what a crash in between has
   * left: a new subscription that is not listed ends as of its creation, one that is off is removed from the list, and the list
   * gets the filter of any other one. `false`: the subscription is off, or there is none. A repeated call changes nothing.
   */
  completeListing(id: string): Promise<boolean>;
  /** Subscriptions of these organisations that are not off, in one consistent read. */
  subscribers(organisations: readonly string[]): Promise<readonly Subscriber[]>;
  /** Those of the subscriptions that are in error, and those that are active with a slow endpoint, in one consistent read. */
  hindered(ids: readonly string[]): Promise<ReadonlyMap<string, 'error' | 'slow'>>;
}
