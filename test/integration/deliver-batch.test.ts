import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import { openQueues } from '../../adapters/sqs/queues.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import type { DeliveryJob, DeliveryQueue } from '../../core/delivery/delivery-queue.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { fhirJson, missionTopic } from '../../schemas/names.ts';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { organisationOf, partyOfClient, sampleDirectory, sampleDirectoryData } from '../support/examples.ts';
import { missionRequest, missionUpdate } from '../support/messages.ts';
import { eventually } from '../support/partners.ts';
import { ask } from '../support/requests.ts';

/**
 * The deliver function with batches as SQS hands them out: several messages of one group and of several groups at once.
 * Today's event source hands them out one by one. Order and answers must hold with every setting of it.
 */
type Handler = (event: SQSEvent) => Promise<SQSBatchResponse>;

let aws: EmbeddedAws;
let logs: Logs;
let queues: ReturnType<typeof openQueues>;
let handler: Handler;
const closing: (() => Promise<void>)[] = [];

const loaded = async (): Promise<Handler> => {
  vi.resetModules();
  const module = await import('../../functions/deliver/lambda.ts');
  return module.handler;
};

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  queues = openQueues();
  withoutTimeLimits(queues);
  await saveDirectory(logs.table, sampleDirectoryData);
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
    ENDPOINT_ALLOW_LIST: 'http://127.0.0.1:*',
  });
  handler = await loaded();
});

afterAll(async () => {
  await aws.close();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  // No test gets messages that an earlier test left in the queue.
  await queues.send(new PurgeQueueCommand({ QueueUrl: aws.lanes.slow }));
});

/** The status that an endpoint answers to one request, perhaps later. */
type Answering = (text: string) => number | Promise<number>;

