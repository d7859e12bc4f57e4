import type { Obligation, Obligations } from '../../core/delivery/obligations.ts';
import { defined } from '../../schemas/defined.ts';
import { text } from './attributes.ts';
import { prefixOf, shardsOf } from './shards.ts';
import { type Key, keys, queryUntil, type Table, updateIf } from './table.ts';

interface DueItem {
  readonly pk: string;
  readonly sk: string;
  readonly dueAt: string;
}

const obligationOf = ({ pk, sk, dueAt }: DueItem): Obligation => {
  const [kind = '', id = ''] = pk.split('#');
  const [part = '', number = ''] = sk.split('#');
  if (kind === 'MISSION' && part === 'TASK') return { kind: 'deadline', mission: id, task: number };
  if (kind === 'MISSION' && part === 'ENTRY') return { kind: 'fan-out', mission: id, entry: Number(number) };
  if (kind === 'SUBSCRIPTION' && part === 'NOTE') return { kind: 'delivery', subscription: id, number: Number(number) };
  if (kind === 'SUBSCRIPTION' && part === 'HEAD') return { kind: 'contact', subscription: id, due: dueAt };
  return { kind: 'unknown', key: [pk, sk] };
};

const keyOf = (obligation: Obligation): Key => {
  switch (obligation.kind) {
    case 'deadline':
      return keys.task(obligation.mission, obligation.task);
    case 'fan-out':
      return keys.entry(obligation.mission, obligation.entry);
    case 'delivery':
      return keys.notification(obligation.subscription, obligation.number);
    case 'contact':
      return keys.subscription(obligation.subscription);
    case 'unknown': {
      const [pk, sk] = obligation.key;
      return { pk, sk };
    }
  }
};

/** Obligations, read from the sparse index: the cost grows with what is pending, not with what is stored. */
export const obligations = (table: Table): Obligations => {
  /** Items of the shards: due by a time, longest due first, or due after it, farthest ahead first. */
  const itemsIn = async (
    shards: readonly string[],
    { by, after }: { readonly by?: string; readonly after?: string },
    limit: number,
  ): Promise<readonly DueItem[]> => {
    const pages = await Promise.all(
      shards.map((shard) =>
        queryUntil(
          table,
          {
            IndexName: 'obligations',
            KeyConditionExpression: `obligation = :shard AND dueAt ${after === undefined ? '<=' : '>'} :time`,
            ExpressionAttributeValues: { ':shard': shard, ':time': after ?? by },
            ScanIndexForward: after === undefined,
          },
          limit,
          ({ pk, sk, dueAt }): DueItem => ({ pk: String(pk), sk: String(sk), dueAt: String(dueAt) }),
        ),
      ),
    );
    return pages
      .flat()
      .toSorted((a, b) => a.dueAt.localeCompare(b.dueAt) || a.pk.localeCompare(b.pk) || a.sk.localeCompare(b.sk));
  };
  const dueIn = async (shards: readonly string[], now: string, limit: number): Promise<readonly Obligation[]> =>
    (await itemsIn(shards, { by: now }, limit)).map(obligationOf);

  return {
    async due(now, limit) {
      const [deadlines, others] = await Promise.all([
        dueIn(shardsOf(table, 'deadline'), now, limit),
        dueIn(shardsOf(table, 'pending'), now, limit),
      ]);
      return [...deadlines, ...others].slice(0, limit);
    },

    async dueAfter(time, limit) {
      const items = await itemsIn(
        [...shardsOf(table, 'deadline'), ...shardsOf(table, 'pending')],
        { after: time },
        limit,
      );
      return items
        .toReversed()
        .slice(0, limit)
        .map((item) => ({ obligation: obligationOf(item), dueAt: item.dueAt }));
    },

    async undelivered() {
      let count = 0;
      let oldest: string | undefined;
      // Counts without keeping: there may be very many. Calls of endpoints have none of these times.
      const look = ({ receivedAt, writtenAt, redrivenAt }: Record<string, unknown>): undefined => {
        const since = text(redrivenAt) ?? text(writtenAt) ?? text(receivedAt);
        if (since === undefined) return undefined;
        count += 1;
        if (oldest === undefined || since < oldest) oldest = since;
        return undefined;
      };
      await Promise.all(
        shardsOf(table, 'pending').map((shard) =>
          queryUntil(
            table,
            {
              IndexName: 'obligations',
              KeyConditionExpression: 'obligation = :shard',
              ExpressionAttributeValues: { ':shard': shard },
            },
            Number.POSITIVE_INFINITY,
            look,
          ),
        ),
      );
      return { count, ...defined({ since: oldest }) };
    },

    async postpone(obligation, dueAt) {
      await updateIf(table, {
        key: keyOf(obligation),
        set: { dueAt },
        when: 'attribute_exists(obligation) AND NOT begins_with(obligation, :failed)',
        values: { failed: prefixOf('failed') },
      });
    },
  };
};
