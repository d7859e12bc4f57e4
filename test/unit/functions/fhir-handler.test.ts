import { afterEach, describe, expect, test, vi } from 'vitest';
import { expectedVersionOf } from '../../../functions/shared/http/conditions.ts';
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
    ['FHIR R4 in UTF-8', { headers: { Accept: 'application/fhir+json; fhirVersion=4.0; charset="UTF-8"' } }, 200],
    ['FHIR R5', { headers: { Accept: 'application/fhir+json; fhirVersion=5.0' } }, 406],
    ['FHIR R5, or R4', { headers: { Accept: 'application/json;fhirVersion=5.0, application/json;q=0.5' } }, 200],
    ['FHIR STU3 by _format', { query: { _format: 'application/fhir+json;fhirVersion=3.0' } }, 406],
    ['another charset', { headers: { Accept: 'application/fhir+json; charset=iso-8859-1' } }, 406],
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

describe('a read with conditions', () => {
  const changedAt = 'Mon, 30 Nov 2026 12:00:05 GMT';
  const served = fhirHandler(async () =>
    answer(200, { resourceType: 'Basic' }, { etag: 'W/"3"', 'last-modified': changedAt }),
  );
  const asked = (headers: Readonly<Record<string, string>>, method = 'GET') =>
    ask(served, calling, { method, path: 'ServiceRequest/1', headers });

  test.each([
    ['the version', { 'If-None-Match': 'W/"3"' }, 304],
    ['the version as a strong tag', { 'If-None-Match': '"3"' }, 304],
    ['the version among others', { 'If-None-Match': 'W/"1", W/"3"' }, 304],
    ['any version', { 'If-None-Match': '*' }, 304],
    ['another version', { 'If-None-Match': 'W/"2"' }, 200],
    [
      'another version, and a later time',
      { 'If-None-Match': 'W/"2"', 'If-Modified-Since': 'Mon, 30 Nov 2026 13:00:00 GMT' },
      200,
    ],
    ['a time after the second of the change', { 'If-Modified-Since': 'Mon, 30 Nov 2026 12:00:06 GMT' }, 304],
    ['the second of the change, in which there may be a later change', { 'If-Modified-Since': changedAt }, 200],
    ['an earlier time', { 'If-Modified-Since': 'Mon, 30 Nov 2026 12:00:04 GMT' }, 200],
    ['no date', { 'If-Modified-Since': 'yesterday' }, 200],
    ['a version that must match', { 'If-Match': 'W/"3"' }, 400],
    ['Prefer: respond-async', { Prefer: 'respond-async' }, 400],
  ])('answers %s', async (_what, headers, status) => {
    captureLog();
    const { statusCode, body, headers: given } = await asked(headers);
    expect([statusCode, body === '']).toEqual([status, status === 304]);
    if (status === 304) expect(given).toMatchObject({ etag: 'W/"3"', 'x-request-id': expect.any(String) });
  });

  test('answers HEAD as GET, without a body', async () => {
    captureLog();
    const [head, get] = [await asked({}, 'HEAD'), await asked({})];
    const { 'x-request-id': _one, 'x-correlation-id': _id, ...headers } = get.headers ?? {};
    expect([head.statusCode, head.body]).toEqual([200, '']);
    expect(head.headers).toMatchObject(headers);
    expect((await asked({ 'If-None-Match': 'W/"3"' }, 'HEAD')).statusCode).toBe(304);
    const refused = await asked({ 'If-Match': 'W/"3"' }, 'HEAD');
    expect([refused.statusCode, refused.body]).toEqual([400, '']);
  });
});

describe('a change with conditions', () => {
  const changed = fhirHandler(async () => answer(200, {}, { etag: 'W/"3"' }), { honours: () => ['if-match'] });
  const asked = (headers: Readonly<Record<string, string>>) =>
    ask(changed, calling, { method: 'PUT', path: 'Subscription/1', headers, body: '{}' });

  test.each([
    ['a condition that the function acts on', { 'If-Match': 'W/"3"' }, 200],
    ['a condition that it does not act on', { 'If-None-Exist': 'url=x' }, 400],
    ['a condition on the time', { 'If-Unmodified-Since': 'Mon, 30 Nov 2026 12:00:05 GMT' }, 400],
    ['another method in a header', { 'X-HTTP-Method-Override': 'DELETE' }, 400],
    ['a preference for what it answers', { Prefer: 'return="representation"' }, 200],
    ['a preference for another answer', { Prefer: 'return=OperationOutcome' }, 400],
    ['preferences that it does not know', { Prefer: 'odd; a=b, respond=now' }, 200],
  ])('answers %s', async (_what, headers, status) => {
    captureLog();
    expect((await asked(headers)).statusCode).toBe(status);
  });

  test.each([
    [{}, undefined],
    [{ 'If-Match': '*' }, undefined],
    [{ 'If-Match': 'W/"3"' }, 3],
    [{ 'if-match': '"12"' }, 12],
    [{ 'If-Match': '3' }, ['wrong-field', 'http.If-Match']],
    [{ 'If-Match': 'W/"3", W/"4"' }, ['wrong-field', 'http.If-Match']],
  ])('reads the version in %j', (headers, version) => {
    const read = expectedVersionOf(requested({ path: 'Task', headers }));
    expect(typeof read === 'object' ? faultOf(read) : read).toEqual(version);
  });

  test('takes the lines of one header together: which one counts is not guessed', () => {
    const twice = {
      ...requested({ path: 'Task' }),
      multiValueHeaders: { 'If-Match': ['W/"3"'], 'if-match': ['W/"4"'] },
    };
    expect(expectedVersionOf(twice)).toMatchObject({ outcome: 'refused' });
  });
});

test('forbids a browser to guess the type of any answer', async () => {
  captureLog();
  const handlers = [
    fhirHandler(async () => answer(200, {})),
    fhirHandler(async () => refuse('not-found')),
    fhirHandler(() => Promise.reject(new Error('odd'))),
  ];
  for (const handler of handlers)
    expect((await ask(handler, calling, { path: 'Task' })).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
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

  test.each([
    'application/json',
    'application/fhir+json; charset=UTF-8',
    'application/fhir+json;fhirVersion=4.0',
    'application/FHIR+JSON',
  ])('reads %s', (type) =>
    expect(
      bodyOf(requested({ method: 'POST', path: 'Subscription', headers: { 'Content-Type': type }, body: '{}' })),
    ).toBe('{}'),
  );

  test.each([
    'application/fhir+json; fhirVersion=5.0',
    'application/fhir+json; fhirVersion="3.0"; charset=utf-8',
    'application/fhir+json; charset=utf-8; charset=latin1',
    'application/jsonx',
  ])('refuses %s', (type) =>
    expect(
      faultOf(
        bodyOf(requested({ method: 'POST', path: 'Subscription', headers: { 'Content-Type': type }, body: '{}' })),
      ),
    ).toEqual(['wrong-content-type', 'http.Content-Type']),
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
