import { sealOf } from '../mission/seal.ts';
import type { Access, AccessRecord } from './access-log.ts';

/** Digest of a record of the log of reads. */
export const sealOfRecord = ({ access, ...link }: Omit<AccessRecord, 'digest'>): string => sealOf(link, { access });

/** The record that follows `last` in a chain. */
export const recordAfter = (last: AccessRecord | undefined, chain: string, access: Access): AccessRecord => {
  const record = { chain, number: (last?.number ?? 0) + 1, previous: last?.digest ?? '', access };
  return { ...record, digest: sealOfRecord(record) };
};
