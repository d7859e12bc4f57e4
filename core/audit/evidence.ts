import type { RestoreNote } from './anchors.ts';

/**
 * Comparison of a chain with what is kept of it outside of the table: lines of the functions' log, and anchors. A person who may
 * write to the table can rewrite a chain so that it is whole in itself; this shows it.
 */

/** What the log or an anchor says of a record. */
export interface Statement {
  readonly number: number;
  readonly digest: string;
  /** When it was written, ISO 8601. */
  readonly at: string;
}

/** A record in the table. `at`: the time in its content, which its digest covers, ISO 8601. */
export type Stored = Statement;

export type EvidenceFault =
  /** The log has another digest for these records, or they do not exist. */
  | { readonly kind: 'unlike-log'; readonly from: number; readonly to: number }
  /** The log covers the time of these records and has no line for them. */
  | { readonly kind: 'not-logged'; readonly from: number; readonly to: number }
  /** Lines of the log give different digests for these records. */
  | { readonly kind: 'log-contradicts'; readonly from: number; readonly to: number }
  /** An anchor has another digest for the record, or it does not exist. `anchored`: when the anchor was written. */
  | { readonly kind: 'unlike-anchor'; readonly number: number; readonly anchored: string; readonly exists: boolean }
  /** The records state times before an anchor that does not have them. */
  | { readonly kind: 'not-anchored'; readonly from: number; readonly to: number; readonly anchored: string };

export interface Evidence {
  readonly logged: {
    readonly statements: readonly Statement[];
    /** Whether a record of this chain with this time must have a line. */
    readonly covers: (record: Stored) => boolean;
  };
  readonly anchored: {
    readonly statements: readonly Statement[];
    /** Anchors have every record with an earlier time; ISO 8601, empty without anchors. */
    readonly completeUntil: string;
  };
  readonly restores: readonly RestoreNote[];
}

export interface Compared {
  readonly faults: readonly EvidenceFault[];
  /** Records whose line is in the log, or must be. */
  readonly withLog: number;
  /** Records that an anchor covers. */
  readonly withAnchors: number;
  /** Records that a restore has lost, by the log or the anchors. */
  readonly lost: number;
}

/** Numbers as ranges without gaps, in order. */
const ranges = (numbers: readonly number[]): readonly { readonly from: number; readonly to: number }[] => {
  const found: { from: number; to: number }[] = [];
  for (const number of [...new Set(numbers)].sort((one, other) => one - other)) {
    const last = found.at(-1);
    if (last !== undefined && number === last.to + 1) last.to = number;
    else found.push({ from: number, to: number });
  }
  return found;
};

/**
 * Whether a restore explains that the table does not have what a statement says: it was written after the backup and before the
 * restore, and the number is free or was given again after the restore.
 */
const isLost = (statement: Statement, stored: Stored | undefined, restores: readonly RestoreNote[]): boolean =>
  restores.some(
    ({ at, asOf }) => statement.at > asOf && statement.at <= at && (stored === undefined || stored.at >= at),
  );

/** Compares all records of a chain with the evidence. */
export const compareWithEvidence = (records: readonly Stored[], { logged, anchored, restores }: Evidence): Compared => {
  const byNumber = new Map(records.map((record) => [record.number, record]));
  const isHeld = ({ number, digest }: Statement): boolean => byNumber.get(number)?.digest === digest;
  const lost = new Set<number>();
  const standing = (statements: readonly Statement[]): readonly Statement[] =>
    statements.filter((statement) => {
      const isGone = !isHeld(statement) && isLost(statement, byNumber.get(statement.number), restores);
      if (isGone) lost.add(statement.number);
      return !isGone;
    });

  const lines = standing(logged.statements);
  const digests = new Map<number, string>();
  const contradicted = new Set<number>();
  for (const { number, digest } of lines) {
    if (digests.has(number) && digests.get(number) !== digest) contradicted.add(number);
    digests.set(number, digest);
  }
  const unlike = lines.filter((line) => !isHeld(line) && !contradicted.has(line.number)).map(({ number }) => number);
  const covered = records.filter((record) => digests.has(record.number) || logged.covers(record));
  const unlogged = covered.filter(({ number }) => !digests.has(number)).map(({ number }) => number);

  const anchors = standing(anchored.statements);
  // The newest anchor of a record is enough: the text names one time.
  const unlikeAnchor = new Map<number, EvidenceFault>();
  for (const anchor of anchors)
    if (!isHeld(anchor))
      unlikeAnchor.set(anchor.number, {
        kind: 'unlike-anchor',
        number: anchor.number,
        anchored: anchor.at,
        exists: byNumber.has(anchor.number),
      });
  const newestAnchored = anchors.reduce((newest, { number }) => Math.max(newest, number), 0);
  const backdated = records
    .filter(({ number, at }) => number > newestAnchored && at < anchored.completeUntil)
    .map(({ number }) => number);

  return {
    faults: [
      ...ranges([...contradicted]).map((range): EvidenceFault => ({ kind: 'log-contradicts', ...range })),
      ...ranges(unlike).map((range): EvidenceFault => ({ kind: 'unlike-log', ...range })),
      ...ranges(unlogged).map((range): EvidenceFault => ({ kind: 'not-logged', ...range })),
      ...unlikeAnchor.values(),
      ...ranges(backdated).map(
        (range): EvidenceFault => ({ kind: 'not-anchored', ...range, anchored: anchored.completeUntil }),
      ),
    ],
    withLog: covered.length,
    withAnchors: records.filter(({ number }) => number <= newestAnchored).length,
    lost: lost.size,
  };
};
