import type { Clock, Random } from '../mission/clock.ts';
import { begunAt } from './due.ts';
import type { Subscription } from './subscription.ts';

/**
 * Slots for calls in the slow lane: they bound the calls in flight to one endpoint and to one party, so that a slow party leaves
 * workers to the others.
 */
export interface CallSlots {
  /**
   * Takes a slot until `until`, ISO 8601. Nothing if the endpoint or its party has as many calls in flight as it may. The slot of a
   * caller that has died is free again after `until`. The same call again, by the same holder, gets the same slot: a client library
   * repeats a call whose answer is lost. Throws `Unavailable` if the storage cannot be reached.
   */
  take(subscription: SlotOwner, now: string, until: string): Promise<Slot | undefined>;
  /** Frees the slot, unless its time was over and another caller has it. */
  free(slot: Slot): Promise<void>;
}

/** Whose slot it is. */
export interface SlotOwner extends Pick<Subscription, 'id' | 'organisation'> {
  /** Differs in every attempt. */
  readonly holder: string;
}

/** A slot that a caller holds. */
export interface Slot extends SlotOwner {
  /** Which of the party's slots, and which of the endpoint's, from 0. */
  readonly ofParty: number;
  readonly ofEndpoint: number;
  readonly until: string;
}

/** Calls that the slow lane makes to the endpoints of one party at the same time. Must be below its number of workers. */
export const slotsPerParty = 4;

/** The same to one endpoint: below those of its party, so that another endpoint of the party gets calls too. */
export const slotsPerEndpoint = 3;

/** Longer than an attempt lasts, which is a handshake and a notification at most; milliseconds. */
export const slotMilliseconds = 25_000;

/** A slot that ends later than this was taken by a wrong clock, milliseconds: clocks that are right differ by less than half of it. */
export const longestSlotMilliseconds = 2 * slotMilliseconds;

interface SlotPorts {
  readonly slots: CallSlots;
  readonly clock: Clock;
  readonly random: Random;
}

/** Makes calls in a slot; `no-slot`: nothing was called. */
export const inSlot = async <Result>(
  { id, organisation }: Pick<Subscription, 'id' | 'organisation'>,
  { slots, clock, random }: SlotPorts,
  calls: () => Promise<Result>,
): Promise<Result | 'no-slot'> => {
  const now = clock.now();
  const until = new Date(now + slotMilliseconds).toISOString();
  const holder = `${now} ${random()}`;
  const slot = await slots.take({ id, organisation, holder }, new Date(now).toISOString(), until);
  if (slot === undefined) return 'no-slot';
  try {
    return await calls();
  } finally {
    // The attempt has its result whether or not this succeeds: a slot that is not freed ends by itself.
    await slots.free(slot).catch(() => undefined);
  }
};

/** Seconds. A call that is slow takes some seconds, so a slot is seldom free earlier. */
const shortestSlotWait = 4;
const longestSlotWait = 20;

/**
 * Seconds until a job without a slot looks for one again: half the time for which it has waited, and up to a quarter more or less, so
 * that jobs of the same moment do not meet again. `jitter`: 0 to 1. Thousands of jobs of one party do not keep the lane busy by looking.
 */
export const slotWait = (waitingSince: string, now: number, jitter: number): number => {
  const planned = Math.max(shortestSlotWait, Math.min(longestSlotWait, (now - begunAt(waitingSince, now)) / 2000));
  return Math.round(planned * (0.75 + jitter / 2));
};
