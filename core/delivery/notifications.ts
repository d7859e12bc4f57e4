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

/** What is stored of an attempt. */
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
  /** Writes a notification as pending, unless it is written already. `dueAt`: when the sweeper checks that it was delivered. */
  write(notification: Notification, dueAt: string): Promise<void>;
  read(subscription: string, number: number): Promise<Notification | undefined>;
  readAll(keys: readonly Pick<NumberedNotification, 'subscription' | 'number'>[]): Promise<readonly Notification[]>;
  /** Notifications `from` to `to`, both included, in order. */
  range(subscription: string, from: number, to: number): Promise<readonly Notification[]>;
  /** Stores an attempt, unless the notification is delivered or given up already: a late duplicate changes nothing. */
  record(subscription: string, number: number, attempt: Attempt): Promise<void>;
}
