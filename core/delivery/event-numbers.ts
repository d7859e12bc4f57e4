/** The `event-number` of a notification (Backport IG), and the number of the notification before it for the same mission. */
export interface EventNumber {
  readonly number: number;
  readonly previous?: number;
  /** The subscription was in error: its circuit is open, or its endpoint has rejected a call. */
  readonly inError?: true;
}

/**
 * - `passed`: a later entry of the mission has a number.
 * - `full`: the subscription has no room for one more mission, whichever caller tries.
 * - `forgotThrough`: the mission may have been removed since the caller knew the entry as pending; milliseconds.
 */
export type NumberingResult = EventNumber | { readonly forgotThrough: number } | 'passed' | 'full';

/** Numbers the events of each subscription 1, 2, 3 … without a gap. Every call throws `Unavailable` if the storage cannot be reached. */
export interface EventNumbers {
  /**
   * Numbers the notification of an entry by one conditional update. Another call for the same entry returns the same number.
   * `knownSince`: milliseconds at which the caller knew that the fan-out of the entry was pending. A caller that was paused for
   * long (Lambda freeze, laptop sleep) must not assign a second number: it gets `forgotThrough`.
   */
  number(subscription: string, mission: string, entry: number, knownSince: number): Promise<NumberingResult>;
  /** The number that the entry has; nothing if it has none, or if a later entry of the mission has one. */
  numbered(subscription: string, mission: string, entry: number): Promise<EventNumber | undefined>;
}
