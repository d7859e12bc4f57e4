import { setTimeout as wait } from 'node:timers/promises';
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  ScanCommand,
  type ScanCommandInput,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { keys } from '../../adapters/dynamodb/table.ts';
import { type Item, isTransient } from './items.ts';
import type { Place } from './place.ts';

/** A whole table, read and written in the sizes that DynamoDB takes. */

/** Segments of a table that are read side by side; each answer has a megabyte at the most. */
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

/** What is kept of one segment. */
export const scanSegment = async function* (place: Place, segment: number): AsyncGenerator<Item> {
  for await (const item of scan(place, { Segment: segment, TotalSegments: segments }))
    if (!isTransient(item)) yield item;
};

/** The name by which AWS knows the table. */
export const arnOf = async ({ client, tableName }: Place): Promise<string> => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  return Table?.TableArn ?? tableName;
};

/** Whether the table holds anything but what a hub that was just deployed may hold: a directory and guidelines. */
export const isUsed = async (place: Place): Promise<boolean> => {
  const found = await scan(place, {
    FilterExpression: 'NOT pk IN (:directory, :guidelines) AND attribute_not_exists(expiresAt)',
    ExpressionAttributeValues: { ':directory': { S: keys.directory.pk }, ':guidelines': { S: keys.guidelines.pk } },
  }).next();
  return found.done !== true;
};

/** Guidelines that were loaded into the new hub: those of the backup are the ones that its missions name. */
export const forgetGuidelines = async ({ client, tableName }: Place): Promise<void> => {
  const { pk, sk } = keys.guidelines;
  await client.send(new DeleteItemCommand({ TableName: tableName, Key: { pk: { S: pk }, sk: { S: sk } } }));
};

/** Items of one call, and calls at the same time. */
const itemsAtOnce = 25;
const callsAtOnce = 8;

/** A table that grows must first find room: it is asked again for about two minutes. */
const mostTries = 14;
const longestWait = 15_000;

const writeBatch = async ({ client, tableName }: Place, items: readonly Item[]): Promise<void> => {
  let open: WriteRequest[] = items.map((item) => ({ PutRequest: { Item: item } }));
  for (let tries = 0; open.length > 0; tries += 1) {
    if (tries === mostTries) throw new Error(`the table has not taken ${open.length} items after ${tries} tries`);
    if (tries > 0) await wait(Math.random() * Math.min(longestWait, 50 * 2 ** tries));
    const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: open } }));
    open = answer.UnprocessedItems?.[tableName] ?? [];
  }
};

/** Writes items, several calls side by side; `add` waits while as many are under way. Putting an item twice puts it once. */
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
      if (batch.length < itemsAtOnce) return;
      flush();
      if (underWay.size >= callsAtOnce) await Promise.race(underWay);
      fail();
    },
    end: async (): Promise<void> => {
      if (batch.length > 0) flush();
      await Promise.all(underWay);
      fail();
    },
  };
};
