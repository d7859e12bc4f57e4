import type { Guidelines } from '../../schemas/guideline.ts';
import type { Directory } from './directory.ts';
import type { Entry, Origin, Party, TaskState } from './state.ts';

/** What the rules need besides the message and the state. Time is an argument. */
export interface DecisionContext {
  readonly sender: Party;
  /** ISO 8601. */
  readonly now: string;
  /** Version in `If-Match`, if the sender gave one. */
  readonly ifMatch?: number;
  readonly directory: Directory;
  readonly guidelines: Guidelines;
  readonly origin?: Origin;
}

/** The entry a decision would append, without what only the log knows. */
export type Decision = { readonly outcome: 'accepted'; readonly entry: Omit<Entry, 'pendingFrom' | 'activeSince'> };
export interface Opening {
  readonly owner?: Party;
  readonly task?: TaskState;
  readonly joins?: readonly string[];
}
