/**
 * A mission rests after so long without a word, and is then dropped from the heads of those who were told of it. Heads stay
 * small by that: an update of one is billed by its size.
 */

import type { Entry } from './state.ts';

export const idleAfterMilliseconds = 600000;
/**
 * The first message after so long sees to it that the mission is forgotten once more. Less than the rest: a message that takes
 * a while to be written is never after the last look and yet too early to ask for another.
 */
export const idleRecheckMilliseconds = idleAfterMilliseconds / 2;
/** The entry since which the mission has its place in the heads, for entry `number` that is received at `at` (milliseconds). */
export const activeSince = (
  last: Pick<Entry, 'receivedAt' | 'activeSince'> | undefined,
  number: number,
  at: number,
): number =>
  last === undefined || at - Date.parse(last.receivedAt) >= idleRecheckMilliseconds ? number : last.activeSince;
