import { moment, reference as referenceSchema } from '../fhir/datatypes.ts';
import type { MessageEntry } from '../fhir/resources.ts';
import { fingerprintOf } from '../identifiers.ts';
import { isObject } from '../json/json.ts';
import type { Facts, Finding } from '../messages/message-type.ts';
import type { Resolver } from './resolver.ts';

/**
 * Observations, conditions and allergies of a message, so that a party that is asked later gets the newest of each. Each has a
 * key: findings with one key are of one patient and about the same thing.
 */

type Members = Readonly<Record<string, unknown>>;

/** Elements with the time of a finding, the most exact first. */
const times: Readonly<Record<string, readonly string[]>> = {
  Observation: ['effectiveDateTime', 'effectiveInstant', 'effectivePeriod', 'issued'],
  Condition: ['recordedDate', 'onsetDateTime', 'onsetPeriod'],
  AllergyIntolerance: ['recordedDate', 'lastOccurrence', 'onsetDateTime'],
};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const momentIn = (value: unknown): string | undefined => {
  const text = isObject(value) ? (value['end'] ?? value['start']) : value;
  const read = moment.safeParse(text);
  return read.success ? read.data : undefined;
};

const timeOfFinding = (resource: Members): string | undefined =>
  (times[String(resource['resourceType'])] ?? [])
    .map((element) => momentIn(resource[element]))
    .find((at) => at !== undefined);

/** A concept by all of its codes, or by its text. */
const conceptOf = (concept: unknown): string => {
  if (!isObject(concept)) return '';
  const codes = list(concept['coding'])
    .filter(isObject)
    .map(({ system, code }) => `${String(system)}|${String(code)}`)
    .toSorted();
  if (codes.length > 0) return codes.join(' ');
  return typeof concept['text'] === 'string' ? concept['text'].trim() : '';
};

/** Fødselsnummer, D-nummer and felles hjelpenummer; a patient may have numbers of a hospital beside them. */
const personSystem = /^urn:oid:2\.16\.578\.1\.12\.4\.1\.4\.[123]\|/;

/** The patient by an identifier, which is the same in every message; without one by the sender's name for the resource. */
const patientOf = (reference: unknown, index: number, { resolve }: Resolver): string => {
  const read = referenceSchema.safeParse(reference);
  if (!read.success) return '';
  const resolution = resolve(read.data, { index });
  const target = resolution.outcome === 'found' ? resolution.found.resource : {};
  const identifiers = [read.data.identifier, ...list(target['identifier'])]
    .filter(isObject)
    .map(({ system, value }) => `${String(system)}|${String(value)}`)
    .toSorted();
  const [known = identifiers[0]] = identifiers.filter((one) => personSystem.test(one));
  return known ?? read.data.reference ?? read.data.display ?? '';
};

const keyOf = (resource: Members, index: number, resolver: Resolver): string =>
  fingerprintOf(
    String(resource['resourceType']),
    patientOf(resource['subject'] ?? resource['patient'], index, resolver),
    conceptOf(resource['code']),
    conceptOf(resource['bodySite']),
    conceptOf(resource['method']),
    ...list(resource['component'])
      .map((component) => (isObject(component) ? conceptOf(component['code']) : ''))
      .toSorted(),
  );

/** The findings of a message, in its order. */
export const readFindings = (entries: readonly MessageEntry[], resolver: Resolver): Pick<Facts, 'findings'> => {
  const findings = entries.flatMap(({ resource }, index): readonly Finding[] => {
    if (!Object.hasOwn(times, resource.resourceType)) return [];
    const at = timeOfFinding(resource);
    return [{ index, key: keyOf(resource, index, resolver), ...(at === undefined ? {} : { at }) }];
  });
  return findings.length === 0 ? {} : { findings };
};
