import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { z } from 'zod';
import { localCredentials } from './credentials.ts';
import { accessDenied, missingKeyRight, missingRight, type Permissions, permissionsOf } from './permissions.ts';
import type { Stack } from './stack.ts';

/**
 * The stack's queues on fauxqs, in memory only. After a restart the table still has the pending work, and the sweeper, which runs as
 * soon as the host starts, queues it again.
 */

const queueSchema = z.strictObject({
  QueueName: z.string().optional(),
  FifoQueue: z.boolean().optional(),
  ContentBasedDeduplication: z.boolean().optional(),
  DeduplicationScope: z.string().optional(),
  FifoThroughputLimit: z.string().optional(),
  DelaySeconds: z.int().optional(),
  MaximumMessageSize: z.int().optional(),
  MessageRetentionPeriod: z.int().optional(),
  ReceiveMessageWaitTimeSeconds: z.int().optional(),
  VisibilityTimeout: z.int().optional(),
  RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int() }).optional(),
  // Nothing is encrypted in memory; the right to use the key is checked.
  KmsMasterKeyId: z.string().optional(),
  KmsDataKeyReusePeriodSeconds: z.int().optional(),
  SqsManagedSseEnabled: z.boolean().optional(),
  Tags: z.unknown().optional(),
});
type QueueProperties = z.output<typeof queueSchema>;

export interface QueueServer {
  readonly endpoint: string;
  readonly url: (queueName: string) => string;
  readonly client: SQSClient;
  /** Creates the stack's queues. Returns their URLs by ARN. */
  readonly create: (stack: Stack) => Promise<ReadonlyMap<string, string>>;
  readonly close: () => Promise<void>;
}

interface QueueServerSettings {
  readonly region: string;
  readonly log?: (line: string) => void;
}

export const startQueues = async ({ region, log = () => {} }: QueueServerSettings): Promise<QueueServer> => {
  const app = buildApp({ logger: false, host: 'localhost', defaultRegion: region });
  let permissions: Permissions = {};

  // fauxqs gives a queue the URL http://sqs.<region>.localhost:<port>/…, a name that not every machine can resolve.
  const ownNames = new Map<string, MadeQueue>();
  app.addHook('preHandler', async ({ body, headers }, reply) => {
    if (!isRequestToQueue(body)) return;
    const own = ownNames.get(body.QueueUrl);
    if (own === undefined) return;
    body.QueueUrl = own.url;
    const { authorization } = headers;
    const action = actionOf(String(headers['x-amz-target']));
    const missing =
      missingRight(permissions, { authorization, action, resources: [own.arn] }) ??
      (own.key === undefined
        ? undefined
        : missingKeyRight(permissions, authorization, keyActions[action] ?? [], {
            key: own.key,
            service: `sqs.${region}.amazonaws.com`,
          }));
    if (missing === undefined) return;
    log(missing);
    await reply.code(403).send(accessDenied(missing));
  });

  // Not `startFauxqs`, which listens on all network interfaces.
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = new SQSClient({ endpoint, region, credentials: localCredentials });
  const url = (queueName: string): string => `${endpoint}/000000000000/${queueName}`;

  return {
    endpoint,
    url,
    client,
    create: async (stack) => {
      const urls = new Map<string, string>();
      for (const queue of await makeQueues(client, stack)) {
        ownNames.set(queue.ref, queue);
        urls.set(queue.arn, queue.ref);
      }
      permissions = permissionsOf(stack);
      return urls;
    },
    close: async () => {
      client.destroy();
      await app.close();
    },
  };
};

interface MadeQueue {
  /** Its URL in the stack. */
  readonly ref: string;
  readonly arn: string;
  /** Its URL at the server. */
  readonly url: string;
  /** The key that encrypts it. */
  readonly key: string | undefined;
}

/** Creates a stack's queues at the endpoint of a client. */
export const makeQueues = async (client: SQSClient, stack: Stack): Promise<readonly MadeQueue[]> => {
  const made: MadeQueue[] = [];
  for (const { ref, arn, properties } of stack.resources('AWS::SQS::Queue', queueSchema)) {
    const name = ref.slice(ref.lastIndexOf('/') + 1);
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({ QueueName: name, Attributes: attributesOf(properties) }),
    );
    made.push({ ref, arn, url: QueueUrl ?? ref, key: properties.KmsMasterKeyId });
  }
  return made;
};

/** The uses of a queue's key by SQS on behalf of a caller. */
const keyActions: Readonly<Record<string, readonly string[]>> = {
  'sqs:SendMessage': ['GenerateDataKey', 'Decrypt'],
  'sqs:ReceiveMessage': ['Decrypt'],
};

/** The right that a request needs: for a batch the same as for one message. */
const actionOf = (target: string): string => `sqs:${target.replace(/^.*\./, '').replace(/Batch$/, '')}`;

const isRequestToQueue = (body: unknown): body is { QueueUrl: string } =>
  typeof body === 'object' && body !== null && 'QueueUrl' in body && typeof body.QueueUrl === 'string';

/** Queue attributes are strings in the API; in the template some are numbers or booleans. */
const attributesOf = ({
  QueueName: _name,
  Tags: _tags,
  KmsMasterKeyId: _key,
  KmsDataKeyReusePeriodSeconds: _reuse,
  SqsManagedSseEnabled: _encryption,
  ...attributes
}: QueueProperties): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'object' ? JSON.stringify(value) : String(value)]],
    ),
  );
