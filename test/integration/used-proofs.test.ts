import { createServer, request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openLeanTable } from '../../adapters/dynamodb/lean-table.ts';
import { usedProofs } from '../../adapters/dynamodb/used-proofs.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';

let aws: EmbeddedAws;

beforeAll(async () => {
  aws = await startEmbeddedAws();
});

afterAll(() => aws.close());

test('A proof whose first answer was lost is no replay of itself, and one by somebody else is', async () => {
  const tables = process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
  let puts = 0;
  const lossy = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const body = await buffer(request);
      const { method, headers } = request;
      httpRequest(tables, { method: method ?? 'POST', headers }, (answer) => {
        puts += 1;
        // Written, and the one who wrote it does not hear of it.
        if (puts === 1) response.destroy();
        else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
      }).end(body);
    };
    pass().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => lossy.listen(0, '127.0.0.1', resolve));
  const address = lossy.address();
  if (address === null || typeof address === 'string') throw new Error('the door has no port');

  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${address.port}`);
  const table = openLeanTable(aws.tableName);
  withoutTimeLimits(table.client);
  const proofs = usedProofs(table);
  expect(await proofs.use('lost', 2_000_000_000)).toBe(true);
  expect(puts).toBe(2);
  expect(await proofs.use('lost', 2_000_000_000)).toBe(false);
  vi.unstubAllEnvs();
  lossy.close();
  lossy.closeAllConnections();
});
