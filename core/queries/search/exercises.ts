import { exerciseCode, systems } from '../../../schemas/names.ts';
import type { Search } from './read-search.ts';
import type { Coded } from './tokens.ts';

/** What `_security` finds. */
export const exerciseLabel: readonly Coded[] = [{ system: systems.actReason, value: exerciseCode }];

/** Whether a row is of the kind that is searched. A list never has both: without `_security` it has real missions. */
export const isOfKind = ({ conditions }: Search<'ServiceRequest' | 'Location'>, exercise: boolean): boolean =>
  conditions.has('_security') === exercise;
