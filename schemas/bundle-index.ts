import type { z } from 'zod';
import type { Reference } from './fhir/datatypes.ts';
import { type MessageEntry, organization, practitioner, practitionerRole } from './fhir/resources.ts';
import { systems } from './names.ts';

export interface Found {
  readonly index: number;
  readonly resource: MessageEntry['resource'];
}

/** Finds what references inside one message point to (FHIR R4 3.1.6: by `fullUrl`, else by type and id). */
export interface BundleIndex {
  resolve(reference: Reference | undefined): Found | undefined;
  /** Organisation number of a reference: by identifier, by the hub's own `Organization/<number>`, or by the Organization in the Bundle. */
  organisationNumber(reference: Reference | undefined): string | undefined;
  /** Words for the person a reference points to. */
  personName(reference: Reference | undefined): string | undefined;
}

const read = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined => {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
};

/** A name is copied into the mission's state, which every entry carries; the whole of it stays in the message. */
const longestName = 200;

const notBlank = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : text.trim().slice(0, longestName);

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

  const organisationNumber = (reference: Reference | undefined): string | undefined => {
    if (reference?.identifier?.system === systems.organisationNumber) return reference.identifier.value;
    const found = read(organization, resolve(reference)?.resource);
    const inBundle = found?.identifier?.find(({ system }) => system === systems.organisationNumber)?.value;
    return inBundle ?? /^Organization\/(\d{9})$/.exec(reference?.reference ?? '')?.[1];
  };

  const personName = (reference: Reference | undefined): string | undefined => {
    if (reference === undefined) return undefined;
    const found = resolve(reference)?.resource;
    const role = read(practitionerRole, found);
    const person = read(practitioner, role === undefined ? found : resolve(role.practitioner)?.resource);
    const name = person?.name?.[0];
    const full = notBlank(name?.text) ?? notBlank([...(name?.given ?? []), name?.family ?? ''].join(' '));
    return (
      full ??
      notBlank(role?.practitioner?.display) ??
      notBlank(reference.display) ??
      notBlank(reference.identifier?.value)
    );
  };

  return { resolve, organisationNumber, personName };
};
