import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { attributeValues } from '../../../adapters/dynamodb/attribute-values.ts';
import { tableClient } from '../../../adapters/dynamodb/client.ts';
import { batchGet, type Key, keys, type Table } from '../../../adapters/dynamodb/table.ts';
import { inRounds } from '../../../adapters/partial-answers.ts';
import { deliveryQueue } from '../../../adapters/sqs/queues.ts';
import type { DeliveryJob } from '../../../core/delivery/delivery-queue.ts';
import { Unavailable } from '../../../core/mission/errors.ts';

const settings = { region: 'eu-north-1', credentials: { accessKeyId: 'of-the-test', secretAccessKey: 'of-the-test' } };

/** Pauses that a test need not wait for. */
const rounds = { most: 4, firstPauseMilliseconds: 2, longestPauseMilliseconds: 4 };

describe('inRounds', () => {
  test('calls again with what was left out only, until nothing is', async () => {
    const calls: (readonly number[])[] = [];
    await inRounds(
      [1, 2, 3, 4],
      async (open) => {
        calls.push(open);
        return open.slice(2);
      },
      rounds,
    );
    expect(calls).toEqual([
      [1, 2, 3, 4],
      [3, 4],
    ]);
  });

  test('calls nothing for nothing', () => inRounds([], () => Promise.reject(new Error('called')), rounds));

  test('throws Unavailable after the last round', async () => {
    const call = vi.fn(async (open: readonly number[]) => open);
    await expect(inRounds([1], call, rounds)).rejects.toThrow(Unavailable);
    expect(call).toHaveBeenCalledTimes(rounds.most);
  });

  test('pauses longer and longer, by a random part of it, and never longer than the longest', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(1);
    const times: number[] = [];
    const pauses = { most: 5, firstPauseMilliseconds: 20, longestPauseMilliseconds: 60 };
    const call = async (open: readonly number[]): Promise<readonly number[]> => {
      times.push(performance.now());
      return open;
    };
    await inRounds([1], call, pauses).catch(() => {});
    const waited = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // Timers of Node.js may be a millisecond early.
    for (const [index, least] of [19, 39, 59, 59].entries()) expect(waited[index]).toBeGreaterThanOrEqual(least);
    expect(random).toHaveBeenCalledTimes(4);
    random.mockRestore();
  });
});

/** A table whose batch reads return what `leftOut` does not name; the keys of each call. */
const tableThat = (leftOut: (call: number, asked: readonly Key[]) => readonly Key[]) => {
  const calls: (readonly Key[])[] = [];
  const request = z.object({
    RequestItems: z.object({
      hub: z.object({ Keys: z.array(z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) })) }),
    }),
  });
  const client = tableClient(new DynamoDBClient(settings));
  client.middlewareStack.add(
    () => async (args) => {
      const asked = request.parse(args.input).RequestItems.hub.Keys.map(({ pk, sk }) => ({ pk: pk.S, sk: sk.S }));
      calls.push(asked);
      const left = leftOut(calls.length, asked);
      const output = {
        $metadata: {},
        Responses: { hub: asked.filter((key) => !left.includes(key)).map(attributeValues) },
        ...(left.length === 0 ? {} : { UnprocessedKeys: { hub: { Keys: left.map(attributeValues) } } }),
      };
      return { response: {}, output };
    },
    { step: 'initialize', priority: 'high', name: 'answers' },
  );
  const table: Table = { client, name: 'hub' };
  return { table, calls };
};

const wanted = Array.from({ length: 230 }, (_, index) => keys.entry('m', index + 1));

describe('batchGet', () => {
  test('returns every item once, whatever DynamoDB leaves out at first', async () => {
    const { table, calls } = tableThat((call, asked) => (call % 2 === 1 ? asked.slice(asked.length / 2) : []));
    const found = await batchGet(table, [...wanted, ...wanted]);
    expect(found).toHaveLength(wanted.length);
    expect(new Set(found.map(({ sk }) => sk)).size).toBe(wanted.length);
    expect(calls.map(({ length }) => length)).toEqual([100, 50, 100, 50, 30, 15]);
  });

  test('throws Unavailable for a partition that stays throttled, after a few calls', async () => {
    const { table, calls } = tableThat((_call, asked) => asked);
    await expect(batchGet(table, wanted)).rejects.toThrow(Unavailable);
    expect(calls.length).toBeLessThanOrEqual(6);
  });
});

interface Failure {
  readonly at: number;
  readonly code: string;
  readonly senderFault: boolean;
}

/** A queue that does not accept some jobs of a call; the numbers of the jobs of each call. */
const queueThat = (failures: (call: number, numbers: readonly number[]) => readonly Failure[]) => {
  const calls: (readonly number[])[] = [];
  const request = z.object({ Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })) });
  const client = new SQSClient(settings);
  client.middlewareStack.add(
    () => async (args) => {
      const { Entries } = request.parse(args.input);
      const numbers = Entries.map(({ MessageBody }): number => JSON.parse(MessageBody).number);
      calls.push(numbers);
      const failed = failures(calls.length, numbers);
      const output = {
        $metadata: {},
        Successful: [],
        Failed: failed.map(({ at, code, senderFault }) => ({
          Id: Entries[at]?.Id,
          Code: code,
          SenderFault: senderFault,
        })),
      };
      return { response: {}, output };
    },
    { step: 'initialize', priority: 'high', name: 'answers' },
  );
  return { queue: deliveryQueue(client, 'https://queues.example/slow-lane.fifo', 'slow'), calls };
};

const jobs = Array.from(
  { length: 25 },
  (_, index): DeliveryJob => ({
    kind: 'notification',
    subscription: 's',
    organisation: '983971636',
    number: index + 1,
    mission: 'm',
    entry: 1,
    sources: [],
  }),
);

describe('DeliveryQueue.send', () => {
  test('sends again what SQS has not accepted, and nothing else', async () => {
    const { queue, calls } = queueThat((call) =>
      call === 1 ? [{ at: 2, code: 'InternalError', senderFault: false }] : [],
    );
    await queue.send(jobs);
    expect(calls.map(({ length }) => length)).toEqual([10, 1, 10, 5]);
    expect(calls[1]).toEqual([3]);
  });

  test('sends the later batches too when one is not accepted, and throws Unavailable', async () => {
    const { queue, calls } = queueThat((_call, numbers) =>
      numbers.includes(3) ? [{ at: numbers.indexOf(3), code: 'KmsThrottled', senderFault: true }] : [],
    );
    await expect(queue.send(jobs)).rejects.toThrow(Unavailable);
    expect(new Set(calls.flat()).size).toBe(jobs.length);
    expect(calls.length).toBeLessThanOrEqual(8);
  });

  test('does not repeat a job that SQS will never accept: a fault of the hub', async () => {
    const { queue, calls } = queueThat((_call, numbers) =>
      numbers.includes(3) ? [{ at: 2, code: 'InvalidMessageContents', senderFault: true }] : [],
    );
    await expect(queue.send(jobs)).rejects.toThrow(/^the queue refused a job: InvalidMessageContents$/);
    expect(calls.map(({ length }) => length)).toEqual([10, 10, 5]);
  });
});
