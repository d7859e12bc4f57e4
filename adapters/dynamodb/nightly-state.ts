import { GetCommand, PutCommand } from './commands.ts';
import type { AnchorState } from '../../core/audit/anchors.ts';
import type { KeptState } from '../../core/audit/table-pass.ts';
import { reach } from '../transient-faults.ts';
import { holds, keys, type Table } from './table.ts';

/** What a nightly job keeps: one item, replaced only as it was read. Only the hub writes the table, so the shape is trusted. */
export const nightlyState = <State>({ client, name: TableName }: Table, job: string): KeptState<State> => ({
  async read() {
    const { Item } = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.nightly(job), ConsistentRead: true })),
    );
    return Item === undefined ? undefined : JSON.parse(String(Item['state']));
  },

  replace(before, after) {
    const state = JSON.stringify(after);
    return holds(() =>
      client.send(
        new PutCommand({
          TableName,
          Item: { ...keys.nightly(job), state },
          // The SDK repeats a put whose answer was lost: the state that it finds then is its own.
          ConditionExpression:
            before === undefined
              ? 'attribute_not_exists(pk) OR #state = :after'
              : '#state = :before OR #state = :after',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: {
            ':after': state,
            ...(before === undefined ? {} : { ':before': JSON.stringify(before) }),
          },
        }),
      ),
    );
  },
});

/** The state of the anchors. */
export const anchorStates = (table: Table): KeptState<AnchorState> => nightlyState(table, 'ANCHORS');
