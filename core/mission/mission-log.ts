import type { MissionRole, Role, Urgency } from '../../schemas/codes.ts';
import type { Entry, MissionState, Party, TaskState } from './state.ts';

/** What the hub needs of the world outside. Adapters implement these; a port that fails throws `Unavailable` or lets its error through. */

/** Storage or queue cannot be reached now: nothing is known to have happened, the same call may be made again. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** The hub takes and tells nothing until somebody opens it again, or loads its first directory. `elsewhere`: base URL of the hub that does meanwhile. */
export class HubClosed extends Error {
  override readonly name = 'HubClosed';
  readonly elsewhere: string | undefined;

  constructor(elsewhere: string | undefined) {
    super('the hub is closed');
    this.elsewhere = elsewhere;
  }
}

/** A notification the hub gave a number: which subscription, which entry of which mission. */
export interface Told {
  readonly subscription: string;
  readonly number: number;
  readonly organisation: string;
}

/** An entry as the log keeps it: with what became of its debt. */
export interface StoredEntry extends Entry {
  /** Its fan-out is not known to be finished. */
  readonly owes: boolean;
  readonly told: readonly Told[];
  /** Recipients that have no subscription which wants this entry: nobody can tell them by machine. */
  readonly untold: readonly string[];
  /** When its debt was cleared, ISO 8601; entries of the first release do not know. */
  readonly settledAt?: string;
}

/** What became of an entry's debt. */
export interface Settlement extends Pick<StoredEntry, 'told' | 'untold'> {
  /** ISO 8601. */
  readonly settledAt: string;
  /** From then on it is looked whether the mission rests (`core/delivery/idle-missions.ts`). */
  readonly retireAt?: string;
}

