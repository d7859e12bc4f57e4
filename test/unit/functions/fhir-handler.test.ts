import { afterEach, describe, expect, test, vi } from 'vitest';
import { fhirHandler } from '../../../functions/shared/http/fhir-handler.ts';
import { bodyOf, jsonBodyOf, queryOf, type Request } from '../../../functions/shared/http/request.ts';
import { answer } from '../../../functions/shared/http/response.ts';
import { isRefusal, refuse } from '../../../schemas/faults.ts';
import { captureLog } from '../../support/captured-log.ts';
import { parties } from '../../support/messages.ts';
import { type Asking, ask, context, requestOf } from '../../support/requests.ts';

const calling = { parent: parties.amk.organisation };
const requested = (asking: Asking): Request => requestOf(calling, asking);

const faultOf = (result: object | string): unknown =>
  typeof result === 'object' && isRefusal(result) ? [result.faults[0].code, result.faults[0].at] : result;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('fhirHandler', () => {
  const served = fhirHandler(async () => answer(200, { resourceType: 'Basic' }));
  const statusOf = async (asking: Asking): Promise<number> => (await ask(served, calling, asking)).statusCode;

  test('answers 504 half a second before the time of the function is over', async () => {
    const log = captureLog();
    const never = fhirHandler(() => new Promise(() => {}));
    const short = { ...context, getRemainingTimeInMillis: () => 510 };
    const { statusCode, headers, body } = await never(requested({ path: 'Task' }), short);
    expect([statusCode, headers?.['retry-after']]).toEqual([504, '2']);
    expect(body).toContain('timeout');
    expect(log.line('LB-902')).toMatchObject({ error: 'TimeoutError' });
  });

  test('logs a refusal with its fault and status, and the route without what the caller put in', async () => {
    const log = captureLog();
    const refusing = fhirHandler(async () => refuse('not-found'));
    await ask(refusing, calling, { path: 'Task/Kari-Testperson', query: { name: 'Testperson' } });
    expect(log.line('LB-201')).toMatchObject({ fault: 'not-found', status: 404, route: 'GET /fhir/{type}/{id}' });
    expect(log.text()).not.toContain('Testperson');
  });

  test.each([
    ['no Accept', {}, 200],
    ['any type', { headers: { Accept: '*/*' } }, 200],
    ['FHIR JSON among others', { headers: { Accept: 'text/html;q=0.9, application/fhir+json' } }, 200],
    ['JSON that it does not want', { headers: { Accept: 'application/json;q=0.0' } }, 406],
    ['XML', { headers: { Accept: 'application/fhir+xml' } }, 406],
    ['JSON by _format, which overrides Accept', { headers: { Accept: 'text/xml' }, query: { _format: 'json' } }, 200],
    ['FHIR JSON by _format, whose plus sign is a blank', { query: { _format: 'application/fhir json' } }, 200],
    ['XML by _format', { query: { _format: 'xml' } }, 406],
  ])('accepts or refuses a read for its form: %s', async (_what, asked, status) => {
    captureLog();
    expect(await statusOf({ path: 'Subscription', ...asked })).toBe(status);
  });

  test('refuses no change for the form of its answer', async () => {
    captureLog();
    expect(await statusOf({ method: 'POST', path: 'Subscription', headers: { Accept: 'text/xml' }, body: '{}' })).toBe(
      200,
    );
  });
});

describe('queryOf', () => {
  test('reads parameters that are given once', () =>
    expect(queryOf(requested({ path: 'Task', query: { owner: '1', status: 'requested,accepted' } }))).toEqual(
      new Map([
        ['owner', '1'],
        ['status', 'requested,accepted'],
      ]),
    ));

  test.each([
    ['owner', 'http.owner'],
    ['01018612345', 'http.query'],
    ['kari testperson', 'http.query'],
  ])('refuses %s twice at %s', (name, at) => {
    const twice = { ...requested({ path: 'Task' }), multiValueQueryStringParameters: { [name]: ['1', '2'] } };
    expect(faultOf(queryOf(twice))).toEqual(['unknown-search', at]);
  });
});

describe('bodyOf', () => {
  const inBase64 = (body: Buffer): Request => ({
    ...requested({ method: 'POST', path: 'Subscription', body: ' ' }),
    body: body.toString('base64'),
    isBase64Encoded: true,
  });

  test.each(['application/json', 'application/fhir+json; charset=UTF-8', 'application/FHIR+JSON'])('reads %s', (type) =>
    expect(
      bodyOf(requested({ method: 'POST', path: 'Subscription', headers: { 'Content-Type': type }, body: '{}' })),
    ).toBe('{}'),
  );

  test('decodes base64 as UTF-8', () => expect(bodyOf(inBase64(Buffer.from('"Ål"')))).toBe('"Ål"'));

  test('refuses bytes that are no UTF-8', () =>
    expect(faultOf(bodyOf(inBase64(Buffer.from([0x22, 0xff, 0x22]))))).toEqual(['not-utf-8', undefined]));

  test('refuses more than 256 KB before it decodes them', () => {
    expect(bodyOf(inBase64(Buffer.alloc(262_144, 0x20)))).toHaveLength(262_144);
    expect(faultOf(bodyOf(inBase64(Buffer.alloc(262_147, 0x20))))).toEqual(['too-large', undefined]);
  });
});

describe('jsonBodyOf', () => {
  test('refuses JSON with two meanings', () =>
    expect(
      faultOf(jsonBodyOf(requested({ method: 'POST', path: 'Subscription', body: '{"id":"1","id":"2"}' }))),
    ).toEqual(['repeated-name', undefined]));
});
