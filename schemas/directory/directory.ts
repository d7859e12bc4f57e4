import type { Role } from '../codes.ts';

/**
 * The directory file: a FHIR `Bundle` of the `Organization`s that take part, their `Endpoint`s, `Location`s (places, and
 * the counties and municipalities that an AMK LA covers), and `OrganizationAffiliation`s: the suppliers whose systems may
 * act for them.
 */
export interface DirectoryParty {
  readonly organisation: string;
  readonly name: string;
  readonly role: Role;
  readonly phone?: string;
  /** Organisation number of the legal entity that it is part of: its tokens name both. */
  readonly parent?: string;
  /** Further organisation numbers that speak for it: units of its own. */
  readonly units?: readonly string[];
  /** Organisation numbers of the suppliers whose systems may act for it. */
  readonly suppliers?: readonly string[];
  /** The only hosts that its notifications go to, in lower case; none: any that is public. */
  readonly notificationHosts?: readonly string[];
}

/** An AMK LA covers a county (two digits) or a municipality (four digits). */
export interface Coverage {
  readonly area: string;
  readonly organisation: string;
}

/** An Endpoint or a Location as the file has it; its references lead to where the hub serves what they mean. */
export interface DirectoryResource {
  readonly resourceType: 'Endpoint' | 'Location';
  readonly id: string;
  readonly [element: string]: unknown;
}

export interface DirectoryData {
  readonly parties: readonly DirectoryParty[];
  readonly coverage: readonly Coverage[];
  readonly resources: readonly DirectoryResource[];
}
