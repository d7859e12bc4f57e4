import * as z from 'zod';
import { defined } from '../defined.ts';
import { codeableConcept, fhirId, identifier } from '../fhir/datatypes.ts';
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
import { type Places, placesOf, readOther, readOwner, relinkedElements } from './references.ts';
import { entryAt, type Fault, stepsOf, type Subject, subjectOf } from './subject.ts';

const bundleShape = z.object({
  resourceType: z.literal('Bundle', 'must be Bundle'),
  type: z.literal('collection', 'must be collection'),
  entry: z.array(z.unknown(), 'needs one entry for each resource'),
});

/** The fault of a value that an earlier entry has too; `undefined` for its first use. */
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

/** The organisation numbers beside its own whose tokens may act for a party. */
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
    fault('telecom', 'needs a phone: a person must be reachable if no system answers');
  read('active', z.literal(true, 'must be true: leave out an organisation that does not take part').optional());
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

/** Reads an OrganizationAffiliation: a supplier that may act for a party. */
const readAffiliation = (subject: Subject, places: Places, once: Once): Grant | undefined => {
  const { index, read, fault } = subject;
  const organisation = readOwner(subject, places, 'organization');
  const supplier = readOther(subject, places, 'participatingOrganization');
  read('code', affiliationElement);
  read('active', z.literal(true, wantedActive).optional());
  read('period', z.undefined('must be left out: the grant is valid as long as it is in the file'));
  if (organisation === undefined || supplier === undefined) return undefined;
  if (organisation === supplier)
    fault('participatingOrganization', 'must be another organisation: no organisation needs a grant to act for itself');
  const again = once(`supplier ${supplier} of ${organisation}`, index);
  if (again !== undefined) fault('participatingOrganization', again);
  return { organisation, supplier };
};

/** Reads an Endpoint. It covers no area. */
const readEndpoint = ({ read }: Subject): undefined => {
  for (const [element, schema] of Object.entries(endpointElements)) read(element, schema);
};

/** Reads a Location. Returns its area if it is one that an AMK LA covers. */
const readLocation = ({ resource, read, fault }: Subject): string | undefined => {
  read('name', nameElement);
  const physicalType = read('physicalType', codeableConcept.optional());
  const isArea = physicalType?.coding?.find(({ system }) => system === physicalTypes)?.code === 'area';
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
  read('status', z.literal('active', 'must be active: leave out an area that is not covered').optional());
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

/** Reads an Endpoint or a Location: as it is served, its owner, and its area if it is one that an AMK LA covers. */
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
  return { subject, served, owner, area };
};

const withSuppliers = (party: DirectoryParty, grants: readonly Grant[]): DirectoryParty => {
  const suppliers = grants.filter(({ organisation }) => organisation === party.organisation).map((one) => one.supplier);
  return suppliers.length === 0 ? party : { ...party, suppliers };
};

export type DirectoryReading = { readonly directory: DirectoryData } | { readonly faults: readonly string[] };

/** Reports entries with the same `fullUrl`. */
const checkUrls = (subjects: readonly Subject[], once: Once, faults: Fault[]): void => {
  for (const { fullUrl, index } of subjects) {
    const again = fullUrl === undefined ? undefined : once(`fullUrl ${fullUrl}`, index);
    if (again !== undefined) faults.push({ index, text: `${entryAt(index)}.fullUrl: ${again}` });
  }
};

const readParties = (subjects: readonly Subject[], places: Places, once: Once): ReadonlyMap<string, DirectoryParty> => {
  const parties = subjects.flatMap((subject) => {
    if (subject.type !== 'Organization') return [];
    const party = readParty(subject, places, once);
    // Reports the references of the Organization that are not in the file.
    relinkedElements(subject, places);
    return party ?? [];
  });
  return new Map(parties.map((party) => [party.organisation, party]));
};

/** The area of a Location with the AMK LA that covers it. */
const coverageOf = (
  { subject, area, owner }: ReturnType<typeof readResource>,
  parties: ReadonlyMap<string, DirectoryParty>,
): readonly Coverage[] => {
  if (area === undefined) return [];
  const role = parties.get(owner ?? '')?.role;
  if (role !== undefined && role !== 'amk-la')
    subject.fault('managingOrganization', `${owner} is ${role}: an area is covered by an amk-la`);
  return owner === undefined ? [] : [{ area, organisation: owner }];
};

/** Reads a directory file. Returns the directory, or all faults, each with its FHIRPath and what to do. */
export const readDirectory = (value: unknown): DirectoryReading => {
  const bundle = bundleShape.safeParse(value);
  if (!bundle.success)
    return { faults: bundle.error.issues.map(({ path, message }) => `Bundle${stepsOf(path)}: ${message}`) };

  const faults: Fault[] = [];
  const subjects = bundle.data.entry.flatMap((item, index) => subjectOf(item, index, faults) ?? []);
  const places = placesOf(subjects);
  const once = onceOnly();
  checkUrls(subjects, once, faults);
  const parties = readParties(subjects, places, once);
  const grants = subjects.flatMap((subject) =>
    subject.type === 'OrganizationAffiliation' ? (readAffiliation(subject, places, once) ?? []) : [],
  );
  const resources = subjects.flatMap((subject) =>
    subject.type === 'Endpoint' || subject.type === 'Location'
      ? [readResource(subject, subject.type, places, once)]
      : [],
  );
  const coverage = resources.flatMap((resource) => coverageOf(resource, parties));
  if (!subjects.some(({ type }) => type === 'Organization'))
    faults.push({ index: bundle.data.entry.length, text: 'Bundle.entry: needs at least one Organization' });

  return faults.length > 0
    ? { faults: faults.sort((one, other) => one.index - other.index).map(({ text }) => text) }
    : {
        directory: {
          parties: [...parties.values()].map((party) => withSuppliers(party, grants)),
          coverage,
          resources: resources.map(({ served }) => served),
        },
      };
};
