import type { Role } from '../codes.ts';

/**
 * The directory: parties, their Endpoints and Locations (places, and the counties and municipalities that an AMK LA covers),
 * and the suppliers whose systems may act for them. Its file is a FHIR `Bundle`, see `read-directory.ts`.
 */

export interface DirectoryParty {
  readonly organisation: string;
  readonly name: string;
  readonly role: Role;
  readonly phone?: string;
  /** Organisation number of the legal entity that it is part of. Its tokens have both numbers. */
  readonly parent?: string;
  /** Organisation numbers of its units, which may act for it. */
  readonly units?: readonly string[];
  /** Organisation numbers of the suppliers whose systems may act for it. */
  readonly suppliers?: readonly string[];
  /** The only hosts that its notifications may go to, in lower case. Absent: any public host. */
  readonly notificationHosts?: readonly string[];
}

/** An AMK LA covers a county (two digits) or a municipality (four digits). */
export interface Coverage {
  readonly area: string;
  readonly organisation: string;
}

/** An Endpoint or a Location of the file, with its references replaced by the addresses at which the hub serves their targets. */
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
