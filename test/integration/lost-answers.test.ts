import { createServer, request as httpRequest, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { usedProofs } from '../../adapters/dynamodb/used-proofs.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { parties } from '../support/messages.ts';

/** The SDK repeats a call whose answer was lost. The repeated call then finds what the first call wrote. */

let aws: EmbeddedAws;
let lossy: Server;
/** Calls since the test began. The answer to the first call is lost. */
let calls = 0;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  const tables = process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
  lossy = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const body = await buffer(request);
      const { method, headers } = request;
      httpRequest(tables, { method: method ?? 'POST', headers }, (answer) => {
        calls += 1;
        // The write is done, but the writer gets no answer.
        if (calls === 1) response.destroy();
        else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
      }).end(body);
    };
    pass().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => lossy.listen(0, '127.0.0.1', resolve));
  const address = lossy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${address.port}`);
});

beforeEach(() => {
  calls = 0;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  lossy.close();
  lossy.closeAllConnections();
  await aws.close();
});

test('accepts a proof whose first answer was lost, and refuses a second use', async () => {
  const table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  const proofs = usedProofs(table);
  expect(await proofs.use('lost', 2_000_000_000)).toBe(true);
  expect(calls).toBe(2);
  expect(await proofs.use('lost', 2_000_000_000)).toBe(false);
});

test('creates a subscription whose first answer was lost once, and lists it for its organisation', async () => {
  const table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  const opened = subscriptions(table);
  const subscription = sampleSubscription(randomUUID(), parties.la.organisation);
  await opened.create(subscription, '2026-02-01T10:00:00.000Z');
  expect(calls).toBeGreaterThan(2);
  expect(await opened.read(subscription.id)).toEqual(subscription);
  expect((await opened.subscribers([parties.la.organisation])).map(({ id }) => id)).toEqual([subscription.id]);
});