const openEndpoint = async (answering: Answering = () => 200) => {
  const calls: { readonly webhookId: string; readonly message: string; readonly status: number }[] = [];
  let connections = 0;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = (await buffer(request)).toString('utf8');
    const status = await answering(text);
    const message = /"resourceType":"MessageHeader","id":"([^"]+)"/.exec(text)?.[1] ?? '';
    calls.push({ webhookId: String(request.headers['webhook-id']), message, status });
    response.writeHead(status).end();
  };
  const server: Server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${port}/notify`,
    port,
    calls,
    connections: () => connections,
    /** Messages that it answered 2xx, in order. */
    has: () => calls.filter(({ status }) => status === 200).map(({ message }) => message),
  };
};

const coordinator = organisationOf('amk-la-oslo');
const amk = partyOfClient('amk-innlandet');
const farFuture = '2099-01-01T00:00:00.000Z';

const subscribe = async (endpoint: string): Promise<string> => {
  const id = randomUUID();
  await logs.subscriptions.create({ ...sampleSubscription(id, coordinator), headers: [], endpoint }, farFuture);
  // Only the subscriptions of one test are notified of its missions.
  closing.push(async () => {
    await logs.subscriptions.turnOff(id, new Date().toISOString());
  });
  return id;
};

/** The group that SQS would give for a record, by the id of its message. */
const groups = new Map<string, string>();

/**
 * SQS hands out several messages of one group at once, the embedded queue only one of each. So here every message has a
 * group of its own in the queue, and the function gets the group that SQS would give.
 */
const send = async (body: string, group: string): Promise<void> => {
  const { MessageId = '' } = await queues.send(
    new SendMessageCommand({
      QueueUrl: aws.lanes.slow,
      MessageBody: body,
      MessageGroupId: randomUUID(),
      MessageDeduplicationId: randomUUID(),
    }),
  );
  groups.set(MessageId, group);
};

const groupOf = (job: DeliveryJob): string =>
  `${job.subscription}.${job.kind === 'notification' ? job.mission : 'contact'}`;

const queue: DeliveryQueue = {
  send: async (jobs) => {
    for (const job of jobs) await send(JSON.stringify(job), groupOf(job));
  },
};

const accept = async (message: Message): Promise<void> => {
  const circumstances = { sender: amk, directory: sampleDirectory, guidelines: firstGuidelines };
  const accepted = await acceptMessage(logs.missions, message, circumstances, Date.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  await fanOut(
    { ...logs, directory: sampleDirectory, lanes: { quick: queue, slow: queue }, now: Date.now },
    accepted.entry,
  );
};

/** Opens a mission of `count` messages; the coordinating AMK LA is to be notified of each. Returns their ids, in order. */
const messagesOf = async (count: number): Promise<readonly string[]> => {
  const request = missionRequest({ id: randomUUID(), to: [coordinator] });
  const mission = missionIdOf(amk.organisation, request.id);
  const messages = [
    request,
    ...Array.from({ length: count - 1 }, () => missionUpdate({ mission, id: randomUUID(), describes: false })),
  ];
  for (const message of messages) await accept(message);
  return messages.map(({ id }) => id);
};

const inOrder = (records: readonly SQSRecord[]): readonly SQSRecord[] =>
  records.toSorted((a, b) => (a.attributes.SequenceNumber ?? '').localeCompare(b.attributes.SequenceNumber ?? ''));

/** Up to ten messages of the queue in one batch, as Lambda's poller takes them. */
const receive = async (): Promise<readonly SQSRecord[]> => {
  const { Messages = [] } = await queues.send(
    new ReceiveMessageCommand({
      QueueUrl: aws.lanes.slow,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  const records = Messages.map((message) => ({
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
      ...message.Attributes,
      MessageGroupId: groups.get(message.MessageId ?? '') ?? '',
    },
    messageAttributes: {},
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-north-1:000000000000:slow-lane.fifo',
    awsRegion: 'eu-north-1',
  }));
  return inOrder(records);
};

const finish = async (records: readonly SQSRecord[]): Promise<void> => {
  for (const { receiptHandle } of records)
    await queues.send(new DeleteMessageCommand({ QueueUrl: aws.lanes.slow, ReceiptHandle: receiptHandle }));
};

/** Does as Lambda does: deletes every record that the function does not report as failed. Returns the failed ones. */
const work = async (records: readonly SQSRecord[]): Promise<readonly SQSRecord[]> => {
  const { batchItemFailures } = await handler({ Records: [...records] });
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  expect(new Set(failed).size).toBe(failed.length);
  const failedRecords = records.filter(({ messageId }) => failed.includes(messageId));
  expect(failedRecords).toHaveLength(failed.length);
  await finish(records.filter(({ messageId }) => !failed.includes(messageId)));
  return failedRecords;
};

const jobIn = ({ body }: SQSRecord): { subscription: string; number: number; mission: string } => JSON.parse(body);
const groupsOf = (records: readonly SQSRecord[]): ReadonlySet<unknown> =>
  new Set(records.map(({ attributes }) => attributes.MessageGroupId));

/** Receives what the queue gives again, which is long before its own visibility timeout (a minute) is over. */
const receiveAgain = async (count: number): Promise<readonly SQSRecord[]> => {
  const back: SQSRecord[] = [];
  await eventually(
    'the failed records come back',
    async () => {
      back.push(...(await receive()));
      return back.length >= count;
    },
    25,
  );
  return inOrder(back);
};

const inFlight = async (): Promise<number> => {
  const { Attributes } = await queues.send(
    new GetQueueAttributesCommand({
      QueueUrl: aws.lanes.slow,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return (
    Number(Attributes?.['ApproximateNumberOfMessagesNotVisible']) + Number(Attributes?.['ApproximateNumberOfMessages'])
  );
};

/** The same record as SQS hands it out when it does so twice. */
const twin = (record: SQSRecord): SQSRecord => ({ ...record, messageId: randomUUID() });

describe('a batch of several groups', () => {
  test('is delivered whole, each group in order', async () => {
    const one = await openEndpoint();
    const other = await openEndpoint();
    await subscribe(one.url);
    await subscribe(other.url);
    const [first, second] = [await messagesOf(3), await messagesOf(2)];
    const records = await receive();
    expect(records).toHaveLength(10);
    expect(groupsOf(records).size).toBe(4);

    expect(await work(records)).toEqual([]);
    for (const endpoint of [one, other]) {
      expect(endpoint.has().filter((id) => first.includes(id))).toEqual(first);
      expect(endpoint.has().filter((id) => second.includes(id))).toEqual(second);
      expect(endpoint.calls).toHaveLength(5);
    }
    expect(await inFlight()).toBe(0);
  });

  test('reports the failed record and those behind it in its group as failed; they come back together, in order', async () => {
    let refusing = '';
    const one = await openEndpoint((text) => (text.includes(refusing) ? 503 : 200));
    const other = await openEndpoint();
    const failing = await subscribe(one.url);
    await subscribe(other.url);
    const [first, second] = [await messagesOf(3), await messagesOf(2)];
    refusing = first[1] ?? '';
    const records = await receive();
    expect(records).toHaveLength(10);

    const failedRecords = await work(records);
    const mission = missionIdOf(amk.organisation, first[0] ?? '');
    const ofMission = records.filter(
      (record) => jobIn(record).subscription === failing && jobIn(record).mission === mission,
    );
    expect(ofMission).toHaveLength(3);
    expect(failedRecords).toEqual(ofMission.slice(1));
    expect(one.has()).toEqual(expect.arrayContaining([first[0], ...second]));
    expect(one.has()).not.toContain(first[1]);
    // One attempt, and none of the record after it.
    expect(one.calls.filter(({ message }) => message === first[1])).toHaveLength(1);
    expect(one.calls.filter(({ message }) => message === first[2])).toEqual([]);
    expect(other.has()).toHaveLength(5);
    expect(await inFlight()).toBe(2);

    refusing = 'nothing';
    const back = await receiveAgain(2);
    expect(back.map(({ messageId }) => messageId)).toEqual(failedRecords.map(({ messageId }) => messageId));
    expect(back.map(({ attributes }) => attributes.ApproximateReceiveCount)).toEqual(['2', '2']);
    expect(await work(back)).toEqual([]);
    expect(one.has().filter((id) => first.includes(id))).toEqual(first);
    expect(new Set(one.calls.map(({ webhookId }) => webhookId)).size).toBe(5);
    expect(await inFlight()).toBe(0);
  });

  test('calls the other endpoints while one does not answer', async () => {
    const release = Promise.withResolvers<number>();
    const dead = await openEndpoint(() => release.promise);
    const alive = await openEndpoint();
    await subscribe(dead.url);
    await subscribe(alive.url);
    const messages = await messagesOf(3);
    const records = await receive();
    let hasEnded = false;
    const working = work(records).finally(() => {
      hasEnded = true;
    });
    await eventually('the healthy endpoint has all', () => alive.has().length === 3);
    expect(hasEnded).toBe(false);
    release.resolve(503);
    expect(await working).toHaveLength(3);
    expect(alive.has()).toEqual(messages);
    expect(dead.calls).toHaveLength(1);
  });
});

describe('a record that SQS gives twice', () => {
  test('is delivered once from one batch', async () => {
    const endpoint = await openEndpoint();
    await subscribe(endpoint.url);
    const messages = await messagesOf(2);
    const records = await receive();
    expect(await work(records.flatMap((record) => [record, twin(record)]))).toEqual([]);
    expect(endpoint.has()).toEqual(messages);
  });

  test('is attempted once, and both copies fail, if the endpoint refuses it', async () => {
    const endpoint = await openEndpoint(() => 503);
    await subscribe(endpoint.url);
    await messagesOf(2);
    const twice = (await receive()).flatMap((record) => [record, twin(record)]);
    expect(await work(twice)).toEqual(twice);
    expect(endpoint.calls).toHaveLength(1);
  });

  test('may arrive twice from two batches at the same time, under the same id', async () => {
    const endpoint = await openEndpoint();
    await subscribe(endpoint.url);
    const messages = await messagesOf(3);
    const records = await receive();
    await Promise.all([handler({ Records: [...records] }), handler({ Records: records.map(twin) })]);
    await finish(records);
    const ids = new Map(endpoint.calls.map(({ webhookId, message }) => [webhookId, message]));
    expect([...ids.values()]).toEqual(messages);
    for (const { webhookId, message } of endpoint.calls) expect(ids.get(webhookId)).toBe(message);
  });
});

/** A job for a pending notification of an entry that is not in the log. */
const notInTheLog = (subscription: string, number = 1): string =>
  JSON.stringify({
    kind: 'notification',
    subscription,
    organisation: coordinator,
    number,
    mission: 'none',
    entry: 9,
    sources: [9],
  });

describe('a record that is no delivery job', () => {
  test.each([
    ['no JSON', 'not a job'],
    ['no object', '[]'],
    ['no field of a job', '{}'],
    ['a number as text', '{"kind":"notification","subscription":"a","number":"1","mission":"b","entry":1,"request":1}'],
  ])('is removed, so that it does not block its group (%s)', async (_, body) => {
    const endpoint = await openEndpoint();
    await subscribe(endpoint.url);
    await send(body, 'a group of its own');
    const messages = await messagesOf(2);
    const records = await receive();
    expect(records).toHaveLength(3);
    expect(await work(records)).toEqual([]);
    expect(endpoint.has()).toEqual(messages);
  });
});

describe('a record of a job that cannot be done', () => {
  test('stays in the queue, and blocks no other group', async () => {
    const endpoint = await openEndpoint();
    const subscription = await subscribe(endpoint.url);
    await send(notInTheLog(subscription), 'a group of its own');
    const messages = await messagesOf(2);
    const records = await receive();
    expect(records).toHaveLength(3);
    const failedRecords = await work(records);
    expect(failedRecords.map((record) => record.body)).toEqual([records[0]?.body]);
    expect(endpoint.has()).toEqual(messages);
  });

  test('comes back within seconds, so that the queue counts the receives', async () => {
    const endpoint = await openEndpoint();
    const subscription = await subscribe(endpoint.url);
    await send(notInTheLog(subscription), 'a group of its own');
    await messagesOf(1);
    const failedRecords = await work(await receive());
    const [back] = await receiveAgain(1);
    expect(back?.messageId).toBe(failedRecords[0]?.messageId);
    expect(back?.attributes.ApproximateReceiveCount).toBe('2');
  });

  test('leaves the records before it in its group delivered', async () => {
    const endpoint = await openEndpoint();
    const subscription = await subscribe(endpoint.url);
    const messages = await messagesOf(3);
    const records = (await receive()).slice(0, 2);
    const broken = records.slice(0, 1).map((record) => ({ ...twin(record), body: notInTheLog(subscription, 3) }));
    const { batchItemFailures } = await handler({ Records: [...records, ...broken] });
    expect(batchItemFailures).toEqual(broken.map(({ messageId }) => ({ itemIdentifier: messageId })));
    expect(endpoint.has()).toEqual(messages.slice(0, 2));
  });
});

describe('an endpoint at an address that is no longer allowed', () => {
  test('gets no connection, also when the record comes again, and its notification fails', async () => {
    const endpoint = await openEndpoint();
    // The allow-list names 127.0.0.1, and this name resolves to it.
    const subscription = await subscribe(`http://localhost:${endpoint.port}/notify`);
    await messagesOf(1);
    const records = await receive();
    expect(await work(records)).toEqual([]);
    expect(await work(records.map(twin))).toEqual([]);
    expect(endpoint.connections()).toBe(0);
    const given = await logs.notifications.read(subscription, 1);
    expect(given).toMatchObject({ status: 'failed', lastAnswer: 'refused-address', attempts: 1 });
  });
});

