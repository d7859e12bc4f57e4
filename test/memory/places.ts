import type { Claim, Place, PlaceOf, Places } from '../../core/delivery/places.ts';
import { immutableCopy } from './immutable-copy.ts';
import { type SubscriptionStore, subscriptionStore } from './subscription-store.ts';

const keyOf = ({ subscription, mission }: PlaceOf): string => `${subscription}/${mission}`;

const none: Place = Object.freeze({ entry: 0, number: 0 });

const isSame = (one: Claim | undefined, other: Claim | undefined): boolean =>
  one?.entry === other?.entry && one?.from === other?.from;

/** Places in memory. */
export const memoryPlaces = ({ places }: SubscriptionStore = subscriptionStore()): Places => {
  const placeOf = (of: PlaceOf): Place => places.get(keyOf(of)) ?? none;
  return {
    read: async (of) => placeOf(of),
    claim: async (of, seen, claim) => {
      const { entry, number, claim: before } = placeOf(of);
      if (entry !== seen.entry || !isSame(before, seen.claim)) return false;
      places.set(keyOf(of), immutableCopy({ entry, number, claim }));
      return true;
    },
    settle: async (of, claim, number) => {
      if (!isSame(placeOf(of).claim, claim)) return;
      places.set(keyOf(of), Object.freeze({ entry: claim.entry, number }));
    },
    backOff: async () => {},
  };
};
