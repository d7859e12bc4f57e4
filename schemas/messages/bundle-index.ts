import type { z } from 'zod';
import type { Reference } from '../fhir/datatypes.ts';
import { type MessageEntry, organization } from '../fhir/resources.ts';
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
}

const read = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined => {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
};

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

  return { resolve, organisationNumber, organisationNumbers };
};
