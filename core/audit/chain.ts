import { digestOf } from '../../schemas/identifiers.ts';
import { canonicalText } from '../../schemas/json/json.ts';
import type { AccessRecord } from './access-log.ts';

/** Digest of a record: of its place, of its content, and of the digest before it. */
export const sealOf = ({ chain, number, previous, access }: Omit<AccessRecord, 'digest'>): string =>
  digestOf(canonicalText({ chain, number, previous, access }));
