import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { openLeanTable } from '../../adapters/dynamodb/lean-table.ts';
import { requestBudgets, type Spent } from '../../adapters/dynamodb/rate-limits.ts';
import { usedProofs } from '../../adapters/dynamodb/used-proofs.ts';
import { setting } from '../../adapters/settings.ts';
import { type AccessToken, accessTokenVerifier } from '../../adapters/tokens/access-token.ts';
import { checkBinding, type Proof, verifyProof } from '../../adapters/tokens/proof.ts';
import { IssuerUnreachable } from '../../adapters/tokens/issuer-keys.ts';
import { TokenRefused } from '../../adapters/tokens/refused.ts';
import { Unavailable } from '../../core/mission/errors.ts';
import { correlationOf } from '../shared/http/correlation-id.ts';
import { rateLimited } from '../shared/http/rate-limit.ts';
import { quiet } from '../shared/telemetry/error-boundary.ts';
import { kindOf, log, logger } from '../shared/telemetry/log.ts';

const audience = setting('TOKEN_AUDIENCE');
const verify = accessTokenVerifier(setting('TOKEN_ISSUER'), audience);
const table = openLeanTable(setting('TABLE_NAME'));
const proofs = usedProofs(table);
const seconds = Number(setting('BUDGET_SECONDS'));
const budgets = requestBudgets(table, {
  messages: { most: Number(setting('BUDGET_MESSAGES')), seconds },
  requests: { most: Number(setting('BUDGET_REQUESTS')), seconds },
});

const base = setting('PUBLIC_URL');
const bindingRequired = setting('TOKEN_BINDING') !== 'optional';

const window = { back: Number(setting('PROOF_SECONDS_BACK')), ahead: Number(setting('PROOF_SECONDS_AHEAD')) };

/** Seconds for which a used proof is remembered after the last one in which it could be taken: clocks differ. */
const remembered = 60;

/** All values of a header, however its name is spelt. */
const headersOf = (
  { multiValueHeaders, headers }: APIGatewayRequestAuthorizerEvent,
  wanted: string,
): readonly string[] =>
  Object.entries(multiValueHeaders ?? headers ?? {})
    .filter(([name]) => name.toLowerCase() === wanted)
    .flatMap(([, values]) => values ?? []);

/** The URL that the caller meant. `path` may begin with the stage or with what a domain name is mapped to. */
const urlOf = ({ path, resource }: APIGatewayRequestAuthorizerEvent): string => {
  const asked = path.split('/');
  const slashes = path.endsWith('/') ? 1 : 0;
  const [, ...inside] = asked.slice(1 - resource.split('/').length - slashes);
  return [base, ...inside].join('/');
};

/** RFC 9449, 7: which scheme goes with which token, and that the key is proven for this request; what is proven, if anything. */
const checkProof = async (
  request: APIGatewayRequestAuthorizerEvent,
  scheme: string,
  token: string,
  { thumbprint }: AccessToken,
): Promise<Proof | undefined> => {
  if (scheme === 'bearer') {
    if (thumbprint !== undefined) throw new TokenRefused('no-proof');
    if (bindingRequired) throw new TokenRefused('not-bound');
    return undefined;
  }
  if (thumbprint === undefined) throw new TokenRefused('not-bound');
  const [given, ...others] = headersOf(request, 'dpop');
  if (given === undefined) throw new TokenRefused('no-proof');
  if (others.length > 0) throw new TokenRefused('several-proofs');
  // No proof is too old for a window that is no number.
  if (!Number.isInteger(window.back + window.ahead)) throw new Error('the window for proofs is no number of seconds');
  const proof = await verifyProof(given, { method: request.httpMethod, url: urlOf(request) }, window, Date.now());
  checkBinding(proof, token, thumbprint);
  return proof;
};

/** Which budget a request is paid from: all that is POSTed to a type is a message. */
const budgetOf = ({ httpMethod, resource }: APIGatewayRequestAuthorizerEvent): 'messages' | 'requests' =>
  httpMethod === 'POST' && resource === '/fhir/{type}' ? 'messages' : 'requests';

/** Uses up a proof and counts the request side by side. What a replayed proof has cost its owner is given back. */
const useAndCount = async (
  request: APIGatewayRequestAuthorizerEvent,
  said: AccessToken,
  proof: Proof | undefined,
): Promise<Spent | undefined> => {
  const [isFirst, spent] = await Promise.all([
    proof === undefined || proofs.use(proof.digest, proof.issuedAt + window.back + remembered),
    rateLimited(budgets, said, budgetOf(request)),
  ]);
  if (isFirst) return spent;
  await spent?.giveBack().catch((error: unknown) => log('REQUEST_NOT_COUNTED', kindOf(error)));
  throw new TokenRefused('replayed');
};

const authenticate = async (
  request: APIGatewayRequestAuthorizerEvent,
): Promise<{ readonly said: AccessToken; readonly spent: Spent | undefined }> => {
  const [authorization, ...others] = headersOf(request, 'authorization');
  const [, scheme, token] = /^(Bearer|DPoP) +([\w.~+/-]+=*) *$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || token === undefined || others.length > 0) throw new TokenRefused('malformed');
  const said = await verify(token);
  const proof = await checkProof(request, scheme.toLowerCase(), token, said);
  // Last, so that only a proof that is good is used up, and only a request with a good token is counted.
  return { said, spent: await useAndCount(request, said, proof) };
};

/** What keeps the hub from telling good tokens from bad ones. */
const whyUndecided = (error: unknown) => {
  if (error instanceof IssuerUnreachable) return 'ISSUER_UNREACHABLE';
  return error instanceof Unavailable ? 'STORAGE_UNAVAILABLE' : 'UNEXPECTED';
};

/** Every method of this API and stage: what a caller may do there is decided by role and mission, not here. */
const wholeApi = (methodArn: string): string => `${methodArn.split('/').slice(0, 2).join('/')}/*`;

/**
 * Lets a request in if its token and proof are good, and tells the functions what the token says of who calls. An authorizer
 * cannot answer 429, so it also tells them for how many seconds the client is to wait (`limited`).
 */
export const handler = async (request: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
  const { requestId } = request.requestContext;
  logger.resetKeys();
  logger.appendKeys({ correlationId: correlationOf(request), requestId });
  try {
    const {
      said: { thumbprint: _checked, ...said },
      spent,
    } = await authenticate(request);
    return {
      principalId: said.child ?? said.parent,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: wholeApi(request.methodArn) }],
      },
      context: { ...said, audience, ...(spent?.waitFor === undefined ? {} : { limited: String(spent.waitFor) }) },
    };
  } catch (error) {
    if (error instanceof TokenRefused) {
      log('TOKEN_REFUSED', { why: error.fault });
      // API Gateway answers 401 to exactly this error.
      throw new Error('Unauthorized', { cause: error });
    }
    log(whyUndecided(error), kindOf(error));
    throw quiet(error);
  }
};