describe('a party whose notifications go to hosts of the directory only', () => {
  const limitedTo = (host: string) => ({
    ...sampleDirectoryData,
    parties: sampleDirectoryData.parties.map((party) =>
      party.organisation === coordinator ? { ...party, notificationHosts: [host] } : party,
    ),
  });

  test('is notified at a listed host; a subscription to another host is refused, and an earlier one gets nothing', async () => {
    const endpoint = await openEndpoint();
    const subscription = await subscribe(endpoint.url);
    closing.push(async () => {
      await saveDirectory(logs.table, sampleDirectoryData);
      handler = await loaded();
    });

    await saveDirectory(logs.table, limitedTo('127.0.0.1'));
    handler = await loaded();
    const messages = await messagesOf(1);
    expect(await work(await receive())).toEqual([]);
    expect(endpoint.has()).toEqual(messages);

    await saveDirectory(logs.table, limitedTo('partner.example'));
    handler = await loaded();
    await messagesOf(1);
    expect(await work(await receive())).toEqual([]);
    expect(endpoint.calls).toHaveLength(1);
    const given = await logs.notifications.read(subscription, 2);
    expect(given).toMatchObject({ status: 'failed', lastAnswer: 'refused-address' });

    const subscriptions = (await import('../../functions/subscribe/lambda.ts')).handler;
    const wanted = {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'test',
      criteria: missionTopic,
      channel: { type: 'rest-hook', endpoint: endpoint.url, payload: fhirJson },
    };
    const asked = (method: string, path: string, body: unknown) =>
      ask(subscriptions, { parent: coordinator }, { method, path, body: JSON.stringify(body) });
    for (const refused of [
      await asked('POST', 'Subscription', wanted),
      await asked('PUT', `Subscription/${subscription}`, { ...wanted, id: subscription }),
    ]) {
      expect(refused.statusCode).toBe(422);
      expect(refused.body).toContain('is at no host that the directory lists for you');
    }
  });
});

describe('a batch without the table', () => {
  test('is not processed, and all of it comes back', async () => {
    const endpoint = await openEndpoint();
    await subscribe(endpoint.url);
    const messages = await messagesOf(3);
    const records = await receive();
    const reachable = process.env['AWS_ENDPOINT_URL_DYNAMODB'];
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    await new Promise((resolve) => closed.close(resolve));
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] =
      `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const usual = handler;
    try {
      handler = await loaded();
      expect(await work(records)).toEqual(records);
    } finally {
      handler = usual;
      process.env['AWS_ENDPOINT_URL_DYNAMODB'] = reachable;
    }
    expect(endpoint.calls).toEqual([]);
    expect(await work(await receiveAgain(3))).toEqual([]);
    expect(endpoint.has()).toEqual(messages);
  });
});
