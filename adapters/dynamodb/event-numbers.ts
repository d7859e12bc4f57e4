import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { EventNumber, EventNumbers } from '../../core/delivery/event-numbers.ts';
import { count, isMap } from './attributes.ts';
import { isConditionFailed, isItemTooLarge, keys, type Table, updateItem } from './table.ts';
import { reach } from '../transient-faults.ts';

const eventNumber = (number: number, previous: number, status: unknown): EventNumber => ({
  number,
  ...(previous === 0 ? {} : { previous }),
  ...(status === 'error' ? { inError: true } : {}),
});

/** Event numbers on DynamoDB: the subscription's head item counts, and keeps the last number of each mission in maps. */
export const eventNumbers = (table: Table): EventNumbers => {
  /** The number that the head has for the entry; `passed`; or the head's mark, if the mission is not in its maps. */
  const numberedBefore = async (
    subscription: string,
    mission: string,
    entry: number,
  ): Promise<EventNumber | { readonly forgotThrough: number } | 'passed'> => {
    const answer = await reach(() =>
      table.client.send(
        new GetCommand({ TableName: table.name, Key: keys.subscription(subscription), ConsistentRead: true }),
      ),
    );
    if (answer.Item === undefined) return 'passed';
    const { seqOf, numberOf, previousOf, forgotThrough, status } = answer.Item;
    const seq = isMap(seqOf) ? seqOf[mission] : undefined;
    const number = isMap(numberOf) ? numberOf[mission] : undefined;
    if (seq === undefined) return { forgotThrough: count(forgotThrough) };
    if (seq !== entry || typeof number !== 'number') return 'passed';
    return eventNumber(number, count(isMap(previousOf) ? previousOf[mission] : undefined), status);
  };

  return {
    async number(subscription, mission, entry, knownSince) {
      try {
        const { Attributes } = await updateItem(table, {
          key: keys.subscription(subscription),
          compute: {
            'previousOf.#mission': 'if_not_exists(numberOf.#mission, :none)',
            'numberOf.#mission': 'lastNumber + :one',
            'seqOf.#mission': ':entry',
            lastNumber: 'lastNumber + :one',
            // Unchanged: an update returns only what it sets, and this saves a read of the status.
            status: '#status',
          },
          when: 'attribute_exists(pk) AND (seqOf.#mission < :entry OR (attribute_not_exists(seqOf.#mission) AND (attribute_not_exists(forgotThrough) OR forgotThrough < :knownSince)))',
          names: { mission },
          values: { none: 0, one: 1, entry, knownSince },
        });
        const { lastNumber, previousOf, status } = Attributes ?? {};
        return eventNumber(count(lastNumber), count(isMap(previousOf) ? previousOf[mission] : undefined), status);
      } catch (error) {
        if (isConditionFailed(error)) return numberedBefore(subscription, mission, entry);
        if (isItemTooLarge(error)) return 'full';
        throw error;
      }
    },

    async numbered(subscription, mission, entry) {
      const before = await numberedBefore(subscription, mission, entry);
      return typeof before === 'object' && 'number' in before ? before : undefined;
    },
  };
};
