import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openLogs } from '../../adapters/wiring.ts';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { exampleText, organisationOf, sampleDirectoryData } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { context, requestOf } from '../support/requests.ts';
import { undisturbed } from '../support/standstill.ts';

/** The process-message function while a part of AWS is unavailable: refused connections, and connections that never answer. */

let aws: EmbeddedAws;
let silent: Server;
let endpoints: { readonly tables: string; readonly queues: string; readonly silent: string; readonly refused: string };

const urlOf = (server: Server): string => {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
};

beforeAll(async () => {
  aws = await startEmbeddedAws();
  silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const refused = urlOf(closed);
  await new Promise((resolve) => closed.close(resolve));
  endpoints = {
    tables: process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    queues: process.env['AWS_ENDPOINT_URL_SQS'] ?? '',
    silent: urlOf(silent),
    refused,
  };
  const logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  await saveDirectory(logs.table, sampleDirectoryData);
  await logs.subscriptions.create(
    sampleSubscription('outage-la', organisationOf('amk-la-oslo')),
    '2099-01-01T00:00:00.000Z',
  );
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
  });
});

afterAll(async () => {
  silent.close();
  await aws.close();
});

const eventFor = (body: string) =>
  requestOf(
    { parent: organisationOf('amk-innlandet'), scope: 'request.send' },
    { method: 'POST', path: '$process-message', body },
  );

/** Loads a new instance of the function with these endpoints. The SDK calls a queue at the address in its URL. */
const processMessageOnce = async (tables: string, queues: string, body: string, milliseconds = 10_000) => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: tables,
    QUICK_LANE_URL: aws.lanes.quick.replace(endpoints.queues, queues),
  });
  vi.resetModules();
  const { handler } = await import('../../functions/process-message/lambda.ts');
  const end = Date.now() + milliseconds;
  const answer = await Promise.race([
    handler(eventFor(body), { ...context, getRemainingTimeInMillis: () => end - Date.now() }),
    // As Lambda does it.
    delay(milliseconds).then(() => undefined),
  ]);
  if (answer === undefined) throw new Error('the function timed out');
  Object.assign(process.env, { AWS_ENDPOINT_URL_DYNAMODB: endpoints.tables, QUICK_LANE_URL: aws.lanes.quick });
  return answer;
};

/** Repeats the call if this machine paused during it: the time of the function was over then. */
const processMessage = (...given: Parameters<typeof processMessageOnce>) =>
  undisturbed(
    () => processMessageOnce(...given),
    ({ statusCode }) => statusCode < 500,
  );

const withId = (id: string): string =>
  exampleText('mission-request.json').replaceAll(/"id": "[0-9a-f-]{36}"/g, `"id": "${id}"`);

describe('process-message without its table', () => {
  test.each(['refused', 'silent'] as const)('answers 503 with Retry-After and no internal detail (%s)', async (how) => {
    const answer = await processMessage(endpoints[how], endpoints.queues, withId(`table-${how}`));
    expect(answer.statusCode).toBe(503);
    expect(answer.headers?.['retry-after']).toBe('2');
    const outcome: unknown = JSON.parse(answer.body);
    expect(problemsOf(outcome)).toEqual([]);
    expect(outcome).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'transient', details: { coding: [{ code: 'storage-unavailable' }, { code: 'hub' }] } }],
    });
    expect(answer.body).not.toContain('127.0.0.1');
    const later = await processMessage(endpoints.tables, endpoints.queues, withId(`table-${how}`));
    expect(later.statusCode).toBe(200);
  });
});

describe('process-message without a directory', () => {
  test('answers 503 with Retry-After until a directory is loaded, then accepts the message', async () => {
    const { table } = openLogs(aws.tableName);
    await saveDirectory(table, { parties: [], coverage: [], resources: [] });
    const early = await processMessage(endpoints.tables, endpoints.queues, withId('early'));
    expect([early.statusCode, early.headers?.['retry-after']]).toEqual([503, '30']);
    expect(JSON.parse(early.body)).toMatchObject({
      issue: [{ code: 'transient', details: { coding: [{ code: 'closed' }, { code: 'hub' }] } }],
    });
    await saveDirectory(table, sampleDirectoryData);
    expect((await processMessage(endpoints.tables, endpoints.queues, withId('early'))).statusCode).toBe(200);
  });
});

describe('process-message near its timeout', () => {
  test('answers 504 with Retry-After before Lambda ends the function', async () => {
    const answer = await processMessage(endpoints.silent, endpoints.queues, withId('late'), 1_500);
    expect(answer.statusCode).toBe(504);
    expect(answer.headers?.['retry-after']).toBe('2');
    expect(JSON.parse(answer.body)).toMatchObject({
      issue: [{ code: 'timeout', details: { coding: [{ code: 'timeout' }, { code: 'hub' }] } }],
    });
  });
});

describe('process-message without its queue', () => {
  test.each(['refused', 'silent'] as const)('accepts the message and leaves its fan-out pending (%s)', async (how) => {
    const answer = await processMessage(endpoints.tables, endpoints[how], withId(`queue-${how}`));
    expect(answer.statusCode).toBe(200);
    const mission = /"value":"([0-9a-f-]{36})"/.exec(answer.body)?.[1] ?? '';
    const { missions, obligations } = openLogs(aws.tableName);
    expect((await missions.last(mission))?.fanOutPending).toBe(true);
    expect(await obligations.due('2098-01-01T00:00:00.000Z', 100)).toContainEqual({
      kind: 'fan-out',
      mission,
      entry: 1,
    });
  });
});
