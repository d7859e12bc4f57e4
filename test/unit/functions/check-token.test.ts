import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { accessTokenVerifier } from '../../../adapters/tokens/access-token.ts';
import { IssuerUnreachable } from '../../../adapters/tokens/issuer-keys.ts';
import { TokenRefused } from '../../../adapters/tokens/refused.ts';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { type CheckTokenDeps, createHandler } from '../../../functions/check-token/handler.ts';
import { networkOf } from '../../../functions/check-token/network.ts';
import { tokenChecks, tokenFaults } from '../../../schemas/token-faults.ts';
import { codesOf } from '../../../schemas/codes.ts';
import { manualClock } from '../../memory/clock.ts';
import { memoryBudgets, partyDirectory } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { ask, type Asking } from '../../support/requests.ts';
import {
  type Claims,
  type KeyPair,
  kidOf,
  type LoopbackIssuer,
  newKeyPair,
  proofOf,
  sign,
  startIssuer,
} from '../../support/tokens.ts';

const base = 'https://hub.example/fhir';
const own = `${base}/check-token`;
const clock = manualClock();
const now = Date.parse(clock.iso()) / 1000;
const organisation = 'helseid://claims/client/claims/orgnr_parent';

let issuer: LoopbackIssuer;
let signer: KeyPair;
let key: KeyPair;

