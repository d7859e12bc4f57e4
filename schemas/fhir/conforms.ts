/**
 * Compile-time proof that a zod schema reads a FHIR resource as `@types/fhir` (the R4 definitions) describes it:
 * `Conforms<typeof schema, fhir.X>` is `true` only if every member the schema reads exists there with a compatible type.
 */
import type { z } from 'zod';

type Readable<Fhir> = Fhir extends readonly (infer Item)[]
  ? Item extends string
    ? // In a list of primitives, `null` stands for a value that has extensions only (R4 2.6.2.3).
      (string | null)[]
    : Readable<Item>[]
  : Fhir extends object
    ? { [Key in keyof Fhir]?: Readable<Fhir[Key]> | undefined }
    : Fhir extends string
      ? string
      : Fhir;

type UnknownMembers<Ours, Fhir> = Exclude<keyof Ours, keyof Fhir>;

export type Conforms<Schema extends z.ZodType, Fhir> = [UnknownMembers<z.input<Schema>, Fhir>] extends [never]
  ? z.input<Schema> extends Readable<Fhir>
    ? true
    : false
  : false;

/** Fails to compile unless every member of the tuple is `true`. */
export type Holds<_Claims extends readonly true[]> = true;
