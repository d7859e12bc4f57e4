import { GetCommand } from './commands.ts';
import {
  type CallSlots,
  type Slot,
  longestSlotMilliseconds,
  type SlotOwner,
  slotsPerEndpoint,
  slotsPerParty,
} from '../../core/delivery/call-slots.ts';
import { isDue } from '../../core/delivery/due.ts';
import { reach } from '../transient-faults.ts';
import { type Item, text } from './attributes.ts';
import { keys, type Table, updateIf } from './table.ts';

/** Each time that another caller has taken the slot which was seen free, there is one less. */
const mostTries = slotsPerParty + 1;

const ofParty = (index: number): string => `party ${index}`;
const ofEndpoint = (id: string, index: number): string => `endpoint ${id} ${index}`;
const namesOf = (slot: Slot): { readonly party: string; readonly endpoint: string } => ({
  party: ofParty(slot.ofParty),
  endpoint: ofEndpoint(slot.id, slot.ofEndpoint),
});

/** What is stored of a slot: until when it is held, and by whom. */
const heldBy = ({ until, holder }: Pick<Slot, 'until' | 'holder'>): string => `${until} ${holder}`;

/** One of the free slots at random, so that callers at the same time seldom want the same one. */
const anyFree = (count: number, isFree: (index: number) => boolean): number | undefined => {
  const free = Array.from({ length: count }, (_, index) => index).filter(isFree);
  return free[Math.floor(Math.random() * free.length)];
};

/** A slot that is free at `now`, if there is one. */
const freeSlot = (
  seen: Item,
  { id, organisation, holder }: SlotOwner,
  now: string,
  until: string,
): Slot | undefined => {
  const isFree = (name: string): boolean => {
    const ends = text(seen[name])?.split(' ')[0];
    // One that ends much later than any caller plans was taken by a caller whose clock was wrong.
    return ends === undefined || isDue(ends, Date.parse(now), longestSlotMilliseconds);
  };
  // The caller's own, if its call is repeated.
  const held = heldBy({ until, holder });
  const ownOr = (count: number, nameOf: (index: number) => string): number | undefined =>
    Array.from({ length: count }, (_, index) => index).find((index) => seen[nameOf(index)] === held) ??
    anyFree(count, (index) => isFree(nameOf(index)));
  const party = ownOr(slotsPerParty, ofParty);
  const endpoint = ownOr(slotsPerEndpoint, (index) => ofEndpoint(id, index));
  return party === undefined || endpoint === undefined
    ? undefined
    : { id, organisation, holder, ofParty: party, ofEndpoint: endpoint, until };
};

/**
 * Call slots on DynamoDB: one item per party. Each slot in use is two attributes, one of the party and one of the endpoint, with the
 * time at which it ends and its holder. Both are taken in one conditional update. So the item has two attributes for each call in flight.
 */
export const callSlots = (table: Table): CallSlots => {
  const { client, name: TableName } = table;

  const read = async (organisation: string): Promise<Item> => {
    const answer = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.callSlots(organisation), ConsistentRead: true })),
    );
    return answer.Item ?? {};
  };

  /** `false`: another caller has taken one of the two since `seen`. */
  const takeIf = (slot: Slot, seen: Item): Promise<boolean> => {
    const names = namesOf(slot);
    const isAsSeen = (which: 'party' | 'endpoint'): string =>
      seen[names[which]] === undefined ? `attribute_not_exists(#${which})` : `#${which} = :${which}`;
    return updateIf(table, {
      key: keys.callSlots(slot.organisation),
      compute: { '#party': ':held', '#endpoint': ':held' },
      // The second: the SDK repeats a call whose answer is lost, and its first try has taken the slot.
      when: `(${isAsSeen('party')} AND ${isAsSeen('endpoint')}) OR (#party = :held AND #endpoint = :held)`,
      names,
      values: { held: heldBy(slot), party: seen[names.party], endpoint: seen[names.endpoint] },
    });
  };

  return {
    async take(owner, now, until) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const seen = await read(owner.organisation);
        const slot = freeSlot(seen, owner, now, until);
        if (slot === undefined) return undefined;
        if (await takeIf(slot, seen)) return slot;
      }
      return undefined;
    },

    async free(slot) {
      await updateIf(table, {
        key: keys.callSlots(slot.organisation),
        remove: ['#party', '#endpoint'],
        when: '#party = :held AND #endpoint = :held',
        names: namesOf(slot),
        values: { held: heldBy(slot) },
      });
    },
  };
};
