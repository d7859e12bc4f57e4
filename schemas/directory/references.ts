import { z } from 'zod';
import { isNumber, numberElement, wantedOther, wantedOwner } from './elements.ts';
import { isObject } from '../json/json.ts';
import { reference } from '../fhir/datatypes.ts';
import { systems } from '../names.ts';
import type { Subject } from './subject.ts';

/** References between the resources of a directory file. */

/** The address at which the hub serves each resource, by every name that references in the file may use. */
export type Places = ReadonlyMap<string, string>;

/** A resource without identifier gets the address of an unknown one, so that only its own fault is reported. */
export const placesOf = (subjects: readonly Subject[]): Places =>
  new Map(
    subjects.flatMap(({ type, fullUrl, resource }): [string, string][] => {
      const id = typeof resource['id'] === 'string' ? `${type}/${resource['id']}` : undefined;
      const number = type === 'Organization' ? numberElement.safeParse(resource['identifier']).data : undefined;
      const place = number === undefined ? (id ?? `${type}/?`) : `${type}/${number}`;
      return [place, id, fullUrl].flatMap((known): [string, string][] => (known === undefined ? [] : [[known, place]]));
    }),
  );

/** Whether a reference must be in the file and is not. Contained resources and absolute URLs need not be. */
const isLost = (named: string, places: Places): boolean => !places.has(named) && !/^(?:#|https?:)/.test(named);

/** A copy of an element with its references replaced by served addresses; reports references that are not in the file. */
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

/** The elements of a resource except `managingOrganization`, relinked. */
export const relinkedElements = ({ resource, fault }: Subject, places: Places): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(resource)
      .filter(([element]) => element !== 'managingOrganization')
      .map(([element, value]) => [element, relinked(value, element, places, fault)]),
  );

/** The organisation number of the owner of a resource. */
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

/** The organisation number of another organisation, which need not be in the file. */
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
  // `relinkedElements` reports every lost reference of a party.
  const isReported = element === 'partOf' && other.reference !== undefined && isLost(other.reference, places);
  if (number === undefined && !isReported) fault(element, wantedOther);
  return number;
};
