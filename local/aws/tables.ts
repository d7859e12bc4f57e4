/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { localCredentials } from './credentials.ts';
import { whyFull } from './free-space.ts';
import { type KeyUse, permissionsOf } from './permissions.ts';
import type { Stack } from './stack.ts';
import { type TableOrder, tableReport } from './table-protocol.ts';

/** The stack's tables on dynalite, in a folder: writes that were answered before a `kill -9` are still there after it. */

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

const tableSchema = z.strictObject({
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.strictObject({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z.array(z.string()).optional(),
        }),
      }),
    )
    .optional(),
  BillingMode: z.literal('PAY_PER_REQUEST'),
  // No effect on one machine.
  DeletionProtectionEnabled: z.boolean().optional(),
  // DynamoDB too deletes expired items only within days.
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.boolean() }).optional(),
  PointInTimeRecoverySpecification: z.unknown().optional(),
  // Nothing is encrypted here; the right to use the key is checked.
  SSESpecification: z
    .strictObject({ KMSMasterKeyId: z.string(), SSEEnabled: z.literal(true), SSEType: z.literal('KMS') })
    .optional(),
  Tags: z.unknown().optional(),
});
type TableProperties = z.output<typeof tableSchema>;

/** The created tables and their endpoint. */
export interface MadeTables {
  readonly endpoint: string;
  readonly region: string;
  readonly tableNames: readonly string[];
}

export interface TableServer {
  readonly endpoint: string;
  /** Creates the stack's tables, or uses those of an earlier run. Returns their names. */
  readonly create: (stack: Stack) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

interface TableServerSettings {
  readonly folder: string;
  readonly region: string;
  readonly log: (line: string) => void;
  /** Called when writes are refused because of the disk, and when they are accepted again. */
  readonly onDisk?: (message: string) => void;
  /** Bytes that must be free on the disk; by default 32 MB. */
  readonly leastFree?: number;
}

/** A running hub, or a command, has the tables open. */
export class TablesInUse extends Error {
  override readonly name = 'TablesInUse';

