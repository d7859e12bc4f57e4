import type * as z from 'zod';
import type { Fault } from '../faults.ts';

/** How the readers of a resource report faults to zod; `faultsOf` turns them into faults with FHIRPaths. */

export type Context = z.RefinementCtx;
/** Path from the resource that is read. */
export type Path = readonly (string | number)[];

/** What an issue carries besides its path and message. */
export interface IssueParams {
  readonly code: Fault['code'];
  /** Path of the second of two elements that contradict each other. */
  readonly and?: Path;
}

const report = (context: Context, path: Path, message: string, params: IssueParams): void => {
  context.addIssue({ code: 'custom', path: [...path], message, params: { ...params } });
};

/** Reports an element whose value the hub cannot use. */
export const reject = (context: Context, path: Path, message: string): void =>
  report(context, path, message, { code: 'wrong-field' });

/** Reports an element that must be present. */
export const missing = (context: Context, path: Path, advice: string): void =>
  report(context, path, `is missing: ${advice}`, { code: 'missing-field' });

/** Reports two elements of which the hub would act on one. */
export const contradict = (context: Context, one: Path, other: Path, message: string): void =>
  report(context, one, message, { code: 'contradiction', and: other });

/** Reports an element that changes the meaning of the message, and what to send instead. */
export const changesMeaning = (context: Context, path: Path, message: string): void =>
  report(context, path, message, { code: 'changed-meaning' });
