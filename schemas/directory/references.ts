import { z } from 'zod';
import { isNumber, numberElement, wantedOther, wantedOwner } from './elements.ts';
import { isObject } from '../json/json.ts';
import { reference } from '../fhir/datatypes.ts';
import { systems } from '../names.ts';

export interface Fault {
  /** Place of the entry in the file, by which faults are listed. */
  readonly index: number;
  readonly text: string;
}

export const subjectTypes = ['Organization', 'Endpoint', 'Location', 'OrganizationAffiliation'] as const;
/** One resource of the file while it is checked. */
export interface Subject {
  readonly index: number;
  readonly type: (typeof subjectTypes)[number];
  readonly fullUrl: string | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Notes what is wrong with an element. */
  readonly fault: (element: string, what: string) => void;
  /** Reads an element; notes what is wrong with it if it cannot be read. */
  readonly read: <Schema extends z.ZodType>(element: string, schema: Schema) => z.output<Schema> | undefined;
}

export const entryAt = (index: number): string => `Bundle.entry[${index}]`;
export const stepsOf = (path: readonly PropertyKey[]): string =>
  path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
/** Where the hub serves each resource, by the names that references in the file may use. */
export type Places = ReadonlyMap<string, string>;
export const placesOf = (subjects: readonly Subject[]): Places =>
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
export const isLost = (named: string, places: Places): boolean => !places.has(named) && !/^(?:#|https?:)/.test(named);
/** A copy of an element whose references lead to where the hub serves what they mean; notes those that lead nowhere. */
export const relinked = (value: unknown, path: string, places: Places, fault: Subject['fault']): unknown => {
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

export const relinkedElements = ({ resource, fault }: Subject, places: Places): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(resource)
      .filter(([element]) => element !== 'managingOrganization')
      .map(([element, value]) => [element, relinked(value, element, places, fault)]),
  );
/** The organisation number of the one a resource belongs to. */
export const readOwner = (
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
export const readOther = (
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
