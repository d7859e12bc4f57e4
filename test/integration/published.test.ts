import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { saveGuideline } from '../../adapters/dynamodb/guideline-store.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../support/embedded-aws.ts';
import { ask } from '../support/requests.ts';

let aws: EmbeddedAws;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  Object.assign(process.env, { ...functionEnvironment, TABLE_NAME: aws.tableName });
});

afterAll(async () => {
  await aws.close();
});

test('serves the code systems of a loaded guideline, and those of the guideline before it', async () => {
  const { handler } = await import('../../functions/metadata/lambda.ts');
  const read = async (id: string) => {
    const { statusCode, body } = await ask(handler, { parent: '' }, { path: `CodeSystem/${id}` });
    return [statusCode, z.object({ version: z.string() }).parse(JSON.parse(body)).version];
  };
  await saveGuideline(openTable(aws.tableName), {
    ...firstGuidelines[0],
    version: '2026.2',
    validFrom: '2026-02-01T00:00:00+01:00',
  });
  expect(await read('refusal-reason')).toEqual([200, '2026.2']);
  expect(await read('refusal-reason-2026.2')).toEqual([200, '2026.2']);
  expect(await read('refusal-reason-2026.1')).toEqual([200, '2026.1']);
});
