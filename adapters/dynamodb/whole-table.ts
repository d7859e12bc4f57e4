import { ScanCommand } from './commands.ts';
import type { DatedEnd, Place, WholeTable } from '../../core/audit/anchors.ts';
import { reach } from '../transient-faults.ts';
import { chained, type Table } from './table.ts';

/** Segments that are read side by side. A page of each is in memory at a time. */
const segments = 8;

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

/** The whole table for the nightly function: only what a pass needs leaves DynamoDB, but all of it is read and paid. */
export const wholeTable = ({ client, name: TableName }: Table): WholeTable => ({
  segments,
  async page(segment, from) {
    const page = await reach(() =>
      client.send(
        new ScanCommand({
          TableName,
          Segment: segment,
          TotalSegments: segments,
          FilterExpression: filter,
          ProjectionExpression: 'pk, sk, digest, #at, receivedAt',
          ExpressionAttributeNames: { '#at': 'at' },
          ExpressionAttributeValues: filterValues,
          ExclusiveStartKey: from === '' ? undefined : JSON.parse(from),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
    const next: Place = page.LastEvaluatedKey === undefined ? 'end' : JSON.stringify(page.LastEvaluatedKey);
    const ends = (page.Items ?? []).flatMap((item) => endOf(item) ?? []);
    return { ends: newestOf(ends), next, units: page.ConsumedCapacity?.CapacityUnits ?? 0 };
  },
});