beforeAll(async () => {
  [signer, key] = [await newKeyPair(), await newKeyPair()];
  issuer = await startIssuer(signer);
  return () => issuer.close();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const portsOf = (changed: Partial<CheckTokenDeps> = {}): CheckTokenDeps => ({
  now: () => clock.now(),
  base,
  otherBases: [],
  issuer: issuer.url,
  audience: 'luftbro',
  bindingRequired: true,
  proofWindow: { back: 60, ahead: 10 },
  verify: accessTokenVerifier(issuer.url, 'luftbro', () => clock.now()),
  wasUsed: async () => false,
  directory: async () => partyDirectory,
  budgets: memoryBudgets(),
  ...changed,
});

/** A good token, unless claims or header say otherwise. */
const tokenOf = (claims: Claims = {}, header: Claims = {}, by = signer): Promise<string> =>
  sign(
    by,
    { typ: 'at+jwt', kid: kidOf(signer), ...header },
    {
      iss: issuer.url,
      aud: 'luftbro',
      exp: now + 300,
      scope: ['luftbro/read'],
      cnf: { jkt: key.thumbprint },
      [organisation]: '100000001',
      ...claims,
    },
  );

type Proof = Partial<Parameters<typeof proofOf>[1]>;

const headersWith = async (token: string, proof: Proof = {}, by = key) => ({
  Authorization: `DPoP ${token}`,
  DPoP: await proofOf(by, { method: 'GET', url: own, token, ...proof, claims: { iat: now, ...proof.claims } }),
});

interface Issue {
  readonly severity: string;
  readonly details: { readonly coding?: readonly { readonly code: string }[]; readonly text: string };
  readonly diagnostics?: string;
  readonly expression?: readonly string[];
}

const checked = async (asking: Partial<Asking>, changed: Partial<CheckTokenDeps> = {}) => {
  const log = captureLog();
  const answer = await ask(createHandler(portsOf(changed)), { parent: 'nobody' }, { path: 'check-token', ...asking });
  const issues: readonly Issue[] = JSON.parse(answer.body).issue;
  const [first] = issues;
  return { ...answer, log, issues, first, code: first?.details.coding?.[0]?.code, at: first?.expression?.[0] };
};

describe('check-token', () => {
  test('says that token and proof are good, and which scopes the token lacks', async () => {
    const { statusCode, issues, log } = await checked({ headers: await headersWith(await tokenOf()) });
    expect(statusCode).toBe(200);
    expect(issues.map(({ severity }) => severity)).toEqual(['information', 'information']);
    expect(issues[1]?.details.text).toContain('luftbro/request.send');
    expect(issues[1]?.details.text).not.toContain('luftbro/read');
    expect(log.line('LB-605')).toMatchObject({ why: 'accepted' });
  });

  test('expects the name of the entrance by which it was called, or the public one', async () => {
    const entrance = { base: 'https://public.example/fhir', otherBases: [`${base}/live`] };
    const token = await tokenOf();
    for (const url of [`${base}/live/check-token`, 'https://public.example/fhir/check-token'])
      expect((await checked({ headers: await headersWith(token, { url }) }, entrance)).code).toBeUndefined();
    const { code, first } = await checked({ headers: await headersWith(token) }, entrance);
    expect(code).toBe('wrong-address');
    expect(first?.diagnostics).toContain(`htu must be ${base}/live/check-token`);
  });

  test.each<[string, () => Promise<Readonly<Record<string, string>>>, string, string]>([
    ['no header', async () => ({}), 'malformed-header', 'http.Authorization'],
    ['another scheme', async () => ({ Authorization: 'Basic eA==' }), 'malformed-header', 'http.Authorization'],
    ['no JWT', async () => ({ Authorization: 'DPoP abc' }), 'malformed', 'http.Authorization'],
    ['an unknown key', async () => headersWith(await tokenOf({}, { kid: 'other' })), 'wrong-key', 'http.Authorization'],
    [
      'a foreign signature',
      async () => headersWith(await tokenOf({}, {}, key)),
      'wrong-signature',
      'http.Authorization',
    ],
    ['another type', async () => headersWith(await tokenOf({}, { typ: 'id+jwt' })), 'wrong-type', 'http.Authorization'],
    ['another issuer', async () => headersWith(await tokenOf({ iss: 'x' })), 'wrong-issuer', 'http.Authorization'],
    ['another audience', async () => headersWith(await tokenOf({ aud: 'x' })), 'wrong-audience', 'http.Authorization'],
    ['an old token', async () => headersWith(await tokenOf({ exp: now - 60 })), 'expired', 'http.Authorization'],
    [
      'a token without end',
      async () => headersWith(await tokenOf({ exp: undefined })),
      'missing-claim',
      'http.Authorization',
    ],
    [
      'a token of later',
      async () => headersWith(await tokenOf({ nbf: now + 60 })),
      'not-yet-valid',
      'http.Authorization',
    ],
    [
      'no organisation',
      async () => headersWith(await tokenOf({ [organisation]: undefined })),
      'no-organisation',
      'http.Authorization',
    ],
    ['no binding', async () => headersWith(await tokenOf({ cnf: undefined })), 'not-bound', 'http.DPoP'],
    [
      'another binding',
      async () => headersWith(await tokenOf({ cnf: { 'x5t#S256': 'x' } })),
      'bound',
      'http.Authorization',
    ],
    ['a bound token as Bearer', async () => ({ Authorization: `Bearer ${await tokenOf()}` }), 'no-proof', 'http.DPoP'],
    ['no proof', async () => ({ Authorization: `DPoP ${await tokenOf()}` }), 'no-proof', 'http.DPoP'],
    [
      'a proof that is no JWT',
      async () => ({ ...(await headersWith(await tokenOf())), DPoP: 'abc' }),
      'malformed',
      'http.DPoP',
    ],
    [
      'a proof without jti',
      async () => headersWith(await tokenOf(), { claims: { jti: undefined } }),
      'missing-claim',
      'http.DPoP',
    ],
    [
      'another type of proof',
      async () => headersWith(await tokenOf(), { header: { typ: 'JWT' } }),
      'wrong-type',
      'http.DPoP',
    ],
    ['another method', async () => headersWith(await tokenOf(), { method: 'POST' }), 'wrong-method', 'http.DPoP'],
    ['another URL', async () => headersWith(await tokenOf(), { url: `${base}/Task` }), 'wrong-address', 'http.DPoP'],
    [
      'an old proof',
      async () => headersWith(await tokenOf(), { claims: { iat: now - 61 } }),
      'stale-proof',
      'http.DPoP',
    ],
    [
      'a proof of later',
      async () => headersWith(await tokenOf(), { claims: { iat: now + 11 } }),
      'future-proof',
      'http.DPoP',
    ],
    [
      'a proof for another token',
      async () => headersWith(await tokenOf(), { token: 'other' }),
      'other-token',
      'http.DPoP',
    ],
    ['another key', async () => headersWith(await tokenOf(), {}, await newKeyPair()), 'other-key', 'http.DPoP'],
    [
      'a private key in the proof',
      async () =>
        headersWith(await tokenOf(), {
          header: { jwk: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) },
        }),
      'private-key-in-proof',
      'http.DPoP',
    ],
    [
      'an unknown organisation',
      async () => headersWith(await tokenOf({ [organisation]: '199999999' })),
      'unknown-caller',
      'http.Authorization',
    ],
    [
      'no scope of the hub',
      async () => headersWith(await tokenOf({ scope: ['other/read'] })),
      'missing-scope',
      'http.Authorization',
    ],
  ])('finds %s', async (_what, headers, code, at) => {
    const found = await checked({ headers: await headers() });
    expect([found.statusCode, found.code, found.at]).toEqual([200, code, at]);
    expect(found.log.line('LB-605')).toMatchObject({ why: code });
  });

  test('finds a proof that was used before, and uses none up itself', async () => {
    const wasUsed = vi.fn(async () => true);
    const { code } = await checked({ headers: await headersWith(await tokenOf()) }, { wasUsed });
    expect(code).toBe('replayed');
    expect(wasUsed).toHaveBeenCalledOnce();
  });

  test('checks the proof of another request of this hub by its method and URL', async () => {
    const url = `${base}/$process-message`;
    const headers = await headersWith(await tokenOf(), { method: 'POST', url: `${base}/%24process-message` });
    expect((await checked({ headers, query: { method: 'POST', url } })).first?.severity).toBe('information');
    expect((await checked({ headers, query: { method: 'PUT', url } })).code).toBe('wrong-method');
    expect((await checked({ headers })).first?.diagnostics).toContain('method and url');
    expect((await checked({ headers, query: { method: 'POST', url: `${url}?x=1` } })).first?.severity).toBe(
      'information',
    );
  });

  test.each([
    ['a URL of another API', { url: 'https://other.example/fhir/Task' }, 'http.url'],
    ['a URL beside the base', { url: `${base}x/Task` }, 'http.url'],
    ['no URL', { url: 'Task' }, 'http.url'],
    ['no method', { method: 'odd' }, 'http.method'],
    ['another parameter', { token: 'abc' }, 'http.token'],
  ])('refuses %s', async (_what, query, at) => {
    const found = await checked({ headers: await headersWith(await tokenOf()), query });
    expect([found.statusCode, found.code, found.at]).toEqual([400, 'unsupported-option', at]);
  });

  test('says what it expected of time, issuer and audience', async () => {
    const diagnostics = async (claims: Claims) =>
      (await checked({ headers: await headersWith(await tokenOf(claims)) })).first?.diagnostics;
    expect(await diagnostics({ exp: now - 60 })).toContain(clock.iso());
    expect(await diagnostics({ iss: 'x' })).toBe(`iss must be ${issuer.url}`);
    expect(await diagnostics({ aud: 'x' })).toBe('aud must be luftbro');
  });

  test('names the checks that passed, and those that were not made', async () => {
    const { issues } = await checked({ headers: await headersWith(await tokenOf(), { method: 'POST' }) });
    expect(issues[1]?.details.text).toBe(`Passed: ${tokenChecks.header}; ${tokenChecks.token}.`);
    expect(issues[2]?.details.text).toContain(tokenChecks.scope);
  });

  test('asks neither table nor directory before token and proof are good', async () => {
    const [wasUsed, directory] = [vi.fn(async () => false), vi.fn(async () => partyDirectory)];
    await checked({ headers: await headersWith(await tokenOf(), {}, await newKeyPair()) }, { wasUsed, directory });
    expect([wasUsed.mock.calls.length, directory.mock.calls.length]).toEqual([0, 0]);
  });

  test('repeats nothing of the token and the proof', async () => {
    const secret = 'kari-testperson';
    const headers = await headersWith(
      await tokenOf({ iss: secret, aud: secret, client_id: secret, scope: [`luftbro/${secret}`] }),
      { claims: { jti: secret, htu: secret, htm: secret } },
    );
    const { body, log } = await checked({ headers });
    expect(body + log.text()).not.toContain(secret);
    for (const part of Object.values(headers).flatMap((text) => text.split(/[ .]/).slice(1)))
      expect(body + log.text()).not.toContain(part);
  });

  test('refuses an address that checks too often, before it checks', async () => {
    const verify = vi.fn(async () => Promise.reject(new TokenRefused('expired')));
    const { statusCode, headers } = await checked({}, { budgets: memoryBudgets(0), verify });
    expect([statusCode, headers?.['retry-after'], verify.mock.calls.length]).toEqual([429, '7', 0]);
  });

  test('checks nothing if it cannot count, or if the issuer, the table or the hub does not answer', async () => {
    const headers = await headersWith(await tokenOf());
    const spend = async () => Promise.reject(new Error('slow'));
    const status = async (changed: Partial<CheckTokenDeps>) => (await checked({ headers }, changed)).statusCode;
    expect(await status({ budgets: { spend } })).toBe(503);
    expect(await status({ verify: async () => Promise.reject(new IssuerUnreachable('down')) })).toBe(503);
    expect(await status({ wasUsed: async () => Promise.reject(new Unavailable('slow')) })).toBe(503);
    expect(await status({ directory: async () => Promise.reject(new HubClosed(undefined)) })).toBe(503);
  });
});

test('every fault of a token says what to do', () => {
  for (const code of codesOf(tokenFaults))
    expect([code, tokenFaults[code].split('. ').length > 1]).toEqual([code, true]);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
])('counts %s as the network %s', (address, network) => expect(networkOf(address)).toBe(network));
