import { createPublicKey, randomUUID } from 'node:crypto';
import { ScanCommand } from '../../adapters/dynamodb/commands.ts';
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../support/embedded-aws.ts';
import { authorizerRequest } from '../support/requests.ts';
import {
  type Claims,
  type KeyPair,
  kidOf,
  type LoopbackIssuer,
  newKeyPair,
  proofOf,
  seconds,
  sign,
  signWithSecret,
  startIssuer,
  unsigned,
} from '../support/tokens.ts';

/** The authorizer function, with an issuer on loopback and the table of the stack. */

const base = 'https://hub.example/fhir';
const audience = 'luftbro';
const parent = '311000012';

let aws: EmbeddedAws;
let issuer: LoopbackIssuer;
let issuerKey: KeyPair;
let unknownKey: KeyPair;
let clientKey: KeyPair;
let strict: Handler;
let lenient: Handler;

type Handler = (event: APIGatewayRequestAuthorizerEvent) => Promise<APIGatewayAuthorizerResult>;

/** A new instance of the function with its environment. */
const load = async (environment: Readonly<Record<string, string>> = {}): Promise<Handler> => {
  const settings = {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    PUBLIC_URL: base,
    TOKEN_ISSUER: issuer.url,
    TOKEN_AUDIENCE: audience,
    ...environment,
  };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  vi.resetModules();
  const { handler } = await import('../../functions/authorize/lambda.ts');
  return handler;
};

beforeAll(async () => {
  // The clock is fixed: a slow machine must not move a time across the limit of a window.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  aws = await startEmbeddedAws();
  [issuerKey, unknownKey, clientKey] = [await newKeyPair('RS256'), await newKeyPair('RS256'), await newKeyPair()];
  issuer = await startIssuer(issuerKey);
  strict = await load();
  lenient = await load({ TOKEN_BINDING: 'optional' });
});

