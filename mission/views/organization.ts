import type { Organization } from 'fhir/r4.d.ts';
import { roles } from '../../schemas/codes.ts';
import { systems } from '../../schemas/names.ts';
import type { Party } from '../state.ts';

/** A party of the directory as a FHIR `Organization`; its id is its organisation number, which the hub itself has not. */
export const organizationResource = (party: Party): Organization => ({
  resourceType: 'Organization',
  id: party.organisation,
  ...(party.role === 'hub' ? {} : { identifier: [{ system: systems.organisationNumber, value: party.organisation }] }),
  active: true,
  type: [{ coding: [{ system: systems.partyRole, code: party.role, display: roles[party.role] }] }],
  name: party.name,
  ...(party.phone === undefined ? {} : { telecom: [{ system: 'phone' as const, value: party.phone }] }),
});
