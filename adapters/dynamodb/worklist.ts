import { PutCommand, QueryCommand } from './commands.ts';
import { type ListName, placeOfTask, type Worklist, type WorklistItem } from '../../core/mission/projections.ts';
import { deadlineOf, isFinal } from '../../core/mission/state.ts';
import { defined } from '../../schemas/defined.ts';
import { obligationAt } from './shards.ts';
import { holds, keys, type Table } from './table.ts';
import { pack, unpack } from '../packed.ts';
import { reach } from '../transient-faults.ts';

const listKey = (organisation: string, list: ListName): string => `${organisation}#${list}`;

/** No sort key is longer. A cursor is cut to it, so that the query stays valid whatever a caller sends. */
const longestCursor = 120;

/** A page of the Tasks of an organisation through one of the two indexes. */
const pageOf =
  ({ client, name: TableName }: Table, index: 'worklist' | 'asked'): Worklist['list'] =>
  async (organisation, list, limit, from) => {
    // Open Tasks longest waiting first, closed ones newest first. A cursor is the sort key of the last Task of the page.
    const range = from === undefined ? '' : ` AND place ${list === 'open' ? '>' : '<'} :from`;
    const page = await reach(() =>
      client.send(
        new QueryCommand({
          TableName,
          IndexName: index,
          KeyConditionExpression: `${index} = :list${range}`,
          ExpressionAttributeValues: defined({
            ':list': listKey(organisation, list),
            ':from': from?.slice(0, longestCursor),
          }),
          ScanIndexForward: list === 'open',
          Limit: limit,
        }),
      ),
    );
    const items = (page.Items ?? []).map((item): WorklistItem => unpack(item['packed']));
    const last = page.LastEvaluatedKey?.['place'];
    return typeof last === 'string' ? { items, next: last } : { items };
  };

/**
 * Worklists: one item per Task, listed by owner through the index `worklist` and by asker through the index `asked`. A projection:
 * the fan-out of the entry that changed the Task updates it.
 */
export const worklist = (table: Table): Worklist => ({
  async put(task, state) {
    const { client, name: TableName } = table;
    const { mission, exercise, urgency, coordinator } = state;
    const item: WorklistItem = { task, mission, exercise, urgency, coordinator };
    const key = keys.task(mission, task.id);
    const deadline = deadlineOf(task);
    const list = isFinal(task) ? 'closed' : 'open';
    await holds(() =>
      client.send(
        new PutCommand({
          TableName,
          Item: {
            ...key,
            ...(deadline === undefined ? {} : obligationAt(table, 'deadline', key, deadline)),
            worklist: listKey(task.owner, list),
            asked: listKey(task.asker, list),
            place: placeOfTask(task),
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

  list: pageOf(table, 'worklist'),
  asked: pageOf(table, 'asked'),
});
