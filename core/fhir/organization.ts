import type { Organization } from 'fhir/r4.d.ts';
import { roles } from '../../schemas/codes.ts';
import { canonicalBase, systems } from '../../schemas/names.ts';
import type { Party } from '../mission/state.ts';

/**
 * Whether the hub can reach a party by machine: by all of its subscriptions, by some (`partial`), by none because no endpoint
 * answers (`error`) or has answered yet (`requested`), or by `none` because there is no subscription.
 */
export type Reach = 'active' | 'partial' | 'error' | 'requested' | 'none';

const reachExtension = `${canonicalBase}/StructureDefinition/machine-contact`;

/** A party of the directory as a FHIR `Organization`. Its id is its organisation number; the hub itself has none. */
export const organizationResource = (party: Party, reach?: Reach): Organization => ({
  resourceType: 'Organization',
  id: party.organisation,
  ...(reach === undefined ? {} : { extension: [{ url: reachExtension, valueCode: reach }] }),
  ...(party.role === 'hub' ? {} : { identifier: [{ system: systems.organisationNumber, value: party.organisation }] }),
  active: true,
  type: [{ coding: [{ system: systems.partyRole, code: party.role, display: roles[party.role] }] }],
  name: party.name,
  ...(party.phone === undefined ? {} : { telecom: [{ system: 'phone' as const, value: party.phone }] }),
});
