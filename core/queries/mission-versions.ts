import type { Bundle } from 'fhir/r4.d.ts';
import { type Refusal, isRefusal, refuse } from '../../schemas/faults.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { mayReadEntry } from '../mission/access-rules.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import { seesAllUntil } from './history/visible-entries.ts';
import { lastSeenBy, type MissionReading, notFound, openMission, readingAt } from './mission.ts';
import { pageAddress, type Rows, takePage, wrongCursor } from './search/page.ts';
import type { Search } from './search/read-search.ts';
import { shownOf } from './shown.ts';

/**
 * The versions of a mission's `ServiceRequest` (R4 HTTP, vread and history-instance). Each entry of the log makes a version. A
 * caller sees the newest version that it may read, and each earlier one whose message it may read.
 */

const isVisible = (entry: StoredEntry, newest: StoredEntry, caller: Caller): boolean => {
  const seen = lastSeenBy(caller, newest);
  if (entry.number >= seen) return entry.number === seen;
  return (
    caller.role === 'quality' ||
    entry.number <= seesAllUntil(newest, caller) ||
    mayReadEntry(entry, newest.state, caller.organisation, caller.role)
  );
};

/** `GET ServiceRequest/{mission}/_history/{version}`. A version that does not exist and one of others get the same answer. */
export const readMissionVersion = async (
  missions: MissionLog,
  caller: Caller,
  id: string,
  version: string,
): Promise<MissionReading | Refusal> => {
  const newest = await openMission(missions, caller, id);
  if (isRefusal(newest)) return newest;
  const number = /^[1-9]\d{0,6}$/.test(version) ? Number(version) : 0;
  const entry = number === newest.number ? newest : number === 0 ? undefined : await missions.entry(id, number);
  return entry !== undefined && isVisible(entry, newest, caller)
    ? readingAt(missions, caller, newest, entry)
    : notFound;
};

/** Entries read at once: each holds a whole message. */
const entriesAtOnce = 25;

/** Versions composed at once: each reads the entries that describe the mission as it was. */
const versionsAtOnce = 10;

/** The versions that the caller may read, newest first. Their place is their number. */
const rowsOf = (missions: MissionLog, newest: StoredEntry, caller: Caller): Rows<StoredEntry> =>
  async function* (cursor) {
    let to = cursor === undefined ? lastSeenBy(caller, newest) : Number(cursor) - 1;
    for (; to >= 1; to -= entriesAtOnce) {
      const log = await missions.entries(newest.mission, Math.max(1, to - entriesAtOnce + 1), to);
      yield log.toReversed().map((row) => ({ row, place: String(row.number) }));
    }
  };

const historyEntry = ({ resource, version, changedAt }: MissionReading, id: string, { base }: Viewpoint) => {
  const first = version === 1;
  return {
    fullUrl: `${base}/ServiceRequest/${id}`,
    resource,
    request: first ? { method: 'POST', url: 'ServiceRequest' } : { method: 'PUT', url: `ServiceRequest/${id}` },
    response: { status: first ? '201' : '200', etag: `W/"${version}"`, lastModified: changedAt },
  };
};

interface VersionList {
  readonly outcome: 'found';
  readonly resource: unknown;
  readonly shows: readonly Shown[];
}

/** `GET ServiceRequest/{mission}/_history`: a Bundle of type `history`, newest version first. */
export const missionVersions = async (
  missions: MissionLog,
  caller: Caller,
  id: string,
  search: Search<'Provenance'>,
  view: Viewpoint,
): Promise<VersionList | Refusal> => {
  if (search.conditions.size > 0)
    return refuse(
      'unknown-search',
      'http.query',
      '_history takes _count and no condition; it begins with the newest version',
    );
  if (search.cursor !== undefined && !/^[1-9]\d{0,6}$/.test(search.cursor)) return wrongCursor;
  const newest = await openMission(missions, caller, id);
  if (isRefusal(newest)) return newest;
  const page = await takePage(search, rowsOf(missions, newest, caller), (entry) => isVisible(entry, newest, caller));
  if (isRefusal(page)) return page;
  const read = await inBatches(page.rows, versionsAtOnce, (entry) =>
    readingAt(missions, caller, newest, entry, page.rows),
  );
  const found = read.filter((one) => !isRefusal(one));
  const path = `ServiceRequest/${id}/_history`;
  const bundle = {
    resourceType: 'Bundle',
    type: 'history',
    ...(page.total === undefined ? {} : { total: page.total }),
    link: [
      { relation: 'self', url: `${view.base}/${path}` },
      ...(page.next === undefined
        ? []
        : [{ relation: 'next', url: `${view.base}/${pageAddress(search, page.next, path)}` }]),
    ],
    ...(found.length === 0 ? {} : { entry: found.map((one) => historyEntry(one, id, view)) }),
  } satisfies Omit<Bundle, 'entry'>;
  const numbers = found.map(({ version }) => String(version));
  return { outcome: 'found', resource: bundle, shows: [shownOf(newest.state, caller, numbers)] };
};
