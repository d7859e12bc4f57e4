import type { z } from 'zod';
import { type Fault, type Refusal, refuse } from '../faults.ts';

/** A parsed value, or the faults of it. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** FHIRPath of an element: an index in a list as `[0]`. */
const fhirPath = (base: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (sofar, step) => (typeof step === 'number' ? `${sofar}[${step}]` : `${sofar}.${String(step)}`),
    base,
  );

const isMissing = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom'
    ? issue.params?.['missing'] === true
    : issue.code === 'invalid_type' && issue.input === undefined;

/** Issues of zod as faults; parse with `reportInput: true`. Their messages name types and allowed codes, never a value that was sent. */
export const faultsOf = (issues: readonly z.core.$ZodIssue[], base: string): readonly Fault[] =>
  issues.map((issue) => ({
    code: isMissing(issue) ? 'missing-field' : 'wrong-field',
    at: fhirPath(base, issue.path),
    detail: issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message,
  }));

/** Parses a value with a schema; `base` is the FHIRPath of the value. */
export const parseWith = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  base: string,
): Parsed<z.output<Schema>> => {
  const result = schema.safeParse(value, { reportInput: true });
  return result.success ? { ok: true, value: result.data } : { ok: false, faults: faultsOf(result.error.issues, base) };
};

/** One refusal with all faults; the first fault decides the HTTP status. */
export const refuseAll = (faults: readonly Fault[]): Refusal => {
  const [first, ...rest] = faults;
  return first === undefined ? refuse('internal') : { outcome: 'refused', faults: [first, ...rest] };
};
