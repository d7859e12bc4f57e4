import * as z from 'zod';
import { codesOf, type Role, roles } from '../codes.ts';
import { defined } from '../defined.ts';
import { codeableConcept, codeIn, fhirId, identifier, reference } from '../fhir/datatypes.ts';
import { isObject } from '../json/json.ts';
import { canonicalBase, systems } from '../names.ts';
import { judgePlace } from '../fhir/service-area.ts';

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

const partyRoles = codesOf(roles).filter((role) => role !== 'hub');

/** Roles that somebody may have to phone when no machine answers. */
const rolesToCall: readonly Role[] = ['local-amk', 'amk-la', 'operator', 'hospital'];

const physicalTypes = 'http://terminology.hl7.org/CodeSystem/location-physical-type';

const isNumber = (text: string | undefined): text is string => /^\d{9}$/.test(text ?? '');

/** What each element must be; the words say what to do. */

const wantedName = 'needs a name: the words shown to people';
const nameElement = z.string(wantedName).refine((text) => text.trim() !== '', wantedName);

/** Identifiers with their use: `secondary` are further numbers of the same party. */
const usedIdentifier = z.object({ ...identifier.shape, use: z.string().optional() });

const wantedNumber = `needs one organisation number: nine digits, system ${systems.organisationNumber}`;
const numberElement = z.array(usedIdentifier, wantedNumber).transform((list, context) => {
  const [own, ...others] = list.filter(
    ({ system, use }) => system === systems.organisationNumber && use !== 'secondary',
  );
  if (own !== undefined && isNumber(own.value) && others.length === 0) return own.value;
  context.addIssue(wantedNumber);
  return z.NEVER;
});

const wantedUnit = 'is not an organisation number: nine digits';
const unitsElement = z.array(usedIdentifier).transform((list, context) =>
  list.flatMap(({ system, use, value = '' }, index) => {
    if (system !== systems.organisationNumber || use !== 'secondary') return [];
    if (!isNumber(value)) context.addIssue({ code: 'custom', path: [index, 'value'], message: wantedUnit });
    return [{ value, index }];
  }),
);

const wantedRole = `needs one role of ${systems.partyRole}: ${partyRoles.join(', ')}`;
const roleElement = z.array(codeableConcept, wantedRole).transform((list, context) => {
  const codings = list.flatMap(({ coding }) => coding ?? []).filter(({ system }) => system === systems.partyRole);
  const role = partyRoles.find((one) => one === codings[0]?.code);
  if (role !== undefined && codings.length === 1) return role;
  context.addIssue(wantedRole);
  return z.NEVER;
});

/** Country code and 7 to 15 digits (E.164), in groups as people write them. */
const phoneForm = /^\+[1-9](?: ?\d){6,14}$/;
const wantedPhone = 'is not a phone number: write + and country code, then digits and single spaces: +47 00 00 01 05';
const telecomElement = z
  .array(z.object({ system: z.string().optional(), value: z.string().optional(), use: z.string().optional() }))
  .transform((list, context) => {
    const phones = list.flatMap(({ system, value = '', use }, index) =>
      system === 'phone' && use !== 'old' ? [{ value, index }] : [],
    );
    for (const { value, index } of phones)
      if (!phoneForm.test(value)) context.addIssue({ code: 'custom', path: [index, 'value'], message: wantedPhone });
    return phones[0]?.value;
  });

const wantedAddress = 'needs an https URL without user name and password (http for localhost only)';
const isAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal));
};

/** Extension of an Organization: a host that its notifications may go to. Several may be given. */
export const notificationHostExtension = `${canonicalBase}/StructureDefinition/notification-host`;
const wantedHost =
  'is not a host: give the name alone in lower case, as it stands in the endpoint, e.g. partner.example';
const isHost = (text: string): boolean =>
  /^[a-z0-9.-]+$/.test(text) && URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).host === text;

const wantedConnection = 'needs system and code of how to connect, e.g. hl7-fhir-msg';
const wantedPayload = 'needs at least one kind of what may be sent there';
const endpointStatuses = ['active', 'suspended', 'error', 'off', 'entered-in-error', 'test'] as const;
const endpointElements = {
  status: z.enum(endpointStatuses, `needs one of ${endpointStatuses.join(', ')}`),
  connectionType: z.object(
    { system: z.string(wantedConnection), code: z.string(wantedConnection).min(1, wantedConnection) },
    wantedConnection,
  ),
  payloadType: z.array(codeableConcept, wantedPayload).min(1, wantedPayload),
  address: z.string(wantedAddress).refine(isAddress, wantedAddress),
  header: z.undefined('must be left out: every party may read the directory, and headers often hold secrets'),
};

