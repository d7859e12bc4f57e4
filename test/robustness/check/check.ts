import type { HistoryRecord } from '../history.ts';
import { indexOf } from './entries.ts';
import { atomic } from './properties/atomic.ts';
import { bookmarkable } from './properties/bookmarkable.ts';
import { filtered } from './properties/filtered.ts';
import { ordered } from './properties/ordered.ts';
import { receipts } from './properties/receipts.ts';
import { reliable } from './properties/reliable.ts';
import { resumable } from './properties/resumable.ts';
import { signed } from './properties/signed.ts';
import { unique } from './properties/unique.ts';
import { versions } from './properties/versions.ts';
import type { Finding, Property } from './property.ts';

/**
 * Checks a history. It knows the published interface only: nothing here imports code of the hub, which
 * `test/unit/repository/rooms.test.ts` and the lint rules enforce.
 */

export const properties: readonly Property[] = [
  ordered,
  unique,
  atomic,
  reliable,
  resumable,
  bookmarkable,
  filtered,
  versions,
  receipts,
  signed,
];

export interface Violation extends Finding {
  readonly property: string;
}

/** Every violation, in the order of the properties; those of one property with the shortest excerpts first. */
export const checkHistory = (records: readonly HistoryRecord[]): readonly Violation[] => {
  const index = indexOf(records);
  return properties.flatMap(({ name, findings }) =>
    findings(index)
      .map((finding) => ({ property: name, ...finding }))
      .toSorted((one, other) => one.excerpt.length - other.excerpt.length),
  );
};
