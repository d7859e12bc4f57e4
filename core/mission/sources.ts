import { descriptionEntries } from './description.ts';
import type { MissionLog, StoredEntry } from './mission-log.ts';
import type { Entry } from './state.ts';

/** The entries that the notification of an entry to an organisation is composed of. */

type Notified = Pick<Entry, 'number' | 'state' | 'owner' | 'joins'>;

/** Numbers of those entries: the ones that describe the mission. None for the log of a resource. */
export const sourceNumbers = ({ state }: Notified, _organisation: string): readonly number[] =>
  state.readiness === undefined ? descriptionEntries(state) : [];

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

/** The entries of `sourceNumbers`. */
export const loadSources = (
  missions: Pick<MissionLog, 'entry'>,
  entry: StoredEntry,
  organisation: string,
  known: readonly StoredEntry[] = [],
): Promise<readonly StoredEntry[]> => loadEntries(missions, entry, sourceNumbers(entry, organisation), known);