const wantedPosition = 'needs latitude and longitude as numbers, WGS84 decimal degrees';
const wrongPlace = {
  swapped: 'has latitude and longitude swapped: latitude is north, longitude is east',
  outside: 'is not where missions are flown: correct latitude and longitude',
} as const;
const positionElement = z
  .object({ latitude: z.number(wantedPosition), longitude: z.number(wantedPosition) }, wantedPosition)
  .transform((place, context) => {
    const verdict = judgePlace(place);
    if (verdict !== 'inside') context.addIssue(wrongPlace[verdict]);
  });

const locationStatuses = ['active', 'suspended', 'inactive'] as const;
const locationStatus = z.enum(locationStatuses, `may be ${locationStatuses.join(', ')}`).optional();

/** How an area is numbered; what is captured is what the hub compares. */
const areaForms = {
  [systems.municipality]: { form: /^(\d{4})$/, wanted: 'is not a municipality number: four digits, e.g. 3411' },
  [systems.county]: { form: /^NO-(\d{2})$/, wanted: 'is not a county by ISO 3166-2: NO- and two digits, e.g. NO-34' },
} as const;
const wantedArea = `needs one identifier: a county, e.g. NO-34 of ${systems.county}, or a municipality, e.g. 3411 of ${systems.municipality}`;

const wantedOwner = 'needs an organisation of this file: Organization/ and its organisation number';
const wantedOther = `needs an organisation number in identifier (system ${systems.organisationNumber}), or an organisation of this file`;
const wantedAffiliation = `needs one code: system-supplier of ${systems.affiliationRole}`;
const affiliationElement = z.array(codeableConcept, wantedAffiliation).refine((list) => {
  const [only, ...others] = list.flatMap(({ coding }) => coding ?? []);
  return only?.system === systems.affiliationRole && only.code === 'system-supplier' && others.length === 0;
}, wantedAffiliation);
const wantedActive = 'must be true: what no longer holds is left out';

interface Fault {
  /** Place of the entry in the file, by which faults are listed. */
  readonly index: number;
  readonly text: string;
}

const subjectTypes = ['Organization', 'Endpoint', 'Location', 'OrganizationAffiliation'] as const;

/** One resource of the file while it is checked. */
interface Subject {
  readonly index: number;
  readonly type: (typeof subjectTypes)[number];
  readonly fullUrl: string | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Notes what is wrong with an element. */
  readonly fault: (element: string, what: string) => void;
  /** Reads an element; notes what is wrong with it if it cannot be read. */
  readonly read: <Schema extends z.ZodType>(element: string, schema: Schema) => z.output<Schema> | undefined;
}

const entryAt = (index: number): string => `Bundle.entry[${index}]`;

const stepsOf = (path: readonly PropertyKey[]): string =>
  path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');

const bundleShape = z.object({
  resourceType: z.literal('Bundle', 'must be Bundle'),
  type: z.literal('collection', 'must be collection'),
  entry: z.array(z.unknown(), 'needs one entry for each resource'),
});
const entryShape = z.object({
  fullUrl: z.string().optional(),
  resource: z.looseObject({ resourceType: z.string('needs a FHIR resource type') }, 'needs a FHIR resource'),
});

const subjectOf = (item: unknown, index: number, faults: Fault[]): Subject | undefined => {
  const fault = (element: string, what: string): void => {
    faults.push({ index, text: `${entryAt(index)}.resource.${element}: ${what}` });
  };
  const entry = entryShape.safeParse(item);
  if (!entry.success) {
    for (const { path, message } of entry.error.issues)
      faults.push({ index, text: `${entryAt(index)}${stepsOf(path)}: ${message}` });
    return undefined;
  }
  const { fullUrl, resource } = entry.data;
  const type = subjectTypes.find((one) => one === resource.resourceType);
  if (type === undefined) {
    fault(
      'resourceType',
      `${resource.resourceType} has no place here: the directory holds Organization, Endpoint, Location and OrganizationAffiliation`,
    );
    return undefined;
  }
  const read: Subject['read'] = (element, schema) => {
    const result = schema.safeParse(resource[element]);
    if (result.success) return result.data;
    for (const { path, message } of result.error.issues) fault(`${element}${stepsOf(path)}`, message);
    return undefined;
  };
  return { index, type, fullUrl, resource, fault, read };
};

