import type { MessageEntry } from '../fhir/resources.ts';
import { isObject } from '../json/json.ts';
import { systems } from '../names.ts';
import { resourcePath } from './fhir-paths.ts';
import type { NamedOrganisation } from './message.ts';

/**
 * Contact data of organisations. Those of a party come from the directory: a sender's Organization with the number of another party
 * could put a false telephone number on a receiver's screen.
 */

/** Elements of R4 Organization by which people or systems reach it. */
const contactElements = ['telecom', 'address', 'contact', 'endpoint'] as const;

type Resource = Readonly<Record<string, unknown>>;

const contactsOf = (resource: Resource, at: string): readonly NamedOrganisation[] => {
  if (resource['resourceType'] !== 'Organization' || !Array.isArray(resource['identifier'])) return [];
  const element = contactElements.find((name) => resource[name] !== undefined);
  if (element === undefined) return [];
  return resource['identifier'].flatMap((identifier: unknown) =>
    isObject(identifier) &&
    identifier['system'] === systems.organisationNumber &&
    typeof identifier['value'] === 'string'
      ? [{ organisation: identifier['value'], at: `${at}.${element}` }]
      : [],
  );
};

/** Organisations whose contact data the entries give, also in contained resources. */
export const contactsIn = (entries: readonly MessageEntry[]): readonly NamedOrganisation[] =>
  entries.flatMap(({ resource }, index) => {
    const at = resourcePath(index);
    const contained: readonly unknown[] = Array.isArray(resource['contained']) ? resource['contained'] : [];
    return [
      ...contactsOf(resource, at),
      ...contained.flatMap((one, place) => (isObject(one) ? contactsOf(one, `${at}.contained[${place}]`) : [])),
    ];
  });
