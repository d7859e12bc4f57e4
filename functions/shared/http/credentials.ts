import type { AccessToken } from '../../../adapters/tokens/access-token.ts';
import {
  checkBinding,
  type Proof,
  type ProofWindow,
  type ProvenRequest,
  verifyProof,
} from '../../../adapters/tokens/proof.ts';
import { TokenRefused } from '../../../adapters/tokens/refused.ts';
import type { Clock } from '../../../core/mission/clock.ts';
import { headersOf, type WithHeaders } from './headers.ts';

/** The token and the proof of a request, as the authorizer and `check-token` read them. */

export interface CredentialRules extends Clock {
  /** Whether a token must be bound to a key of the client. */
  readonly bindingRequired: boolean;
  readonly proofWindow: ProofWindow;
}

interface Credentials {
  /** In lower case. */
  readonly scheme: string;
  readonly token: string;
}

/** The token of the one `Authorization` header. Throws `TokenRefused`. */
export const credentialsIn = (request: WithHeaders): Credentials => {
  const [authorization, ...others] = headersOf(request, 'authorization');
  const [, scheme, token] = /^(Bearer|DPoP) +([\w.~+/-]+=*) *$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || token === undefined || others.length > 0) throw new TokenRefused('malformed-header');
  return { scheme: scheme.toLowerCase(), token };
};

/**
 * RFC 9449, 7: checks that scheme and token go together, and the proof of the key for the request `called`. Returns the proof, if
 * there is one. Whether it was used before is checked elsewhere. Throws `TokenRefused`.
 */
export const checkProof = async (
  request: WithHeaders,
  { scheme, token }: Credentials,
  { thumbprint }: AccessToken,
  called: ProvenRequest,
  { bindingRequired, proofWindow, ...clock }: CredentialRules,
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
  const proof = await verifyProof(given, called, proofWindow, clock.now());
  checkBinding(proof, token, thumbprint);
  return proof;
};
