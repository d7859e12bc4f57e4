import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import { defined } from '../../schemas/defined.ts';
import { storedNotification } from './notifications.ts';
import { isOfKind, obligationAt, prefixOf, shardsOf } from './shards.ts';
import { batchGet, type Key, keys, queryUntil, type Table, updateIf } from './table.ts';

/** The last dead letter of each shard that the pages so far have shown: where its next one is looked for. */
type Place = Readonly<Record<string, IndexKey>>;
interface IndexKey extends Key {
  readonly dueAt: string;
}

const cursorOf = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');
const placeOf = (cursor: string | undefined): Place =>
  cursor === undefined ? {} : JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));

const isDead = {
  when: '#status = :failed AND begins_with(obligation, :dead)',
  values: { failed: 'failed', dead: prefixOf('failed') },
};

/** Dead letters are the notifications in shards of their own of the obligations index. */
export const deadLetters = (table: Table): DeadLetters => {
  /** The next ones of a shard, those given up longest ago first. */
  const nextOf = (obligation: string, limit: number, after: IndexKey | undefined) =>
    queryUntil(
      table,
      {
        IndexName: 'obligations',
        KeyConditionExpression: 'obligation = :shard',
        ExpressionAttributeValues: { ':shard': obligation },
      },
      limit,
      ({ pk, sk, dueAt }) => ({ obligation, pk: String(pk), sk: String(sk), dueAt: String(dueAt) }),
      after === undefined ? undefined : { obligation, ...after },
    );

  return {
    async list(limit, from) {
      const before = placeOf(from);
      // One more than the page: whether there is another page.
      const nexts = await Promise.all(
        shardsOf(table, 'failed').map((shard) => nextOf(shard, limit + 1, before[shard])),
      );
      const ordered = nexts.flat().toSorted((one, other) => one.dueAt.localeCompare(other.dueAt));
      const found = ordered.slice(0, limit);
      const place = {
        ...before,
        ...Object.fromEntries(found.map(({ obligation, ...key }): readonly [string, IndexKey] => [obligation, key])),
      };
      const read = await batchGet(table, found);
      const items = found
        .map(({ pk, sk }) => read.find((item) => item['pk'] === pk && item['sk'] === sk))
        .filter((item) => item !== undefined);
      return {
        // The index may lag behind: another operator may have just redriven it.
        items: items.filter((item) => isOfKind('failed', item['obligation'])).map(storedNotification),
        ...defined({ next: ordered.length > limit ? cursorOf(place) : undefined }),
      };
    },

    async redrive(subscription, number, at, dueAt) {
      const key = keys.notification(subscription, number);
      return updateIf(table, {
        key,
        set: { status: 'pending', attempts: 0, redrivenAt: at, ...obligationAt(table, 'pending', key, dueAt) },
        remove: ['firstTriedAt', 'rejectedFor', 'warned', 'completedAt'],
        ...isDead,
      });
    },

    async discard(subscription, number, at) {
      return updateIf(table, {
        key: keys.notification(subscription, number),
        set: { discardedAt: at },
        remove: ['obligation', 'dueAt'],
        ...isDead,
      });
    },
  };
};
