import {
  type CallSlots,
  type Slot,
  longestSlotMilliseconds,
  slotsPerEndpoint,
  slotsPerParty,
} from '../../core/delivery/call-slots.ts';
import { isDue } from '../../core/delivery/due.ts';

/** Call slots in memory. */
export const memoryCallSlots = (): CallSlots => {
  const taken = new Set<Slot>();
  const firstFree = (count: number, used: readonly number[]): number | undefined =>
    Array.from({ length: count }, (_, index) => index).find((index) => !used.includes(index));
  return {
    take: async ({ id, organisation }, now, until) => {
      for (const slot of taken) if (isDue(slot.until, Date.parse(now), longestSlotMilliseconds)) taken.delete(slot);
      const own = [...taken].filter((slot) => slot.organisation === organisation);
      const ofParty = firstFree(
        slotsPerParty,
        own.map((slot) => slot.ofParty),
      );
      const ofEndpoint = firstFree(
        slotsPerEndpoint,
        own.filter((slot) => slot.id === id).map((slot) => slot.ofEndpoint),
      );
      if (ofParty === undefined || ofEndpoint === undefined) return undefined;
      const slot: Slot = { id, organisation, ofParty, ofEndpoint, until };
      taken.add(slot);
      return slot;
    },
    free: async (slot) => {
      taken.delete(slot);
    },
  };
};
