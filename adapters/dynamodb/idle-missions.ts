import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { IdleMission, IdleMissions } from '../../core/delivery/obligations.ts';
import { holds, keys, queryUntil, retirementShard, type Table } from './table.ts';

/** Nothing for what a newer release, that was taken back, has put there. */
const retirementOf = ({ pk, sk }: Readonly<Record<string, unknown>>): IdleMission | undefined => {
  const mission = /^MISSION#(.+)$/.exec(String(pk))?.[1];
  const entry = /^ENTRY#(\d+)$/.exec(String(sk))?.[1];
  return mission === undefined || entry === undefined ? undefined : { mission, entry: Number(entry) };
};

/** Entries that wait to see whether their mission rests stand in a partition of their own in the obligations index. */
export const idleMissions = (table: Table): IdleMissions => ({
  due: (now, limit) =>
    queryUntil(
      table,
      {
        IndexName: 'obligations',
        KeyConditionExpression: 'obligation = :over AND dueAt <= :now',
        ExpressionAttributeValues: { ':over': retirementShard, ':now': now },
      },
      limit,
      retirementOf,
    ),

  async forget(subscription, { mission, entry }, through) {
    const remove = (set: string, condition: string): Promise<boolean> =>
      holds(() =>
        table.client.send(
          new UpdateCommand({
            TableName: table.name,
            Key: keys.subscription(subscription),
            UpdateExpression: `${set} REMOVE numberOf.#mission, seqOf.#mission, previousOf.#mission`,
            // Who has no place is marked too: it may be numbered there by who was held up while its filter changed.
            ConditionExpression: `attribute_exists(pk) AND (attribute_not_exists(seqOf.#mission) OR seqOf.#mission <= :entry) AND ${condition}`,
            ExpressionAttributeNames: { '#mission': mission },
            ExpressionAttributeValues: { ':entry': entry, ':through': through },
          }),
        ),
      );
    const isFirst = await remove(
      'SET forgotThrough = :through',
      '(attribute_not_exists(forgotThrough) OR forgotThrough <= :through)',
    );
    // Who is late, or has a slower clock, must not lower what another has set.
    if (!isFirst) await remove('', 'forgotThrough > :through');
  },

  async postpone({ mission, entry }, dueAt) {
    await holds(() =>
      table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: keys.entry(mission, entry),
          UpdateExpression: 'SET dueAt = :dueAt',
          ConditionExpression: 'obligation = :over',
          ExpressionAttributeValues: { ':dueAt': dueAt, ':over': retirementShard },
        }),
      ),
    );
  },

  async done({ mission, entry }) {
    await holds(() =>
      table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: keys.entry(mission, entry),
          UpdateExpression: 'REMOVE obligation, dueAt',
          ConditionExpression: 'obligation = :over',
          ExpressionAttributeValues: { ':over': retirementShard },
        }),
      ),
    );
  },
});
