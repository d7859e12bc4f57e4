import { array, type Arbitrary, constantFrom, dictionary, double, nat, oneof, record } from 'fast-check';
import { functionEnvironment } from '../support/function-environment.ts';
import { startEmbeddedAws } from '../support/embedded-aws.ts';
import { authorizerRequest } from '../support/requests.ts';
import { type Claims, kidOf, newKeyPair, proofOf, seconds, sign, startIssuer } from '../support/tokens.ts';
import { check, checkPrototypes } from './checks.ts';
import { word } from './inputs.ts';
import { watchLog } from './log.ts';

/** The authorizer with changed tokens and proofs, validly signed and not. */

export interface Credentials {
  readonly scheme: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
  readonly proofClaims: Readonly<Record<string, unknown>>;
  readonly proofHeader: Readonly<Record<string, unknown>>;
  /** Where characters of token and proof are changed, as shares of the whole, and into which. */
  readonly damage: readonly { readonly at: number; readonly of: 'token' | 'proof'; readonly into: string }[];
  readonly path: string;
  readonly turn: number;
}

const value: Arbitrary<unknown> = oneof(
  word,
  constantFrom<unknown>(null, true, 0, -1, 1e308, [], {}, [[]], { jkt: 1 }, ['luftbro'], ['luftbro', 'other'], 9e15),
);
const some = (...names: readonly string[]) =>
  oneof(
    { weight: 3, arbitrary: constantFrom<Record<string, unknown>>({}) },
    { weight: 1, arbitrary: dictionary(constantFrom(...names), value, { maxKeys: 2, noNullPrototype: true }) },
  );

const mostly = (usual: string, ...others: readonly string[]): Arbitrary<string> =>
  oneof({ weight: 4, arbitrary: constantFrom(usual) }, { weight: 1, arbitrary: constantFrom(...others) });

export const credentials: Arbitrary<Credentials> = record({
  scheme: mostly('DPoP', 'dpop', 'Bearer', 'Basic', '', 'DPoP,DPoP'),
  claims: some(
    'iss',
    'aud',
    'exp',
    'nbf',
    'iat',
    'cnf',
    'scope',
    'client_id',
    'helseid://claims/client/claims/orgnr_parent',
    '__proto__',
  ),
  header: some('typ', 'alg', 'kid', 'crit', 'b64', 'jwk', 'jku', 'x5u', 'zip'),
  proofClaims: some('jti', 'htm', 'htu', 'iat', 'ath', 'nonce', 'exp', 'nbf'),
  proofHeader: some('typ', 'jwk', 'crit', 'kid', 'b64'),
  damage: oneof(
    { weight: 2, arbitrary: constantFrom<Credentials['damage']>([]) },
    {
      weight: 1,
      arbitrary: array(
        record({ at: double({ min: 0, max: 1, noNaN: true }), of: constantFrom('token', 'proof'), into: word }),
        { maxLength: 3 },
      ),
    },
  ),
  path: mostly('/fhir/Task', '/fhir/%2e%2e', '/fhir/%zz', '/live/fhir/Task', '/', '/fhir/Task/', '//fhir//Task'),
  turn: nat(2_000_000_000),
});

export interface Authorizer {
  readonly authorize: (shown: Credentials) => Promise<'accepted' | 'refused'>;
  readonly close: () => Promise<void>;
}

export const openAuthorizer = async (): Promise<Authorizer> => {
  const aws = await startEmbeddedAws();
  const [issuerKey, clientKey] = [await newKeyPair(), await newKeyPair()];
  const issuer = await startIssuer(issuerKey);
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    TOKEN_ISSUER: issuer.url,
    BUDGET_MESSAGES: '250',
    BUDGET_REQUESTS: '300',
  });
  const { handler } = await import('../../functions/authorize/lambda.ts');

  const log = watchLog();

  const signed = async (make: () => Promise<string>): Promise<string> => {
    try {
      return await make();
    } catch {
      // It cannot be signed: sent unsigned.
      return 'e30.e30.e30';
    }
  };
  const broken = (text: string, of: 'token' | 'proof', { damage }: Credentials): string =>
    damage
      .filter((one) => one.of === of)
      .reduce((sofar, { at, into }) => {
        const place = Math.floor(at * sofar.length);
        return sofar.slice(0, place) + into.slice(0, 100) + sofar.slice(place + 1);
      }, text);

  const authorize: Authorizer['authorize'] = async (given) => {
    const claims: Claims = {
      iss: issuer.url,
      aud: 'luftbro',
      exp: seconds() + 600,
      client_id: 'fuzz',
      scope: ['luftbro/read'],
      'helseid://claims/client/claims/orgnr_parent': '311000012',
      cnf: { jkt: clientKey.thumbprint },
      ...given.claims,
    };
    const token = await signed(() =>
      sign(issuerKey, { typ: 'at+jwt', kid: kidOf(issuerKey), ...given.header }, claims),
    );
    const sent = broken(token, 'token', given);
    const proof = await signed(() =>
      proofOf(clientKey, {
        method: 'GET',
        url: 'https://hub.example/fhir/Task',
        token: sent,
        claims: given.proofClaims,
        header: given.proofHeader,
      }),
    );
    const rawHeaders = ['Authorization', `${given.scheme} ${sent}`, 'DPoP', broken(proof, 'proof', given)];
    const request = authorizerRequest('GET', given.path, rawHeaders);
    try {
      const { context } = await handler(request);
      check(/^\d{9}$/.test(String(context?.['parent'])), 'accepted for an invalid organisation number');
      return 'accepted';
    } catch (error) {
      check(error instanceof Error && error.message === 'Unauthorized', `not refused but failed: ${String(error)}`);
      return 'refused';
    } finally {
      checkPrototypes();
      const logged = log.taken();
      const parts = `${sent}.${proof}`.split('.').filter((part) => part.length > 20);
      check(!parts.some((part) => logged.includes(part)), `the log shows a token or a proof: ${logged.slice(0, 500)}`);
    }
  };
  return {
    authorize,
    close: async () => {
      log.stop();
      await issuer.close();
      await aws.close();
    },
  };
};
