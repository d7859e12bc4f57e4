import type { HistoryRecord } from '../history.ts';
import type { Index } from './entries.ts';

/** What a history shows against a property: a sentence, and the fewest records that show it. */
export interface Finding {
  readonly says: string;
  readonly excerpt: readonly HistoryRecord[];
}

export interface Property {
  readonly name: string;
  /** What holds in every history; docs/verification.md has the same sentence. */
  readonly definition: string;
  readonly findings: (index: Index) => readonly Finding[];
}
