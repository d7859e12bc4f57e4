import { setTimeout } from 'node:timers/promises';
import { GetCommand } from './commands.ts';
import type { Claim, Places } from '../../core/delivery/places.ts';
import { defined } from '../../schemas/defined.ts';
import { count } from './attributes.ts';
import { keys, type Table, updateIf } from './table.ts';
import { reach } from '../transient-faults.ts';

/** The claim is the stored one. */
const isStored = '#claimed = :claimedBefore AND #claimedFrom = :fromBefore';
const valuesOf = ({ entry, from }: Claim) => ({ claimedBefore: entry, fromBefore: from });

/** Milliseconds of the longest wait of the first attempt, and of any. */
const shortest = 4;
const longest = 100;

/** Places on DynamoDB: one item each, in a partition of its own. */
export const places = (table: Table): Places => ({
  async read({ subscription, mission }) {
    const Key = keys.place(subscription, mission);
    const answer = await reach(() =>
      table.client.send(new GetCommand({ TableName: table.name, Key, ConsistentRead: true })),
    );
    const { entry, number, claimed, claimedFrom } = answer.Item ?? {};
    return {
      entry: count(entry),
      number: count(number),
      ...defined({ claim: typeof claimed === 'number' ? { entry: claimed, from: count(claimedFrom) } : undefined }),
    };
  },

  async claim({ subscription, mission }, seen, { entry, from }) {
    return updateIf(table, {
      key: keys.place(subscription, mission),
      set: { claimed: entry, claimedFrom: from },
      when: [
        seen.entry === 0 ? 'attribute_not_exists(#entry)' : '#entry = :seen',
        seen.claim === undefined ? 'attribute_not_exists(#claimed)' : isStored,
      ].join(' AND '),
      values: { seen: seen.entry, ...(seen.claim === undefined ? {} : valuesOf(seen.claim)) },
    });
  },

  async settle({ subscription, mission }, claim, number) {
    await updateIf(table, {
      key: keys.place(subscription, mission),
      set: { entry: claim.entry, number },
      remove: ['claimed', 'claimedFrom'],
      when: isStored,
      values: valuesOf(claim),
    });
  },

  async backOff(attempt) {
    await setTimeout(Math.random() * Math.min(longest, shortest * attempt));
  },
});
