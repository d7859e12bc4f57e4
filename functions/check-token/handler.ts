import type { PartyDirectory } from '../../adapters/party-directory.ts';
import type { RequestBudgets } from '../../adapters/dynamodb/rate-limits.ts';
import type { AccessToken } from '../../adapters/tokens/access-token.ts';
import { IssuerUnreachable } from '../../adapters/tokens/issuer-keys.ts';
import { canonicalUrl, type ProvenRequest } from '../../adapters/tokens/proof.ts';
import { TokenRefused } from '../../adapters/tokens/refused.ts';
import { parameterPath } from '../../core/queries/search/read-search.ts';
import { codesOf } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { scopeFor, scopes } from '../../schemas/scopes.ts';
import { type TokenCheck, tokenChecks } from '../../schemas/token-faults.ts';
import { checkProof, credentialsIn } from '../shared/http/credentials.ts';
import { basesOf, type Entrances } from '../shared/http/entrances.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { queryOf, type Request } from '../shared/http/request.ts';
import { answer, tooManyRequests } from '../shared/http/response.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';
import { type Expectations, expectedOf } from './expected.ts';
import { acceptedOutcome, failedOutcome, type Result } from './outcome.ts';
import { networkOf } from './network.ts';

export interface CheckTokenDeps extends Expectations, Entrances {
  /** Throws `TokenRefused`, or another error if the issuer's keys are not known. */
  readonly verify: (token: string) => Promise<AccessToken>;
  /** Whether a proof was used, by its digest. Throws `Unavailable`. */
  readonly wasUsed: (digest: string) => Promise<boolean>;
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
  readonly budgets: RequestBudgets<'checks'>;
}

const checks = codesOf(tokenChecks);

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * The request that the proof is to be checked for: this one, or the one that `method` and `url` name. The URL is of this hub, so
 * that no proof for another API is checked here.
 */
const calledIn = (request: Request, bases: readonly string[], base: string): ProvenRequest | Refusal => {
  const query = queryOf(request);
  if (isRefusal(query)) return query;
  const unknown = [...query.keys()].find((name) => !['method', 'url', '_format', '_pretty'].includes(name));
  if (unknown !== undefined)
    return refuse('unsupported-option', parameterPath(unknown), 'parameters are method and url');
  const { method = 'GET', url } = defined({ method: query.get('method'), url: query.get('url') });
  if (!methods.includes(method)) return refuse('unsupported-option', 'http.method', `method is ${methods.join(', ')}`);
  if (url === undefined)
    return { method, url: `${base}/check-token`, otherUrls: bases.map((other) => `${other}/check-token`) };
  return bases.some((one) => canonicalUrl(url)?.startsWith(`${canonicalUrl(one)}/`) === true)
    ? { method, url }
    : refuse('unsupported-option', 'http.url', `url is the whole URL of the request; it begins with ${base}/`);
};

/** Checks in the order of `tokenChecks` until one fails. It uses nothing up, and gives no access. */
const check = async (request: Request, called: ProvenRequest, deps: CheckTokenDeps): Promise<Result> => {
  let now: TokenCheck = checks[0] ?? 'header';
  try {
    const credentials = credentialsIn(request);
    now = 'token';
    const token = await deps.verify(credentials.token);
    now = 'proof';
    const proof = await checkProof(request, credentials, token, called, deps);
    now = 'replay';
    if (proof !== undefined && (await deps.wasUsed(proof.digest))) throw new TokenRefused('replayed');
    now = 'organisation';
    const { parent, child, supplier } = token;
    const caller = (await deps.directory()).callerOf({ parent, ...defined({ child, supplier }) });
    if (typeof caller === 'string') return { outcome: 'failed', check: now, refusal: { code: caller } };
    now = 'scope';
    const given = token.scope.split(' ');
    const lacking = codesOf(scopes).filter((scope) => !given.includes(scope));
    const names = lacking.map((scope) => scopeFor(deps.audience, scope));
    return lacking.length === codesOf(scopes).length
      ? { outcome: 'failed', check: now, refusal: { code: 'missing-scope', detail: `one of ${names.join(', ')}` } }
      : { outcome: 'accepted', lacking: names };
  } catch (error) {
    if (error instanceof TokenRefused) return { outcome: 'failed', check: now, fault: error.fault };
    throw error;
  }
};

/** The refusal of an address that checks too often. If it cannot be counted, nothing is checked: nobody's mission waits for it. */
const overBudget = async (request: Request, { budgets }: CheckTokenDeps): Promise<Refusal | undefined> => {
  try {
    const client = networkOf(request.requestContext.identity.sourceIp);
    const { waitFor } = await budgets.spend({ parent: 'network', client }, 'checks');
    return waitFor === undefined ? undefined : tooManyRequests('checked as many tokens as it may in a minute', waitFor);
  } catch (error) {
    log('REQUEST_NOT_COUNTED', kindOf(error));
    return refuse('storage-unavailable');
  }
};

const whyOf = (result: Result): string => {
  if (result.outcome === 'accepted') return 'accepted';
  return 'fault' in result ? result.fault : result.refusal.code;
};

/**
 * `GET /fhir/check-token`: says which check the token and the proof of this request fail, with the headers of any other request.
 * It needs no access, because it is for callers who get 401. It tells nothing but what the checks find, in their order, and
 * nothing of what is in the token.
 */
export const createHandler = (deps: CheckTokenDeps) =>
  fhirHandler(async (request, correlationId) => {
    const refused = await overBudget(request, deps);
    if (refused !== undefined) return refused;
    const bases = basesOf(request, deps);
    // The name by which the caller knows the hub.
    const base = bases.at(-1) ?? deps.base;
    const called = calledIn(request, bases, base);
    if ('outcome' in called) return called;
    try {
      const result = await check(request, called, deps);
      log('TOKEN_CHECKED', { why: whyOf(result) });
      return answer(
        200,
        result.outcome === 'accepted'
          ? acceptedOutcome(result.lacking, correlationId)
          : failedOutcome(
              result,
              'fault' in result ? expectedOf(result.fault, called, { ...deps, base }) : undefined,
              correlationId,
            ),
      );
    } catch (error) {
      if (!(error instanceof IssuerUnreachable)) throw error;
      log('ISSUER_UNREACHABLE', kindOf(error));
      return refuse('identity-unavailable');
    }
  });