  constructor(folder: string) {
    super(
      `The tables in ${folder} are open in another process. Stop the hub that runs on them, or give another --data-dir.`,
    );
  }
}

/** What to do with tables that LevelDB cannot open. */
const brokenTables = (folder: string, why: string): Error =>
  new Error(
    `The tables in ${folder} cannot be read: ${why}. Nothing was changed. Restore a backup into another --data-dir (npm run hub -- backup restore), or remove ${folder} to start with an empty hub.`,
  );

/** Space that must be free on the disk, bytes: LevelDB rewrites files of some megabytes beside the new ones. */
const leastFreeOnDisk = 32 * 1024 * 1024;

/** Throws if LevelDB would take the folder for a new database, although it holds one: it would remove the old files. */
const checkFolder = async (folder: string): Promise<void> => {
  const files = await readdir(folder);
  const isUsed = files.some((file) => /^(?:MANIFEST-\d+|\d+\.(?:ldb|sst|log))$/.test(file));
  if (isUsed && !files.includes('CURRENT')) throw brokenTables(folder, `${join(folder, 'CURRENT')} is missing`);
};

export const startTables = async ({
  folder,
  region,
  log,
  onDisk = () => {},
  leastFree = leastFreeOnDisk,
}: TableServerSettings): Promise<TableServer> => {
  await mkdir(folder, { recursive: true });
  await checkFolder(folder);
  const full = whyFull(folder, leastFree);
  if (full !== undefined) throw new Error(`${full} Then start again.`);
  const worker = new Worker(new URL('./table-worker.ts', import.meta.url), { workerData: { path: folder, leastFree } });

  const listening = Promise.withResolvers<number>();
  const opened = Promise.withResolvers<never>();
  opened.promise.catch(() => {});
  const order = (given: TableOrder): void => worker.postMessage(given);
  worker.on('message', (message: unknown) => {
    const report = tableReport.parse(message);
    switch (report.kind) {
      case 'listening':
        listening.resolve(report.port);
        break;
      case 'denied':
        log(report.message);
        break;
      case 'threw':
        log(`The tables: ${report.message}`);
        break;
      case 'not-opened':
        opened.reject(report.code === 'LEVEL_LOCKED' ? new TablesInUse(folder) : brokenTables(folder, report.message));
        break;
      case 'disk':
        log(report.message);
        onDisk(report.message);
        break;
    }
  });
  worker.on('error', (error) => listening.reject(error));
  worker.once('exit', () => log('The tables have stopped: nothing can be accepted until the hub is started again.'));

  const endpoint = `http://127.0.0.1:${await listening.promise}`;
  const client = new DynamoDBClient({ endpoint, region, credentials: localCredentials, maxAttempts: 1 });
  const close = async (): Promise<void> => {
    client.destroy();
    worker.removeAllListeners('exit');
    // Messages about work that was in progress when the database was closed.
    worker.removeAllListeners('message');
    const exited = once(worker, 'exit');
    order({ kind: 'close' });
    await exited;
  };
  try {
    await Promise.race([describe(client, 'is-the-database-open'), opened.promise]);
  } catch (error) {
    worker.removeAllListeners('exit');
    await worker.terminate();
    throw error;
  }

  return {
    endpoint,
    close,
    create: async (stack) => {
      const names = await makeTables(client, stack, folder);
      order({
        kind: 'permissions',
        permissions: permissionsOf(stack),
        tableArnPrefix: `arn:aws:dynamodb:${stack.region}:${stack.accountId}:table/`,
        keys: keysOf(stack),
      });
      return names;
    },
  };
};

/** Creates a stack's tables at the endpoint of a client, or uses those of an earlier run. Returns their names. */
export const makeTables = async (client: DynamoDBClient, stack: Stack, place: string): Promise<readonly string[]> => {
  const tables = stack.resources('AWS::DynamoDB::Table', tableSchema);
  for (const { ref, properties } of tables) {
    const existing = await describe(client, ref);
    if (existing === undefined) {
      await client.send(new CreateTableCommand({ ...definition(properties), TableName: ref }));
      await until(async () => (await describe(client, ref))?.TableStatus === 'ACTIVE');
    } else if (!isDeepStrictEqual(shape(existing), shape(properties))) {
      throw new Error(
        `The table ${ref} in ${place} was created by a stack with other keys or indexes. Remove that folder to start with an empty table.`,
      );
    }
  }
  return tables.map(({ ref }) => ref);
};

/** The keys that encrypt tables, by the tables' names. */
const keysOf = (stack: Stack): Readonly<Record<string, KeyUse>> =>
  Object.fromEntries(
    stack
      .resources('AWS::DynamoDB::Table', tableSchema)
      .flatMap(({ ref, properties: { SSESpecification } }) =>
        SSESpecification === undefined
          ? []
          : [[ref, { key: SSESpecification.KMSMasterKeyId, service: `dynamodb.${stack.region}.amazonaws.com` }]],
      ),
  );

const definition = ({ AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode }: TableProperties) => ({
  AttributeDefinitions,
  KeySchema,
  BillingMode,
  ...(GlobalSecondaryIndexes === undefined
    ? {}
    : {
        GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(
          ({ IndexName, KeySchema: keys, Projection: { ProjectionType, NonKeyAttributes } }) => ({
            IndexName,
            KeySchema: keys,
            Projection: { ProjectionType, ...(NonKeyAttributes === undefined ? {} : { NonKeyAttributes }) },
          }),
        ),
      }),
});

const describe = async (client: DynamoDBClient, name: string): Promise<TableDescription | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

interface Keys {
  readonly AttributeName?: string | undefined;
  readonly KeyType?: string | undefined;
}

interface Shaped {
  readonly KeySchema?: readonly Keys[] | undefined;
  readonly GlobalSecondaryIndexes?:
    | readonly {
        readonly IndexName?: string | undefined;
        readonly KeySchema?: readonly Keys[] | undefined;
        readonly Projection?: { readonly ProjectionType?: string | undefined } | undefined;
      }[]
    | undefined;
}

/** The properties that cannot be changed after a table was created. */
const shape = ({ KeySchema, GlobalSecondaryIndexes = [] }: Shaped): unknown => {
  const keys = (schema: readonly Keys[] = []): readonly string[] =>
    schema.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`);
  return {
    keys: keys(KeySchema),
    indexes: Object.fromEntries(
      GlobalSecondaryIndexes.map(({ IndexName = '', KeySchema: schema, Projection }) => [
        IndexName,
        [...keys(schema), Projection?.ProjectionType],
      ]),
    ),
  };
};

const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5));
};
