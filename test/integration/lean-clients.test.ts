import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { logger, without } from '../../adapters/aws/lean-client.ts';
import { openDynamoDb } from '../../adapters/dynamodb/client.ts';
import { openQueues } from '../../adapters/sqs/queues.ts';
import { isTransient } from '../../adapters/transient-faults.ts';

/** The hub's clients of AWS against an endpoint that fails as AWS does: what they removed from the SDK must not be missed. */

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (response: ServerResponse, received: Received) => void;

const received: Received[] = [];
/** The answers to come; the last one is repeated. */
let answers: Answer[] = [];

const answering =
  (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers });
    response.end(JSON.stringify(body));
  };
const success = answering(200, {});
const failing = (status: number, name: string, headers?: Readonly<Record<string, string>>): Answer =>
  answering(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'as AWS says' }, headers);
const reset: Answer = (response) => response.destroy();
const silence: Answer = () => {};
/** Begins an answer and does not end it. */
const half: Answer = (response) => response.writeHead(200, { 'content-length': '100' }).write('{"Attr');
const cut: Answer = (response) => {
  half(response, { headers: {}, body: '' });
  setTimeout(() => response.destroy(), 20);
};

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const one = { headers: request.headers, body: (await buffer(request)).toString('utf8') };
  received.push(one);
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  answer?.(response, one);
};
const server = createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
let endpoint: string;

const limits = { connection: 1_000, answer: 400 };
const put = new PutItemCommand({ TableName: 'table', Item: { pk: { S: 'a' } } });
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  for (const [name, value] of Object.entries({
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'AKIDTEST',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_SESSION_TOKEN: 'token-of-lambda',
    AWS_ENDPOINT_URL: endpoint,
  }))
    vi.stubEnv(name, value);
});

afterEach(() => {
  received.length = 0;
  answers = [];
});

afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
  server.closeAllConnections();
});