afterAll(async () => {
  await issuer.close();
  await aws.close();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

type Headers = readonly (readonly [name: string, value: string])[];

const requestTo = (method: string, path: string, headers: Headers): APIGatewayRequestAuthorizerEvent =>
  authorizerRequest(method, path, headers.flat());

const get = (...headers: Headers): APIGatewayRequestAuthorizerEvent => requestTo('GET', '/fhir/Task', headers);

const claims = (more: Claims = {}): Claims => ({
  iss: issuer.url,
  aud: audience,
  iat: seconds(),
  nbf: seconds(),
  exp: seconds() + 600,
  client_id: 'e7b8a6a1',
  scope: ['luftbro/read', 'luftbro/request.send', 'luftbro/everything', 'other/subscribe', 'read'],
  'helseid://claims/client/claims/orgnr_parent': parent,
  ...more,
});
const header = () => ({ typ: 'at+jwt', kid: kidOf(issuerKey) });

const tokenWith = (more: Claims = {}, moreHeader: Claims = {}): Promise<string> =>
  sign(issuerKey, { ...header(), ...moreHeader }, claims(more));
const boundToken = (more: Claims = {}): Promise<string> => tokenWith({ cnf: { jkt: clientKey.thumbprint }, ...more });

const bearer = (token: string) => get(['Authorization', `Bearer ${token}`]);
const withProof = (token: string, proof: string) => get(['Authorization', `DPoP ${token}`], ['DPoP', proof]);

const task = { method: 'GET', url: `${base}/Task` };

const isAccepted = async (answer: Promise<APIGatewayAuthorizerResult>) =>
  expect(await answer).toMatchObject({ principalId: parent, policyDocument: { Statement: [{ Effect: 'Allow' }] } });
/** API Gateway answers 401 to this and to nothing else. */
const isRefused = (answer: Promise<APIGatewayAuthorizerResult>, fault: string) =>
  expect(answer).rejects.toMatchObject({ message: 'Unauthorized', cause: { name: 'TokenRefused', fault } });
const isUndecided = async (answer: Promise<APIGatewayAuthorizerResult>) => {
  const error: unknown = await answer.then(
    () => 'accepted',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toMatchObject({ message: 'Unauthorized' });
};

describe('a bearer token, where tokens need not be bound', () => {
  test('gives the functions the caller and its scopes of the hub', async () => {
    const token = await tokenWith({
      'helseid://claims/client/claims/orgnr_child': '311000020',
      'helseid://claims/client/claims/orgnr_supplier': '317000014',
    });
    expect(await lenient(bearer(token))).toEqual({
      principalId: '311000020',
      policyDocument: expect.anything(),
      context: {
        parent,
        child: '311000020',
        supplier: '317000014',
        client: 'e7b8a6a1',
        audience,
        scope: 'read request.send',
      },
    });
  });

  test.each(['01018612345', 'Kari Nordmann', 'kari@partner.example', 'x'.repeat(200), 7])(
    'gives no client id that could identify a person, as %s',
    async (client_id) => {
      const { context } = await lenient(bearer(await tokenWith({ client_id })));
      expect(context).toMatchObject({ client: 'unknown' });
    },
  );

  test('may give its scopes as one string', async () => {
    const { context } = await lenient(bearer(await tokenWith({ scope: 'luftbro/subscribe luftbro/read' })));
    expect(context).toMatchObject({ scope: 'subscribe read' });
  });

  test.each(['JWT', 'jwt', 'AT+JWT', 'application/at+jwt'])('may be of type %s', async (typ) =>
    isAccepted(lenient(bearer(await tokenWith({}, { typ })))),
  );

  test('may be signed by any of the issuer’s algorithms', async () => {
    const other = await newKeyPair('ES384');
    issuer.publish(issuerKey, other);
    const fresh = await load({ TOKEN_BINDING: 'optional' });
    await isAccepted(fresh(bearer(await sign(other, { typ: 'JWT', kid: kidOf(other) }, claims()))));
  });

  test.each<[what: string, fault: string, token: () => Promise<string> | string]>([
    ['that is no JWT', 'malformed', () => 'abc'],
    ['of the wrong number of parts', 'malformed', async () => `${await tokenWith()}.x.y`],
    ['without signature (alg none)', 'wrong-algorithm', () => unsigned({ ...header(), alg: 'none' }, claims())],
    ['without signature (alg NONE)', 'wrong-algorithm', () => unsigned({ ...header(), alg: 'NONE' }, claims())],
    [
      'signed with the public key as shared secret, as PEM',
      'wrong-algorithm',
      () => {
        const pem = createPublicKey({ key: { ...issuerKey.publicKey }, format: 'jwk' }).export({
          type: 'spki',
          format: 'pem',
        });
        return signWithSecret(String(pem), { ...header(), alg: 'HS256' }, claims());
      },
    ],
    [
      'signed with the public key as shared secret, as JWK',
      'wrong-algorithm',
      () => signWithSecret(JSON.stringify(issuerKey.publicKey), { ...header(), alg: 'HS256' }, claims()),
    ],
    ['by an unknown key under the id of the issuer’s', 'wrong-signature', () => sign(unknownKey, header(), claims())],
    [
      'by an unknown key in its own header',
      'wrong-signature',
      () => sign(unknownKey, { ...header(), jwk: unknownKey.publicKey }, claims()),
    ],
    [
      'by a key that the issuer has not published',
      'wrong-key',
      () => sign(unknownKey, { ...header(), kid: 'unknown' }, claims()),
    ],
    ['of another issuer', 'wrong-issuer', () => tokenWith({ iss: 'https://issuer.example' })],
    ['of no issuer', 'wrong-issuer', () => tokenWith({ iss: undefined })],
    ['for another audience', 'wrong-audience', () => tokenWith({ aud: 'other' })],
    ['for no audience', 'wrong-audience', () => tokenWith({ aud: undefined })],
    ['for another audience besides', 'wrong-audience', () => tokenWith({ aud: [audience, 'other'] })],
    ['that has expired', 'expired', () => tokenWith({ exp: seconds() - 6 })],
    ['that never expires', 'missing-claim', () => tokenWith({ exp: undefined })],
    ['that is not yet valid', 'not-yet-valid', () => tokenWith({ nbf: seconds() + 60 })],
    ['that is an ID token', 'wrong-type', () => tokenWith({}, { typ: 'id+jwt' })],
    ['that is a proof', 'wrong-type', () => tokenWith({}, { typ: 'dpop+jwt' })],
    ['of no type', 'wrong-type', () => tokenWith({}, { typ: undefined })],
    [
      'without organisation',
      'no-organisation',
      () => tokenWith({ 'helseid://claims/client/claims/orgnr_parent': undefined }),
    ],
    [
      'with an invalid organisation number',
      'no-organisation',
      () => tokenWith({ 'helseid://claims/client/claims/orgnr_parent': '31100001' }),
    ],
    [
      'with several organisation numbers',
      'no-organisation',
      () => tokenWith({ 'helseid://claims/client/claims/orgnr_parent': [parent, '311000020'] }),
    ],
    [
      'with an invalid child organisation',
      'no-organisation',
      () => tokenWith({ 'helseid://claims/client/claims/orgnr_child': '' }),
    ],
    [
      'with an invalid supplier',
      'no-organisation',
      () => tokenWith({ 'helseid://claims/client/claims/orgnr_supplier': 'Journalsystem' }),
    ],
    ['that is bound to a key', 'no-proof', () => boundToken()],
    ['that is bound to a certificate', 'bound', () => tokenWith({ cnf: { 'x5t#S256': 'abc' } })],
    ['that is bound to something unknown', 'bound', () => tokenWith({ cnf: null })],
  ])('is refused: one %s', async (_what, fault, token) => isRefused(lenient(bearer(await token())), fault));

  test('is accepted within a few seconds of its times', async () => {
    await isAccepted(lenient(bearer(await tokenWith({ exp: seconds() - 2 }))));
    await isAccepted(lenient(bearer(await tokenWith({ nbf: seconds() + 2 }))));
  });

  test('is refused beside another token', async () => {
    const token = `Bearer ${await tokenWith()}`;
    await isRefused(lenient(get(['Authorization', token], ['authorization', token])), 'malformed-header');
    await isRefused(lenient(get(['Authorization', token], ['Authorization', token])), 'malformed-header');
    await isRefused(lenient(get(['Authorization', `${token}, ${token}`])), 'malformed-header');
  });

  test('is neither accepted nor refused without keys of the issuer; kept keys remain in use', async () => {
    const fresh = await load({ TOKEN_BINDING: 'optional' });
    issuer.down(true);
    await isUndecided(fresh(bearer(await tokenWith())));
    await isAccepted(lenient(bearer(await tokenWith())));
    issuer.down(false);
  });
});

describe('a bearer token, where tokens must be bound', () => {
  test('is refused', async () => isRefused(strict(bearer(await tokenWith())), 'not-bound'));

  test('does not start with another value of the setting', async () => {
    await expect(load({ TOKEN_BINDING: 'Optional' })).rejects.toThrow(/TOKEN_BINDING is not usable/);
  });
});

describe('a token that is bound to a key', () => {
  test('is accepted with a proof, whether binding is required or optional', async () => {
    const token = await boundToken();
    for (const handler of [strict, lenient])
      await isAccepted(handler(withProof(token, await proofOf(clientKey, { ...task, token }))));
  });

  test('is accepted for many requests, each with a proof of its own', async () => {
    const token = await boundToken();
    for (let index = 0; index < 3; index += 1)
      await isAccepted(strict(withProof(token, await proofOf(clientKey, { ...task, token }))));
  });

  test.each<
    [what: string, fault: string, changed: () => { claims?: Claims; header?: Claims; method?: string; url?: string }]
  >([
    ['for another method', 'wrong-method', () => ({ method: 'POST' })],
    ['for the method in small letters', 'wrong-method', () => ({ method: 'get' })],
    ['for another path', 'wrong-address', () => ({ url: `${base}/Location` })],
    ['for another host', 'wrong-address', () => ({ url: 'https://evil.example/fhir/Task' })],
    ['for another scheme', 'wrong-address', () => ({ url: 'http://hub.example/fhir/Task' })],
    ['for the base URL', 'wrong-address', () => ({ url: base })],
    ['without URL', 'wrong-address', () => ({ claims: { htu: undefined } })],
    ['without method', 'wrong-method', () => ({ claims: { htm: undefined } })],
    ['that is stale', 'stale-proof', () => ({ claims: { iat: seconds() - 62 } })],
    ['from the future', 'future-proof', () => ({ claims: { iat: seconds() + 15 } })],
    ['of no time', 'missing-claim', () => ({ claims: { iat: undefined } })],
    ['with its time as text', 'missing-claim', () => ({ claims: { iat: String(seconds()) } })],
    ['without jti', 'missing-claim', () => ({ claims: { jti: undefined } })],
    ['with an empty jti', 'missing-claim', () => ({ claims: { jti: '' } })],
    ['with a jti that is no text', 'missing-claim', () => ({ claims: { jti: 5 } })],
    ['for another token', 'other-token', () => ({ claims: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } })],
    ['for no token', 'other-token', () => ({ claims: { ath: undefined } })],
    ['that is no proof by its type', 'wrong-type', () => ({ header: { typ: 'JWT' } })],
    ['without key', 'wrong-key', () => ({ header: { jwk: undefined } })],
    ['with an invalid key', 'malformed', () => ({ header: { jwk: { kty: 'EC' } } })],
    ['with a key as text', 'wrong-key', () => ({ header: { jwk: 'key' } })],
    ['with another client’s key', 'wrong-signature', () => ({ header: { jwk: unknownEc } })],
    ['that has expired itself', 'expired', () => ({ claims: { exp: seconds() - 60 } })],
  ])('is refused with a proof %s', async (_what, fault, changed) => {
    const token = await boundToken();
    await isRefused(strict(withProof(token, await proofOf(clientKey, { ...task, token, ...changed() }))), fault);
  });

  let unknownEc: unknown;
  beforeAll(async () => {
    unknownEc = (await newKeyPair()).publicKey;
  });

  test('is refused with a proof by another key', async () => {
    const token = await boundToken();
    const other = await newKeyPair();
    await isRefused(strict(withProof(token, await proofOf(other, { ...task, token }))), 'other-key');
  });

  test('is refused with a proof that contains a private key', async () => {
    const token = await boundToken();
    const jwk = await exportJWK(clientKey.privateKey);
    const proof = await proofOf(clientKey, { ...task, token, header: { jwk } });
    await isRefused(strict(withProof(token, proof)), 'private-key-in-proof');
  });

  test.each(['none', 'HS256'])('is refused with a proof by %s', async (alg) => {
    const token = await boundToken();
    const secret = Buffer.from('secret').toString('base64url');
    const proofHeader = { typ: 'dpop+jwt', alg, jwk: { kty: 'oct', k: secret } };
    const proofClaims = { jti: randomUUID(), htm: 'GET', htu: task.url, iat: seconds() };
    const proof =
      alg === 'none' ? unsigned(proofHeader, proofClaims) : signWithSecret('secret', proofHeader, proofClaims);
    await isRefused(strict(withProof(token, proof)), 'wrong-algorithm');
  });

  test('is refused with an asymmetric key that HelseID does not support (Ed25519)', async () => {
    const ed = await newKeyPair('EdDSA');
    const token = await tokenWith({ cnf: { jkt: ed.thumbprint } });
    await isRefused(strict(withProof(token, await proofOf(ed, { ...task, token }))), 'wrong-algorithm');
  });

  test('is refused without proof', async () =>
    isRefused(strict(get(['Authorization', `DPoP ${await boundToken()}`])), 'no-proof'));

  test('is refused with two proofs, also if both are valid', async () => {
    const token = await boundToken();
    const [one, other] = [await proofOf(clientKey, { ...task, token }), await proofOf(clientKey, { ...task, token })];
    const authorization = ['Authorization', `DPoP ${token}`] as const;
    await isRefused(strict(get(authorization, ['DPoP', one], ['DPoP', other])), 'several-proofs');
    await isRefused(strict(get(authorization, ['DPoP', one], ['dpop', other])), 'several-proofs');
    await isRefused(strict(get(authorization, ['DPoP', `${one}, ${other}`])), 'malformed');
  });

  test('is refused as a bearer token, also with a proof', async () => {
    const token = await boundToken();
    const proof = await proofOf(clientKey, { ...task, token });
    for (const handler of [strict, lenient])
      await isRefused(handler(get(['Authorization', `Bearer ${token}`], ['DPoP', proof])), 'no-proof');
  });

  test('is refused under the DPoP scheme if it is not bound', async () => {
    const token = await tokenWith();
    for (const handler of [strict, lenient])
      await isRefused(handler(withProof(token, await proofOf(clientKey, { ...task, token }))), 'not-bound');
  });

  test('is refused once it has expired', async () => {
    const token = await boundToken({ exp: seconds() - 60 });
    await isRefused(strict(withProof(token, await proofOf(clientKey, { ...task, token }))), 'expired');
  });

  test.each([
    ['with $', '/fhir/$process-message', '/$process-message'],
    ['with $ escaped by the caller only', '/fhir/$process-message', '/%24process-message'],
    ['with $ escaped in both', '/fhir/%24process-message', '/%24process-message'],
    ['with a query in the proof', '/fhir/Task', '/Task?owner=1#x'],
    ['with the base path of a domain name', '/mapped/fhir/Task', '/Task'],
    ['with a slash at its end', '/fhir/Task/', '/Task/'],
  ])('is accepted for a path %s', async (_how, path, proven) => {
    const token = await boundToken();
    const proof = await proofOf(clientKey, { method: 'GET', url: `${base}${proven}`, token });
    await isAccepted(
      strict(
        requestTo('GET', path, [
          ['Authorization', `DPoP ${token}`],
          ['DPoP', proof],
        ]),
      ),
    );
  });

  test('is refused with a proof without URL for a path that cannot be decoded', async () => {
    const token = await boundToken();
    const proof = await proofOf(clientKey, { ...task, token, claims: { htu: undefined } });
    const headers = [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proof],
    ] as const;
    await isRefused(strict(requestTo('GET', '/fhir/%zz', headers)), 'wrong-address');
  });

  test('is accepted with a proof just inside the window, as wide as it is set', async () => {
    const token = await boundToken();
    const at = async (iat: number): Promise<string> => proofOf(clientKey, { ...task, token, claims: { iat } });
    await isAccepted(strict(withProof(token, await at(seconds() - 50))));
    await isAccepted(strict(withProof(token, await at(seconds() + 8))));
    const wide = await load({ PROOF_SECONDS_BACK: '300', PROOF_SECONDS_AHEAD: '60' });
    await isAccepted(wide(withProof(token, await at(seconds() - 290))));
    await isAccepted(wide(withProof(token, await at(seconds() + 50))));
  });

  test('does not start with a window that is no number', async () => {
    await expect(load({ PROOF_SECONDS_BACK: 'long' })).rejects.toThrow(/PROOF_SECONDS_BACK is not usable/);
  });
});

describe('a proof', () => {
  test('is accepted once, across instances', async () => {
    const token = await boundToken();
    const proof = await proofOf(clientKey, { ...task, token });
    await isAccepted(strict(withProof(token, proof)));
    await isRefused(strict(withProof(token, proof)), 'replayed');
    await isRefused((await load())(withProof(token, proof)), 'replayed');
  });

  test('is accepted once among many requests at the same time', async () => {
    const token = await boundToken();
    const proof = await proofOf(clientKey, { ...task, token });
    const answers = await Promise.allSettled(
      [strict, lenient, strict, lenient, strict, lenient].map((handler) => handler(withProof(token, proof))),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ cause: { fault: 'replayed' } });
  });

  test('is used up by its jti, also for another request', async () => {
    const token = await boundToken();
    const jti = randomUUID();
    await isAccepted(strict(withProof(token, await proofOf(clientKey, { ...task, token, claims: { jti } }))));
    const again = await proofOf(clientKey, { ...task, token, claims: { jti, iat: seconds() - 1 } });
    await isRefused(strict(withProof(token, again)), 'replayed');
  });

  test('is not used up by a request that is refused', async () => {
    const token = await boundToken();
    const proof = await proofOf(clientKey, { ...task, token });
    await isRefused(strict(withProof(await boundToken({ jti: 'other' }), proof)), 'other-token');
    await isAccepted(strict(withProof(token, proof)));
  });

  test('is stored as a digest until it would be stale', async () => {
    const token = await boundToken();
    const jti = randomUUID();
    const issued = seconds() - 5;
    await isAccepted(
      strict(withProof(token, await proofOf(clientKey, { ...task, token, claims: { jti, iat: issued } }))),
    );
    const { Items } = await openTable(aws.tableName).client.send(new ScanCommand({ TableName: aws.tableName }));
    const kept = Items.filter(({ pk }) => String(pk).startsWith('PROOF#'));
    expect(kept.map(({ pk }) => pk)).toEqual(kept.map(() => expect.stringMatching(/^PROOF#[0-9a-f]{64}$/)));
    expect(JSON.stringify(Items)).not.toContain(jti);
    expect(kept.map(({ expiresAt }) => expiresAt)).toContain(issued + 60 + 60);
  });

  test('is neither accepted nor refused while its use cannot be checked', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://127.0.0.1:9');
    const cutOff = await load();
    const token = await boundToken();
    await isUndecided(cutOff(withProof(token, await proofOf(clientKey, { ...task, token }))));
  });
});

describe('the rate limit of a client', () => {
  const few = { BUDGET_SECONDS: '300', BUDGET_MESSAGES: '2', BUDGET_REQUESTS: '1', TOKEN_BINDING: 'optional' };
  const limitedOf = async (answer: Promise<APIGatewayAuthorizerResult>): Promise<unknown> =>
    (await answer).context?.['limited'];
  const isWait = expect.stringMatching(/^([1-9]|[1-9]\d|[12]\d\d|300)$/);
  let counting: Handler;

  beforeAll(async () => {
    // In the middle of a window.
    vi.setSystemTime(Math.floor(Date.now() / 300_000) * 300_000 + 150_000);
    vi.unstubAllEnvs();
    counting = await load(few);
  });

  test('is passed to the functions when exceeded; the request is let in, so that they can answer 429', async () => {
    const token = await tokenWith({ client_id: 'busy' });
    expect(await limitedOf(counting(bearer(token)))).toBeUndefined();
    expect(await limitedOf(counting(bearer(token)))).toEqual(isWait);
    await isAccepted(counting(bearer(token)));
  });

  test('is separate for messages', async () => {
    const token = await tokenWith({ client_id: 'sending' });
    const message = { ...bearer(token), httpMethod: 'POST', resource: '/fhir/{type}' };
    for (const limited of [undefined, undefined, isWait]) expect(await limitedOf(counting(message))).toEqual(limited);
    expect(await limitedOf(counting(bearer(token)))).toBeUndefined();
  });

  test('does not count requests with refused tokens and proofs, or replayed proofs', async () => {
    const token = await boundToken({ client_id: 'victim' });
    const proof = await proofOf(clientKey, { ...task, token });
    await isAccepted(counting(withProof(token, proof)));
    const fresh = await load({ ...few, BUDGET_REQUESTS: '2' });
    for (let index = 0; index < 5; index += 1) await isRefused(fresh(withProof(token, proof)), 'replayed');
    await isRefused(fresh(withProof(token, await proofOf(unknownKey, { ...task, token }))), 'other-key');
    await isRefused(fresh(bearer(`${await tokenWith({ client_id: 'victim' })}x`)), 'wrong-signature');
    expect(await limitedOf(fresh(withProof(token, await proofOf(clientKey, { ...task, token }))))).toBeUndefined();
    expect(await limitedOf(fresh(withProof(token, await proofOf(clientKey, { ...task, token }))))).toEqual(isWait);
  });

  test('refuses no request that cannot be counted', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://127.0.0.1:9');
    const cutOff = await load(few);
    const token = await tokenWith({ client_id: 'uncounted' });
    for (let index = 0; index < 3; index += 1) expect(await limitedOf(cutOff(bearer(token)))).toBeUndefined();
  });
});
