import type { z } from 'zod';
import { codesOf } from '../codes.ts';
import { defined } from '../defined.ts';
import { type Fault, faults as faultKinds, type Refusal, refuse } from '../faults.ts';

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

const codes = codesOf(faultKinds);

const isPath = (value: unknown): value is readonly (string | number)[] => Array.isArray(value);

/** The code and the second path of an issue that a reader of a message has reported. */
const reported = (issue: z.core.$ZodIssue, base: string): Pick<Fault, 'code' | 'and'> | undefined => {
  const params = issue.code === 'custom' ? issue.params : undefined;
  const code = codes.find((candidate) => candidate === params?.['code']);
  const and: unknown = params?.['and'];
  return code === undefined ? undefined : { code, ...defined({ and: isPath(and) ? fhirPath(base, and) : undefined }) };
};

const isAbsent = (issue: z.core.$ZodIssue): boolean => issue.code === 'invalid_type' && issue.input === undefined;

/** Issues of zod as faults; parse with `reportInput: true`. Their messages name types and allowed codes, never a value that was sent. */
export const faultsOf = (issues: readonly z.core.$ZodIssue[], base: string): readonly Fault[] =>
  issues.map((issue) => ({
    code: isAbsent(issue) ? 'missing-field' : 'wrong-field',
    at: fhirPath(base, issue.path),
    detail: isAbsent(issue) ? 'is missing' : issue.message,
    ...reported(issue, base),
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
