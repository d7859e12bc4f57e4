import { type Refusal, refuse } from '../../schemas/faults.ts';
import { parameterPath } from './search/read-search.ts';

/** Parameters of an operation that may be given once each, by name. */
export type OperationValues = ReadonlyMap<string, string>;

/** Refuses the first parameter that the operation does not take. */
export const unknownParameter = (
  given: OperationValues,
  taken: readonly string[],
  what: string,
): Refusal | undefined => {
  const unknown = [...given.keys()].find((name) => !taken.includes(name));
  return unknown === undefined ? undefined : refuse('unknown-search', parameterPath(unknown), what);
};
