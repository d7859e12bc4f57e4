/**
 * Times that the hub has stored as "not before". A time from a clock that was ahead, and has been put right since, must keep nobody
 * from being called: each such time is compared by these functions.
 */

/**
 * No retry, probe, claim or check of a delivery is planned further ahead than this, milliseconds: `Retry-After` is obeyed for five
 * minutes, and the sweeper waits some seconds more.
 */
export const longestWaitMilliseconds = 360_000;

/** Whether the time has come. A time further ahead than `longest` was planned by a wrong clock: it has come too. */
export const isDue = (notBefore: string, now: number, longest = longestWaitMilliseconds): boolean => {
  const ahead = Date.parse(notBefore) - now;
  return !(ahead > 0 && ahead <= longest);
};

/** When something began, milliseconds. What a wrong clock wrote as beginning in the future begins now. */
export const begunAt = (since: string, now: number): number => Math.min(Date.parse(since), now);
