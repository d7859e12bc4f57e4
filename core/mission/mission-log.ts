import type { Entry } from './state.ts';

/** A notification that the fan-out has numbered. */
export interface NumberedNotification {
  readonly subscription: string;
  readonly number: number;
  readonly organisation: string;
}

/** An entry with the result of its fan-out. */
export interface StoredEntry extends Entry {
  /** Its fan-out is not known to be complete. */
  readonly fanOutPending: boolean;
  readonly notified: readonly NumberedNotification[];
  /** Recipients without a subscription for this entry: no machine can notify them. */
  readonly withoutSubscription: readonly string[];
  /** When its fan-out was completed, ISO 8601; absent while it is pending. */
  readonly fanOutCompletedAt?: string;
}

export interface FanOutResult extends Pick<StoredEntry, 'notified' | 'withoutSubscription'> {
  /** ISO 8601. */
  readonly fanOutCompletedAt: string;
}

export interface MissionLog {
  /** Number of the newest entries whose fingerprints an entry carries. */
  readonly window: number;
  /** The newest entry, read consistently. */
  last(mission: string): Promise<StoredEntry | undefined>;
  entry(mission: string, number: number): Promise<StoredEntry | undefined>;
  /** Entries `from` to `to`, both included, in order. */
  entries(mission: string, from: number, to: number): Promise<readonly StoredEntry[]>;
  /** Keeps for good that an entry has a fingerprint. Writes one item, however often it is called. */
  keepFingerprint(mission: string, fingerprint: string, number: number): Promise<void>;
  /** Numbers of the entries that are kept under any of the fingerprints, read consistently. */
  entriesKept(mission: string, fingerprints: readonly string[]): Promise<readonly number[]>;
  /** Writes the entry with the obligation to fan it out by `dueAt`, unless the number is taken or the entry is too large for the log. */
  append(entry: Entry, dueAt: string): Promise<'appended' | 'taken' | 'too-large'>;
  /**
   * Clears the obligation and records the notifications. If it is cleared already, adds those that are not recorded: two
   * fan-outs of one entry at the same time may see different subscriptions.
   */
  completeFanOut(mission: string, number: number, result: FanOutResult): Promise<void>;
}
