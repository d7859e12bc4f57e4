import { digestOf } from '../../schemas/identifiers.ts';
import { canonicalText } from '../../schemas/json/json.ts';
import type { Entry } from './state.ts';

/** The place of a record in a chain. */
export interface Link {
  readonly chain: string;
  /** 1, 2, 3 … in each chain, without a gap. */
  readonly number: number;
  /** Digest of the record before; empty for the first. */
  readonly previous: string;
}

/**
 * Digest of a record: of its chain and number, its content, and the digest of the record before. The same for the log of reads and
 * for mission logs: whatever of a record is changed, moved, removed or put in between, a digest no longer fits.
 */
export const sealOf = ({ chain, number, previous }: Link, content: Readonly<Record<string, unknown>>): string =>
  digestOf(canonicalText({ chain, number, previous, ...content }));

/**
 * Digest of an entry. It covers everything that is stored with it for good: text, sender, times, facts, recipients, fingerprints,
 * state and version of the fold. What becomes of its fan-out is stored beside it and stays changeable.
 */
export const sealOfEntry = ({ previous, ...entry }: Omit<Entry, 'seal'>): string =>
  sealOf({ chain: `mission/${entry.mission}`, number: entry.number, previous }, { entry });
