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

/** The caller is not let in: 401. Any other error means that nobody can say, which is the hub's fault. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly fault: TokenFault;

  constructor(fault: TokenFault, options?: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}
