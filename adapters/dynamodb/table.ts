import {
  BatchGetCommand,
  type PageOutput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  UpdateCommand,
  type UpdateCommandOutput,
} from './commands.ts';
import type { TablePage, TablePages } from '../../core/audit/table-pass.ts';
import type { MissionListName } from '../../core/mission/mission-lists.ts';
import type { Incident, IncidentList } from '../../core/mission/projections.ts';
import { digestOf } from '../../schemas/identifiers.ts';
import type { CaseNumber } from '../../schemas/messages/message-type.ts';
import type { TimeLimits } from '../aws/request-handler.ts';
import { inRounds } from '../partial-answers.ts';
import { reach } from '../transient-faults.ts';
import type { Shards } from './shards.ts';
import { openDynamoDb, type TableClient, tableClient } from './client.ts';
import { type Update, update } from './update.ts';

/** The one table: its client, its keys, and what every adapter needs of it. */
export interface Table {
  readonly client: TableClient;
  readonly name: string;
  /** Absent: `shardsOfAnyHub`. */
  readonly shards?: Shards;
}

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

const padded = (number: number): string => String(number).padStart(9, '0');

const incidentLists = { all: 'MISSION', 'of-party': 'PARTY', 'shared-with': 'SHARED' } as const;

export const keys = {
  entry: (mission: string, number: number): Key => ({ pk: `MISSION#${mission}`, sk: `ENTRY#${padded(number)}` }),
  fingerprint: (mission: string, fingerprint: string): Key => ({
    pk: `MISSION#${mission}`,
    sk: `KNOWN#${fingerprint}`,
  }),
  task: (mission: string, task: string): Key => ({ pk: `MISSION#${mission}`, sk: `TASK#${task}` }),
  readiness: (resource: string): Key => ({ pk: `MISSION#${resource}`, sk: 'READINESS' }),
  incident: ({ system, value }: Incident, exercise: boolean, list: IncidentList, place: string): Key => ({
    pk: `INCIDENT#${digestOf(JSON.stringify([system, value, exercise]))}`,
    sk: `${incidentLists[list.list]}#${list.list === 'all' ? '' : `${list.organisation}#`}${place}`,
  }),
  missionOfParty: ({ organisation, part }: MissionListName, place: string): Key => ({
    pk: `MISSIONS#${organisation}#${part}`,
    sk: place,
  }),
  case: ({ system, value }: CaseNumber, exercise: boolean, place: string): Key => ({
    pk: `CASE#${digestOf(JSON.stringify([system, value, exercise]))}`,
    sk: place,
  }),
  subscription: (id: string): Key => ({ pk: `SUBSCRIPTION#${id}`, sk: 'HEAD' }),
  notification: (subscription: string, number: number): Key => ({
    pk: `SUBSCRIPTION#${subscription}`,
    sk: `NOTE#${padded(number)}`,
  }),
  /** A partition of its own: numbering many missions at once is limited by the log of the subscription only. */
  place: (subscription: string, mission: string): Key => ({
    pk: `SUBSCRIPTION#${subscription}#${mission}`,
    sk: 'PLACE',
  }),
  subscribers: (organisation: string): Key => ({ pk: `PARTY#${organisation}`, sk: 'SUBSCRIPTIONS' }),
  callSlots: (organisation: string): Key => ({ pk: `PARTY#${organisation}`, sk: 'CALL-SLOTS' }),
  access: (chain: string, number: number): Key => ({ pk: `AUDIT#${chain}`, sk: `RECORD#${padded(number)}` }),
  accessHead: (chain: string): Key => ({ pk: `AUDIT#${chain}`, sk: 'HEAD' }),
  accessLink: (mission: string, chain: string): Key => ({ pk: `AUDIT#${mission}`, sk: `LIST#${chain}` }),
  /** What a nightly job keeps between its runs. */
  nightly: (job: string): Key => ({ pk: 'NIGHTLY', sk: job }),
  directory: { pk: 'DIRECTORY', sk: 'CURRENT' },
  guidelines: { pk: 'GUIDELINES', sk: 'CURRENT' },
} as const;

/** The logs whose items are chained by digests: partition key and sort key of an item, without its chain and number. */
export const chained = [
  { log: 'reads', partition: 'AUDIT#', record: 'RECORD#' },
  { log: 'missions', partition: 'MISSION#', record: 'ENTRY#' },
] as const;

export const isConditionFailed = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

/** Runs a conditional write; `false` if its condition did not hold. */
export const holds = async (call: () => Promise<unknown>): Promise<boolean> => {
  try {
    await reach(call);
    return true;
  } catch (error) {
    if (isConditionFailed(error)) return false;
    throw error;
  }
};

/** Updates one item and returns the updated attributes. Throws if the condition does not hold (`isConditionFailed`). */
export const updateItem = ({ client, name: TableName }: Table, changes: Update<Key>): Promise<UpdateCommandOutput> =>
  reach(() => client.send(new UpdateCommand({ TableName, ReturnValues: 'UPDATED_NEW', ...update(changes) })));

/** Updates one item; `false` if the condition does not hold. */
export const updateIf = ({ client, name: TableName }: Table, changes: Update<Key>): Promise<boolean> =>
  holds(() => client.send(new UpdateCommand({ TableName, ...update(changes) })));

/** A batch read takes 100 keys. */
const keysPerBatch = 100;

