import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Unavailable } from '../../core/mission/errors.ts';
import {
  type DeliveryJob,
  type DeliveryQueue,
  groupOf,
  type Lane,
  nameOf,
} from '../../core/delivery/delivery-queue.ts';
import { defined } from '../../schemas/defined.ts';
import { leanConfiguration, logger, userAgent, without } from '../aws/lean-client.ts';
import { inRounds } from '../partial-answers.ts';
import { isTransientName, reach } from '../transient-faults.ts';
import * as z from 'zod';

/** A client without the work that the hub has no use for. It keeps the trace header, and the check of SQS's digest of each message. */
export const openQueues = (): SQSClient => {
  const client: SQSClient = new SQSClient(
    leanConfiguration(
      { connection: 1_000, answer: 2_000 },
      { credentials: () => client.config.credentials(), region: () => client.config.region(), service: 'sqs' },
    ),
  );
  return without(client, logger, userAgent);
};

/** SQS takes at most ten messages a batch. */
const batchSize = 10;

/** Sends at most ten jobs. Returns those that SQS has not accepted and that may be sent again. Throws for one that it will never accept. */
const sendBatch = async (
  client: SQSClient,
  QueueUrl: string,
  lane: Lane,
  jobs: readonly DeliveryJob[],
): Promise<readonly DeliveryJob[]> => {
  const Entries = jobs.map((job, index) => ({
    Id: String(index),
    MessageBody: JSON.stringify(job),
    MessageGroupId: groupOf(lane, job),
    // SQS drops a job with the same name within five minutes.
    MessageDeduplicationId: nameOf(job),
  }));
  const { Failed = [] } = await reach(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
  const refused = Failed.find(({ SenderFault, Code = '' }) => SenderFault === true && !isTransientName(Code));
  if (refused !== undefined) throw new Error(`the queue refused a job: ${refused.Code ?? 'unknown'}`);
  return Failed.flatMap(({ Id }) => jobs[Number(Id)] ?? []);
};

/** Sends every batch, also if an earlier one fails: jobs of other partners are in them. */
const sendAll = async (
  client: SQSClient,
  QueueUrl: string,
  lane: Lane,
  jobs: readonly DeliveryJob[],
): Promise<void> => {
  const failures: unknown[] = [];
  for (let at = 0; at < jobs.length; at += batchSize)
    await inRounds(jobs.slice(at, at + batchSize), (open) => sendBatch(client, QueueUrl, lane, open)).catch(
      (error: unknown) => failures.push(error),
    );
  if (failures.length > 0) throw failures.find((error) => !(error instanceof Unavailable)) ?? failures[0];
};

export const deliveryQueue = (client: SQSClient, queueUrl: string, lane: Lane): DeliveryQueue => ({
  send: (jobs) => sendAll(client, queueUrl, lane, jobs),
});

/** Whether a queue has this name: the last part of its URL, and of its ARN. */
export const isQueue = (queueUrl: string, queueArn: string): boolean =>
  queueArn.split(':').at(-1) === queueUrl.split('/').at(-1);

/** Makes a received message visible again after `seconds`: FIFO queues have no delay per message. */
export const returnAfter = async (
  client: SQSClient,
  queueUrl: string,
  receiptHandle: string,
  seconds: number,
): Promise<void> => {
  await client.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds,
    }),
  );
};

const makeJobSchema = () =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('notification'),
      subscription: z.string(),
      organisation: z.string(),
      number: z.number(),
      mission: z.string(),
      entry: z.number(),
      sources: z.array(z.number()),
      previous: z.number().optional(),
      redrivenAt: z.string().optional(),
      notBefore: z.string().optional(),
      correlationId: z.string().optional(),
    }),
    z.object({ kind: z.enum(['handshake', 'heartbeat']), subscription: z.string(), due: z.string() }),
  ]);

// Made when a job is first read: most functions only write them.
let jobSchema: ReturnType<typeof makeJobSchema> | undefined;

/** Reads a job of the queue. Throws if it is not one. */
export const readJob = (body: string): DeliveryJob => {
  jobSchema ??= makeJobSchema();
  const job = jobSchema.parse(JSON.parse(body));
  return job.kind === 'notification' ? defined(job) : job;
};
