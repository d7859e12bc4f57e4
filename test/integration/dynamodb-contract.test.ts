import { setTimeout as wait } from 'node:timers/promises';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import { deliveryContexts } from '../../adapters/dynamodb/delivery-context.ts';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { callSlots } from '../../adapters/dynamodb/call-slots.ts';
import { openLogs } from '../../adapters/wiring.ts';
import { deliveryQueue, openQueues, readJob, returnAfter } from '../../adapters/sqs/queues.ts';
import { portContract } from '../contract/contract.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { queueContract } from '../contract/delivery-queue.ts';

let aws: EmbeddedAws;

beforeAll(async () => {
  aws = await startEmbeddedAws();
});

afterAll(async () => {
  await aws.close();
});

/** A client of the same table that runs `between` before the first call that names a party's list of subscriptions. */
const interruptedTable = (between: () => Promise<unknown>): Table => {
  const table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  let isBetween = false;
  table.client.middlewareStack.add(
    (next) => async (args) => {
      if (!isBetween && JSON.stringify(args.input).includes('PARTY#')) {
        isBetween = true;
        await between();
      }
      return next(args);
    },
    { step: 'initialize', name: 'between' },
  );
  return table;
};

// More shards are read than written, as while their number changes.
portContract(
  'DynamoDB',
  async () => {
    const logs = openLogs(aws.tableName, { written: 8, read: 12 });
    withoutTimeLimits(logs.table.client);
    return {
      ...logs,
      slots: callSlots(logs.table),
      contexts: deliveryContexts(logs.table, logs.missions),
      interrupted: (between) => subscriptions(interruptedTable(between)),
    };
  },
  { isListedApart: true },
);

queueContract('SQS', async (lane) => {
  const client = openQueues();
  withoutTimeLimits(client);
  const QueueUrl = aws.lanes[lane];
  return {
    queue: deliveryQueue(client, QueueUrl, lane),
    receive: async () => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 1,
          VisibilityTimeout: 600,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      );
      const [message] = Messages;
      if (message?.Body === undefined || message.ReceiptHandle === undefined) return undefined;
      return {
        job: readJob(message.Body),
        receives: Number(message.Attributes?.ApproximateReceiveCount),
        receipt: message.ReceiptHandle,
      };
    },
    remove: async (ReceiptHandle) => {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    hide: (receipt, seconds) => returnAfter(client, QueueUrl, receipt, seconds),
    pass: (seconds) => wait(seconds * 1000),
  };
});
