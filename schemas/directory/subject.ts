import { z } from 'zod';

/** One resource of a directory file while it is read. */

const subjectTypes = ['Organization', 'Endpoint', 'Location', 'OrganizationAffiliation'] as const;

export interface Fault {
  /** Index of the entry in the file; faults are listed in this order. */
  readonly index: number;
  readonly text: string;
}

export interface Subject {
  readonly index: number;
  readonly type: (typeof subjectTypes)[number];
  readonly fullUrl: string | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Reports a fault of an element. */
  readonly fault: (element: string, what: string) => void;
  /** Reads an element; reports its faults and returns `undefined` if it cannot be read. */
  readonly read: <Schema extends z.ZodType>(element: string, schema: Schema) => z.output<Schema> | undefined;
}

export const entryAt = (index: number): string => `Bundle.entry[${index}]`;

export const stepsOf = (path: readonly PropertyKey[]): string =>
  path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');

const entryShape = z.object({
  fullUrl: z.string().optional(),
  resource: z.looseObject({ resourceType: z.string('needs a FHIR resource type') }, 'needs a FHIR resource'),
});

/** The resource of an entry; its faults, now and when its elements are read, are added to `faults`. */
export const subjectOf = (item: unknown, index: number, faults: Fault[]): Subject | undefined => {
  const fault = (element: string, what: string): void => {
    faults.push({ index, text: `${entryAt(index)}.resource.${element}: ${what}` });
  };
  const entry = entryShape.safeParse(item);
  if (!entry.success) {
    for (const { path, message } of entry.error.issues)
      faults.push({ index, text: `${entryAt(index)}${stepsOf(path)}: ${message}` });
    return undefined;
  }
  const { fullUrl, resource } = entry.data;
  const type = subjectTypes.find((one) => one === resource.resourceType);
  if (type === undefined) {
    fault(
      'resourceType',
      `${resource.resourceType} cannot be in a directory: use only Organization, Endpoint, Location and OrganizationAffiliation`,
    );
    return undefined;
  }
  const read: Subject['read'] = (element, schema) => {
    const result = schema.safeParse(resource[element]);
    if (result.success) return result.data;
    for (const { path, message } of result.error.issues) fault(`${element}${stepsOf(path)}`, message);
    return undefined;
  };
  return { index, type, fullUrl, resource, fault, read };
};