export interface MissionLog {
  /** The newest entry, read consistently. */
  last(mission: string): Promise<StoredEntry | undefined>;
  entry(mission: string, number: number): Promise<StoredEntry | undefined>;
  /** Entries `from` to `to`, both included, in order. */
  entries(mission: string, from: number, to: number): Promise<readonly StoredEntry[]>;
  /** Writes the entry with its debt, unless that number is taken or the entry is larger than the log can hold. */
  append(entry: Entry, dueAt: string): Promise<'appended' | 'taken' | 'too-large'>;
  /**
   * Clears the entry's debt and notes who was told; if it is cleared already, only adds those who are not noted: two who pay
   * at once may know of different subscriptions.
   */
  settle(mission: string, number: number, settlement: Settlement): Promise<void>;
}

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
export interface Contact {
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
  readonly settledAt?: string;
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

export interface SubscriptionLog {
  create(subscription: Subscription, dueAt: string): Promise<void>;
  subscription(id: string): Promise<Subscription | undefined>;
  subscriptionsOf(organisation: string): Promise<readonly Subscription[]>;
  /** Notes how it stands with the endpoint, unless the status, the outage or the settings are not those that were seen: `false`. What is `off` stays off. */
  contact(seen: Pick<Subscription, 'id' | 'status' | 'revision' | 'failingSince'>, contact: Contact): Promise<boolean>;
  /**
   * Counts one more call that an active endpoint has not answered: how many in a row that makes, each of those that happen
   * at once counted, and since when; nothing if it is not active any more or its settings were changed.
   */
  missed(
    seen: Pick<Subscription, 'id' | 'revision'>,
    error: string,
    at: string,
  ): Promise<{ readonly failures: number; readonly failingSince: string } | undefined>;
  /** Takes the one probe of an open circuit: `false` if another has it. The circuit stays open until then. */
  claimProbe(seen: Pick<Subscription, 'id' | 'revision' | 'retryAt'>, until: string): Promise<boolean>;
  /** Ends the subscription for good; nothing is owed to its endpoint any more. */
  turnOff(id: string): Promise<void>;
  /**
   * Changes the settings (all but id, organisation and numbers), unless somebody changed them since: `false`.
   * `contactDueAt`: it begins anew as `requested`, and a handshake is owed by then.
   */
  change(changed: Subscription, contactDueAt?: string): Promise<boolean>;
  /** Subscriptions of these organisations that want notifications now, in one consistent read. */
  subscribers(organisations: readonly string[]): Promise<readonly Subscriber[]>;
  /**
   * Numbers the notification of an entry by one conditional update.
   * Asked again for the same entry it gives the same number; `passed` if a later entry of the mission has been numbered;
   * `full` if the subscription takes no further mission, whoever tries.
   * `asOf`: milliseconds at which the entry was known to owe. `forgotThrough`, and no number, if the mission may have been forgotten
   * since: whoever was held up for so long would number anew what is told already.
   */
  number(
    subscription: string,
    mission: string,
    entry: number,
    asOf: number,
  ): Promise<
    { readonly number: number; readonly previous?: number } | { readonly forgotThrough: number } | 'passed' | 'full'
  >;
  /** The number that was given to an entry before; nothing if it was not numbered, or if a later entry of the mission was. */
  numbered(
    subscription: string,
    mission: string,
    entry: number,
  ): Promise<{ readonly number: number; readonly previous?: number } | undefined>;
  /** Writes a notification with its debt, unless it is written. */
  write(notification: Notification, dueAt: string): Promise<void>;
  notification(subscription: string, number: number): Promise<Notification | undefined>;
  notifications(keys: readonly Pick<Told, 'subscription' | 'number'>[]): Promise<readonly Notification[]>;
  /** Notifications `from` to `to`, both included, in order. */
  range(subscription: string, from: number, to: number): Promise<readonly Notification[]>;
  record(subscription: string, number: number, attempt: Attempt): Promise<void>;
}

/** What travels through the queue: names and numbers, nothing about patients. */
export type DeliveryOrder = NotificationOrder | ContactOrder;

export interface NotificationOrder {
  readonly kind: 'notification';
  readonly subscription: string;
  readonly number: number;
  readonly mission: string;
  readonly entry: number;
  /** Entry that probably holds the mission's ServiceRequest as of `entry`, so that one read fetches both. */
  readonly request: number;
  readonly previous?: number;
  /** Sets it apart from the order that was given up. */
  readonly redrivenAt?: string;
  /** Of the entry, so that what becomes of the order is found by it; orders of older releases lack it. */
  readonly correlationId?: string;
}

/** A word to the endpoint that tells of no event. */
export interface ContactOrder {
  readonly kind: 'handshake' | 'heartbeat';
  readonly subscription: string;
  /** When it became due: one occasion is ordered once. */
  readonly due: string;
}

/** Everything a delivery needs, in one read. */
export interface DeliveryCase {
  readonly subscription?: Subscription;
  readonly notification?: Notification;
  readonly previous?: Notification;
  readonly entry?: StoredEntry;
  readonly request?: StoredEntry;
  /** What announced the patient to the hospital before, for the hospital that the entry diverts the patient to. */
  readonly announced?: StoredEntry;
}

export interface DeliveryDesk {
  open(order: NotificationOrder): Promise<DeliveryCase>;
}

export interface DeliveryQueue {
  /** Sends all orders or throws. Sending an order twice within minutes sends it once. */
  send(orders: readonly DeliveryOrder[]): Promise<void>;
}

/** Notifications that the hub has given up: they stand in the index until somebody has them tried again or puts them away. */
export interface DeadLetters {
  /** Those given up longest ago first. */
  list(limit: number, from?: string): Promise<Page<Notification>>;
  /** Owed again, as if never tried; `false` if it is not among the dead letters. */
  redrive(subscription: string, number: number, at: string, dueAt: string): Promise<boolean>;
  /** Stays failed, and nobody need look at it any more; `false` if it is not among the dead letters. */
  discard(subscription: string, number: number, at: string): Promise<boolean>;
}

/** What an endpoint answered. `status` absent: no HTTP answer came, `failure` says why. */
export interface Answer {
  readonly status?: number;
  readonly failure?: 'timeout' | 'connection' | 'name' | 'tls' | 'redirect' | 'refused-address' | 'off';
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number;
}

export interface Channel {
  /** POSTs one signed notification. Never throws for what the endpoint does. `correlationId`: of what it tells. */
  post(subscription: Subscription, webhookId: string, body: string, correlationId?: string): Promise<Answer>;
}

/** Who is who, and who covers which municipality. The hub itself is a party of it. */
export interface Directory {
  partyOf(organisation: string): Party | undefined;
  /** Numbers a party is known by: its own, its units' and its legal entity's. */
  numbersOf(organisation: string): readonly string[];
  /** Parties of one role, by organisation number. */
  partiesOf(role: Role): readonly Party[];
  /** The AMK LA that covers a municipality (four digits, Volven 3402). */
  coordinatorFor(municipality: string): Party | undefined;
  /** An Endpoint or a place of the directory, as its file says it. */
  resourceOf(type: 'Endpoint' | 'Location', id: string): Readonly<Record<string, unknown>> | undefined;
}

/** A Task of a party's worklist, with the mission facts a list needs. */
export interface WorklistItem {
  readonly task: TaskState;
  readonly mission: string;
  readonly exercise: boolean;
  readonly urgency: Urgency;
  /** Organisation number; items of the first release do not say it. */
  readonly coordinator?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page starts, opaque. */
  readonly next?: string;
}

export interface Worklist {
  /** Notes a Task as of an entry, and the deadline it waits for; an older entry never overwrites a newer one. */
  put(task: TaskState, state: MissionState): Promise<void>;
  /** Open Tasks by who has waited longest, closed ones newest first; a page ends at `<Task.changedAt>#<Task.id>`. */
  list(owner: string, open: boolean, limit: number, from?: string): Promise<Page<WorklistItem>>;
}

/** What is seen across missions: how ready the resources are, and which missions belong to one large event. */
export interface Overview {
  /** Notes the readiness of a resource as of an entry of its log; an older entry never overwrites a newer one. */
  putReadiness(state: MissionState): Promise<void>;
  /** The logs of an operator's resources as of their newest entries, exercises among them. */
  readinessOf(operator: string): Promise<readonly MissionState[]>;
  /** Notes that a mission belongs to its incident; exercises have incidents of their own. */
  link(state: MissionState): Promise<void>;
  /** Missions of an incident, in no order. */
  missionsOf(incident: Incident, exercise: boolean): Promise<readonly string[]>;
}

export interface Incident {
  readonly system: string;
  readonly value: string;
}

/** What was read, by how it is asked for; each is told of in `views/audit-event.ts`. */
export type Reading =
  | 'mission'
  | 'story'
  | 'chapter'
  | 'task'
  | 'tasks'
  | 'message'
  | 'part'
  | 'receipts'
  | 'accesses'
  | 'worklist'
  | 'incident'
  | 'resources'
  | 'events';

/** What an answer shows of one mission. */
export interface Shown {
  readonly mission: string;
  readonly exercise: boolean;
  /** What the reader was in the mission then; nothing for who has no part in it. */
  readonly relation: readonly MissionRole[];
  /** Entries of its log that the answer draws on, or places in them: `3`, `3.0`. */
  readonly parts: readonly string[];
}

/** One read of missions: who, as what, when, what. Numbers and codes only, nothing that a message says. */
export interface Access {
  /** ISO 8601, the hub's clock. */
  readonly at: string;
  /** Organisation number of the party that read, and of the supplier whose system did it for the party. */
  readonly organisation: string;
  readonly supplier?: string;
  readonly role: Role;
  /** Name of the client in its token. */
  readonly client: string;
  readonly reading: Reading;
  /** `refused`: the reader was told that there is nothing, whether or not there is such a mission. */
  readonly outcome: 'shown' | 'refused';
  readonly missions: readonly Shown[];
  /** Correlation id of the request. */
  readonly request: string;
}

/** An access as it is kept: chained to the one before it by digest, so that what is changed or taken away shows. */
export interface AccessRecord {
  /** A mission's number; or day, organisation and client of who read lists. */
  readonly chain: string;
  /** 1, 2, 3 … per chain, without a gap. */
  readonly number: number;
  /** Digest of the record before; empty for the first. */
  readonly previous: string;
  readonly digest: string;
  readonly access: Access;
}

/** The newest record of a chain, as noted after it was written. */
export type AccessHead = Pick<AccessRecord, 'number' | 'digest'>;

/** Who read what. Records are added and read, never changed. */
export interface AccessLog {
  /** The newest record of a chain, read consistently. */
  last(chain: string): Promise<AccessRecord | undefined>;
  /** Writes the record and notes it as the newest, unless its number is taken by another one. */
  append(record: AccessRecord): Promise<'appended' | 'taken'>;
  /** So many records from a number on, in order. */
  range(chain: string, from: number, limit: number): Promise<readonly AccessRecord[]>;
  head(chain: string): Promise<AccessHead | undefined>;
  /** Notes that a chain other than the mission's own names the mission. */
  link(mission: string, chain: string): Promise<void>;
  /** Chains other than its own that name a mission, in order. */
  chainsNaming(mission: string): Promise<readonly string[]>;
}

/** Something owed whose time has come. */
export type Obligation =
  | { readonly kind: 'deadline'; readonly mission: string; readonly task: string }
  | { readonly kind: 'fan-out'; readonly mission: string; readonly entry: number }
  | { readonly kind: 'delivery'; readonly subscription: string; readonly number: number }
  /** A handshake or a heartbeat; `due` says for when it was owed. */
  | { readonly kind: 'contact'; readonly subscription: string; readonly due: string }
  /** Of a kind that only a newer release can pay; `key` is where it stands. */
  | { readonly kind: 'unknown'; readonly key: readonly [string, string] };

export interface Obligations {
  /** What is due: first the deadlines that people must be told of, then the rest, each longest due first. */
  due(now: string, limit: number): Promise<readonly Obligation[]>;
  /** Moves an obligation's time, if it is still owed, so that one that cannot be paid now makes room for others. */
  postpone(obligation: Obligation, dueAt: string): Promise<void>;
}

/** Milliseconds since the epoch, and a number from 0 to 1 for jitter. */
export interface Clock {
  now(): number;
}
export type Random = () => number;

/** A mission, and the entry of it that waits to see whether it rests. */
export interface Retirement {
  readonly mission: string;
  readonly entry: number;
}

/** Numbering is kept per mission in the subscriptions' heads; missions that rest are dropped from them, or the heads would grow for ever. */
export interface Retirements {
  due(now: string, limit: number): Promise<readonly Retirement[]>;
  /**
   * Drops the mission from the subscription's head, unless a later entry has been numbered. From then on nobody numbers there
   * a mission without a place who has read its entry at `through` or before (milliseconds).
   */
  forget(
    subscription: string,
    last: { readonly mission: string; readonly entry: number },
    through: number,
  ): Promise<void>;
  done(retirement: Retirement): Promise<void>;
  /** Looks at the mission again then. */
  postpone(retirement: Retirement, dueAt: string): Promise<void>;
}

export interface Caller {
  readonly organisation: string;
  readonly role: Role;
}
