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

/** A hub with the settings of a deployment: a token must be bound to a key of the caller. */
let hub: RunningHub;
let key: KeyPair;
/** Every secret that was sent. None may be in the log. */
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
  /** Replaces the new proof. */
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

/** A call with a new proof is repeated if this machine paused until the proof was stale or the hub timed out. */
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
  return [...ids].reduce((changed, [id, fresh]) => changed.replaceAll(id, fresh), text);
};
const send = (token: string, example: string) =>
  call(token, '/$process-message', { method: 'POST', body: message(example) });

describe('a hub that requires bound tokens', () => {
  test('accepts a message with a token that is bound to the sender’s key', async () => {
    const answer = await send(await boundToken('amk-innlandet'), 'mission-request.json');
    expect([answer.status, answer.body.resourceType]).toEqual([200, 'Bundle']);
  });

  test('refuses a bearer token, and names the scheme that it accepts', async () => {
    const { body } = await askIssuer('amk-innlandet');
    const answer = await fetch(`${hub.url}/Task`, { headers: { authorization: `Bearer ${body.access_token}` } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP algs="ES256 /);
    expect(answer.headers.get('www-authenticate')).not.toContain('Bearer');
    expect(problemsOf(await answer.json())).toEqual([]);
  });

  test('refuses a bound token as bearer token and without a proof', async () => {
    const token = await boundToken('amk-innlandet');
    for (const scheme of ['Bearer', 'DPoP']) {
      const answer = await fetch(`${hub.url}/Task`, { headers: { authorization: `${scheme} ${token}` } });
      expect(answer.status).toBe(401);
    }
  });

  test('accepts a proof once, also of two at the same time', async () => {
    const token = await boundToken('amk-innlandet');
    const path = '/Organization?type=hospital';
    const proof = await proofOf(key, { method: 'GET', url: `${hub.url}/Organization`, token });
    const both = await Promise.all([call(token, path, { proof }), call(token, path, { proof })]);
    expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 401]);
    expect(faultOf(await call(token, path, { proof }))).toEqual([401, 'unauthenticated']);
  });

  test('refuses a proof for another request', async () => {
    const token = await boundToken('amk-innlandet');
    const proof = await proofOf(key, { method: 'POST', url: `${hub.url}/Task`, token });
    expect(faultOf(await call(token, '/Task', { proof }))).toEqual([401, 'unauthenticated']);
  });
});

describe('a scope', () => {
  test('is required for each family of messages, and named when missing', async () => {
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
  ])('%s is required for %s %s', async (scope, method, path, status) => {
    const others = codesOf(scopes).filter((one) => one !== scope);
    const lacks = await boundToken('amk-innlandet', ...others);
    expect(faultOf(await call(lacks, path, { method }))).toEqual([403, 'missing-scope', `luftbro/${scope}`]);
    expect((await call(await boundToken('amk-innlandet', scope), path, { method })).status).toBe(status);
  });

  test('is published in the metadata', async () => {
    const metadata = await (await fetch(`${hub.url}/metadata`)).text();
    for (const scope of codesOf(scopes)) expect(metadata).toContain(`\`luftbro/${scope}\``);
  });
});

describe('a token', () => {
  const tasksOf = (token: string, organisation: string) => call(token, `/Task?owner=${organisation}`);

  test('represents the unit if it names a unit and the legal entity above it', async () => {
    const answer = await tasksOf(await boundToken('hospital-unn-of-trust'), '314000056');
    expect([answer.status, answer.body.resourceType]).toEqual([200, 'Bundle']);
  });

  test('represents the party of a further unit', async () => {
    const answer = await tasksOf(await boundToken('hospital-unn-ward'), '314000056');
    expect([answer.status, answer.body.resourceType]).toEqual([200, 'Bundle']);
  });

  test('represents only the parties with a grant if it names a supplier', async () => {
    const granted = await tasksOf(await boundToken('supplier-for-ulleval'), '314000013');
    expect(granted.status).toBe(200);
    const other = await boundToken('supplier-for-haukeland');
    expect(faultOf(await tasksOf(other, '314000021'))).toEqual([403, 'supplier-not-granted']);
    expect(faultOf(await send(other, 'prearrival-response.json'))).toEqual([403, 'supplier-not-granted']);
    expect(faultOf(await call(other, '/Subscription'))).toEqual([403, 'supplier-not-granted']);
  });

  test('is refused if its organisation is not in the directory', async () =>
    expect(faultOf(await tasksOf(await boundToken('unregistered'), '319000011'))).toEqual([403, 'unknown-caller']));
});

describe('the issuer on a laptop', () => {
  test('gives the requested scopes, or all, in the form of HelseID', async () => {
    const all = codesOf(scopes).map((scope) => `luftbro/${scope}`);
    expect(decodeJwt((await askIssuer('amk-innlandet')).body.access_token)['scope']).toEqual(all);
    const { body } = await askIssuer('amk-innlandet', { scope: 'luftbro/read luftbro/subscribe' });
    expect(decodeJwt(body.access_token)['scope']).toEqual(['luftbro/read', 'luftbro/subscribe']);
  });

  test('refuses an unknown scope', async () =>
    expect(await askIssuer('amk-innlandet', { scope: 'luftbro/everything' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    }));

  test('refuses a proof for another address', async () => {
    const proof = await proofOf(key, { method: 'POST', url: `${hub.url}/token` });
    expect(await askIssuer('amk-innlandet', {}, proof)).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    });
  });
});

test('the log has the reason for each refused caller, and no token and no proof', async () => {
  // A function may write its log line after its answer.
  const reasons = ['not-bound', 'no-proof', 'replayed', 'wrong-method'];
  await eventually('every reason is in the log', async () => {
    const log = await hub.log();
    return reasons.every((reason) => log.includes(`"why":"${reason}"`));
  });
  const log = await hub.log();
  expect(secrets.length).toBeGreaterThan(20);
  const parts = secrets.flatMap((secret) => secret.split('.').slice(1));
  expect(parts.filter((part) => log.includes(part))).toEqual([]);
});
