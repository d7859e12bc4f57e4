import type { z } from 'zod';
import type { Reference } from '../fhir/datatypes.ts';
import { type MessageEntry, organization, practitioner, practitionerRole } from '../fhir/resources.ts';
import { defined } from '../defined.ts';
import type { Decider } from './message-type.ts';
import { systems } from '../names.ts';

export interface Found {
  readonly index: number;
  readonly resource: MessageEntry['resource'];
}

/** Resolves references inside one message (FHIR R4 3.1.6: by `fullUrl`, else by type and id). */
export interface BundleIndex {
  resolve(reference: Reference | undefined): Found | undefined;
  /** Organisation number of a reference: from its identifier, the Organization in the Bundle, or the hub's own `Organization/<number>`. */
  organisationNumber(reference: Reference | undefined): string | undefined;
  /** Every organisation number that a reader may take from a reference: its identifier and its target may differ. */
  organisationNumbers(reference: Reference | undefined): readonly string[];
  /** The person that a reference points to: a name, and role and HPR number if they are given. */
  person(reference: Reference | undefined): Decider | undefined;
}

const read = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined => {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
};

/** Characters. A name is copied into the mission's state, which every entry has; the full name stays in the message. */
const longestName = 200;

const notBlank = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : text.trim().slice(0, longestName);

/** HPR numbers have up to nine digits. */
const isNumber = (value: string | undefined): boolean => value !== undefined && /^\d{1,9}$/.test(value);

export const indexBundle = (entries: readonly MessageEntry[]): BundleIndex => {
  const places = new Map<string, Found>();
  entries.forEach(({ fullUrl, resource }, index) => {
    const names = [
      fullUrl,
      typeof resource['id'] === 'string' ? `${resource.resourceType}/${resource['id']}` : undefined,
    ];
    for (const name of names) if (name !== undefined && !places.has(name)) places.set(name, { index, resource });
  });

  const resolve = (reference: Reference | undefined): Found | undefined =>
    reference?.reference === undefined ? undefined : places.get(reference.reference);

  /** Numbers of the Organizations read so far: each is read once, however often it is referenced. */
  const numbered = new Map<Found, readonly string[]>();
  const numbersIn = (found: Found): readonly string[] => {
    const known = numbered.get(found);
    if (known !== undefined) return known;
    const numbers = (read(organization, found.resource)?.identifier ?? []).flatMap(({ system, value }) =>
      system === systems.organisationNumber && value !== undefined ? [value] : [],
    );
    numbered.set(found, numbers);
    return numbers;
  };

  const organisationNumber = (reference: Reference | undefined): string | undefined => {
    if (reference?.identifier?.system === systems.organisationNumber) return reference.identifier.value;
    const found = resolve(reference);
    return (
      (found === undefined ? undefined : numbersIn(found)[0]) ??
      /^Organization\/(\d{9})$/.exec(reference?.reference ?? '')?.[1]
    );
  };

  const organisationNumbers = (reference: Reference | undefined): readonly string[] => {
    const { identifier } = reference ?? {};
    const found = resolve(reference);
    const inBundle = found === undefined ? [] : numbersIn(found);
    // Also from an absolute URL: at the hub it is the address of that organisation.
    const addressed = /(?:^|\/)Organization\/(\d{9})(?:\/_history\/|$)/.exec(reference?.reference ?? '')?.[1];
    return [
      identifier?.system === systems.organisationNumber ? identifier.value : undefined,
      ...inBundle,
      inBundle.length === 0 ? addressed : undefined,
    ].filter((number) => number !== undefined);
  };

  const person = (reference: Reference | undefined): Decider | undefined => {
    if (reference === undefined) return undefined;
    const found = resolve(reference)?.resource;
    const role = read(practitionerRole, found);
    const practises = read(practitioner, role === undefined ? found : resolve(role.practitioner)?.resource);
    const numbers = [
      ...(practises?.identifier ?? []),
      ...[role?.practitioner?.identifier, reference.identifier].filter((one) => one !== undefined),
    ];
    const name = practises?.name?.[0];
    const words =
      notBlank(name?.text) ??
      notBlank([...(name?.given ?? []), name?.family ?? ''].join(' ')) ??
      notBlank(role?.practitioner?.display) ??
      notBlank(reference.display) ??
      notBlank(reference.identifier?.value);
    if (words === undefined) return undefined;
    const duty = role?.code?.[0];
    return {
      name: words,
      ...defined({
        role: notBlank(duty?.text) ?? notBlank(duty?.coding?.[0]?.display ?? duty?.coding?.[0]?.code),
        identifier: numbers.find(({ system, value }) => system === systems.healthPersonnel && isNumber(value))?.value,
      }),
    };
  };

  return { resolve, organisationNumber, organisationNumbers, person };
};
