import { digestOf } from '../../schemas/identifiers.ts';
import type { KeptState, PassPorts, Place, TablePage, TablePages } from './table-pass.ts';

/**
 * Anchors: the digest of the newest record of each chain, kept where the functions can add and never change. What an anchor
 * names must still be in the table, with the same digest: a chain that was rewritten or shortened is found without trusting the
 * table.
 */

/** The logs that are chained by digests. */
export const chainedLogs = ['reads', 'missions'] as const;
export type ChainedLog = (typeof chainedLogs)[number];

/** A record of a chain, and so all records before it: each digest covers the one before. */
export interface ChainEnd {
  readonly log: ChainedLog;
  /** A chain of the log of reads, or the number of a mission. */
  readonly chain: string;
  /** 1, 2, 3 … in the chain. */
  readonly number: number;
  /** The record's digest, as it is stored. */
  readonly digest: string;
}

/** A restore of the table from a backup: chains may be shorter than they were anchored before. */
export interface RestoreNote {
  /** When the restore began, ISO 8601. */
  readonly at: string;
  /** The state that it restored, ISO 8601: what was written later is lost. */
  readonly asOf: string;
}

/** First line of an anchor file. */
export interface AnchorHeader {
  /** 1, 2, 3 … */
  readonly anchor: number;
  /** Digest of the anchor file before; empty for the first. */
  readonly previous: string;
  /** Name of the table. */
  readonly hub: string;
  /** When the file was written, ISO 8601. */
  readonly at: string;
  /**
   * The pass over the table that the file is of. It began at `from`; it leaves out chains without a record since `since`, which
   * earlier anchors hold. A pass has one file or more: the last one is `complete`.
   */
  readonly pass: { readonly from: string; readonly since: string; readonly complete: boolean };
  /** In every file after a restore, until the next one. */
  readonly restored?: RestoreNote;
}

export interface Anchor extends AnchorHeader {
  readonly ends: readonly ChainEnd[];
  /** Digest of the file. */
  readonly digest: string;
}

/** An anchor as a file: JSON lines, the header first, then one line for each chain. */
export interface AnchorFile {
  readonly name: string;
  readonly text: string;
}

/** The file of an anchor and its digest. The name has both, and the time in UTC. */
export const anchorFile = (
  header: AnchorHeader,
  ends: readonly ChainEnd[],
): { readonly file: AnchorFile; readonly digest: string } => {
  const text = [header, ...ends].map((line) => `${JSON.stringify(line)}\n`).join('');
  const digest = digestOf(text);
  const minute = header.at.slice(0, 16).replaceAll(':', '');
  return { file: { name: `${minute}Z-${String(header.anchor).padStart(9, '0')}-${digest}.jsonl`, text }, digest };
};

/** Where anchors are kept. Files are added, never changed. */
export interface AnchorStore {
  /** Adds a file. Throws `Unavailable`; a file that is there with this name is the same, since its name has its digest. */
  add(file: AnchorFile): Promise<void>;
}

/** A record that a page of the table has, with its time if it states one: ISO 8601. */
export interface DatedEnd extends ChainEnd {
  readonly at: string | undefined;
}

/** A page has the newest record of each chain that is on it, in its order. A chain can be on several pages. */
export interface ChainsPage extends TablePage {
  readonly ends: readonly DatedEnd[];
}

/** What the hub keeps between two runs. Nothing relies on it: if it is changed, the anchors or their verification show it. */
export interface AnchorState {
  /** Until then, in milliseconds since the epoch, no other run may begin. */
  readonly leasedUntil: number;
  /** The newest anchor file. */
  readonly newest?: { readonly anchor: number; readonly digest: string } | undefined;
  /** When the newest pass that was completed began, ISO 8601. */
  readonly completed?: string | undefined;
  /** The pass that is not complete. */
  readonly open?: { readonly from: string; readonly since: string; readonly places: readonly Place[] } | undefined;
  readonly restored?: RestoreNote | undefined;
}

export interface AnchorPorts extends PassPorts {
  readonly hub: string;
  readonly wholeTable: TablePages<ChainsPage>;
  readonly anchorStates: KeptState<AnchorState>;
  readonly anchors: AnchorStore;
}
