import type { NumberedNotification } from '../mission/mission-log.ts';

export type NotificationStatus = 'pending' | 'delivered' | 'failed';

/** The delivery receipt: one item per event of a subscription. */
export interface Notification {
  readonly subscription: string;
  /** `event-number` of the Backport IG: 1, 2, 3 … per subscription. */
  readonly number: number;
  readonly organisation: string;
  readonly mission: string;
  readonly entry: number;
  /** Number of the notification before it for the same mission: it is delivered first. */
  readonly previous?: number;
  readonly writtenAt: string;
  readonly status: NotificationStatus;
  /** Calls made; an open circuit makes none. */
  readonly attempts: number;
  /** Time of the first attempt: the hub gives up a fixed time after it. */
  readonly firstTriedAt?: string;
  /** Seconds for which it has been tried again because the endpoint rejects every call. */
  readonly rejectedFor?: number;
  /** It waits for a slot (call-slots.ts). */
  readonly waiting?: WaitForSlot;
  /** People have been alerted that the party is not reached. */
  readonly warned?: boolean;
  /** When an operator had the hub try again after it had given up. */
  readonly redrivenAt?: string;
  /** When an operator discarded it after the hub had given up. */
  readonly discardedAt?: string;
  readonly lastAttemptAt?: string;
  /** HTTP status, or the kind of failure, of the last attempt. */
  readonly lastAnswer?: string;
  readonly completedAt?: string;
}

/** A number of a subscription, and the entry that has it; none where a restored hub begins its numbers. */
export interface TakenNumber extends Partial<Pick<Notification, 'mission' | 'entry'>> {
  readonly number: number;
}

/** Times are ISO 8601. */
export interface WaitForSlot {
  readonly since: string;
  /** When it was last seen to wait. */
  readonly notedAt: string;
}

/** What is stored of an attempt. It ends the wait for a slot. */
export interface Attempt {
  readonly at: string;
  readonly answer: string;
  readonly status: NotificationStatus;
  /** `false`: no call was made, the circuit was open. */
  readonly called: boolean;
  readonly firstTriedAt: string;
  /** Absent: the endpoint did not reject the call. */
  readonly rejectedFor?: number;
  readonly warned?: boolean;
  /** When the sweeper checks the notification; absent: the delivery is complete. */
  readonly dueAt?: string;
}

/** Storage of notifications. Every call throws `Unavailable` if the storage cannot be reached. */
export interface Notifications {
  /** The last number of the subscription that is taken, read consistently; 0: none is. */
  newest(subscription: string): Promise<number>;
  /** What has the numbers after `after`, in order and read consistently: `limit` of them, or all. */
  taken(subscription: string, after: number, limit: number): Promise<readonly TakenNumber[]>;
  /**
   * Writes a pending notification, unless its number is taken. `dueAt`: when the sweeper checks that it was delivered. Returns
   * what has the number now: the notification itself, or the one that was there.
   */
  append(notification: Notification, dueAt: string): Promise<Notification>;
  read(subscription: string, number: number): Promise<Notification | undefined>;
  readAll(keys: readonly Pick<NumberedNotification, 'subscription' | 'number'>[]): Promise<readonly Notification[]>;
  /** Notifications `from` to `to`, both included, in order. */
  range(subscription: string, from: number, to: number): Promise<readonly Notification[]>;
  /** Stores an attempt, unless the notification is delivered or given up already: a late duplicate changes nothing. */
  record(subscription: string, number: number, attempt: Attempt): Promise<void>;
  /**
   * Stores what was seen of a pending notification without an attempt: that it waits for a slot, or that people have been alerted;
   * and when the sweeper checks it. One that is complete stays as it is.
   */
  noteWait(
    subscription: string,
    number: number,
    noted: { readonly waiting?: WaitForSlot; readonly dueAt: string; readonly warned: boolean },
  ): Promise<void>;
}
