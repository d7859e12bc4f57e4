import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { codesOf } from '../../schemas/codes.ts';
import { families, scopes, sendScopeOf } from '../../schemas/scopes.ts';
import { exampleText } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { eventually } from '../support/partners.ts';
import { undisturbed } from '../support/standstill.ts';
import { type KeyPair, newKeyPair, proofOf } from '../support/tokens.ts';

/** A hub as it is deployed: a token must be bound to a key of the caller. */
let hub: RunningHub;
let key: KeyPair;
/** Everything secret that was sent; none of it may be in the log. */
const secrets: string[] = [];

beforeAll(async () => {
  key = await newKeyPair();
  hub = await startHub({ parameters: { TokenBinding: 'required' } });
});

afterAll(async () => {
  await hub.close();
});

const tokenAnswer = z.looseObject({ access_token: z.string().default(''), token_type: z.string().optional() });

const askIssuer = async (client: string, more: Readonly<Record<string, string>> = {}, proof?: string) => {
  const answer = await fetch(`${hub.issuerUrl}/token`, {
    method: 'POST',
    headers: proof === undefined ? {} : { dpop: proof },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client, ...more }),
  });
  return { status: answer.status, body: tokenAnswer.parse(await answer.json()) };
};

const boundToken = async (client: string, ...asked: readonly string[]): Promise<string> => {
  const proof = await proofOf(key, { method: 'POST', url: `${hub.issuerUrl}/token` });
  const scope = asked.map((one) => `luftbro/${one}`).join(' ');
  const { body } = await askIssuer(client, asked.length === 0 ? {} : { scope }, proof);
  expect(body.token_type).toBe('DPoP');
  secrets.push(body.access_token);
  return body.access_token;
};

interface Call {
  readonly method?: string;
  readonly body?: string;
  /** Instead of a new one. */
  readonly proof?: string;
}

