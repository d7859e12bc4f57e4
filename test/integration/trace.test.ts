import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { deliveryQueue, openQueues } from '../../adapters/sqs/queues.ts';
import { withoutTimeLimits } from '../support/embedded-aws.ts';

/** A queue that accepts everything, and records the headers of each request. */
const received: IncomingHttpHeaders[] = [];
const asked = z.object({ Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })) });
const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  received.push(request.headers);
  const { Entries } = asked.parse(JSON.parse((await buffer(request)).toString('utf8')));
  const Successful = Entries.map(({ Id, MessageBody }) => ({
    Id,
    MessageId: Id,
    MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
  }));
  response.setHeader('content-type', 'application/x-amz-json-1.0');
  response.end(JSON.stringify({ Successful }));
};
const queue = createServer((request, response) => {
  take(request, response).catch(() => response.destroy());
});
let endpoint: string;

beforeAll(async () => {
  queue.listen(0, '127.0.0.1');
  await once(queue, 'listening');
  const address = queue.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  for (const [name, value] of Object.entries({
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SQS: endpoint,
    // Set by Lambda for a traced call.
    AWS_LAMBDA_FUNCTION_NAME: 'ProcessMessage',
    _X_AMZN_TRACE_ID: 'Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1',
  }))
    vi.stubEnv(name, value);
});
afterAll(() => {
  vi.unstubAllEnvs();
  queue.close();
});

test('sends a delivery job with the trace of its message, which SQS passes to the deliver function', async () => {
  const job = { kind: 'handshake', subscription: 'subscription-1', due: '2026-01-01T00:00:00.000Z' } as const;
  const client = openQueues();
  withoutTimeLimits(client);
  await deliveryQueue(client, `${endpoint}/000000000000/slow-lane.fifo`, 'slow').send([job]);
  expect(received.map((headers) => headers['x-amzn-trace-id'])).toEqual([process.env['_X_AMZN_TRACE_ID']]);
});
