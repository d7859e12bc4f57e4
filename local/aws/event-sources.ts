import { setTimeout as delay } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import type { Functions } from './functions.ts';
import type { Invoked } from './function-instance.ts';
import type { HostedFunction } from './function-pool.ts';
import type { Log } from '../log.ts';
import type { QueueServer } from './queues.ts';
import type { Stack } from './stack.ts';

/** The stack's event source mappings: the work of Lambda's pollers between a queue and a function. */

const mappingSchema = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: z.int().default(10),
  Enabled: z.boolean().default(true),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.int() }).optional(),
  Tags: z.unknown().optional(),
});

export interface EventSources {
  /** Receives no more messages, and waits for those in progress. */
  readonly close: () => Promise<void>;
}

interface EventSourcesSettings {
  readonly stack: Stack;
  readonly functions: Functions;
  readonly queues: QueueServer;
  readonly urls: ReadonlyMap<string, string>;
  readonly log: Log;
}

// Of a mapping that does not limit them.
const pollers = 12;
// The longest wait that SQS allows.
const waitSeconds = 20;

export const startEventSources = ({ stack, functions, queues, urls, log }: EventSourcesSettings): EventSources => {
  const closing = new AbortController();
  const running = stack
    .resources('AWS::Lambda::EventSourceMapping', mappingSchema)
    .flatMap(({ logicalId, properties }) => {
      if (!properties.Enabled) return [];
      const queueUrl = urls.get(properties.EventSourceArn);
      if (queueUrl === undefined)
        throw new Error(`${logicalId} takes from ${properties.EventSourceArn}, which is not a queue of the stack.`);
      // `FunctionName` is the function's name or its ARN; CDK writes the name.
      const arn = properties.FunctionName.startsWith('arn:')
        ? properties.FunctionName
        : `arn:aws:lambda:${stack.region}:${stack.accountId}:function:${properties.FunctionName}`;
      const source: Source = {
        queueUrl,
        queueArn: properties.EventSourceArn,
        region: stack.region,
        batchSize: properties.BatchSize,
        partial: properties.FunctionResponseTypes.includes('ReportBatchItemFailures'),
        fn: functions.byArn(arn),
        queues,
        log,
      };
      const count = Math.min(pollers, properties.ScalingConfig?.MaximumConcurrency ?? pollers);
      return Array.from({ length: count }, () => poll(source, closing.signal));
    });
  return {
    close: async () => {
      closing.abort();
      await Promise.all(running);
    },
  };
};

interface Source {
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly region: string;
  readonly batchSize: number;
  readonly partial: boolean;
  readonly fn: HostedFunction;
  readonly queues: QueueServer;
  readonly log: Log;
}

const poll = async (source: Source, closing: AbortSignal): Promise<void> => {
  while (!closing.aborted) {
    try {
      const messages = await receive(source, closing);
      if (messages.length > 0) await work(source, messages);
    } catch (error) {
      if (closing.aborted) break;
      source.log.event('WARN', `The poller of ${source.queueArn} failed and continues`, { error: String(error) });
      await delay(1000, undefined, { signal: closing }).catch(() => {});
    }
  }
};

const receive = async ({ queues, queueUrl, batchSize }: Source, closing: AbortSignal): Promise<readonly Message[]> => {
  const { Messages = [] } = await queues.client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(batchSize, 10),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
    { abortSignal: closing },
  );
  return Messages;
};

const work = async (source: Source, messages: readonly Message[]): Promise<void> => {
  const event: SQSEvent = { Records: messages.map((message) => recordOf(message, source)) };
  const invoked = await source.fn.invoke(event);
  const done = succeeded(invoked, event.Records, source.partial);
  // The others return when their visibility timeout ends, which the function may have changed itself.
  for (const { receiptHandle } of done) {
    await source.queues.client.send(
      new DeleteMessageCommand({ QueueUrl: source.queueUrl, ReceiptHandle: receiptHandle }),
    );
  }
};

const batchResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullable();

/** The records that succeeded. An answer that names a record outside the batch fails the whole batch, as on AWS. */
export const succeeded = (invoked: Invoked, records: readonly SQSRecord[], partial: boolean): readonly SQSRecord[] => {
  if (invoked.outcome === 'failed') return [];
  if (!partial) return records;
  const answer = batchResponse.safeParse(JSON.parse(invoked.payload));
  if (!answer.success) return [];
  const failed = new Set((answer.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  const known = new Set(records.map(({ messageId }) => messageId));
  if (![...failed].every((id) => known.has(id))) return [];
  return records.filter(({ messageId }) => !failed.has(messageId));
};

const recordOf = (message: Message, { queueArn, region }: Source): SQSRecord => {
  const { Attributes = {} } = message;
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ...Attributes,
      ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? '1',
      SentTimestamp: Attributes.SentTimestamp ?? '0',
      SenderId: Attributes.SenderId ?? '',
      ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? '0',
    },
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, attributeOf(value)]),
    ),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
};

const attributeOf = ({
  StringValue,
  BinaryValue,
  DataType = 'String',
}: MessageAttributeValue): SQSMessageAttribute => ({
  ...(StringValue === undefined ? {} : { stringValue: StringValue }),
  ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
  stringListValues: [],
  binaryListValues: [],
  dataType: DataType,
});