/** Where the hub serves each resource, by the names that references in the file may use. */
type Places = ReadonlyMap<string, string>;

const placesOf = (subjects: readonly Subject[]): Places =>
  new Map(
    subjects.flatMap(({ type, fullUrl, resource }): [string, string][] => {
      const id = typeof resource['id'] === 'string' ? `${type}/${resource['id']}` : undefined;
      const number = type === 'Organization' ? numberElement.safeParse(resource['identifier']).data : undefined;
      // A resource that lacks its name is told of; who refers to it is not to blame.
      const place = number === undefined ? (id ?? `${type}/?`) : `${type}/${number}`;
      return [place, id, fullUrl].flatMap((known): [string, string][] => (known === undefined ? [] : [[known, place]]));
    }),
  );

/** A reference that the file should hold, and does not. What is contained, or served elsewhere, is nothing it can hold. */
const isLost = (named: string, places: Places): boolean => !places.has(named) && !/^(?:#|https?:)/.test(named);

/** A copy of an element whose references lead to where the hub serves what they mean; notes those that lead nowhere. */
const relinked = (value: unknown, path: string, places: Places, fault: Subject['fault']): unknown => {
  if (Array.isArray(value))
    return value.map((item: unknown, index) => relinked(item, `${path}[${index}]`, places, fault));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const at = `${path}.${key}`;
      if (key !== 'reference' || typeof member !== 'string') return [key, relinked(member, at, places, fault)];
      const place = places.get(member);
      if (isLost(member, places)) fault(at, `${member} is not in this file: add it, or correct the reference`);
      return [key, place ?? member];
    }),
  );
};

const relinkedElements = ({ resource, fault }: Subject, places: Places): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(resource)
      .filter(([element]) => element !== 'managingOrganization')
      .map(([element, value]) => [element, relinked(value, element, places, fault)]),
  );

/** The organisation number of the one a resource belongs to. */
const readOwner = (
  { read, fault }: Subject,
  places: Places,
  element: 'managingOrganization' | 'organization' = 'managingOrganization',
): string | undefined => {
  const owner = read(element, z.object(reference.shape, wantedOwner));
  if (owner === undefined) return undefined;
  const { system, value } = owner.identifier ?? {};
  const byNumber = system === systems.organisationNumber ? places.get(`Organization/${value}`) : undefined;
  const place = places.get(owner.reference ?? '') ?? byNumber ?? '';
  const number = /^Organization\/(.+)$/.exec(place)?.[1];
  if (number === undefined) fault(element, wantedOwner);
  return number;
};

/** The organisation number of another organisation, which may be in the file and need not. */
const readOther = (
  { read, fault }: Subject,
  places: Places,
  element: 'partOf' | 'participatingOrganization',
): string | undefined => {
  const other = read(element, z.object(reference.shape, wantedOther));
  if (other === undefined) return undefined;
  const { system, value } = other.identifier ?? {};
  const number =
    /^Organization\/(\d{9})$/.exec(places.get(other.reference ?? '') ?? '')?.[1] ??
    (system === systems.organisationNumber && isNumber(value) ? value : undefined);
  // Of a party every lost reference is said anyhow.
  const isSaid = element === 'partOf' && other.reference !== undefined && isLost(other.reference, places);
  if (number === undefined && !isSaid) fault(element, wantedOther);
  return number;
};

/** Says that something stands in an earlier entry already, if it does. */
type Once = (what: string, index: number) => string | undefined;

const onceOnly = (): Once => {
  const first = new Map<string, number>();
  return (what, index) => {
    const before = first.get(what);
    if (before === undefined) first.set(what, index);
    return before === undefined ? undefined : `is the same in ${entryAt(before)}: keep one of the two`;
  };
};

const isPhone = (contact: unknown): boolean =>
  isObject(contact) && contact['system'] === 'phone' && contact['use'] !== 'old';

