import type { Role } from '../../schemas/codes.ts';
import type { Party } from './state.ts';

/** Who is who, and who covers which municipality. The hub itself is a party of it. */
export interface Directory {
  partyOf(organisation: string): Party | undefined;
  /** Numbers a party is known by: its own, its units' and its legal entity's. */
  numbersOf(organisation: string): readonly string[];
  /** Parties of one role, by organisation number. */
  partiesOf(role: Role): readonly Party[];
  /** The AMK LA that covers a municipality (four digits, Volven 3402). */
  coordinatorFor(municipality: string): Party | undefined;
  /** An Endpoint or a place of the directory, as its file says it. */
  resourceOf(type: 'Endpoint' | 'Location', id: string): Readonly<Record<string, unknown>> | undefined;
}
