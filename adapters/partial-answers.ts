import { setTimeout as wait } from 'node:timers/promises';
import { Unavailable } from '../core/mission/errors.ts';

/**
 * Batch calls of AWS answer which items they have left out: for throttling, for the size of the answer, or for a fault of a part of
 * the service. To ask for those again at once would keep a throttled partition throttled.
 */
export interface Rounds {
  /** Calls for the same items, 1 or more. */
  readonly most: number;
  /** The pauses between them double from the first to the longest, and are shortened at random. */
  readonly firstPauseMilliseconds: number;
  readonly longestPauseMilliseconds: number;
}

/** Within a request: less than a second of pauses. */
const roundsOfRequest: Rounds = { most: 6, firstPauseMilliseconds: 25, longestPauseMilliseconds: 400 };

/** Calls with what is open until AWS has left out nothing. `call` returns what it left out. Throws `Unavailable` after the last round. */
export const inRounds = async <Item>(
  items: readonly Item[],
  call: (open: readonly Item[]) => Promise<readonly Item[]>,
  { most, firstPauseMilliseconds, longestPauseMilliseconds }: Rounds = roundsOfRequest,
): Promise<void> => {
  let open = items;
  for (let round = 1; open.length > 0; round += 1) {
    open = await call(open);
    if (open.length === 0) return;
    if (round === most) throw new Unavailable(`${open.length} items were left out in ${most} calls`);
    await wait(Math.random() * Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** (round - 1)));
  }
};