const readUnits = ({ index, read, fault }: Subject, once: Once): readonly string[] =>
  (read('identifier', unitsElement.optional()) ?? []).map(({ value, index: at }) => {
    const again = once(value, index);
    if (again !== undefined) fault(`identifier[${at}]`, again);
    return value;
  });

/** Who may call for a party beside those with its own number. */
const readCallers = (
  subject: Subject,
  organisation: string,
  places: Places,
  once: Once,
): Pick<DirectoryParty, 'parent' | 'units'> => {
  const units = readUnits(subject, once);
  const parent = subject.resource['partOf'] === undefined ? undefined : readOther(subject, places, 'partOf');
  if (parent === organisation) subject.fault('partOf', 'must be another organisation: leave it out');
  return { ...defined({ parent }), ...(units.length === 0 ? {} : { units }) };
};

const hostsElement = z.array(z.looseObject({ url: z.string() })).transform((list, context) =>
  list.flatMap((extension, index) => {
    if (extension.url !== notificationHostExtension) return [];
    const host = extension['valueString'];
    if (typeof host === 'string' && isHost(host)) return [host];
    context.addIssue({ code: 'custom', path: [index, 'valueString'], message: wantedHost });
    return [];
  }),
);

const readParty = (subject: Subject, places: Places, once: Once): DirectoryParty | undefined => {
  const { index, resource, read, fault } = subject;
  const organisation = read('identifier', numberElement);
  const role = read('type', roleElement);
  const name = read('name', nameElement);
  const telecom = resource['telecom'];
  const phone = read('telecom', telecomElement.optional());
  if (role !== undefined && rolesToCall.includes(role) && !(Array.isArray(telecom) && telecom.some(isPhone)))
    fault('telecom', 'needs a phone: somebody must be reachable when no machine answers');
  read('active', z.literal(true, 'must be true: an organisation that does not take part is left out').optional());
  if (organisation === undefined) return undefined;
  const again = once(organisation, index);
  if (again !== undefined) fault('identifier', again);
  if (resource['id'] !== undefined && resource['id'] !== organisation)
    fault('id', `must be the organisation number ${organisation}, as the hub refers to it`);
  const called = readCallers(subject, organisation, places, once);
  const hosts = read('extension', hostsElement.optional()) ?? [];
  return role === undefined || name === undefined
    ? undefined
    : {
        organisation,
        name,
        role,
        ...defined({ phone }),
        ...called,
        ...(hosts.length === 0 ? {} : { notificationHosts: hosts }),
      };
};

interface Grant {
  readonly organisation: string;
  readonly supplier: string;
}

/** Reads which supplier may act for which party. */
const readAffiliation = (subject: Subject, places: Places, once: Once): Grant | undefined => {
  const { index, read, fault } = subject;
  const organisation = readOwner(subject, places, 'organization');
  const supplier = readOther(subject, places, 'participatingOrganization');
  read('code', affiliationElement);
  read('active', z.literal(true, wantedActive).optional());
  read('period', z.undefined('must be left out: the grant holds as long as it stands in the file'));
  if (organisation === undefined || supplier === undefined) return undefined;
  if (organisation === supplier)
    fault('participatingOrganization', 'must be another organisation: nobody needs a grant to act for itself');
  const again = once(`supplier ${supplier} of ${organisation}`, index);
  if (again !== undefined) fault('participatingOrganization', again);
  return { organisation, supplier };
};

/** Reads an Endpoint, which covers no area. */
const readEndpoint = ({ read }: Subject): undefined => {
  for (const [element, schema] of Object.entries(endpointElements)) read(element, schema);
};

/** Reads a Location; gives the area if it is one that an AMK LA covers. */
const readLocation = ({ resource, read, fault }: Subject): string | undefined => {
  read('name', nameElement);
  const isArea = codeIn(read('physicalType', codeableConcept.optional()), physicalTypes) === 'area';
  const claims = (read('identifier', z.array(identifier).optional()) ?? []).flatMap(({ system, value }, index) =>
    system === systems.municipality || system === systems.county ? [{ system, value, index }] : [],
  );
  if (!isArea) {
    read('status', locationStatus);
    read('position', positionElement);
    if (claims.length > 0)
      fault('physicalType', `must be area of ${physicalTypes}, or the county or municipality number must go`);
    return undefined;
  }
  read('status', z.literal('active', 'must be active: an area that is not covered is left out').optional());
  if (resource['position'] !== undefined) read('position', positionElement);
  const [claim, ...others] = claims;
  if (claim === undefined || others.length > 0) {
    fault('identifier', claim === undefined ? wantedArea : `${wantedArea}; make one Location of each area`);
    return undefined;
  }
  const { form, wanted } = areaForms[claim.system];
  const area = form.exec(claim.value ?? '')?.[1];
  if (area === undefined) fault(`identifier[${claim.index}].value`, wanted);
  return area;
};

