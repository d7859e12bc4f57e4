import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readHubEnv, writeHubEnv } from '../../../local/data-folder.ts';

afterEach(() => vi.unstubAllEnvs());

test('readHubEnv names the hub of the data folder, whatever the environment of the shell names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  vi.stubEnv('TableName', 'of-a-deployed-hub');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'https://dynamodb.example');
  await writeHubEnv(folder, {
    TableName: 'of-this-machine',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4000',
    AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:4001',
  });
  expect(readHubEnv(folder)).toBe('of-this-machine');
  expect(process.env).toMatchObject({
    TableName: 'of-this-machine',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4000',
  });
  await rm(folder, { recursive: true });
});
