import type { TokenFault } from '../../schemas/token-faults.ts';

/** The token is not accepted: 401. Any other error means that it cannot be verified, which is a fault of the hub. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly fault: TokenFault;

  constructor(fault: TokenFault, options?: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}
