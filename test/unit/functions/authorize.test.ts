import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { IssuerUnreachable } from '../../../adapters/tokens/issuer-keys.ts';
import { TokenRefused } from '../../../adapters/tokens/refused.ts';
import type { AccessToken } from '../../../adapters/tokens/access-token.ts';
import { type AuthorizeDeps, createHandler } from '../../../functions/authorize/handler.ts';
import { Unavailable } from '../../../core/mission/errors.ts';
import { memoryBudgets } from '../../memory/handler-ports.ts';
import { manualClock } from '../../memory/clock.ts';
import { captureLog } from '../../support/captured-log.ts';
import { authorizerRequest } from '../../support/requests.ts';
import { type KeyPair, newKeyPair, proofOf } from '../../support/tokens.ts';

const claims: AccessToken = { parent: '100000001', client: 'amk', scope: 'read', supplier: '100000093' };
const path = '/live/fhir/Task';
const url = 'https://hub.example/fhir/Task';
const bearer = ['Authorization', 'Bearer good'];

let key: KeyPair;

beforeAll(async () => {
  key = await newKeyPair();
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Ports on which every token is good, and says what is given. */
const portsOf = (token: Partial<AccessToken> = {}, changed: Partial<AuthorizeDeps> = {}): AuthorizeDeps => {
  const used = new Set<string>();
  const clock = manualClock();
  return {
    now: () => clock.now(),
    base: 'https://hub.example/fhir',
    otherBases: [],
    audience: 'luftbro',
    bindingRequired: false,
    proofWindow: { back: 60, ahead: 10 },
    verify: async () => ({ ...claims, ...token }),
    proofs: {
      use: async (digest) => {
        const isFirst = !used.has(digest);
        used.add(digest);
        return isFirst;
      },
    },
    budgets: memoryBudgets(),
    ...changed,
  };
};

const get = (headers: readonly string[] = bearer) => authorizerRequest('GET', path, headers);

const withProof = async ({ iat = 0, token = 'good', method = 'GET' } = {}): Promise<readonly string[]> => {
  const issuedAt = Date.parse('2026-02-01T11:00:00.000Z') / 1000 + iat;
  return ['Authorization', 'DPoP good', 'DPoP', await proofOf(key, { method, url, token, claims: { iat: issuedAt } })];
};

/** Calls the authorizer; the check that a token does not pass, as the log has it. */
const refusedBy = async (ports: AuthorizeDeps, headers: readonly string[]): Promise<unknown> => {
  const log = captureLog();
  await expect(createHandler(ports)(get(headers))).rejects.toThrow(/^Unauthorized$/);
  return log.line('LB-601')?.['why'];
};

describe('authorize', () => {
  test('lets a good token in, to the whole API, and passes its claims on', async () => {
    captureLog();
    const allowed = await createHandler(portsOf())(get());
    expect(allowed).toEqual({
      principalId: '100000001',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'execute-api:Invoke',
            Resource: expect.stringMatching(/^arn:aws:execute-api:.+\/live\/\*$/),
          },
        ],
      },
      context: { ...claims, audience: 'luftbro' },
    });
  });

  test.each([
    ['no header', []],
    ['two headers', [...bearer, ...bearer]],
    ['another scheme', ['Authorization', 'Basic good']],
    ['no token', ['Authorization', 'Bearer']],
  ])('refuses a request with %s', async (_what, headers) =>
    expect(await refusedBy(portsOf(), headers)).toBe('malformed-header'),
  );

  test('refuses what the verifier refuses, and names only the check in the log', async () => {
    const verify = async () => Promise.reject(new TokenRefused('expired'));
    expect(await refusedBy(portsOf({}, { verify }), bearer)).toBe('expired');
  });

  test('refuses a token that is not bound where binding is required', async () =>
    expect(await refusedBy(portsOf({}, { bindingRequired: true }), bearer)).toBe('not-bound'));

  test('refuses a bound token without its proof', async () =>
    expect(await refusedBy(portsOf({ thumbprint: key.thumbprint }), bearer)).toBe('no-proof'));

  test('lets a bound token in with its proof', async () => {
    captureLog();
    const ports = portsOf({ thumbprint: key.thumbprint }, { bindingRequired: true });
    const { context } = await createHandler(ports)(get(await withProof()));
    expect(context).not.toHaveProperty('thumbprint');
  });

  test.each([
    ['for another method', { method: 'POST' }, 'wrong-method'],
    ['for another token', { token: 'other' }, 'other-token'],
    ['that is older than the window', { iat: -61 }, 'stale-proof'],
    ['that is from after the window', { iat: 11 }, 'future-proof'],
  ])('refuses a proof %s', async (_what, proof, why) =>
    expect(await refusedBy(portsOf({ thumbprint: key.thumbprint }), await withProof(proof))).toBe(why),
  );

  test('refuses a proof that was used, and does not count it against the client', async () => {
    const log = captureLog();
    const budgets = memoryBudgets(2);
    const handler = createHandler(portsOf({ thumbprint: key.thumbprint }, { budgets }));
    const headers = await withProof();
    await handler(get(headers));
    await expect(handler(get(headers))).rejects.toThrow(/^Unauthorized$/);
    expect(log.line('LB-601')).toMatchObject({ why: 'replayed' });
    expect((await handler(get(await withProof()))).context).not.toHaveProperty('limited');
  });

  test('remembers a used proof for a minute after it can be valid', async () => {
    captureLog();
    const use = vi.fn(async () => true);
    await createHandler(portsOf({ thumbprint: key.thumbprint }, { proofs: { use } }))(get(await withProof()));
    expect(use).toHaveBeenCalledWith(expect.any(String), Date.parse('2026-02-01T11:02:00.000Z') / 1000);
  });

  test('lets a request over the limit in, with the seconds to wait, for the function to refuse', async () => {
    const log = captureLog();
    const handler = createHandler(portsOf({}, { budgets: memoryBudgets(1) }));
    await handler(get());
    expect((await handler(get())).context).toMatchObject({ limited: '7' });
    expect(log.line('LB-603')).toMatchObject({ sender: '100000001', client: 'amk', budget: 'requests', most: 1 });
  });

  test('counts messages apart from other requests', async () => {
    captureLog();
    const handler = createHandler(portsOf({}, { budgets: memoryBudgets(1) }));
    await handler(get());
    const message = authorizerRequest('POST', '/live/fhir/$process-message', bearer);
    expect((await handler(message)).context).not.toHaveProperty('limited');
  });

  test('counts the check of a message as another request', async () => {
    captureLog();
    const handler = createHandler(portsOf({}, { budgets: memoryBudgets(1) }));
    await handler(get());
    const check = authorizerRequest('POST', '/live/fhir/$validate', bearer);
    expect((await handler(check)).context).toHaveProperty('limited');
  });

  test('lets a request in that cannot be counted', async () => {
    const log = captureLog();
    const spend = async () => Promise.reject(new Error('throttled'));
    await createHandler(portsOf({}, { budgets: { spend } }))(get());
    expect(log.line('LB-604')).toMatchObject({ error: 'Error' });
  });

  test.each([
    ['the issuer cannot be reached', { verify: async () => Promise.reject(new IssuerUnreachable('Kari')) }, 'LB-602'],
    ['storage cannot be reached', { proofs: { use: async () => Promise.reject(new Unavailable('Kari')) } }, 'LB-901'],
    ['something unexpected happens', { verify: async () => Promise.reject(new TypeError('Kari')) }, 'LB-999'],
  ])('answers no 401 if %s, and says nothing of the error', async (_what, changed, code) => {
    const log = captureLog();
    const handler = createHandler(portsOf({ thumbprint: key.thumbprint }, changed));
    const headers = await withProof();
    await expect(handler(get(headers))).rejects.toThrow(/^See the log of the function/);
    expect(log.codes()).toEqual([code]);
    expect(log.text()).not.toMatch(/Kari|good/);
  });
});

