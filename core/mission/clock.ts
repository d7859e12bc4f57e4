/** Milliseconds since the epoch, and a number from 0 to 1 for jitter. */
export interface Clock {
  now(): number;
}

export type Random = () => number;
