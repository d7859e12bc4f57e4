import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleText } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, type Endpoint, type HttpAnswer, openEndpoint, post, subscribe } from '../support/partners.ts';
import { newKeyPair, proofOf } from '../support/tokens.ts';

/** What a partner learns from the answers: who is not notified, what is at an address, why a token is refused. */
let hub: RunningHub;
let endpoint: Endpoint;

beforeAll(async () => {
  hub = await startHub();
  endpoint = await openEndpoint();
});

afterAll(async () => {
  await endpoint.close();
  await hub.close();
});

const amk = 'amk-innlandet';

/** The example request as a new message. */
const newRequest = (): string => {
  const bundle = JSON.parse(exampleText('mission-request.json'));
  const [header] = bundle.entry;
  header.resource.id = randomUUID();
  header.fullUrl = `urn:uuid:${header.resource.id}`;
  return JSON.stringify({ ...bundle, id: randomUUID(), timestamp: new Date().toISOString() });
};

const codesIn = ({ text }: HttpAnswer): readonly string[] =>
  [...text.matchAll(/CodeSystem\/(?:fault|warning|token-fault)","code":"([a-z-]+)"/g)].map(([, code = '']) => code);

/** Whether the answer warns of parties that no machine can notify. Other warnings are about the content of the example. */
const warnsOfReach = (answer: HttpAnswer): boolean => codesIn(answer).includes('not-reachable');

const missionIn = ({ text }: HttpAnswer): string => /"value":"([0-9a-f-]{36})"/.exec(text)?.[1] ?? '';

describe('the answer to a message', () => {
  test('warns of the party that no machine can notify, with its phone number, until it can be notified', async () => {
    const text = newRequest();
    const answer = await post(hub, amk, text);
    expect([answer.status, warnsOfReach(answer)]).toEqual([200, true]);
    expect(answer.text).toMatch(/\(312000016\), phone \+47 [\d ]+: no subscription/);
    expect(problemsOf(answer.body)).toEqual([]);
    expect(warnsOfReach(await post(hub, amk, text))).toBe(true);
    await subscribe(hub, 'amk-la-oslo', endpoint.url);
    expect(warnsOfReach(await post(hub, amk, newRequest()))).toBe(false);
    // The first message was not sent to the new subscription.
    expect(warnsOfReach(await post(hub, amk, text))).toBe(true);
  });

  test('is the first one for a message that a client has written again, and names the stored one for another', async () => {
    const text = newRequest();
    const first = await post(hub, amk, text);
    const again = { ...JSON.parse(text), id: randomUUID(), timestamp: new Date(Date.now() + 1000).toISOString() };
    expect((await post(hub, amk, JSON.stringify(again, null, 2))).text).toBe(first.text);
    const other = await post(hub, amk, text.replace('"priority":"stat"', '"priority":"urgent"'));
    expect([other.status, codesIn(other)]).toEqual([422, ['message-id-reused']]);
    expect(other.text).toContain(missionIn(first));
  });
});

describe('an address', () => {
  test.each([
    ['GET', '', 404, 'unknown-address', null],
    ['POST', '', 404, 'unknown-address', null],
    ['GET', '/ServiceRequest/1/2/3/4/5', 404, 'unknown-address', null],
    ['PUT', '/ServiceRequest', 404, 'unknown-address', null],
    ['GET', '/$everything', 404, 'unknown-address', null],
    ['GET', '/$process-message', 405, 'method-not-allowed', 'POST'],
    ['POST', '/ServiceRequest', 405, 'method-not-allowed', 'GET, HEAD'],
    ['PUT', '/ServiceRequest/1', 405, 'method-not-allowed', 'GET, HEAD'],
    ['PATCH', '/Task/1', 405, 'method-not-allowed', 'GET, HEAD'],
    ['DELETE', '/ServiceRequest/1', 405, 'method-not-allowed', 'GET, HEAD'],
    ['GET', '/ServiceRequest/1', 404, 'not-found', null],
  ])('%s %s is answered %i %s', async (method, path, status, code, allow) => {
    const answer = await call(hub, amk, method, path, method === 'GET' || method === 'DELETE' ? undefined : '{}');
    expect([answer.status, codesIn(answer), answer.headers.get('allow')]).toEqual([status, [code], allow]);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(problemsOf(answer.body)).toEqual([]);
  });

  test.each(['/metadata', '/Organization', '/CodeSystem/fault', '/Subscription'])(
    'answers HEAD %s like GET, without a body',
    async (path) => {
      const [get, head] = [await call(hub, amk, 'GET', path), await call(hub, amk, 'HEAD', path)];
      expect([head.status, head.text]).toEqual([get.status, '']);
      for (const name of ['content-type', 'etag', 'x-content-type-options', 'cache-control'])
        expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    },
  );
});

test('a mission is answered 304 to a caller that has its version, and by its versions', async () => {
  const mission = missionIn(await post(hub, amk, newRequest()));
  const path = `/ServiceRequest/${mission}`;
  const read = await call(hub, amk, 'GET', path);
  const etag = read.headers.get('etag') ?? '';
  const same = await call(hub, amk, 'GET', path, undefined, { 'if-none-match': etag });
  expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
  const history = await call(hub, amk, 'GET', `${path}/_history`);
  expect(history.body).toMatchObject({ resourceType: 'Bundle', type: 'history' });
  expect(problemsOf(history.body)).toEqual([]);
  const version = await call(hub, amk, 'GET', `${path}/_history/1`);
  expect([version.status, version.headers.get('etag')]).toEqual([200, 'W/"1"']);
  expect((await call(hub, 'hospital-ulleval', 'GET', `${path}/_history/1`)).status).toBe(404);
});

describe('check-token', () => {
  const asked = async (headers: Readonly<Record<string, string>>, query = '') => {
    for (let tries = 1; ; tries += 1) {
      const answer = await fetch(`${hub.url}/check-token${query}`, { headers });
      // A machine under load may not count in time, and then nothing is checked.
      if (answer.status !== 503 || tries === 10) return { status: answer.status, text: await answer.text() };
    }
  };

  test('is where the text of a 401 leads', async () => {
    const answer = await fetch(`${hub.url}/Task`, { headers: { authorization: 'Bearer abc' } });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain('GET check-token');
  });

  const tokenFor = async (headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const issued = await fetch(`${hub.issuerUrl}/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: amk }),
    });
    return z.object({ access_token: z.string() }).parse(await issued.json()).access_token;
  };

  test('accepts a good token, and finds the signature of a changed one', async () => {
    const token = await tokenFor();
    expect((await asked({ authorization: `Bearer ${token}` })).text).toContain('pass all checks');
    expect((await asked({ authorization: `Bearer ${token.slice(0, -6)}AAAAAA` })).text).toContain('wrong-signature');
  });

  test('says of a used proof that it was used, and uses none up', async () => {
    const key = await newKeyPair();
    const token = await tokenFor({ dpop: await proofOf(key, { method: 'POST', url: `${hub.issuerUrl}/token` }) });
    const url = `${hub.url}/Organization`;
    const headers = { authorization: `DPoP ${token}`, dpop: await proofOf(key, { method: 'GET', url, token }) };
    const query = `?${new URLSearchParams({ method: 'GET', url }).toString()}`;
    expect((await asked(headers)).text).toContain('wrong-address');
    for (const _time of ['once', 'twice']) expect((await asked(headers, query)).text).toContain('pass all checks');
    expect((await fetch(`${url}?type=hospital`, { headers })).status).toBe(200);
    expect((await asked(headers, query)).text).toContain('"code":"replayed"');
  });
});
