import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually, type FixtureHost, removeFolder, startFixtureHost, temporaryFolder } from './fixture-host.ts';
import { letRun } from '../../support/standstill.ts';

let fixture: FixtureHost;
let origin: string;

beforeAll(async () => {
  fixture = await startFixtureHost(await temporaryFolder());
  origin = fixture.host.origin;
});

afterAll(async () => {
  await fixture.end();
  await removeFolder(fixture.dataDir);
});

const allowed = { headers: { Authorization: 'Bearer allow' } };
const problem = z.object({ fault: z.string(), id: z.string() });

const echoed = z.object({
  event: z.object({
    resource: z.string(),
    path: z.string(),
    httpMethod: z.string(),
    headers: z.record(z.string(), z.string()),
    multiValueHeaders: z.record(z.string(), z.array(z.string())),
    queryStringParameters: z.record(z.string(), z.string()).nullable(),
    multiValueQueryStringParameters: z.record(z.string(), z.array(z.string())).nullable(),
    pathParameters: z.record(z.string(), z.string()).nullable(),
    body: z.string().nullable(),
    isBase64Encoded: z.boolean(),
    requestContext: z.looseObject({
      stage: z.string(),
      requestId: z.string(),
      identity: z.looseObject({ sourceIp: z.string() }),
      authorizer: z.record(z.string(), z.unknown()),
    }),
  }),
  context: z.looseObject({ functionName: z.string(), awsRequestId: z.string(), remaining: z.number() }),
  env: z.record(z.string(), z.string()),
});

const echo = async (path: string, init: RequestInit = allowed) =>
  echoed.parse(await (await fetch(`${origin}${path}`, init)).json());

const get = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${origin}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

describe('routes', () => {
  it('prefer a literal path to a variable', async () => {
    const { event } = await echo('/echo/fixed', {});
    expect(event.resource).toBe('/echo/fixed');
    expect(event.pathParameters).toBeNull();
  });

  it('give the decoded path variables', async () => {
    const { event } = await echo('/echo/%24process-message');
    expect(event.resource).toBe('/echo/{thing}');
    expect(event.pathParameters).toEqual({ thing: '$process-message' });
    expect((await echo('/echo/a/b%20c')).event.pathParameters).toEqual({ thing: 'a', part: 'b c' });
  });

  it('match a path with a slash at its end', async () => {
    expect((await echo('/echo/fixed/', {})).event.resource).toBe('/echo/fixed');
  });

  it('answer an unknown path with the gateway response of the stack', async () => {
    for (const path of ['/', '/nothing', '/echo', '/echo/a/b/c', '/fhir/echo/fixed']) {
      const { status, headers, text } = await get(path, allowed);
      expect([path, status, headers.get('content-type')]).toEqual([path, 404, 'application/problem+json']);
      const { fault, id } = problem.parse(JSON.parse(text));
      expect(fault).toBe('INVALID_SIGNATURE');
      expect(id).toBe(headers.get('x-amzn-requestid'));
    }
  });

  it('answer an unknown path without a token by another gateway response', async () => {
    const { status, text } = await get('/nothing');
    expect([status, problem.parse(JSON.parse(text)).fault]).toEqual([404, 'MISSING_AUTHENTICATION_TOKEN']);
  });

  it('match only the methods of the template, or any', async () => {
    expect((await get('/items?key=any', { method: 'PUT', body: 'text' })).status).toBe(204);
    expect((await get('/items?key=any', { method: 'PATCH' })).text).toBe('text');
    expect((await get('/echo/thing', { ...allowed, method: 'DELETE' })).status).toBe(404);
    expect((await get('/echo/fixed', { ...allowed, method: 'POST' })).status).toBe(404);
  });

  it('refuse a path that cannot be decoded', async () => {
    const { status, text } = await get('/echo/%E0%A4%A', allowed);
    expect(status).toBe(400);
    expect(problem.parse(JSON.parse(text)).fault).toBe('DEFAULT_4XX');
  });
});

