/** What is wrong with a chain. */

import type { AccessHead, AccessRecord } from './access-log.ts';
import { sealOf } from './chain.ts';

export type ChainFault =
  /** Records that must have been there are not. */
  | { readonly kind: 'removed'; readonly from: number; readonly to: number }
  /** What stands there is not what was written there. */
  | { readonly kind: 'changed'; readonly number: number }
  /** The one after it was written after another record than the one that stands there now. */
  | { readonly kind: 'replaced'; readonly number: number }
  /** Records that nothing confirms: added by hand, or cut off while they were written. */
  | { readonly kind: 'unconfirmed'; readonly from: number; readonly to: number }
  /** The mission does not lead to a chain that names it. */
  | { readonly kind: 'unlinked'; readonly number: number; readonly mission: string }
  /** The functions' log tells of another record, or of one that is not there. */
  | { readonly kind: 'unlike-log'; readonly number: number };
/** Numbers and digests of a chain's records as they were logged outside of the table when they were written. */
export type LoggedRecords = ReadonlyMap<number, string>;
export const isAsWritten = (record: AccessRecord, chain: string): boolean =>
  record.chain === chain && sealOf(record) === record.digest && (record.number > 1 || record.previous === '');
/** What is wrong between a record and the one before it. */
export const faultBetween = (
  before: AccessRecord | undefined,
  { number, previous }: AccessRecord,
): ChainFault | undefined => {
  const expected = (before?.number ?? 0) + 1;
  if (number > expected) return { kind: 'removed', from: expected, to: number - 1 };
  return before === undefined || previous === before.digest ? undefined : { kind: 'replaced', number: before.number };
};

/** What is wrong between the records and what was noted of the newest one. `head`: as it was read after them. */
export const faultAtHead = (records: readonly AccessRecord[], head: AccessHead | undefined): ChainFault | undefined => {
  const newest = records.at(-1)?.number ?? 0;
  const noted = head?.number ?? 0;
  if (noted > newest) return { kind: 'removed', from: newest + 1, to: noted };
  if (noted < newest) return { kind: 'unconfirmed', from: noted + 1, to: newest };
  return head === undefined || records.at(-1)?.digest === head.digest ? undefined : { kind: 'replaced', number: noted };
};

/** Everything that is wrong with a chain, given all of its records in order and what was noted of the newest one. */
export const chainFaults = (
  chain: string,
  records: readonly AccessRecord[],
  head: AccessHead | undefined,
  logged: LoggedRecords = new Map(),
): readonly ChainFault[] => {
  const digests = new Map(records.map(({ number, digest }) => [number, digest]));
  const found = records.flatMap((record, index): readonly (ChainFault | undefined)[] => [
    faultBetween(records[index - 1], record),
    isAsWritten(record, chain) ? undefined : { kind: 'changed', number: record.number },
  ]);
  const unlike = [...logged].flatMap(([number, digest]): readonly ChainFault[] =>
    digests.get(number) === digest ? [] : [{ kind: 'unlike-log', number }],
  );
  return [...found, faultAtHead(records, head), ...unlike].filter((fault) => fault !== undefined);
};

/** Missions that a chain names, each with the number of the first record that does. */
export const missionsNamed = (chain: string, records: readonly AccessRecord[]): ReadonlyMap<string, number> => {
  const first = new Map<string, number>();
  for (const { number, access } of records)
    for (const { mission } of access.missions) if (mission !== chain && !first.has(mission)) first.set(mission, number);
  return first;
};
