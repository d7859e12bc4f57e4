import type { z } from 'zod';
import type { Fault, Refusal } from '../faults.ts';
import { refuse } from '../faults.ts';

/** FHIRPath of an element: positions in a list as `[0]`. */
const fhirPath = (base: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (sofar, step) => (typeof step === 'number' ? `${sofar}[${step}]` : `${sofar}.${String(step)}`),
    base,
  );

const isMissing = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom'
    ? issue.params?.['missing'] === true
    : issue.code === 'invalid_type' && issue.input === undefined;

/** zod's issues as faults; parse with `reportInput: true`. Their messages name types and allowed codes, never a value that was sent. */
export const faultsOf = (issues: readonly z.core.$ZodIssue[], base: string): readonly Fault[] =>
  issues.map((issue) => ({
    code: isMissing(issue) ? 'missing-field' : 'wrong-field',
    at: fhirPath(base, issue.path),
    detail: issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message,
  }));

/** One refusal for all faults; the first decides the status. */
export const refuseAll = (faults: readonly Fault[]): Refusal => {
  const [first, ...rest] = faults;
  return first === undefined ? refuse('internal') : { outcome: 'refused', faults: [first, ...rest] };
};
