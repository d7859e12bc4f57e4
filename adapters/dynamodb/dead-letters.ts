import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import { defined } from '../../schemas/defined.ts';
import { storedNotification } from './notifications.ts';
import { batchGet, deadLetterShard, keys, obligationAt, type Table, updateIf } from './table.ts';
import { reach } from '../transient-faults.ts';

/** Where a page of dead letters goes on: the index's key, as text. */
const cursorOf = (key: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  key === undefined ? undefined : Buffer.from(JSON.stringify(key)).toString('base64url');
const keyOf = (cursor: string | undefined): Record<string, unknown> | undefined =>
  cursor === undefined ? undefined : JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));

const isDead = {
  when: '#status = :failed AND obligation = :dead',
  values: { failed: 'failed', dead: deadLetterShard },
};

/** Dead letters are the notifications in a partition of their own of the obligations index. */
export const deadLetters = (table: Table): DeadLetters => {
  const { client, name: TableName } = table;
  return {
    async list(limit, from) {
      const page = await reach(() =>
        client.send(
          new QueryCommand({
            TableName,
            IndexName: 'obligations',
            KeyConditionExpression: 'obligation = :dead',
            ExpressionAttributeValues: { ':dead': deadLetterShard },
            Limit: limit,
            ExclusiveStartKey: keyOf(from),
          }),
        ),
      );
      const found = (page.Items ?? []).map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) }));
      const read = await batchGet(table, found);
      const items = found
        .map(({ pk, sk }) => read.find((item) => item['pk'] === pk && item['sk'] === sk))
        .filter((item) => item !== undefined);
      return {
        // The index may lag behind: another operator may have just redriven it.
        items: items.filter((item) => item['obligation'] === deadLetterShard).map(storedNotification),
        ...defined({ next: cursorOf(page.LastEvaluatedKey) }),
      };
    },

    async redrive(subscription, number, at, dueAt) {
      const key = keys.notification(subscription, number);
      return updateIf(table, {
        key,
        set: { status: 'pending', attempts: 0, redrivenAt: at, ...obligationAt(key, dueAt) },
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
