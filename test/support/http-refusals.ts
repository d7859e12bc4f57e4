import { HubClosed, Unavailable } from '../../core/mission/errors.ts';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { codesOf } from '../../schemas/codes.ts';
import { type Scope, scopes } from '../../schemas/scopes.ts';
import { handlerPorts, type HandlerPorts } from '../memory/handler-ports.ts';
import { captureLog } from './captured-log.ts';
import { type ApiHandler, ask, type Asking, type Calling } from './requests.ts';

/** A function behind the API, and a request that it answers. */
export interface HttpFunction {
  readonly createHandler: (ports: HandlerPorts) => ApiHandler;
  readonly calling: Calling;
  readonly asking: Asking;
  /** What the function asks first: its failures become those of the answer. */
  readonly first: 'directory' | 'guidelines';
}

/** A function that parties call with access tokens. */
export interface PartyFunction extends HttpFunction {
  /** The scope that the request needs. */
  readonly scope: Scope;
}

/** An error whose message quotes personal data, as errors of parsers and SDKs may. */
const leaky = new TypeError('no such item: Kari Testperson 01018612345');

const failing = ({ createHandler, first }: HttpFunction, error: Error): ApiHandler =>
  createHandler({
    ...handlerPorts(),
    [first]: async () => {
      throw error;
    },
  });

/** Describes what every function behind the API does with a request that it cannot answer. */
export const describeHttpRefusals = (name: string, subject: HttpFunction): void => {
  const { createHandler, calling, asking } = subject;

  describe(`${name}, like every function behind the API`, () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    test('answers 503 and a time to wait while the hub is closed, and names the hub to use', async () => {
      const log = captureLog();
      const closed = new HubClosed('https://other.example/fhir');
      const { statusCode, headers, body } = await ask(failing(subject, closed), calling, asking);
      expect(statusCode).toBe(503);
      expect(headers).toMatchObject({ 'retry-after': '30' });
      expect(body).toContain('https://other.example/fhir');
      expect(log.line('LB-201')).toMatchObject({ fault: 'closed', status: 503 });
    });

    test('answers 503 and a time to wait while storage cannot be reached', async () => {
      const log = captureLog();
      const { statusCode, headers, body } = await ask(failing(subject, new Unavailable('slow')), calling, asking);
      expect(statusCode).toBe(503);
      expect(headers).toMatchObject({ 'retry-after': '2' });
      expect(body).toContain('storage-unavailable');
      expect(log.line('LB-901')).toMatchObject({ error: 'Unavailable' });
    });

    test('answers 500 without details after an unexpected error, and logs no message of it', async () => {
      const log = captureLog();
      const { statusCode, body } = await ask(failing(subject, leaky), calling, asking);
      expect(statusCode).toBe(500);
      expect(JSON.parse(body)).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ details: { coding: [{ code: 'internal' }, {}] } }],
      });
      expect(body).not.toMatch(/Testperson|01018612345|TypeError/);
      expect(log.line('LB-999')).toMatchObject({ error: 'TypeError' });
      expect(log.text()).not.toMatch(/Testperson|01018612345/);
    });

    test('answers 429 and a time to wait if the authorizer found the client over its limit', async () => {
      captureLog();
      const { statusCode, headers } = await ask(createHandler(handlerPorts()), { ...calling, limited: '9' }, asking);
      expect(statusCode).toBe(429);
      expect(headers).toMatchObject({ 'retry-after': '9' });
    });

    test('names every answer by the correlation id of the request', async () => {
      captureLog();
      const id = '9f1ee2b4-5c83-4f0a-8a57-1d2c3e4f5a6b';
      const { headers } = await ask(createHandler(handlerPorts()), calling, {
        ...asking,
        headers: { 'X-Correlation-Id': id },
      });
      expect(headers).toMatchObject({ 'x-correlation-id': id, 'x-request-id': expect.stringMatching(/^request-\d+$/) });
    });
  });
};

/** Describes what every function with parties as callers does with a caller that may not call it. */
export const describeCallerRefusals = (
  name: string,
  { createHandler, calling, asking, scope }: PartyFunction,
): void => {
  describe(`${name}, like every function that parties call`, () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    test.each([
      ['an organisation that is not in the directory', { parent: '199999999' }, 'unknown-caller'],
      ['a supplier without a grant', { supplier: '100000093' }, 'supplier-not-granted'],
      ['a token without a scope', { scope: '' }, 'missing-scope'],
      [
        `a token with every scope but ${scope}`,
        {
          scope: codesOf(scopes)
            .filter((other) => other !== scope)
            .join(' '),
        },
        'missing-scope',
      ],
    ])('refuses %s', async (_what, changed, fault) => {
      captureLog();
      const { statusCode, body } = await ask(createHandler(handlerPorts()), { ...calling, ...changed }, asking);
      expect([statusCode, JSON.parse(body).issue[0].details.coding[0].code]).toEqual([403, fault]);
    });

    test(`requires no other scope than ${scope}`, async () => {
      captureLog();
      const { statusCode } = await ask(createHandler(handlerPorts()), { ...calling, scope }, asking);
      expect(statusCode).not.toBe(403);
    });
  });
};

/** Describes what every function with a JSON body does with another one. */
export const describeBodyRefusals = (name: string, { createHandler, calling, asking }: HttpFunction): void => {
  describe(`${name}, like every function that takes JSON`, () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    const body = '{"name":"Kari Testperson"';
    test.each([
      ['another content type', { headers: { 'Content-Type': 'text/plain' } }, 415, 'wrong-content-type'],
      [
        'another charset',
        { headers: { 'Content-Type': 'application/json; charset=latin1' } },
        415,
        'wrong-content-type',
      ],
      ['a compressed body', { headers: { 'Content-Encoding': 'gzip' } }, 415, 'wrong-content-type'],
      ['a body of more than 256 KB', { body: `"${'x'.repeat(300_000)}"` }, 413, 'too-large'],
      ['a body that is no JSON', { body }, 400, 'not-json'],
    ])('refuses %s, and logs nothing of it', async (_what, changed, status, fault) => {
      const log = captureLog();
      const answer = await ask(createHandler(handlerPorts()), calling, { ...asking, body, ...changed });
      expect([answer.statusCode, JSON.parse(answer.body).issue[0].details.coding[0].code]).toEqual([status, fault]);
      expect(log.line('LB-201')).toMatchObject({ fault, status });
      expect(log.text()).not.toContain('Testperson');
    });
  });
};
