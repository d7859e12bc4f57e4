import * as z from 'zod';
import { defined } from '../defined.ts';
import { codeableConcept, codeIn, fhirId, identifier } from '../fhir/datatypes.ts';
import { isObject } from '../json/json.ts';
import { systems } from '../names.ts';
import type { Coverage, DirectoryData, DirectoryParty, DirectoryResource } from './directory.ts';
import {
  affiliationElement,
  areaForms,
  endpointElements,
  hostsElement,
  locationStatus,
  nameElement,
  numberElement,
  physicalTypes,
  positionElement,
  roleElement,
  rolesToCall,
  telecomElement,
  unitsElement,
  wantedActive,
  wantedArea,
} from './elements.ts';
import {
  entryAt,
  type Fault,
  type Places,
  placesOf,
  readOther,
  readOwner,
  relinkedElements,
  stepsOf,
  type Subject,
  subjectTypes,
} from './references.ts';

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
