import type { Answer } from './channel.ts';

/** Waits, in seconds. */
export interface Backoff {
  /** First wait; it doubles with every failure up to the longest. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Longest `Retry-After` that is obeyed. */
  readonly longestRetryAfter: number;
}

/**
 * Seconds to wait after so many failures: exponential backoff with half jitter. `Retry-After` is obeyed up to its limit.
 * `jitter`: 0 to 1.
 */
export const backoffSeconds = (
  { firstWait, longestWait, longestRetryAfter }: Backoff,
  { failures, jitter }: { readonly failures: number; readonly jitter: number },
  { retryAfter }: Pick<Answer, 'retryAfter'>,
): number => {
  const ceiling = Math.min(longestWait, firstWait * 2 ** (failures - 1));
  const wait = ceiling / 2 + (ceiling / 2) * jitter;
  return Math.ceil(Math.max(wait, Math.min(retryAfter ?? 0, longestRetryAfter)));
};
