import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Unavailable } from '../../core/mission/errors.ts';
import type { DeliveryJob, DeliveryQueue } from '../../core/delivery/delivery-queue.ts';
import { defined } from '../../schemas/defined.ts';
import { reach } from '../transient-faults.ts';
import * as z from 'zod';

export const openQueues = (): SQSClient =>
  new SQSClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  });

/** SQS takes at most ten messages a batch. */
const batchSize = 10;

/** Order per mission and endpoint: a group holds its later messages back while one is being retried. */
const groupOf = (order: DeliveryJob): string =>
  `${order.subscription}.${order.kind === 'notification' ? order.mission : 'contact'}`;

/** What SQS drops if it comes again within five minutes: the same notification, unless it was redriven; the same occasion of a contact. */
const nameOf = (order: DeliveryJob): string => {
  const words =
    order.kind === 'notification'
      ? [order.subscription, order.number, ...(order.redrivenAt === undefined ? [] : [order.redrivenAt])]
      : [order.subscription, order.kind, order.due];
  // SQS takes letters, digits and punctuation, and no more than 128 of them.
  return words.join('.');
};

const sendAll = async (client: SQSClient, QueueUrl: string, orders: readonly DeliveryJob[]): Promise<void> => {
  for (let at = 0; at < orders.length; at += batchSize) {
    const Entries = orders.slice(at, at + batchSize).map((order, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(order),
      MessageGroupId: groupOf(order),
      MessageDeduplicationId: nameOf(order),
    }));
    const answer = await reach(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
    const [failed] = answer.Failed ?? [];
    if (failed !== undefined) throw new Unavailable(`queue: ${failed.Code ?? 'unknown'}`);
  }
};

export const deliveryQueue = (client: SQSClient, queueUrl: string): DeliveryQueue => ({
  send: (orders) => sendAll(client, queueUrl, orders),
});

/** Lets a received message come back after a while: FIFO queues have no delay of their own. */
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

const makeOrderSchema = () =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('notification'),
      subscription: z.string(),
      number: z.number(),
      mission: z.string(),
      entry: z.number(),
      request: z.number(),
      previous: z.number().optional(),
      redrivenAt: z.string().optional(),
      correlationId: z.string().optional(),
    }),
    z.object({ kind: z.enum(['handshake', 'heartbeat']), subscription: z.string(), due: z.string() }),
  ]);

// Made when an order is first read: most functions only write them.
let orderSchema: ReturnType<typeof makeOrderSchema> | undefined;

/** An order as it came out of the queue. Throws if it is none. */
export const readOrder = (body: string): DeliveryJob => {
  orderSchema ??= makeOrderSchema();
  const order = orderSchema.parse(JSON.parse(body));
  return order.kind === 'notification' ? defined(order) : order;
};
