import type { z } from 'zod';
import type { CodeableConcept, Reference } from '../fhir/datatypes.ts';
import { practitioner, practitionerRole } from '../fhir/resources.ts';
import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { type Parsed, parseWith } from '../fhir/zod-faults.ts';
import { systems } from '../names.ts';
import { comparablePerson, hasLetters, shownName } from '../text.ts';
import { contradiction } from './contradiction.ts';
import { authorPath } from './fhir-paths.ts';
import type { Decider } from '../messages/message-type.ts';
import { type Found, inHeader, type Resolver } from './resolver.ts';
import { adviceOnSystem } from '../messages/system-names.ts';

/**
 * A person. What cannot be read is a fault, because persons are compared and held to account. Whether the message is refused for
 * it depends on the message (`readAuthor`).
 */

/** Characters. A name is copied into the mission's state, which every entry has; the full name stays in the message. */
const longestName = 200;

/** A text with its FHIRPath. */
interface Said {
  readonly text: string;
  readonly at: string;
}

type Identifier = NonNullable<Reference['identifier']>;
type HumanName = NonNullable<z.output<typeof practitioner>['name']>[number];

const nameOf = (text: string | undefined): string | undefined => {
  const name = shownName(text, longestName);
  return name !== undefined && hasLetters(name) ? name : undefined;
};

const absent: Parsed<undefined> = { ok: true, value: undefined };

const refused = (...faults: readonly Fault[]): Parsed<never> => ({ ok: false, faults });

/** The first of several texts that must be the same. */
const agreed = (
  said: readonly Said[],
  isSame: (one: string, other: string) => boolean,
  detail: string,
): Parsed<string | undefined> => {
  const [first] = said;
  if (first === undefined) return absent;
  const other = said.find(({ text }) => !isSame(first.text, text));
  return other === undefined ? { ok: true, value: first.text } : refused(contradiction(first, other, detail));
};

/**
 * HPR numbers have 7 to 9 digits; systems fill them up with zeros. No check digit is published, so none is checked.
 */
const isHprNumber = (value: string): boolean => /^\d{7,9}$/.test(value) && !/^0+$/.test(value);

/** The number without the zeros that systems put in front. */
export const bareHprNumber = (value: string): string => value.replace(/^0+/, '');

const readNumber = (
  identifiers: readonly { readonly identifier: Identifier; readonly at: string }[],
): Parsed<string | undefined> => {
  const faults: Fault[] = [];
  const numbers: Said[] = [];
  for (const {
    identifier: { system, value },
    at,
  } of identifiers) {
    const advice = system === undefined ? undefined : adviceOnSystem(system);
    if (advice !== undefined) faults.push({ code: 'wrong-field', at: `${at}.system`, detail: advice });
    if (system !== systems.healthPersonnel || value === undefined) continue;
    const detail = 'is not an HPR number: give 7 to 9 digits, without blanks';
    if (isHprNumber(value)) numbers.push({ text: value, at: `${at}.value` });
    else faults.push({ code: 'wrong-field', at: `${at}.value`, detail });
  }
  if (faults.length > 0) return { ok: false, faults };
  return agreed(
    numbers,
    (one, other) => bareHprNumber(one) === bareHprNumber(other),
    'A person has one HPR number: give one, or mark the other as old (use).',
  );
};

/** Names in the order in which they are shown: the official one first. */
const uses = ['official', 'usual', undefined, 'temp', 'nickname', 'anonymous', 'maiden'];

const rankOf = ({ use }: HumanName): number => {
  const rank = uses.indexOf(use);
  return rank === -1 ? uses.length : rank;
};

const readName = (names: readonly HumanName[], at: string): Parsed<string | undefined> => {
  const said = names.flatMap((name, index) => {
    const parts = [...(name.given ?? []), name.family].filter((part) => typeof part === 'string');
    const text = nameOf(name.text) ?? nameOf(parts.join(' '));
    return text === undefined ? [] : [{ text, at: `${at}.name[${index}]`, rank: rankOf(name) }];
  });
  const first = Math.min(...said.map(({ rank }) => rank));
  return agreed(
    said.filter(({ rank }) => rank === first),
    (one, other) => comparablePerson(one) === comparablePerson(other),
    'A person is shown by one name: give one, or say which is official (use).',
  );
};

/** How a role is shown: its text, or the display or code of its first coding. */
const dutyOf = ({ text, coding }: CodeableConcept): string | undefined => {
  const [first] = coding ?? [];
  return (
    nameOf(text) ??
    nameOf(first?.display) ??
    (first?.code === undefined ? undefined : shownName(first.code, longestName))
  );
};

const codingFaults = ({ coding = [] }: CodeableConcept, at: string): readonly Fault[] => {
  const faults: Fault[] = [];
  const first = new Map<string, { readonly code: string | undefined; readonly at: string }>();
  coding.forEach(({ system = '', code }, index) => {
    const place = { code, at: `${at}.coding[${index}]` };
    const before = first.get(system);
    if (before === undefined) first.set(system, place);
    else if (before.code !== code)
      faults.push(contradiction(before, place, 'A role has one code of a code system: give one.'));
  });
  return faults;
};

