import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  ScanCommand,
  type ScanCommandInput,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { keys } from '../../adapters/dynamodb/table.ts';
import { inRounds, type Rounds } from '../../adapters/partial-answers.ts';
import { type Item, isTransient } from './items.ts';
import type { Place } from './place.ts';

/** Reads and writes a whole table in the sizes that DynamoDB accepts. */

/** Segments of a table that are read in parallel; each answer has at most a megabyte. */
export const segments = 8;

/** Items of a table as they are now, page by page. */
const scan = async function* (
  { client, tableName }: Place,
  more: Omit<ScanCommandInput, 'TableName'>,
): AsyncGenerator<Item> {
  let from: Item | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ ...more, TableName: tableName, ConsistentRead: true, ExclusiveStartKey: from }),
    );
    yield* page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
};

/** The items of one segment that a backup keeps. */
export const scanSegment = async function* (place: Place, segment: number): AsyncGenerator<Item> {
  for await (const item of scan(place, { Segment: segment, TotalSegments: segments }))
    if (!isTransient(item)) yield item;
};

export const arnOf = async ({ client, tableName }: Place): Promise<string> => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  return Table?.TableArn ?? tableName;
};

/** Whether the table holds more than a newly deployed hub may: a directory, guidelines, and the state of nightly jobs. */
export const isUsed = async (place: Place): Promise<boolean> => {
  const found = await scan(place, {
    FilterExpression: 'NOT pk IN (:directory, :guidelines, :nightly) AND attribute_not_exists(expiresAt)',
    ExpressionAttributeValues: {
      ':directory': { S: keys.directory.pk },
      ':guidelines': { S: keys.guidelines.pk },
      ':nightly': { S: keys.nightly('').pk },
    },
  }).next();
  return found.done !== true;
};

/** Removes guidelines that were loaded into the new hub: the missions of the backup refer to the backup's own. */
export const forgetGuidelines = async ({ client, tableName }: Place): Promise<void> => {
  const { pk, sk } = keys.guidelines;
  await client.send(new DeleteItemCommand({ TableName: tableName, Key: { pk: { S: pk }, sk: { S: sk } } }));
};

const itemsPerCall = 25;
const callsInParallel = 8;

/** A growing table throttles until it has scaled: a batch is tried for about two minutes. */
const rounds: Rounds = { most: 14, firstPauseMilliseconds: 100, longestPauseMilliseconds: 15_000 };

const writeBatch = async ({ client, tableName }: Place, items: readonly Item[]): Promise<void> =>
  inRounds<WriteRequest>(
    items.map((item) => ({ PutRequest: { Item: item } })),
    async (open) => {
      const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: [...open] } }));
      return answer.UnprocessedItems?.[tableName] ?? [];
    },
    rounds,
  );

/** Writes items with several calls in parallel; `add` waits while all of them are under way. Writing an item twice is harmless. */
export const itemWriter = (place: Place) => {
  let batch: Item[] = [];
  let failed: { readonly why: unknown } | undefined;
  const underWay = new Set<Promise<void>>();
  const write = async (items: readonly Item[]): Promise<void> => {
    try {
      await writeBatch(place, items);
    } catch (error) {
      failed ??= { why: error };
    }
  };
  const flush = (): void => {
    const call = write(batch).finally(() => underWay.delete(call));
    batch = [];
    underWay.add(call);
  };
  const fail = (): void => {
    if (failed !== undefined) throw failed.why;
  };
  return {
    add: async (item: Item): Promise<void> => {
      batch.push(item);
      if (batch.length < itemsPerCall) return;
      flush();
      if (underWay.size >= callsInParallel) await Promise.race(underWay);
      fail();
    },
    end: async (): Promise<void> => {
      if (batch.length > 0) flush();
      await Promise.all(underWay);
      fail();
    },
  };
};
