import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { ListName, Worklist, WorklistItem } from '../../core/mission/projections.ts';
import { deadlineOf, isFinal } from '../../core/mission/state.ts';
import { defined } from '../../schemas/defined.ts';
import { deadlineAt, holds, keys, pack, type Table, unpack } from './table.ts';
import { reach } from '../transient-faults.ts';

const listKey = (owner: string, list: ListName): string => `${owner}#${list}`;

/** No sort key is longer. A cursor is cut to it, so that the query stays valid whatever a caller sends. */
const longestCursor = 120;

/** Worklists: one item per Task, listed by owner through the index `worklist`. A projection: the fan-out of the entry that changed the Task updates it. */
export const worklist = ({ client, name: TableName }: Table): Worklist => ({
  async put(task, state) {
    const { mission, exercise, urgency, coordinator } = state;
    const item: WorklistItem = { task, mission, exercise, urgency, coordinator };
    const key = keys.task(mission, task.id);
    const deadline = deadlineOf(task);
    await holds(() =>
      client.send(
        new PutCommand({
          TableName,
          Item: {
            ...key,
            ...(deadline === undefined ? {} : deadlineAt(key, deadline)),
            worklist: listKey(task.owner, isFinal(task) ? 'closed' : 'open'),
            changedAt: `${task.changedAt}#${task.id}`,
            entry: state.version,
            packed: pack(item),
          },
          ConditionExpression: 'attribute_not_exists(pk) OR #entry < :entry',
          ExpressionAttributeNames: { '#entry': 'entry' },
          ExpressionAttributeValues: { ':entry': state.version },
        }),
      ),
    );
  },

  async list(owner, list, limit, from) {
    // Open Tasks longest waiting first, closed ones newest first. A cursor is the sort key of the last Task of the page.
    const range = from === undefined ? '' : ` AND changedAt ${list === 'open' ? '>' : '<'} :from`;
    const page = await reach(() =>
      client.send(
        new QueryCommand({
          TableName,
          IndexName: 'worklist',
          KeyConditionExpression: `worklist = :list${range}`,
          ExpressionAttributeValues: defined({ ':list': listKey(owner, list), ':from': from?.slice(0, longestCursor) }),
          ScanIndexForward: list === 'open',
          Limit: limit,
        }),
      ),
    );
    const items = (page.Items ?? []).map((item): WorklistItem => unpack(item['packed']));
    const last = page.LastEvaluatedKey?.['changedAt'];
    return typeof last === 'string' ? { items, next: last } : { items };
  },
});
