import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DeadLetters } from '../../core/delivery/obligations.ts';
import { defined } from '../../schemas/defined.ts';
import { storedNotification } from './subscription-log.ts';
import { batchGet, deadLetterShard, holds, keys, owed, reach, type Table } from './table.ts';

/** Where a page of dead letters goes on: the index's key, as text. */
const cursorOf = (key: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  key === undefined ? undefined : Buffer.from(JSON.stringify(key)).toString('base64url');
const keyOf = (cursor: string | undefined): Record<string, unknown> | undefined =>
  cursor === undefined ? undefined : JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));

/** Dead letters are notifications that stand in a partition of their own in the obligations index. */
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
        // The index may lag behind what somebody else has just redriven.
        items: items.filter((item) => item['obligation'] === deadLetterShard).map(storedNotification),
        ...defined({ next: cursorOf(page.LastEvaluatedKey) }),
      };
    },

    async redrive(subscription, number, at, dueAt) {
      const key = keys.notification(subscription, number);
      const { obligation } = owed(key, dueAt);
      return holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: key,
            UpdateExpression:
              'SET #status = :pending, attempts = :none, redrivenAt = :at, obligation = :obligation, dueAt = :dueAt REMOVE firstTriedAt, warned, completedAt',
            ConditionExpression: '#status = :failed AND obligation = :dead',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: {
              ':pending': 'pending',
              ':none': 0,
              ':at': at,
              ':obligation': obligation,
              ':dueAt': dueAt,
              ':failed': 'failed',
              ':dead': deadLetterShard,
            },
          }),
        ),
      );
    },

    async discard(subscription, number, at) {
      return holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: keys.notification(subscription, number),
            UpdateExpression: 'SET discardedAt = :at REMOVE obligation, dueAt',
            ConditionExpression: '#status = :failed AND obligation = :dead',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: { ':at': at, ':failed': 'failed', ':dead': deadLetterShard },
          }),
        ),
      );
    },
  };
};
