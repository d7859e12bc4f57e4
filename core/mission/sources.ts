import { descriptionEntries } from './description.ts';
import type { MissionLog, StoredEntry } from './mission-log.ts';
import { isAsked, missingEntries, pictureEntries } from './picture.ts';
import type { Entry } from './state.ts';

/** The entries that the notification of an entry to an organisation is composed of. */

type Notified = Pick<Entry, 'number' | 'state' | 'owner' | 'joins'>;

/** Numbers of those entries: the ones that describe the mission, and with a first notification the whole picture. None for the log of a resource. */
export const sourceNumbers = (entry: Notified, organisation: string): readonly number[] => {
  const { state } = entry;
  if (state.readiness !== undefined) return [];
  return isAsked(entry, organisation) ? pictureEntries(state) : descriptionEntries(state);
};

/** Entries of the mission of `last` by number. `known` are entries that have been read already. */
export const loadEntries = async (
  missions: Pick<MissionLog, 'entry'>,
  last: StoredEntry,
  numbers: readonly number[],
  known: readonly StoredEntry[] = [],
): Promise<readonly StoredEntry[]> => {
  const found = await Promise.all(
    numbers.map(
      async (wanted) =>
        [last, ...known].find(({ number }) => number === wanted) ?? (await missions.entry(last.mission, wanted)),
    ),
  );
  return found.filter((entry) => entry !== undefined);
};

/** Earlier messages that a picture refers to although the state does not name them. A picture leads no further than these. */
const mostMissing = 10;

/** The entries of `sourceNumbers`, and those that a picture made of them refers to. */
export const loadSources = async (
  missions: Pick<MissionLog, 'entry'>,
  entry: StoredEntry,
  organisation: string,
  known: readonly StoredEntry[] = [],
): Promise<readonly StoredEntry[]> => {
  const sources = await loadEntries(missions, entry, sourceNumbers(entry, organisation), known);
  if (entry.state.readiness !== undefined || !isAsked(entry, organisation)) return sources;
  const missing = missingEntries(entry.state, sources).slice(0, mostMissing);
  return missing.length === 0 ? sources : [...sources, ...(await loadEntries(missions, entry, missing, known))];
};
