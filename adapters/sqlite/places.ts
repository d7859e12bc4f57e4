import { setTimeout } from 'node:timers/promises';
import type { Places } from '../../core/delivery/places.ts';
import type { Database } from './database.ts';
import { integer } from './rows.ts';

/** Milliseconds of the longest wait of the first attempt, and of any. */
const shortest = 2;
const longest = 50;

/** Places on SQLite: one row each. */
export const places = (database: Database): Places => {
  const one = database.statement('SELECT * FROM places WHERE subscription = $subscription AND mission = $mission');
  const insertClaim = database.statement(
    `INSERT INTO places (subscription, mission, entry, number, claimed, claimed_from)
     VALUES ($subscription, $mission, 0, 0, $claimed, $claimedFrom)
     ON CONFLICT DO NOTHING`,
  );
  const setClaim = database.statement(
    `UPDATE places SET claimed = $claimed, claimed_from = $claimedFrom
     WHERE subscription = $subscription AND mission = $mission AND entry = $seen
       AND claimed IS $claimedBefore AND claimed_from IS $fromBefore`,
  );
  const setNumber = database.statement(
    `UPDATE places SET entry = $claimed, number = $number, claimed = NULL, claimed_from = NULL
     WHERE subscription = $subscription AND mission = $mission AND claimed = $claimed AND claimed_from = $claimedFrom`,
  );

  return {
    async read({ subscription, mission }) {
      const row = one.get({ subscription, mission });
      const claimed = row?.['claimed'];
      return {
        entry: integer(row?.['entry']),
        number: integer(row?.['number']),
        ...(claimed === undefined ? {} : { claim: { entry: integer(claimed), from: integer(row?.['claimed_from']) } }),
      };
    },

    claim({ subscription, mission }, seen, { entry, from }) {
      const claim = { subscription, mission, claimed: entry, claimedFrom: from };
      const before = { seen: seen.entry, claimedBefore: seen.claim?.entry, fromBefore: seen.claim?.from };
      return database.write(() => {
        // The first claim of a mission makes its row.
        const isNew = seen.entry === 0 && seen.claim === undefined && insertClaim.run(claim) > 0;
        return isNew || setClaim.run({ ...claim, ...before }) > 0;
      });
    },

    async settle({ subscription, mission }, { entry, from }, number) {
      const values = { subscription, mission, claimed: entry, claimedFrom: from, number };
      await database.write(() => setNumber.run(values));
    },

    async backOff(attempt) {
      await setTimeout(Math.random() * Math.min(longest, shortest * attempt));
    },
  };
};
