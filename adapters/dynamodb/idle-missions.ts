import type { IdleMission, IdleMissions } from '../../core/delivery/idle-missions.ts';
import { idleCheckShard, keys, queryUntil, type Table, updateIf } from './table.ts';

/** Nothing for an item of another kind, which a newer release stored before it was rolled back. */
const idleMissionIn = ({ pk, sk }: Readonly<Record<string, unknown>>): IdleMission | undefined => {
  const mission = /^MISSION#(.+)$/.exec(String(pk))?.[1];
  const entry = /^ENTRY#(\d+)$/.exec(String(sk))?.[1];
  return mission === undefined || entry === undefined ? undefined : { mission, entry: Number(entry) };
};

const isIdleCheck = { when: 'obligation = :over', values: { over: idleCheckShard } };

/** Entries by which a mission is checked for idleness are in a partition of their own of the obligations index. */
export const idleMissions = (table: Table): IdleMissions => ({
  due: (now, limit) =>
    queryUntil(
      table,
      {
        IndexName: 'obligations',
        KeyConditionExpression: 'obligation = :over AND dueAt <= :now',
        ExpressionAttributeValues: { ':over': idleCheckShard, ':now': now },
      },
      limit,
      idleMissionIn,
    ),

  async forget(subscription, { mission, entry }, through) {
    const remove = (set: { readonly forgotThrough?: number }, condition: string): Promise<boolean> =>
      updateIf(table, {
        key: keys.subscription(subscription),
        set,
        remove: ['numberOf.#mission', 'seqOf.#mission', 'previousOf.#mission'],
        // A head without the mission is marked too: a paused fan-out may number the mission there after the filter has changed.
        when: `attribute_exists(pk) AND (attribute_not_exists(seqOf.#mission) OR seqOf.#mission <= :entry) AND ${condition}`,
        names: { mission },
        values: { entry, through },
      });
    const isFirst = await remove(
      { forgotThrough: through },
      '(attribute_not_exists(forgotThrough) OR forgotThrough <= :through)',
    );
    // A late caller, or one with a slower clock, must not lower the mark that another has set.
    if (!isFirst) await remove({}, 'forgotThrough > :through');
  },

  async postpone({ mission, entry }, dueAt) {
    await updateIf(table, { key: keys.entry(mission, entry), set: { dueAt }, ...isIdleCheck });
  },

  async done({ mission, entry }) {
    await updateIf(table, { key: keys.entry(mission, entry), remove: ['obligation', 'dueAt'], ...isIdleCheck });
  },
});
