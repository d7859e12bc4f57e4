import { moment, reference as referenceSchema } from '../fhir/datatypes.ts';
import type { MessageEntry } from '../fhir/resources.ts';
import { fingerprintOf, parseAddress } from '../identifiers.ts';
import { isObject, listOf } from '../json/json.ts';
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

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

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
  const codes = listOf(concept['coding'])
    .filter(isObject)
    .map(({ system, code }) => `${String(system)}|${String(code)}`)
    .toSorted();
  if (codes.length > 0) return codes.join(' ');
  return typeof concept['text'] === 'string' ? concept['text'].trim() : '';
};

/** Fødselsnummer, D-nummer and felles hjelpenummer; a patient may have numbers of a hospital beside them. */
const personSystem = /^urn:oid:2\.16\.578\.1\.12\.4\.1\.4\.[123]\|/;

/** A patient, and whether only the sender knows whom it means. */
interface Whom {
  readonly name: string;
  readonly ofSender: boolean;
}

const identifiersIn = (values: readonly unknown[]): readonly string[] =>
  values
    .filter(isObject)
    .map(({ system, value }) => `${textIn(system)}|${textIn(value)}`)
    .toSorted();

/** The patient by an identifier or an address at the hub, which are the same in every message; otherwise by the sender's name. */
const patientOf = (reference: unknown, index: number, { resolve }: Resolver): Whom => {
  const read = referenceSchema.safeParse(reference);
  if (!read.success) return { name: '', ofSender: true };
  const resolution = resolve(read.data, { index });
  if (resolution.outcome === 'at-hub' && parseAddress(resolution.id) !== undefined)
    return { name: `${resolution.type}/${resolution.id}`, ofSender: false };
  const target = resolution.outcome === 'found' ? resolution.found.resource : {};
  const identifiers = identifiersIn([read.data.identifier, ...listOf(target['identifier'])]);
  const [known = identifiers[0]] = identifiers.filter((one) => personSystem.test(one));
  return known === undefined
    ? { name: read.data.reference ?? read.data.display ?? '', ofSender: true }
    : // Without a system, it is a number of the sender.
      { name: known, ofSender: known.startsWith('|') };
};

/** The finding by its identifiers; without one by its `fullUrl` or id. */
const nameOf = ({ fullUrl, resource }: MessageEntry): string => {
  const members: Members = resource;
  const identifiers = identifiersIn(listOf(members['identifier']));
  const id = fullUrl ?? textIn(members['id']);
  return fingerprintOf(resource.resourceType, ...(identifiers.length > 0 ? identifiers : [id]));
};

const voidStatuses: readonly unknown[] = ['entered-in-error', 'cancelled'];

/** Whether the sender says that there is no such finding: it must not hide one that there is. */
const isVoid = ({ status, verificationStatus }: Members): boolean =>
  voidStatuses.includes(status) ||
  (isObject(verificationStatus) &&
    listOf(verificationStatus['coding']).some((coding) => isObject(coding) && voidStatuses.includes(coding['code'])));

const keyOf = (resource: Members, patient: string): string =>
  fingerprintOf(
    String(resource['resourceType']),
    patient,
    conceptOf(resource['code']),
    conceptOf(resource['bodySite']),
    conceptOf(resource['method']),
    ...listOf(resource['component'])
      .map((component) => (isObject(component) ? conceptOf(component['code']) : ''))
      .toSorted(),
  );

/** The findings of a message, in its order. */
export const readFindings = (entries: readonly MessageEntry[], resolver: Resolver): Pick<Facts, 'findings'> => {
  const findings = entries.flatMap((entry, index): readonly Finding[] => {
    const { resource } = entry;
    if (!Object.hasOwn(times, resource.resourceType)) return [];
    const members: Members = resource;
    const at = timeOfFinding(members);
    const patient = patientOf(members['subject'] ?? members['patient'], index, resolver);
    return [
      {
        index,
        key: keyOf(members, patient.name),
        name: nameOf(entry),
        ...(at === undefined ? {} : { at }),
        ...(patient.ofSender ? { ofSender: true } : {}),
        ...(isVoid(members) ? { isVoid: true } : {}),
      },
    ];
  });
  return findings.length === 0 ? {} : { findings };
};
