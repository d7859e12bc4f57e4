import { digestOf } from '../../schemas/identifiers.ts';
import { canonicalText } from '../../schemas/json/json.ts';
import type { Access, AccessRecord } from './access-log.ts';

/** Digest of a record: of its chain and number, its content, and the digest of the record before. */
export const sealOf = ({ chain, number, previous, access }: Omit<AccessRecord, 'digest'>): string =>
  digestOf(canonicalText({ chain, number, previous, access }));

/** The record that follows `last` in a chain. */
export const recordAfter = (last: AccessRecord | undefined, chain: string, access: Access): AccessRecord => {
  const record = { chain, number: (last?.number ?? 0) + 1, previous: last?.digest ?? '', access };
  return { ...record, digest: sealOf(record) };
};
