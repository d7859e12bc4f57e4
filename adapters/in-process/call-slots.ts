import {
  type CallSlots,
  type Slot,
  longestSlotMilliseconds,
  slotsPerEndpoint,
  slotsPerParty,
} from '../../core/delivery/call-slots.ts';
import { isDue } from '../../core/delivery/due.ts';

/**
 * Call slots of one process. They are not stored: when the process ends, so do its calls. A slot that has ended stays until another
 * caller takes it, as in DynamoDB: each caller sees it by its own clock.
 */
export const callSlots = (): CallSlots => {
  const taken = new Set<Slot>();
  /** The first that is free, and who has it still. */
  const firstFree = (count: number, held: readonly Slot[], indexOf: (slot: Slot) => number, now: number) =>
    Array.from({ length: count }, (_, index) => index)
      .map((index) => ({ index, ended: held.filter((slot) => indexOf(slot) === index) }))
      .find(({ ended }) => ended.every(({ until }) => isDue(until, now, longestSlotMilliseconds)));
  return {
    take: async ({ id, organisation, holder }, nowText, until) => {
      const now = Date.parse(nowText);
      const own = [...taken].filter((slot) => slot.organisation === organisation);
      const before = own.find((slot) => slot.id === id && slot.holder === holder);
      if (before !== undefined) return before;
      const party = firstFree(slotsPerParty, own, (slot) => slot.ofParty, now);
      const endpoint = firstFree(
        slotsPerEndpoint,
        own.filter((slot) => slot.id === id),
        (slot) => slot.ofEndpoint,
        now,
      );
      if (party === undefined || endpoint === undefined) return undefined;
      for (const ended of [...party.ended, ...endpoint.ended]) taken.delete(ended);
      const slot: Slot = { id, organisation, holder, ofParty: party.index, ofEndpoint: endpoint.index, until };
      taken.add(slot);
      return slot;
    },
    free: async (slot) => {
      taken.delete(slot);
    },
  };
};
