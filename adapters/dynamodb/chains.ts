import type { ChainsPage, DatedEnd } from '../../core/audit/anchors.ts';
import type { TablePages } from '../../core/audit/table-pass.ts';
import { chained, passOver, type Table } from './table.ts';

/** The record of a chain that an item is; `undefined` for one without a digest. */
const endOf = ({ pk, sk, digest, at, receivedAt }: Record<string, unknown>): DatedEnd | undefined => {
  const log = chained.find(({ partition }) => String(pk).startsWith(partition));
  if (log === undefined || typeof digest !== 'string') return undefined;
  const stated = at ?? receivedAt;
  return {
    log: log.log,
    chain: String(pk).slice(log.partition.length),
    number: Number(String(sk).slice(log.record.length)),
    digest,
    at: typeof stated === 'string' ? stated : undefined,
  };
};

/** The newest of each chain: records of one chain are next to each other, in order. */
const newestOf = (ends: readonly DatedEnd[]): readonly DatedEnd[] =>
  ends.filter((end, index) => {
    const next = ends[index + 1];
    return next === undefined || next.chain !== end.chain || next.log !== end.log;
  });

const filter = chained
  .map((_one, index) => `(begins_with(pk, :partition${index}) AND begins_with(sk, :record${index}))`)
  .join(' OR ');
const filterValues = Object.fromEntries(
  chained.flatMap(({ partition, record }, index): readonly [string, string][] => [
    [`:partition${index}`, partition],
    [`:record${index}`, record],
  ]),
);

/** The chains of the whole table. */
export const chainsIn = (table: Table): TablePages<ChainsPage> =>
  passOver(
    table,
    {
      FilterExpression: filter,
      ProjectionExpression: 'pk, sk, digest, #at, receivedAt',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: filterValues,
    },
    (items) => ({ ends: newestOf(items.flatMap((item) => endOf(item) ?? [])) }),
  );