/** An Endpoint or a Location as it is served, whose it is, and the area if it is one that an AMK LA covers. */
const readResource = (subject: Subject, type: DirectoryResource['resourceType'], places: Places, once: Once) => {
  const { index, read, fault, resource } = subject;
  const id = read('id', fhirId) ?? '';
  const sameId = id === '' ? undefined : once(`${type}/${id}`, index);
  if (sameId !== undefined) fault('id', sameId);
  const owner = readOwner(subject, places);
  const elements = relinkedElements(subject, places);
  const area = type === 'Location' ? readLocation(subject) : readEndpoint(subject);
  const sameArea = area === undefined ? undefined : once(`area ${area}`, index);
  if (sameArea !== undefined) fault('identifier', sameArea);
  const named = isObject(resource['managingOrganization']) ? resource['managingOrganization'] : {};
  const managingOrganization = { ...named, reference: `Organization/${owner}` };
  const served: DirectoryResource = { ...elements, managingOrganization, resourceType: type, id };
  return { resource: served, owner, area };
};

const withSuppliers = (party: DirectoryParty, grants: readonly Grant[]): DirectoryParty => {
  const suppliers = grants.filter(({ organisation }) => organisation === party.organisation).map((one) => one.supplier);
  return suppliers.length === 0 ? party : { ...party, suppliers };
};

export type DirectoryReading = { readonly directory: DirectoryData } | { readonly faults: readonly string[] };

/** Reads a directory file and says everything that is wrong with it: each fault with its FHIRPath and what to do. */
export const readDirectory = (value: unknown): DirectoryReading => {
  const bundle = bundleShape.safeParse(value);
  if (!bundle.success)
    return { faults: bundle.error.issues.map(({ path, message }) => `Bundle${stepsOf(path)}: ${message}`) };

  const faults: Fault[] = [];
  const subjects = bundle.data.entry.flatMap((item, index) => subjectOf(item, index, faults) ?? []);
  const places = placesOf(subjects);
  const once = onceOnly();
  const parties = new Map<string, DirectoryParty>();
  const coverage: Coverage[] = [];
  const grants: Grant[] = [];
  const resources: DirectoryResource[] = [];

  for (const subject of subjects) {
    const again = subject.fullUrl === undefined ? undefined : once(`fullUrl ${subject.fullUrl}`, subject.index);
    if (again !== undefined) faults.push({ index: subject.index, text: `${entryAt(subject.index)}.fullUrl: ${again}` });
    if (subject.type !== 'Organization') continue;
    const party = readParty(subject, places, once);
    relinkedElements(subject, places);
    if (party !== undefined) parties.set(party.organisation, party);
  }
  for (const subject of subjects) {
    const { type } = subject;
    if (type === 'Organization') continue;
    if (type === 'OrganizationAffiliation') {
      const grant = readAffiliation(subject, places, once);
      if (grant !== undefined) grants.push(grant);
      continue;
    }
    const read = readResource(subject, type, places, once);
    const role = parties.get(read.owner ?? '')?.role;
    if (read.area !== undefined && role !== undefined && role !== 'amk-la')
      subject.fault('managingOrganization', `${read.owner} is ${role}: an area is covered by an amk-la`);
    if (read.area !== undefined && read.owner !== undefined)
      coverage.push({ area: read.area, organisation: read.owner });
    resources.push(read.resource);
  }
  if (!subjects.some(({ type }) => type === 'Organization'))
    faults.push({ index: bundle.data.entry.length, text: 'Bundle.entry: needs at least one Organization' });

  return faults.length > 0
    ? { faults: faults.sort((one, other) => one.index - other.index).map(({ text }) => text) }
    : {
        directory: { parties: [...parties.values()].map((party) => withSuppliers(party, grants)), coverage, resources },
      };
};