/** Reads items by key, consistently, in as few calls as DynamoDB allows. Throws `Unavailable` if it leaves out keys again and again. */
export const batchGet = async (
  { client, name }: Table,
  wanted: readonly Key[],
): Promise<readonly Record<string, unknown>[]> => {
  const unique = [...new Map(wanted.map((key) => [`${key.pk} ${key.sk}`, key])).values()];
  const items: Record<string, unknown>[] = [];
  const read = async (open: readonly Record<string, unknown>[]): Promise<readonly Record<string, unknown>[]> => {
    const answer = await reach(() =>
      client.send(new BatchGetCommand({ RequestItems: { [name]: { Keys: [...open], ConsistentRead: true } } })),
    );
    items.push(...(answer.Responses?.[name] ?? []));
    return answer.UnprocessedKeys?.[name]?.Keys ?? [];
  };
  for (let at = 0; at < unique.length; at += keysPerBatch)
    await inRounds<Record<string, unknown>>(
      unique.slice(at, at + keysPerBatch).map(({ pk, sk }) => ({ pk, sk })),
      read,
    );
  return items;
};

type Item = Record<string, unknown>;

type Query = Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey' | 'Limit'>;

/** The items of a query or scan, page by page. `send` sends the command for the page behind a key. */
const pagesFrom = async function* (
  send: (start: Item | undefined) => Promise<PageOutput>,
  after?: Item,
): AsyncGenerator<readonly Item[]> {
  let start = after;
  do {
    const page = await reach(() => send(start));
    yield page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
};

/** The items of a query, page by page, of at most `limit` each. `after`: the key of the item behind which it begins. */
export const queryPages = (
  { client, name: TableName }: Table,
  query: Query,
  limit?: number,
  after?: Item,
): AsyncGenerator<readonly Item[]> =>
  pagesFrom(
    (start) => client.send(new QueryCommand({ ...query, TableName, Limit: limit, ExclusiveStartKey: start })),
    after,
  );

/** What a scan reads and returns of each item. */
export type Scan = Omit<
  ScanCommandInput,
  'TableName' | 'ExclusiveStartKey' | 'Segment' | 'TotalSegments' | 'ReturnConsumedCapacity'
>;

/** Segments of a pass of a nightly job, read side by side. A page of each is in memory at a time. */
const segments = 8;

/** The whole table for a nightly job: only what it needs leaves DynamoDB, but all of it is read and paid. */
export const passOver = <Content>(
  { client, name: TableName }: Table,
  scan: Scan,
  contentOf: (items: readonly Item[]) => Content,
): TablePages<Content & TablePage> => ({
  segments,
  async page(segment, from) {
    const page = await reach(() =>
      client.send(
        new ScanCommand({
          ...scan,
          TableName,
          Segment: segment,
          TotalSegments: segments,
          ExclusiveStartKey: from === '' ? undefined : JSON.parse(from),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
    return {
      ...contentOf(page.Items ?? []),
      next: page.LastEvaluatedKey === undefined ? 'end' : JSON.stringify(page.LastEvaluatedKey),
      units: page.ConsumedCapacity?.CapacityUnits ?? 0,
    };
  },
});

/** Reads the whole table in so many parts at the same time, page by page. `note` is called for each item. */
export const scanAll = async (
  { client, name: TableName }: Table,
  parts: number,
  scan: Scan,
  note: (item: Item) => void,
): Promise<void> => {
  const readPart = async (part: number): Promise<void> => {
    const pages = pagesFrom((start) =>
      client.send(
        new ScanCommand({ ...scan, TableName, Segment: part, TotalSegments: parts, ExclusiveStartKey: start }),
      ),
    );
    for await (const items of pages) for (const item of items) note(item);
  };
  await Promise.all(Array.from({ length: parts }, (_none, part) => readPart(part)));
};

/**
 * Reads a query page by page and returns the first `limit` values. Items from which `read` returns nothing are not counted.
 * `after`: the key of the item behind which it begins.
 */
export const queryUntil = async <Value>(
  table: Table,
  query: Query,
  limit: number,
  read: (item: Item) => Value | undefined,
  after?: Item,
): Promise<readonly Value[]> => {
  const found: Value[] = [];
  for await (const items of queryPages(table, query, limit === Number.POSITIVE_INFINITY ? undefined : limit, after)) {
    found.push(...items.flatMap((item) => read(item) ?? []));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
};

/** All items of a query. */
export const queryAll = (table: Table, query: Query): Promise<readonly Record<string, unknown>[]> =>
  queryUntil(table, query, Number.POSITIVE_INFINITY, (item) => item);

/** The item with the highest sort key that begins with `begins`, read consistently. */
export const newestOf = async (
  { client, name: TableName }: Table,
  pk: string,
  begins: string,
): Promise<Record<string, unknown> | undefined> => {
  const answer = await reach(() =>
    client.send(
      new QueryCommand({
        TableName,
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 1,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :end',
        ExpressionAttributeValues: { ':pk': pk, ':first': begins, ':end': `${begins}~` },
      }),
    ),
  );
  return answer.Items?.[0];
};

/** All items of one partition from one sort key to another, both included, in order and read consistently. */
export const rangeOf = (table: Table, from: Key, to: Key): Promise<readonly Record<string, unknown>[]> =>
  queryAll(table, {
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':pk': from.pk, ':from': from.sk, ':to': to.sk },
  });

/** Milliseconds. */
const usualLimits: TimeLimits = { connection: 1_000, answer: 2_000 };

export const openTable = (name: string, shards?: Shards, limits: TimeLimits = usualLimits): Table => ({
  name,
  ...(shards === undefined ? {} : { shards }),
  client: tableClient(openDynamoDb(limits)),
});
