import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Lane } from '../../core/delivery/delivery-queue.ts';
import { startBuckets } from '../../local/aws/buckets.ts';
import { makeQueues, startQueues } from '../../local/aws/queues.ts';
import { createStack, type Stack } from '../../local/aws/stack.ts';
import { makeTables, startTables } from '../../local/aws/tables.ts';
import { readAssembly } from '../../local/aws/template.ts';

/** The stack's own table, queues and bucket without its functions: on this machine, or where `AWS_ENDPOINT_URL` points. */
export interface EmbeddedAws {
  readonly tableName: string;
  /** URLs of the queues. */
  readonly lanes: Readonly<Record<Lane, string>>;
  /** The bucket of the anchors is this folder. */
  readonly anchors: string;
  readonly anchorBucket: string;
  readonly close: () => Promise<void>;
}

const region = 'eu-north-1';

/** Before anything in this process changes it. */
const { AWS_ENDPOINT_URL: given } = process.env;
const { AWS_ENDPOINT_URL_DYNAMODB: tablesAt = given, AWS_ENDPOINT_URL_SQS: queuesAt = given } = process.env;

interface Tables {
  readonly endpoint: string;
  readonly make: (stack: Stack) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

const embeddedTables = async (): Promise<Tables> => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  const { endpoint, create, close } = await startTables({ folder, region, log: () => {} });
  return {
    endpoint,
    make: create,
    close: async () => {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const tablesOf = (endpoint: string): Tables => {
  const client = new DynamoDBClient({ endpoint, region });
  return { endpoint, make: (stack) => makeTables(client, stack, endpoint), close: async () => client.destroy() };
};

interface Queues {
  readonly endpoint: string;
  readonly urlOf: (queueName: string) => string;
  readonly make: (stack: Stack) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

const embeddedQueues = async (): Promise<Queues> => {
  const { endpoint, url, create, close } = await startQueues({ region });
  return { endpoint, urlOf: url, make: async (stack) => [...(await create(stack)).values()], close };
};

const queuesOf = (endpoint: string): Queues => {
  const client = new SQSClient({ endpoint, region });
  return {
    endpoint,
    urlOf: (name) => `${endpoint}/000000000000/${name}`,
    make: async (stack) => (await makeQueues(client, stack)).map(({ url }) => url),
    close: async () => client.destroy(),
  };
};

/** Lets a client wait as long as it takes: what is counted with it must not differ on a machine that is slow or stands still. */
export const withoutTimeLimits = (client: { readonly config: { readonly requestHandler: object } }): void => {
  const { requestHandler } = client.config;
  const update: unknown = Reflect.get(requestHandler, 'updateHttpClientConfig');
  if (typeof update !== 'function') throw new Error('this client has no time limits that can be changed');
  for (const limit of ['connectionTimeout', 'requestTimeout']) Reflect.apply(update, requestHandler, [limit, 0]);
};

/** Points the AWS SDK of this process at the services, as the host does for the functions. */
export const startEmbeddedAws = async (): Promise<EmbeddedAws> => {
  const { AWS_ACCESS_KEY_ID = 'embedded', AWS_SECRET_ACCESS_KEY = 'embedded' } = process.env;
  Object.assign(process.env, { AWS_REGION: region, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
  const { stackName, template } = await readAssembly('cdk.out');
  const queues = queuesAt === undefined ? await embeddedQueues() : queuesOf(queuesAt);
  const tables = tablesAt === undefined ? await embeddedTables() : tablesOf(tablesAt);
  const stack = createStack({
    // Elsewhere an earlier run's table may still be there.
    name: tablesAt === undefined ? stackName : `${stackName}-${Date.now().toString(36)}`,
    region,
    template,
    parameters: { TokenIssuer: 'http://localhost' },
    queueUrl: queues.urlOf,
  });
  const [tableName = ''] = await tables.make(stack);
  const urls = await queues.make(stack);
  const anchors = await mkdtemp(join(tmpdir(), 'luftbro-test-anchors-'));
  const buckets = await startBuckets({ log: () => {} });
  buckets.create(stack, { Anchors: anchors });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    AWS_ENDPOINT_URL_S3: buckets.endpoint,
  });
  const laneUrl = (lane: Lane): string => urls.find((url) => url.endsWith(`-${lane}-lane.fifo`)) ?? '';
  return {
    tableName,
    lanes: { quick: laneUrl('quick'), slow: laneUrl('slow') },
    anchors,
    anchorBucket: stack.outputs()['AnchorBucket'] ?? '',
    close: async () => {
      await tables.close();
      await queues.close();
      await buckets.close();
      await rm(anchors, { recursive: true, force: true });
    },
  };
};