describe('the client of DynamoDB', () => {
  test('has the middleware that the hub needs, and no more', () => {
    // A new version of the SDK may add some: decide whether the hub needs it (docs/adr/0051-lean-aws-clients.md).
    expect(openDynamoDb(limits).middlewareStack.identify()).toEqual([
      'serializerMiddleware - serialize',
      'contentLengthMiddleware - build',
      'hostHeaderMiddleware - build',
      'retryMiddleware - finalizeRequest',
      'httpSigningMiddleware (a.k.a. apiKeyMiddleware,tokenMiddleware,awsAuthMiddleware) - finalizeRequest',
      'deserializerMiddleware - deserialize',
    ]);
  });

  test('fails to start if the SDK has renamed what is removed', () => {
    const client = openDynamoDb(limits);
    expect(() => without(client, logger)).toThrow('The client of the AWS SDK has no middleware loggerMiddleware');
  });

  test('takes region, endpoint, credentials and session token from the environment', async () => {
    answers = [success];
    await openDynamoDb(limits).send(put);
    expect(received).toHaveLength(1);
    expect(received[0]?.headers).toMatchObject({
      host: new URL(endpoint).host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      'x-amz-security-token': 'token-of-lambda',
    });
    expect(received[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDTEST\/\d{8}\/eu-north-1\/dynamodb\/aws4_request, SignedHeaders=[^ ]*x-amz-security-token/,
    );
  });

  test('calls the endpoint of the region if the environment names none', async () => {
    const { config } = openDynamoDb(limits);
    const { url } = config.endpointProvider({ Region: 'eu-north-1', UseFIPS: false, UseDualStack: false }, {});
    expect(url.href).toBe('https://dynamodb.eu-north-1.amazonaws.com/');
  });

  test.each([
    ['throttling', failing(400, 'ThrottlingException')],
    ['throttling of the table', failing(400, 'ProvisionedThroughputExceededException')],
    ['an internal fault', failing(500, 'InternalServerError')],
    ['an overloaded service', failing(503, 'ServiceUnavailable')],
    ['a closed connection', reset],
    ['an answer that is cut off', cut],
    ['no answer in time', silence],
    ['an answer without an end', half],
  ])('repeats a call once after %s', async (_what, fault) => {
    answers = [fault, success];
    const output = await openDynamoDb(limits).send(put);
    expect(output.$metadata.attempts).toBe(2);
    expect(received.map(({ body }) => body)).toEqual([received[0]?.body, received[0]?.body]);
    const ids = received.map(({ headers }) => headers['amz-sdk-invocation-id']);
    expect(new Set(ids).size).toBe(1);
  });

  test.each([
    ['throttling', failing(400, 'ThrottlingException'), 'ThrottlingException'],
    ['an internal fault', failing(500, 'InternalServerError'), 'InternalServerError'],
    ['silence', silence, 'TimeoutError'],
    ['a closed connection', reset, 'Error'],
  ])('reports a transient fault after two times %s', async (_what, fault, name) => {
    answers = [fault];
    const error = await failureOf(openDynamoDb(limits).send(put));
    expect(error).toMatchObject({ name });
    expect(isTransient(error)).toBe(true);
    expect(received).toHaveLength(2);
  });

  test('does not repeat a condition that does not hold, and reports it as the SDK does', async () => {
    answers = [failing(400, 'ConditionalCheckFailedException')];
    const error = await failureOf(openDynamoDb(limits).send(put));
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect(error).toMatchObject({ message: 'as AWS says', $metadata: { httpStatusCode: 400, attempts: 1 } });
    expect(isTransient(error)).toBe(false);
  });

  test('ends a call that is cancelled', async () => {
    answers = [silence];
    const error = await failureOf(openDynamoDb(limits).send(put, { abortSignal: AbortSignal.timeout(50) }));
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(received).toHaveLength(1);
  });

  describe('on a machine with a wrong clock', () => {
    const minutesAhead = 20;
    const timeOfAws = (): number => Date.now() + minutesAhead * 60_000;
    const ageOf = ({ headers }: Received): number => {
      const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(String(headers['x-amz-date'])) ?? [];
      const iso = `${date?.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time?.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
      return Math.abs(timeOfAws() - Date.parse(iso));
    };
    /** Refuses what was signed more than five minutes ago. */
    const strict: Answer = (response, one) => {
      const date = { date: new Date(timeOfAws()).toUTCString() };
      if (ageOf(one) < 300_000) answering(200, {}, date)(response, one);
      else failing(400, 'InvalidSignatureException', date)(response, one);
    };

    test('signs again with the time of AWS, and keeps to it', async () => {
      answers = [strict];
      const client = openDynamoDb(limits);
      expect((await client.send(put)).$metadata.attempts).toBe(2);
      expect((await client.send(put)).$metadata.attempts).toBe(1);
    });

    test('does so for calls at the same time', async () => {
      answers = [strict];
      const client = openDynamoDb({ ...limits, answer: 5_000 });
      await Promise.all(Array.from({ length: 20 }, () => client.send(put)));
      expect(received.length).toBeLessThanOrEqual(40);
    });
  });
});

describe('the client of SQS', () => {
  const job = { Id: '0', MessageBody: 'job', MessageGroupId: 'group', MessageDeduplicationId: 'id' };
  const send = () =>
    openQueues().send(new SendMessageBatchCommand({ QueueUrl: `${endpoint}/000000000000/jobs.fifo`, Entries: [job] }));
  const taken = (text: string): Answer =>
    answering(200, {
      Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody: createHash('md5').update(text).digest('hex') }],
      Failed: [],
    });

  test('has the middleware that the hub needs, and no more', () => {
    expect(openQueues().middlewareStack.identify()).toEqual([
      'serializerMiddleware - serialize',
      'contentLengthMiddleware - build',
      'hostHeaderMiddleware - build',
      'recursionDetectionMiddleware - build',
      'retryMiddleware - finalizeRequest',
      'httpSigningMiddleware (a.k.a. apiKeyMiddleware,tokenMiddleware,awsAuthMiddleware) - finalizeRequest',
      'deserializerMiddleware - deserialize',
    ]);
  });

  test('sends jobs to the queue, signed for SQS', async () => {
    answers = [taken('job')];
    await send();
    expect(received[0]?.headers['x-amz-target']).toBe('AmazonSQS.SendMessageBatch');
    expect(received[0]?.headers.authorization).toContain('/eu-north-1/sqs/aws4_request');
  });

  test('fails if SQS has taken another text than was sent', async () => {
    answers = [taken('another job')];
    await expect(send()).rejects.toThrow('Invalid MD5 checksum');
  });

  test('repeats a call after a fault', async () => {
    answers = [failing(503, 'ServiceUnavailable'), taken('job')];
    expect((await send()).$metadata.attempts).toBe(2);
  });
});
