/** Why a token or its proof is not acceptable: a code for the log, which never shows the token. */
export type TokenFault =
  | 'malformed'
  | 'wrong-type'
  | 'wrong-algorithm'
  | 'wrong-key'
  | 'wrong-signature'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'expired'
  | 'not-yet-valid'
  | 'no-organisation'
  | 'not-bound'
  | 'bound'
  | 'no-proof'
  | 'several-proofs'
  | 'private-key-in-proof'
  | 'wrong-method'
  | 'wrong-address'
  | 'stale-proof'
  | 'future-proof'
  | 'other-token'
  | 'other-key'
  | 'replayed';

/** The token is not accepted: 401. Any other error means that it cannot be verified, which is a fault of the hub. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly fault: TokenFault;

  constructor(fault: TokenFault, options?: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}
