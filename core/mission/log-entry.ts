import type { Decision } from './decision.ts';
import { foldVersion } from './evolve.ts';
import { fingerprintsAfter } from './known-messages.ts';
import type { StoredEntry } from './mission-log.ts';
import { sealOfEntry } from './seal.ts';
import type { Entry } from './state.ts';

/** The newest entry of a log. Without `fanOutPending` its fan-out is complete. */
export type LastEntry = Entry & Partial<Pick<StoredEntry, 'fanOutPending'>>;

/** The entry that follows `last` in its log: what a decision appends, with what only the log knows. */
export const entryAfter = (last: LastEntry | undefined, decided: Decision['entry'], window: number): Entry => {
  const entry = {
    ...decided,
    // Its own number if the entry before it had no fan-out pending when it was read.
    pendingFrom: last?.fanOutPending === true ? last.pendingFrom : decided.number,
    fingerprints: fingerprintsAfter(last, decided, window),
    fold: foldVersion,
    previous: last?.seal ?? '',
  };
  return { ...entry, seal: sealOfEntry(entry) };
};