describe('function behind the API', () => {
  it('gets the request in the event format of API Gateway', async () => {
    const { event } = await echo('/echo/thing?a=1&b=2&a=3&c=%C3%A6', {
      method: 'POST',
      headers: { ...allowed.headers, 'X-Thing': 'one', 'Content-Type': 'application/fhir+json' },
      body: '{"name":"Ærlig"}',
    });
    expect(event.httpMethod).toBe('POST');
    expect(event.path).toBe('/echo/thing');
    expect(event.queryStringParameters).toEqual({ a: '3', b: '2', c: 'æ' });
    expect(event.multiValueQueryStringParameters).toEqual({ a: ['1', '3'], b: ['2'], c: ['æ'] });
    expect(event.body).toBe('{"name":"Ærlig"}');
    expect(event.isBase64Encoded).toBe(false);
    expect(event.multiValueHeaders).toMatchObject({ 'X-Thing': ['one'], 'X-Forwarded-Proto': ['http'] });
    expect(event.requestContext).toMatchObject({ stage: 'test', httpMethod: 'POST', resourcePath: '/echo/{thing}' });
    expect(event.requestContext.identity.sourceIp).toMatch(/127\.0\.0\.1$/);
  });

  it('gets the context of the authorizer, all of it as text', async () => {
    const { event } = await echo('/echo/thing');
    expect(event.requestContext.authorizer).toEqual({
      principalId: 'somebody',
      organisation: '311000012',
      level: '3',
      trusted: 'true',
    });
  });

  it('has the environment of the template and none of this process', async () => {
    const { env, context } = await echo('/echo/fixed', {});
    expect(env).toMatchObject({
      OWN_URL: fixture.host.url,
      AWS_REGION: 'eu-north-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Fixture-Echo',
    });
    expect(env).not.toHaveProperty('PATH');
    expect(context).toMatchObject({ functionName: 'Fixture-Echo', memoryLimitInMB: '256' });
    expect(context.remaining).toBeGreaterThan(0);
    expect(context.remaining).toBeLessThanOrEqual(10_000);
  });

  it('can answer several headers of one name, and none of the connection', async () => {
    const { status, headers } = await get('/echo/fixed');
    expect(status).toBe(201);
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(headers.get('content-length')).not.toBe('1');
    expect(headers.get('x-amzn-remapped-server')).toBe('fixture');
  });

  it('can answer bytes', async () => {
    const response = await fetch(`${origin}/faulty/answers-bytes`);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 1]);
  });

  it('serves all simultaneous calls, some of them one after the other', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => get('/faulty/rests')));
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 12 }, () => 'rested'));
  });

  it('does not get a body above the limits of API Gateway and Lambda', async () => {
    for (const size of [7, 11]) {
      const { status, text } = await get('/echo/thing', {
        ...allowed,
        method: 'POST',
        body: 'x'.repeat(size * 1024 * 1024),
      });
      expect([size, status]).toEqual([size, 413]);
      expect(problem.parse(JSON.parse(text)).fault).toBe('DEFAULT_4XX');
    }
  });
});

describe('authorizer', () => {
  const refusals = {
    'no token at all is 401': [{}, 401, 'UNAUTHORIZED'],
    'a token that it calls unauthorized is 401': [{ Authorization: 'Bearer unauthorized' }, 401, 'UNAUTHORIZED'],
    'a denial is 403': [{ Authorization: 'Bearer deny' }, 403, 'DEFAULT_4XX'],
    'leave for another path only is 403': [{ Authorization: 'Bearer elsewhere' }, 403, 'DEFAULT_4XX'],
    'its own failure is 500': [{ Authorization: 'Bearer broken' }, 500, 'DEFAULT_5XX'],
    'an answer that is no policy is 500': [{ Authorization: 'Bearer nonsense' }, 500, 'DEFAULT_5XX'],
  } as const;

  for (const [title, [headers, expectedStatus, expectedFault]] of Object.entries(refusals)) {
    it(`decides: ${title}`, async () => {
      const { status, text } = await get('/echo/thing', { headers });
      expect(status).toBe(expectedStatus);
      expect(problem.parse(JSON.parse(text)).fault).toBe(expectedFault);
    });
  }

  it('is not called without a token', async () => {
    const before = (await fixture.journal('authorize')).length;
    const { headers } = await get('/echo/thing');
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(await fixture.journal('authorize')).toHaveLength(before);
  });

  it('is called for every request', async () => {
    const before = (await fixture.journal('authorize')).length;
    await get('/echo/thing', allowed);
    await get('/echo/thing', allowed);
    expect(await fixture.journal('authorize')).toHaveLength(before + 2);
  });
});

describe('simultaneous requests', () => {
  it('start no more instances at a time than there are processors, and are all answered', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => get('/echo/thing', allowed)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    let loading = 0;
    let most = 0;
    for (const { what } of await fixture.journal('loading')) {
      loading += what === 'begins' ? 1 : -1;
      most = Math.max(most, loading);
    }
    expect(most).toBeLessThanOrEqual(Math.max(2, availableParallelism()));
  });
});

describe('failing function', () => {
  const ways = [
    'throws',
    'exits',
    'crashes',
    'hangs',
    'spins',
    'eats',
    'answers-text',
    'answers-object-body',
    'answers-no-status',
    'unknown-way',
  ];
  for (const way of ways) {
    it(`is a bad gateway to the caller, and serves the next: ${way}`, async () => {
      const { status, text } = await get(`/faulty/${way}`);
      expect(status).toBe(502);
      expect(problem.parse(JSON.parse(text)).fault).toBe('DEFAULT_5XX');
      expect(text).not.toContain('on purpose');
      expect((await get('/faulty/fine')).text).toBe('fine');
    });
  }

  it('is replaced if its process ends between two calls', async () => {
    for (let round = 1; round <= 3; round += 1) {
      expect((await get('/faulty/answers-twice-later')).text).toBe('before the end');
      await eventually(async () => ((await fixture.journal('faulty')).length === round ? true : undefined));
      // Until the host has seen it.
      await letRun(500);
      expect((await get('/faulty/fine')).text).toBe('fine');
    }
  });

  it('is abandoned when the integration times out', async () => {
    const { status, headers, text } = await get('/faulty/rests', { method: 'POST' });
    expect([status, headers.get('retry-after')]).toEqual([504, '2']);
    expect(problem.parse(JSON.parse(text)).fault).toBe('INTEGRATION_TIMEOUT');
  });
});
