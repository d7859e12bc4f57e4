import type { Fault } from '../faults.ts';

/** An element of a message. */
interface Placed {
  /** FHIRPath. */
  readonly at: string;
}

/** Two elements of a message contradict each other. */
export const contradiction = (one: Placed, other: Placed, detail: string): Fault => ({
  code: 'contradiction',
  at: one.at,
  and: other.at,
  detail,
});