const callOnce = async (token: string, path: string, { method = 'GET', body, proof }: Call) => {
  const given = proof ?? (await proofOf(key, { method, url: `${hub.url}${path}`, token }));
  secrets.push(given);
  const answer = await fetch(`${hub.url}${path}`, {
    method,
    headers: { authorization: `DPoP ${token}`, dpop: given, 'content-type': 'application/fhir+json' },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, headers: answer.headers, body: outcome.parse(await answer.json()) };
};

/** With a proof of its own it is made again if this machine stood still until the proof was stale, or the hub was late. */
const call = (token: string, path: string, one: Call = {}) =>
  undisturbed(
    () => callOnce(token, path, one),
    ({ status }) => one.proof !== undefined || status < 400,
  );

const outcome = z.looseObject({
  resourceType: z.string(),
  issue: z
    .array(
      z.looseObject({
        diagnostics: z.string().optional(),
        details: z.looseObject({ coding: z.array(z.looseObject({ code: z.string() })) }),
      }),
    )
    .optional(),
});

const faultOf = ({ status, body }: Awaited<ReturnType<typeof call>>) => [
  status,
  body.issue?.[0]?.details.coding[0]?.code,
  ...(body.issue?.[0]?.diagnostics === undefined ? [] : [body.issue[0].diagnostics]),
];

const message = (example: string): string => {
  const text = exampleText(example);
  const ids = new Map([...text.matchAll(/"id": "([0-9a-f-]{36})"/g)].map(([, id]) => [id ?? '', randomUUID()]));
  return [...ids].reduce((changed, [id, fresh]) => changed.replaceAll(`"id": "${id}"`, `"id": "${fresh}"`), text);
};
const send = (token: string, example: string) =>
  call(token, '/$process-message', { method: 'POST', body: message(example) });

describe('A hub that is deployed', () => {
  test('takes a message with a token that is bound to the sender’s key', async () => {
    const answer = await send(await boundToken('amk-innlandet'), 'mission-request.json');
    expect([answer.status, answer.body.resourceType]).toEqual([200, 'Bundle']);
  });

  test('takes no bearer token, and names the scheme that it takes', async () => {
    const { body } = await askIssuer('amk-innlandet');
    const answer = await fetch(`${hub.url}/Task`, { headers: { authorization: `Bearer ${body.access_token}` } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP algs="ES256 /);
    expect(answer.headers.get('www-authenticate')).not.toContain('Bearer');
    expect(problemsOf(await answer.json())).toEqual([]);
  });

  test('takes a bound token neither as bearer token nor without a proof', async () => {
    const token = await boundToken('amk-innlandet');
    for (const scheme of ['Bearer', 'DPoP']) {
      const answer = await fetch(`${hub.url}/Task`, { headers: { authorization: `${scheme} ${token}` } });
      expect(answer.status).toBe(401);
    }
  });

  test('takes a proof once, also of two that come together', async () => {
    const token = await boundToken('amk-innlandet');
    const path = '/Organization?type=hospital';
    const proof = await proofOf(key, { method: 'GET', url: `${hub.url}/Organization`, token });
    const both = await Promise.all([call(token, path, { proof }), call(token, path, { proof })]);
    expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 401]);
    expect(faultOf(await call(token, path, { proof }))).toEqual([401, 'unauthenticated']);
  });

  test('takes no proof for another request', async () => {
    const token = await boundToken('amk-innlandet');
    const proof = await proofOf(key, { method: 'POST', url: `${hub.url}/Task`, token });
    expect(faultOf(await call(token, '/Task', { proof }))).toEqual([401, 'unauthenticated']);
  });
});

describe('A scope', () => {
  test('is needed for each family of messages, and named when it lacks', async () => {
    const others = codesOf(families)
      .filter((family) => family !== 'request')
      .map(sendScopeOf);
    const token = await boundToken('amk-innlandet', ...others, 'read', 'subscribe');
    expect(faultOf(await send(token, 'mission-request.json'))).toEqual([403, 'missing-scope', 'luftbro/request.send']);
    const only = await boundToken('amk-innlandet', 'request.send');
    expect((await send(only, 'mission-request.json')).status).toBe(200);
    expect(faultOf(await send(only, 'mission-update.json'))).toEqual([403, 'missing-scope', 'luftbro/mission.send']);
  });

  test.each([
    ['read', 'GET', '/Organization?type=hospital', 200],
    ['read', 'GET', '/Endpoint/311000012', 200],
    ['subscribe', 'GET', '/Subscription', 200],
    ['subscribe', 'POST', '/Subscription/$status', 200],
  ])('%s is needed for %s %s', async (scope, method, path, status) => {
    const others = codesOf(scopes).filter((one) => one !== scope);
    const lacks = await boundToken('amk-innlandet', ...others);
    expect(faultOf(await call(lacks, path, { method }))).toEqual([403, 'missing-scope', `luftbro/${scope}`]);
    expect((await call(await boundToken('amk-innlandet', scope), path, { method })).status).toBe(status);
  });

  test('is published with all others', async () => {
    const metadata = await (await fetch(`${hub.url}/metadata`)).text();
    for (const scope of codesOf(scopes)) expect(metadata).toContain(`\`luftbro/${scope}\``);
  });
});

describe('A token', () => {
  const tasksOf = (token: string, organisation: string) => call(token, `/Task?owner=${organisation}`);

  test('of a unit and the legal entity above it speaks for the unit', async () => {
    const answer = await tasksOf(await boundToken('hospital-unn-of-trust'), '314000056');
    expect([answer.status, answer.body.resourceType]).toEqual([200, 'Bundle']);
  });

  test('of a further unit speaks for its party', async () => {
    const answer = await tasksOf(await boundToken('hospital-unn-ward'), '314000056');
    expect([answer.status, answer.body.resourceType]).toEqual([200, 'Bundle']);
  });

  test('of a supplier speaks for who has granted it, and for nobody else', async () => {
    const granted = await tasksOf(await boundToken('supplier-for-ulleval'), '314000013');
    expect(granted.status).toBe(200);
    const other = await boundToken('supplier-for-haukeland');
    expect(faultOf(await tasksOf(other, '314000021'))).toEqual([403, 'supplier-not-granted']);
    expect(faultOf(await send(other, 'prearrival-response.json'))).toEqual([403, 'supplier-not-granted']);
    expect(faultOf(await call(other, '/Subscription'))).toEqual([403, 'supplier-not-granted']);
  });

  test('of an organisation that is not in the directory speaks for nobody', async () =>
    expect(faultOf(await tasksOf(await boundToken('stranger'), '319000011'))).toEqual([403, 'unknown-caller']));
});

describe('The issuer on a laptop', () => {
  test('gives all scopes unless some are asked for, as HelseID writes them', async () => {
    const all = codesOf(scopes).map((scope) => `luftbro/${scope}`);
    expect(decodeJwt((await askIssuer('amk-innlandet')).body.access_token)['scope']).toEqual(all);
    const { body } = await askIssuer('amk-innlandet', { scope: 'luftbro/read luftbro/subscribe' });
    expect(decodeJwt(body.access_token)['scope']).toEqual(['luftbro/read', 'luftbro/subscribe']);
  });

  test('gives no scope that there is not', async () =>
    expect(await askIssuer('amk-innlandet', { scope: 'luftbro/everything' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    }));

  test('binds no token to a key that is not proven for it', async () => {
    const proof = await proofOf(key, { method: 'POST', url: `${hub.url}/token` });
    expect(await askIssuer('amk-innlandet', {}, proof)).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    });
  });
});

test('The log says why a caller was not let in, and shows no token and no proof', async () => {
  // What a function says may come into the log after its answer.
  const whys = ['not-bound', 'no-proof', 'replayed', 'wrong-method'];
  await eventually('every reason is in the log', async () => {
    const said = await hub.log();
    return whys.every((why) => said.includes(`"why":"${why}"`));
  });
  const log = await hub.log();
  expect(secrets.length).toBeGreaterThan(20);
  const parts = secrets.flatMap((secret) => secret.split('.').slice(1));
  expect(parts.filter((part) => log.includes(part))).toEqual([]);
});
