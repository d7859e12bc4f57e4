import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, type SendMessageBatchCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import * as plain from '@aws-sdk/lib-dynamodb';
import * as lean from '../adapters/dynamodb/commands.ts';
import { openTable } from '../adapters/dynamodb/table.ts';
import { openQueues } from '../adapters/sqs/queues.ts';

/** The calls of the floor, by two kinds of client. */

type Items = readonly Record<string, unknown>[];

export interface Services {
  readonly query: (input: lean.QueryCommandInput) => Promise<Items>;
  readonly batchGet: (input: lean.BatchGetCommandInput) => Promise<Items>;
  readonly get: (input: lean.GetCommandInput) => Promise<unknown>;
  readonly put: (input: lean.PutCommandInput) => Promise<unknown>;
  readonly update: (input: lean.UpdateCommandInput) => Promise<unknown>;
  readonly send: (input: SendMessageBatchCommandInput) => Promise<unknown>;
}

/** The SDK as its documentation shows it, with the time limits of the hub. */
export const plainServices = (): Services => {
  const options = {
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  };
  const table = plain.DynamoDBDocumentClient.from(new DynamoDBClient(options), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const queues = new SQSClient(options);
  return {
    query: async (input) => (await table.send(new plain.QueryCommand(input))).Items ?? [],
    batchGet: async (input) =>
      Object.values((await table.send(new plain.BatchGetCommand(input))).Responses ?? {}).flat(),
    get: (input) => table.send(new plain.GetCommand(input)),
    put: (input) => table.send(new plain.PutCommand(input)),
    update: (input) => table.send(new plain.UpdateCommand(input)),
    send: (input) => queues.send(new SendMessageBatchCommand(input)),
  };
};

/** The clients of the hub. */
export const leanServices = (tableName: string): Services => {
  const { client } = openTable(tableName);
  const queues = openQueues();
  return {
    query: async (input) => (await client.send(new lean.QueryCommand(input))).Items,
    batchGet: async (input) => Object.values((await client.send(new lean.BatchGetCommand(input))).Responses).flat(),
    get: (input) => client.send(new lean.GetCommand(input)),
    put: (input) => client.send(new lean.PutCommand(input)),
    update: (input) => client.send(new lean.UpdateCommand(input)),
    send: (input) => queues.send(new SendMessageBatchCommand(input)),
  };
};
