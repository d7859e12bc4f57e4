import type { Role } from '../../schemas/codes.ts';
import type { Party } from './state.ts';

/** The parties, and the AMK LA of each municipality. The hub itself is a party. */
export interface Directory {
  partyOf(organisation: string): Party | undefined;
  /** Organisation numbers of a party: its own, its units' and its legal entity's. */
  numbersOf(organisation: string): readonly string[];
  /** Whether an organisation number belongs to a party: its own, a unit's or its legal entity's. */
  hasNumber(organisation: string): boolean;
  /** Parties of one role, by organisation number. */
  partiesOf(role: Role): readonly Party[];
  /** The AMK LA that covers a municipality (four digits, Volven 3402). */
  coordinatorFor(municipality: string): Party | undefined;
  /** Organisation numbers of the parties that have an Endpoint with this address, however the address is spelt. */
  readonly partiesAt: (endpoint: string) => readonly string[];
  /** An Endpoint or Location of the directory, as loaded. */
  resourceOf(type: 'Endpoint' | 'Location', id: string): Readonly<Record<string, unknown>> | undefined;
}
