import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { RequestBudgets, Spent } from '../../adapters/dynamodb/rate-limits.ts';
import type { UsedProofs } from '../../adapters/used-proofs.ts';
import type { AccessToken } from '../../adapters/tokens/access-token.ts';
import type { Proof } from '../../adapters/tokens/proof.ts';
import { IssuerUnreachable } from '../../adapters/tokens/issuer-keys.ts';
import { TokenRefused } from '../../adapters/tokens/refused.ts';
import { Unavailable } from '../../core/mission/errors.ts';
import { correlationOf } from '../shared/http/correlation-id.ts';
import { checkProof, credentialsIn, type CredentialRules } from '../shared/http/credentials.ts';
import { basesOf, type Entrances } from '../shared/http/entrances.ts';
import { countRequest } from '../shared/http/rate-limit.ts';
import { redactedError } from '../shared/telemetry/error-boundary.ts';
import { kindOf, log, loggedAs } from '../shared/telemetry/log.ts';

export interface AuthorizeDeps extends CredentialRules, Entrances {
  /** Name of this API at the token issuer. */
  readonly audience: string;
  /** Throws `TokenRefused`, or another error if the issuer's keys are not known. */
  readonly verify: (token: string) => Promise<AccessToken>;
  readonly proofs: UsedProofs;
  readonly budgets: RequestBudgets<'messages' | 'requests'>;
}

/** Seconds for which a used proof is kept after the window in which it is valid: clocks differ. */
const keepSeconds = 60;

/** The URL that the client called, at a base URL. `path` may begin with the stage, or with the base path mapping of a domain name. */
const urlOf = ({ path, resource }: APIGatewayRequestAuthorizerEvent, base: string): string => {
  const steps = path.split('/');
  const slashes = path.endsWith('/') ? 1 : 0;
  const [, ...inside] = steps.slice(1 - resource.split('/').length - slashes);
  return [base, ...inside].join('/');
};

/** The rate limit that a request counts against: every POST to a type is a message, but for `$validate`, which stores nothing. */
const budgetOf = ({
  httpMethod,
  resource,
  pathParameters,
}: APIGatewayRequestAuthorizerEvent): 'messages' | 'requests' =>
  httpMethod === 'POST' && resource === '/fhir/{type}' && pathParameters?.['type'] !== '$validate'
    ? 'messages'
    : 'requests';

/** The log message for an error after which it is not known whether the token is good. */
const undecidedBecause = (error: unknown) => {
  if (error instanceof IssuerUnreachable) return 'ISSUER_UNREACHABLE';
  return error instanceof Unavailable ? 'STORAGE_UNAVAILABLE' : 'UNEXPECTED';
};

/** Every method of this API and stage: role and mission decide what a caller may do there, not the authorizer. */
const wholeApi = (methodArn: string): string => `${methodArn.split('/').slice(0, 2).join('/')}/*`;

/** Marks a proof as used and counts the request, in parallel. A replayed proof is not counted against its client. */
const useAndCount = async (
  request: APIGatewayRequestAuthorizerEvent,
  token: AccessToken,
  proof: Proof | undefined,
  { proofs, budgets, proofWindow }: AuthorizeDeps,
): Promise<Spent | undefined> => {
  const [isFirst, spent] = await Promise.all([
    proof === undefined || proofs.use(proof.digest, proof.issuedAt + proofWindow.back + keepSeconds),
    countRequest(budgets, token, budgetOf(request)),
  ]);
  if (isFirst) return spent;
  await spent?.giveBack().catch((error: unknown) => log('REQUEST_NOT_COUNTED', kindOf(error)));
  throw new TokenRefused('replayed');
};

const authenticate = async (
  request: APIGatewayRequestAuthorizerEvent,
  deps: AuthorizeDeps,
): Promise<{ readonly token: AccessToken; readonly spent: Spent | undefined }> => {
  const credentials = credentialsIn(request);
  const token = await deps.verify(credentials.token);
  const [base, ...otherBases] = basesOf(request, deps);
  const called = {
    method: request.httpMethod,
    url: urlOf(request, base),
    otherUrls: otherBases.map((other) => urlOf(request, other)),
  };
  const proof = await checkProof(request, credentials, token, called, deps);
  // Last: only a good proof is used up, and only a request with a good token is counted.
  return { token, spent: await useAndCount(request, token, proof, deps) };
};

/** The decision that lets a request in, with the claims of its token. */
const decide = async (
  request: APIGatewayRequestAuthorizerEvent,
  deps: AuthorizeDeps,
): Promise<APIGatewayAuthorizerResult> => {
  try {
    const {
      token: { thumbprint: _checked, ...claims },
      spent,
    } = await authenticate(request, deps);
    return {
      principalId: claims.child ?? claims.parent,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: wholeApi(request.methodArn) }],
      },
      context: {
        ...claims,
        audience: deps.audience,
        ...(spent?.waitFor === undefined ? {} : { limited: String(spent.waitFor) }),
      },
    };
  } catch (error) {
    if (error instanceof TokenRefused) {
      log('TOKEN_REFUSED', { why: error.fault });
      // API Gateway answers 401 to exactly this error.
      throw new Error('Unauthorized', { cause: error });
    }
    log(undecidedBecause(error), kindOf(error));
    throw redactedError(error);
  }
};

/**
 * Lets a request in if its token and proof are good, and gives the functions the claims of the token. An authorizer cannot
 * answer 429: if the client is over its rate limit, `limited` has the seconds to wait, and the function answers 429.
 */
export const createHandler =
  (deps: AuthorizeDeps) =>
  (request: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> =>
    loggedAs({ correlationId: correlationOf(request), requestId: request.requestContext.requestId }, () =>
      decide(request, deps),
    );
