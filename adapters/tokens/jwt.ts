import { errors } from 'jose';
import type { TokenFault } from '../../schemas/token-faults.ts';
import { TokenRefused } from './refused.ts';

/**
 * Signing algorithms of HelseID's security profile, for its tokens as for the proofs of its clients. Asymmetric only: with
 * another the public key could be taken for a shared secret (RFC 8725, 2.1).
 */
export const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];

const claimFaults: Readonly<Record<string, TokenFault>> = {
  iss: 'wrong-issuer',
  aud: 'wrong-audience',
  nbf: 'not-yet-valid',
  typ: 'wrong-type',
  exp: 'missing-claim',
  iat: 'missing-claim',
};

const faultOf = (error: unknown): TokenFault | undefined => {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimFaults[error.claim] ?? 'malformed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'wrong-signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'wrong-algorithm';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return 'wrong-key';
  return error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
    ? 'malformed'
    : undefined;
};

/** Runs a check of a JWT and says `TokenRefused` where the JWT is to blame; with `otherwise`, of all that goes wrong. */
export const blaming = async <T>(check: () => Promise<T>, otherwise?: TokenFault): Promise<T> => {
  try {
    return await check();
  } catch (error) {
    if (error instanceof TokenRefused) throw error;
    const fault = faultOf(error) ?? otherwise;
    if (fault !== undefined) throw new TokenRefused(fault, { cause: error });
    throw error;
  }
};
