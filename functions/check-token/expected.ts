import { canonicalUrl, type ProvenRequest } from '../../adapters/tokens/proof.ts';
import type { TokenFault } from '../../schemas/token-faults.ts';
import type { CredentialRules } from '../shared/http/credentials.ts';

/** What the hub requires of a token and its proof. */
export interface Expectations extends CredentialRules {
  /** Base URL of the API, as the caller writes it. */
  readonly base: string;
  readonly issuer: string;
  readonly audience: string;
}

/** What the hub expected instead. It follows from the hub's settings, its clock and the request, never from the token. */
export const expectedOf = (
  fault: TokenFault,
  { method, url }: ProvenRequest,
  { base, issuer, audience, bindingRequired, proofWindow, ...clock }: Expectations,
): string | undefined => {
  const time = `the clock of the hub says ${new Date(clock.now()).toISOString()}`;
  switch (fault) {
    case 'malformed-header':
      return bindingRequired ? 'this hub takes the scheme DPoP only' : 'this hub takes the schemes DPoP and Bearer';
    case 'wrong-issuer':
      return `iss must be ${issuer}`;
    case 'wrong-audience':
      return `aud must be ${audience}`;
    case 'expired':
    case 'not-yet-valid':
      return time;
    case 'stale-proof':
    case 'future-proof':
      return `iat may be up to ${proofWindow.back} s old and ${proofWindow.ahead} s ahead; ${time}`;
    case 'wrong-method':
      return `htm must be ${method}; to check the proof of another request, give the parameters method and url`;
    case 'wrong-address':
      return canonicalUrl(url) === canonicalUrl(`${base}/check-token`)
        ? `htu must be ${base}/check-token; to check the proof of another request, give the parameters method and url`
        : `htu must be the parameter url without query and fragment; all URLs of this hub begin with ${base}/`;
    default:
      return undefined;
  }
};