describe('a hub with entrances of other names', () => {
  const endpoint = 'api1-vpce-0123456789abcdef0.execute-api.eu-north-1.amazonaws.com';
  const other = 'api1-vpce-0fedcba9876543210.execute-api.eu-north-1.amazonaws.com';
  const otherBases = [endpoint, other].map((name) => `https://${name}/live/fhir`);

  /** A request that API Gateway got by a name, with a proof for an address. */
  const called = async (domainName: string, htu: string) => {
    const issuedAt = Date.parse('2026-02-01T11:00:00.000Z') / 1000;
    const proof = await proofOf(key, { method: 'GET', url: htu, token: 'good', claims: { iat: issuedAt } });
    const request = get(['Authorization', 'DPoP good', 'DPoP', proof]);
    return { ...request, requestContext: { ...request.requestContext, domainName } };
  };
  const ports = () => portsOf({ thumbprint: key.thumbprint }, { otherBases });

  test.each([
    ['by the name of the entrance', endpoint, `https://${endpoint}/live/fhir/Task`],
    ['by its name in capitals', endpoint.toUpperCase(), `https://${endpoint}/live/fhir/Task`],
    ['by the public name, behind a proxy', endpoint, url],
    ['by the public name', 'hub.example', url],
  ])('accepts a proof for the address that was called: %s', async (_way, domainName, htu) => {
    captureLog();
    await expect(createHandler(ports())(await called(domainName, htu))).resolves.toMatchObject({
      principalId: claims.parent,
    });
  });

  test.each([
    ['another entrance', endpoint, `https://${other}/live/fhir/Task`],
    ['an entrance that was not used', 'hub.example', `https://${endpoint}/live/fhir/Task`],
    [
      'a name that is not in the settings, as a Host header can be',
      'evil.example',
      'https://evil.example/live/fhir/Task',
    ],
    ['another address of the entrance', endpoint, `https://${endpoint}/live/fhir/ServiceRequest`],
    ['the entrance without its stage', endpoint, `https://${endpoint}/fhir/Task`],
  ])('refuses a proof for %s', async (_what, domainName, htu) => {
    const log = captureLog();
    await expect(createHandler(ports())(await called(domainName, htu))).rejects.toThrow(/^Unauthorized$/);
    expect(log.line('LB-601')).toMatchObject({ why: 'wrong-address' });
  });
});
