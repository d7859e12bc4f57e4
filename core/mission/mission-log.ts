import type { Entry } from './state.ts';

/** A notification the hub gave a number: which subscription, which entry of which mission. */
export interface NumberedNotification {
  readonly subscription: string;
  readonly number: number;
  readonly organisation: string;
}

/** An entry as the log keeps it: with what became of its debt. */
export interface StoredEntry extends Entry {
  /** Its fan-out is not known to be finished. */
  readonly fanOutPending: boolean;
  readonly notified: readonly NumberedNotification[];
  /** Recipients that have no subscription which wants this entry: nobody can tell them by machine. */
  readonly withoutSubscription: readonly string[];
  /** When its debt was cleared, ISO 8601; entries of the first release do not know. */
  readonly fanOutCompletedAt?: string;
}

/** What became of an entry's debt. */
export interface FanOutResult extends Pick<StoredEntry, 'notified' | 'withoutSubscription'> {
  /** ISO 8601. */
  readonly fanOutCompletedAt: string;
  /** From then on it is looked whether the mission rests (`core/delivery/idle-missions.ts`). */
  readonly idleCheckAt?: string;
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
  completeFanOut(mission: string, number: number, settlement: FanOutResult): Promise<void>;
}
