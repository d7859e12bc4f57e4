import type { AccessHead, AccessRecord } from './access-log.ts';
import { sealOfRecord } from './chain.ts';

export type ChainFault =
  /** Records are missing that must exist. */
  | { readonly kind: 'removed'; readonly from: number; readonly to: number }
  /** The content of the record is not what was written. */
  | { readonly kind: 'changed'; readonly number: number }
  /** The record after it was written after another record than the stored one. */
  | { readonly kind: 'replaced'; readonly number: number }
  /** Records that nothing confirms: added by hand, or the writer stopped before it noted them. */
  | { readonly kind: 'unconfirmed'; readonly from: number; readonly to: number }
  /** The mission has no link to a chain that names it. */
  | { readonly kind: 'unlinked'; readonly number: number; readonly mission: string };

const isAsWritten = (record: AccessRecord, chain: string): boolean =>
  record.chain === chain && sealOfRecord(record) === record.digest && (record.number > 1 || record.previous === '');

/** The fault between a record and the one before it. */
const faultBetween = (before: AccessRecord | undefined, { number, previous }: AccessRecord): ChainFault | undefined => {
  const expected = (before?.number ?? 0) + 1;
  if (number > expected) return { kind: 'removed', from: expected, to: number - 1 };
  return before === undefined || previous === before.digest ? undefined : { kind: 'replaced', number: before.number };
};

/** The fault between the records and the noted head. `head` must have been read after the records. */
const faultAtHead = (records: readonly AccessRecord[], head: AccessHead | undefined): ChainFault | undefined => {
  const newest = records.at(-1)?.number ?? 0;
  const noted = head?.number ?? 0;
  if (noted > newest) return { kind: 'removed', from: newest + 1, to: noted };
  if (noted < newest) return { kind: 'unconfirmed', from: noted + 1, to: newest };
  return head === undefined || records.at(-1)?.digest === head.digest ? undefined : { kind: 'replaced', number: noted };
};

/** All faults that a chain shows by itself, given all of its records in order and its noted head. */
export const chainFaults = (
  chain: string,
  records: readonly AccessRecord[],
  head: AccessHead | undefined,
): readonly ChainFault[] => {
  const found = records.flatMap((record, index): readonly (ChainFault | undefined)[] => [
    faultBetween(records[index - 1], record),
    isAsWritten(record, chain) ? undefined : { kind: 'changed', number: record.number },
  ]);
  return [...found, faultAtHead(records, head)].filter((fault) => fault !== undefined);
};

/** Missions that a chain names, each with the number of the first record that names it. */
export const missionsNamed = (chain: string, records: readonly AccessRecord[]): ReadonlyMap<string, number> => {
  const first = new Map<string, number>();
  for (const { number, access } of records)
    for (const { mission } of access.missions) if (mission !== chain && !first.has(mission)) first.set(mission, number);
  return first;
};
