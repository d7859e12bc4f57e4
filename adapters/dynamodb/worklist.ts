import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Worklist, WorklistItem } from '../../mission/ports.ts';
import { isFinal } from '../../mission/state.ts';
import { holds, keys, pack, reach, type Table, unpack } from './table.ts';

const listOf = (owner: string, open: boolean): string => `${owner}#${open ? 'open' : 'closed'}`;

const readCursor = (from: string): Record<string, unknown> | undefined => {
  try {
    const key: unknown = JSON.parse(Buffer.from(from, 'base64url').toString('utf8'));
    return typeof key === 'object' && key !== null ? { ...key } : undefined;
  } catch {
    return undefined;
  }
};

/** Worklists: one item per Task, listed by owner through the index `worklist`. A projection, paid by the debt of the entry that changed the Task. */
export const worklist = ({ client, name: TableName }: Table): Worklist => ({
  async put(task, state) {
    const item: WorklistItem = { task, mission: state.mission, exercise: state.exercise, urgency: state.urgency };
    await holds(() =>
      client.send(
        new PutCommand({
          TableName,
          Item: {
            ...keys.task(state.mission, task.id),
            worklist: listOf(task.owner, !isFinal(task)),
            changedAt: `${task.changedAt}#${task.id}`,
            entry: task.changedBy,
            packed: pack(item),
          },
          ConditionExpression: 'attribute_not_exists(pk) OR #entry < :entry',
          ExpressionAttributeNames: { '#entry': 'entry' },
          ExpressionAttributeValues: { ':entry': task.changedBy },
        }),
      ),
    );
  },

  async list(owner, open, limit, from) {
    const page = await reach(() =>
      client.send(
        new QueryCommand({
          TableName,
          IndexName: 'worklist',
          KeyConditionExpression: 'worklist = :list',
          ExpressionAttributeValues: { ':list': listOf(owner, open) },
          // Open Tasks by who has waited longest, closed ones newest first.
          ScanIndexForward: open,
          Limit: limit,
          ExclusiveStartKey: from === undefined ? undefined : readCursor(from),
        }),
      ),
    );
    const items = (page.Items ?? []).map((item): WorklistItem => unpack(item['packed']));
    return page.LastEvaluatedKey === undefined
      ? { items }
      : { items, next: Buffer.from(JSON.stringify(page.LastEvaluatedKey)).toString('base64url') };
  },
});
