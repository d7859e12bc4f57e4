export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A number from 0 to 1, for jitter. */
export type Random = () => number;
