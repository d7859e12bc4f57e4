import { afterEach, describe, expect, test, vi } from 'vitest';
import { Unavailable } from '../../../core/mission/errors.ts';
import { createHandler as createAuthorize } from '../../../functions/authorize/handler.ts';
import { createHandler as createCheckToken } from '../../../functions/check-token/handler.ts';
import { createHandler as createDeliver } from '../../../functions/deliver/handler.ts';
import { createHandler as createNightly } from '../../../functions/nightly/handler.ts';
import { createHandler as createMetadata } from '../../../functions/metadata/handler.ts';
import { createHandler as createProcessMessage } from '../../../functions/process-message/handler.ts';
import { createHandler as createRead } from '../../../functions/read/handler.ts';
import { createHandler as createSubscribe } from '../../../functions/subscribe/handler.ts';
import { createHandler as createSweep } from '../../../functions/sweep/handler.ts';
import type { FunctionName } from '../../../infra/stage.ts';
import { codesOf } from '../../../schemas/codes.ts';
import { logMessages, storageFailure } from '../../../schemas/telemetry/log-messages.ts';
import { memoryAnchors } from '../../memory/anchors.ts';
import { memoryHub } from '../../memory/hub.ts';
import { memoryNightlyReconcile } from '../../memory/reconcile.ts';
import { handlerPorts } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { missionRequest, parties } from '../../support/messages.ts';
import { ask, authorizerRequest } from '../../support/requests.ts';

/** What the functions log when the table cannot be reached: the alarm TableRefusing counts it in the log of each of them. */

const unavailable = async () => Promise.reject(new Unavailable('throttled', { cause: new Error('of the test') }));
const caller = { parent: parties.la.organisation };

const ports = () => ({ ...handlerPorts(), directory: unavailable, guidelines: unavailable });

const credentials = {
  otherBases: [],
  audience: 'luftbro',
  bindingRequired: false,
  proofWindow: { back: 60, ahead: 10 },
  verify: async () => ({ parent: caller.parent, client: 'la', scope: 'luftbro/read' }),
};

/** One call of each function. */
const calls: Readonly<Record<FunctionName, () => Promise<unknown>>> = {
  authorize: () => {
    const budgets = { spend: unavailable };
    const handler = createAuthorize({ ...ports(), ...credentials, proofs: { use: unavailable }, budgets });
    return handler(authorizerRequest('GET', '/live/fhir/Task', ['Authorization', 'Bearer good']));
  },
  'check-token': () =>
    ask(
      createCheckToken({ ...ports(), ...credentials, issuer: 'https://issuer.example', wasUsed: unavailable }),
      caller,
      {
        path: 'check-token',
        headers: { Authorization: 'Bearer good' },
      },
    ),
  'process-message': () =>
    ask(createProcessMessage(ports()), caller, {
      method: 'POST',
      path: '$process-message',
      body: missionRequest({ municipality: '3401' }).text,
    }),
  read: () => ask(createRead(ports()), caller, { path: 'Task' }),
  subscribe: () => ask(createSubscribe(ports()), caller, { path: 'Subscription' }),
  metadata: () => ask(createMetadata(ports()), caller, { path: 'CodeSystem' }),
  deliver: () =>
    createDeliver(ports())({
      Records: [
        {
          messageId: 'record',
          receiptHandle: 'receipt',
          body: JSON.stringify({ kind: 'heartbeat', subscription: 'la', due: '2026-02-01T12:00:00.000Z' }),
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: '0',
            SenderId: 'hub',
            ApproximateFirstReceiveTimestamp: '0',
          },
          messageAttributes: {},
          md5OfBody: '',
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn',
          awsRegion: 'eu-north-1',
        },
      ],
    }),
  nightly: () =>
    createNightly({
      ...memoryAnchors({ now: () => 0, pages: () => [] }),
      ...memoryNightlyReconcile(memoryHub()),
      directory: unavailable,
    })({}, { getRemainingTimeInMillis: () => 60_000 }),
  sweep: () => {
    const all = ports();
    const end = all.clock.now() + 80_000;
    return createSweep(all)({}, { getRemainingTimeInMillis: () => end - all.clock.now() });
  },
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a table that cannot be reached', () => {
  test.each(codesOf(calls))('is in the log of %s', async (name) => {
    const log = captureLog();
    await calls[name]().catch(() => {});
    const lines = log
      .text()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
    expect(lines.map(({ error }) => error)).toContain(storageFailure);
    // The authorizer lets a request in that it cannot count.
    if (name !== 'authorize' && name !== 'check-token')
      expect(log.codes()).toContain(logMessages.STORAGE_UNAVAILABLE.code);
    expect(log.codes()).not.toContain(logMessages.UNEXPECTED.code);
  });

  test('is logged by deliver beside the delivery that it broke', async () => {
    const log = captureLog();
    await calls.deliver();
    expect(log.codes()).toEqual([logMessages.STORAGE_UNAVAILABLE.code, logMessages.DELIVERY_BROKEN.code]);
    expect(log.line(logMessages.DELIVERY_BROKEN.code)).toMatchObject({ subscription: 'la', error: storageFailure });
  });

  test('does not end a run of the sweeper as an unexpected failure, also after its last pass', async () => {
    const log = captureLog();
    const all = handlerPorts();
    const end = all.clock.now() + 80_000;
    const run = createSweep({ ...all, deadLetters: { ...all.deadLetters, list: unavailable } })(
      {},
      { getRemainingTimeInMillis: () => end - all.clock.now() },
    );
    await expect(run).rejects.toThrow(/^See the log of the function/);
    expect(log.codes()).toEqual([logMessages.UNDELIVERED.code, logMessages.STORAGE_UNAVAILABLE.code]);
  });
});
