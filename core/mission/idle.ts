import type { Entry } from './state.ts';

/**
 * A mission is idle after this time without an entry, and is then dropped from the subscription heads. This keeps heads small:
 * an update of a head is billed by its size.
 */
export const idleAfterMilliseconds = 600_000;

/**
 * The first entry after this time schedules the next check for idleness. It is shorter than the idle time, so that an entry that
 * takes long to be written cannot come after the last check and yet too early to schedule another.
 */
export const idleRecheckMilliseconds = idleAfterMilliseconds / 2;

/** The entry since which the mission is active, for entry `number` received at `at` (milliseconds). */
export const activeSince = (
  last: Pick<Entry, 'receivedAt' | 'activeSince'> | undefined,
  number: number,
  at: number,
): number =>
  last === undefined || at - Date.parse(last.receivedAt) >= idleRecheckMilliseconds ? number : last.activeSince;