const readDuty = (codes: readonly CodeableConcept[], at: string): Parsed<string | undefined> => {
  const faults = codes.flatMap((code, index) => codingFaults(code, `${at}.code[${index}]`));
  if (faults.length > 0) return { ok: false, faults };
  const said = codes.flatMap((code, index) => {
    const text = dutyOf(code);
    return text === undefined ? [] : [{ text, at: `${at}.code[${index}]` }];
  });
  return agreed(
    said,
    (one, other) => comparablePerson(one) === comparablePerson(other),
    'The person acted in one role: give that one.',
  );
};

/** Whether a reference says for people, or by a number, who is meant. */
const saysWho = ({ identifier, display }: Reference): boolean =>
  identifier !== undefined || nameOf(display) !== undefined;

interface Following extends Pick<Found, 'index'> {
  /** FHIRPath of the reference. */
  readonly at: string;
  /** The person is known without the resource. */
  readonly isKnown: boolean;
}

/** The resource that a reference means. */
const follow = (
  reference: Reference | undefined,
  { at, isKnown, index }: Following,
  { resolve }: Resolver,
): Parsed<Found | undefined> => {
  const resolution = resolve(reference, { index });
  switch (resolution.outcome) {
    case 'found':
      return { ok: true, value: resolution.found };
    case 'ambiguous': {
      const [one = { at }, other = { at }] = resolution.candidates;
      return refused(contradiction(one, other, 'Both can be meant by one reference.'));
    }
    case 'at-hub':
    case 'unresolved':
    case 'nothing': {
      if (reference?.reference === undefined || isKnown || saysWho(reference)) return absent;
      const detail = 'leads to nobody: send the PractitionerRole and the Practitioner in the Bundle';
      return refused({ code: 'unresolved-reference', at, detail });
    }
  }
};

const readAs = <Schema extends z.ZodType>(
  type: string,
  schema: Schema,
  found: Found | undefined,
): Parsed<z.output<Schema> | undefined> =>
  found?.resource['resourceType'] === type ? parseWith(schema, found.resource, found.at) : absent;

/** Where a reference to a person stands. */
export interface PersonPlace extends Pick<Found, 'index'> {
  /** FHIRPath of the reference. */
  readonly at: string;
}

/** `MessageHeader.author`. */
export const authorPlace: PersonPlace = { ...inHeader, at: authorPath };

/** The person that a reference means: a name, and role and HPR number if they are given. */
export const readPerson = (
  reference: Reference | undefined,
  { at: place, index: origin }: PersonPlace,
  resolver: Resolver,
): Parsed<Decider | undefined> => {
  if (reference === undefined) return absent;
  const named = follow(reference, { index: origin, at: place, isKnown: false }, resolver);
  if (!named.ok) return named;
  const type = named.value?.resource['resourceType'];
  if (type !== undefined && type !== 'PractitionerRole' && type !== 'Practitioner')
    return refused({ code: 'wrong-field', at: place, detail: 'must be a PractitionerRole or a Practitioner' });
  const role = readAs('PractitionerRole', practitionerRole, named.value);
  if (!role.ok) return role;
  const roleAt = named.value?.at ?? place;
  const held =
    role.value === undefined || named.value === undefined
      ? named
      : follow(
          role.value.practitioner,
          { index: named.value.index, at: `${roleAt}.practitioner`, isKnown: saysWho(reference) },
          resolver,
        );
  if (!held.ok) return held;
  const person = readAs('Practitioner', practitioner, held.value);
  if (!person.ok) return person;
  const personAt = held.value?.at ?? place;

  const name = readName(person.value?.name ?? [], personAt);
  const duty = readDuty(role.value?.code ?? [], roleAt);
  const number = readNumber([
    ...(person.value?.identifier ?? []).map((identifier, index) => ({
      identifier,
      at: `${personAt}.identifier[${index}]`,
    })),
    ...[
      { identifier: role.value?.practitioner?.identifier, at: `${roleAt}.practitioner.identifier` },
      { identifier: reference.identifier, at: `${place}.identifier` },
    ].flatMap(({ identifier, at }) => (identifier === undefined ? [] : [{ identifier, at }])),
  ]);
  if (!name.ok || !duty.ok || !number.ok)
    return refused(...[name, duty, number].flatMap((part) => (part.ok ? [] : part.faults)));
  const shown = name.value ?? nameOf(role.value?.practitioner?.display) ?? nameOf(reference.display);
  return shown === undefined
    ? absent
    : { ok: true, value: { name: shown, ...defined({ role: duty.value, identifier: number.value }) } };
};

/** Whether two readings can mean one person: by HPR number if both have one, else by name, of which one may be shorter. */
export const canBeOnePerson = (one: Decider, other: Decider): boolean => {
  if (one.identifier !== undefined && other.identifier !== undefined)
    return bareHprNumber(one.identifier) === bareHprNumber(other.identifier);
  const [words, others] = [one, other].map(({ name }) => new Set(comparablePerson(name).split(' ')));
  return words === undefined || others === undefined || words.isSubsetOf(others) || others.isSubsetOf(words);
};
