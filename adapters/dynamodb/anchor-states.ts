import { GetCommand, PutCommand } from './commands.ts';
import type { AnchorState, AnchorStates } from '../../core/audit/anchors.ts';
import { reach } from '../transient-faults.ts';
import { holds, keys, type Table } from './table.ts';

/** The state of the anchors: one item, replaced only as it was read. */
export const anchorStates = ({ client, name: TableName }: Table): AnchorStates => ({
  async read(): Promise<AnchorState | undefined> {
    const { Item } = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.nightly('ANCHORS'), ConsistentRead: true })),
    );
    return Item === undefined ? undefined : JSON.parse(String(Item['state']));
  },

  replace(before, after) {
    const state = JSON.stringify(after);
    return holds(() =>
      client.send(
        new PutCommand({
          TableName,
          Item: { ...keys.nightly('ANCHORS'), state },
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
