import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { isObject, listOf } from '../../schemas/json/json.ts';
import { systems } from '../../schemas/names.ts';
import { ifReadable } from '../../schemas/newer-release.ts';
import { comparable } from '../../schemas/text.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { unreadableMissions } from '../fhir/incident.ts';
import type { Listed } from '../fhir/searchset.ts';
import { type MissionListName, type MissionLists, type MissionRow, placeOfMission } from '../mission/mission-lists.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { Overview } from '../mission/projections.ts';
import type { MissionState } from '../mission/state.ts';
import { searchIncident, tasksFor } from './incident.ts';
import { type MissionReading, readMission } from './mission.ts';
import { missionValues } from './mission-values.ts';
import { isOfKind } from './search/exercises.ts';
import { type Page, pageOf, type Placed, type Rows, searchAnswer, takePage, wrongCursor } from './search/page.ts';
import { conditionMet, finds, idsIn, type Search, tokensOf, valuesIn } from './search/read-search.ts';
import type { Coded, Token } from './search/tokens.ts';

export interface MissionSearchPorts {
  readonly missions: MissionLog;
  readonly missionLists: MissionLists;
  readonly overview: Overview;
}

type MissionSearch = Search<'ServiceRequest'>;

type Found = { readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] };

/**
 * A mission as the caller sees it; one that only a newer release can read; or a row that is not read, because it is only counted, or
 * because it cannot match.
 */
type Row = MissionReading | 'unreadable' | 'counted' | 'other';

/** Missions that are read at the same time. */
const missionsAtOnce = 20;

/** Rows of a list that are read at once. Only those that may match are read as missions. */
const rowsAtOnce = 100;

/** Missions in one search by id or number. */
const mostIds = 50;

/** The newest missions of one case number that a search reads: a case is one incident, and anybody may use its number. */
const mostOfCase = 100;

/** Case numbers as they are compared. Roles that see no person see none. */
const caseNumbersOf = (resource: Readonly<Record<string, unknown>>): readonly Coded[] => {
  return listOf(resource['identifier'])
    .filter(isObject)
    .flatMap(({ system, value, use }) =>
      typeof value !== 'string' || use === 'old'
        ? []
        : [{ system: comparable(typeof system === 'string' ? system : ''), value: comparable(value) }],
    );
};

const isFound =
  (search: MissionSearch) =>
  (row: Row): boolean =>
    row === 'unreadable' ||
    row === 'counted' ||
    (row !== 'other' && finds(search, missionValues(row.state, caseNumbersOf(row.resource))));

/** Whether a mission of the list can match, as far as its row says. */
const mayMatch = (search: MissionSearch, { ended, requester, coordinator, exercise }: MissionRow): boolean =>
  isOfKind(search, exercise) &&
  conditionMet(search, 'requester', [requester]) &&
  conditionMet(search, 'performer', [coordinator]) &&
  (ended === undefined ||
    (conditionMet(search, 'status', [{ value: ended.status, system: 'http://hl7.org/fhir/request-status' }]) &&
      conditionMet(search, '_lastUpdated', ended.changedAt)));

const readRow = async (ports: MissionSearchPorts, caller: Caller, mission: string): Promise<Row> => {
  const read = await ifReadable(() => readMission(ports.missions, caller, mission));
  if (read === 'unreadable') return read;
  return isRefusal(read) ? 'other' : read;
};

const stateOf = (row: Row): MissionState | undefined => (typeof row === 'string' ? undefined : row.state);

interface ListReading {
  readonly list: MissionListName;
  readonly which: 'all' | 'open';
  /** Missions are only counted. */
  readonly isCount: boolean;
}

/** Whether a row is enough to count its mission: it has ended, and nothing is asked that only the mission says. */
const saysAll = ({ conditions }: MissionSearch, { ended }: MissionRow): boolean =>
  ended !== undefined && !conditions.has('identifier');

/** The missions of a list, newest first. */
const rowsOf = (
  ports: MissionSearchPorts,
  caller: Caller,
  search: MissionSearch,
  { list, which, isCount }: ListReading,
): Rows<Row> =>
  async function* (after) {
    let from = after;
    do {
      const page = await ports.missionLists.list(list, which, rowsAtOnce, from);
      const wide = isCount ? missionsAtOnce : Math.min(missionsAtOnce, search.count + 1);
      for (let at = 0; at < page.items.length; at += wide)
        yield await inBatches(
          page.items.slice(at, at + wide),
          wide,
          async (item): Promise<Placed<Row>> => ({
            row: !mayMatch(search, item)
              ? 'other'
              : isCount && saysAll(search, item)
                ? 'counted'
                : await readRow(ports, caller, item.mission),
            place: placeOfMission(item),
          }),
        );
      from = page.next;
    } while (from !== undefined);
  };

const placeForm = /^[\d:.TZ-]{24}#[\w-]{36}$/;

/** Whether the search is for open missions only: those are in a list of their own. */
const isOpenOnly = (search: MissionSearch): boolean =>
  valuesIn(search, 'status')?.every((status) => status === 'active' || status === 'on-hold') === true;

/** The list to read: the caller's own, as requester or as coordinator. */
const listIn = (search: MissionSearch, { organisation }: Caller): MissionListName | Refusal => {
  const named = { requester: idsIn(search, 'requester'), performer: idsIn(search, 'performer') };
  const isCaller = (ids: readonly string[] | undefined): boolean => ids?.length === 1 && ids[0] === organisation;
  if (isCaller(named.requester)) return { organisation, part: 'requester' };
  if (isCaller(named.performer)) return { organisation, part: 'coordinator' };
  return named.requester === undefined && named.performer === undefined
    ? refuse(
        'unknown-search',
        'http.requester',
        'give requester or performer with your own organisation, identifier, requisition or _id',
      )
    : refuse(
        'forbidden-relation',
        named.requester === undefined ? 'http.performer' : 'http.requester',
        'you find your own missions: requester or performer is your own organisation',
      );
};

/** The place of a mission that cannot be read: before all that can, and its own, so that a page can end after it. */
const placeOfUnread = (mission: string): string => placeOfMission({ mission, openedAt: new Date(0).toISOString() });

/** A page of missions that are named one by one, oldest first. */
const pageOfNamed = async (
  ports: MissionSearchPorts,
  caller: Caller,
  search: MissionSearch,
  named: readonly string[],
): Promise<Page<Row> | Refusal> => {
  const read = await inBatches([...new Set(named)].filter(isMissionId), missionsAtOnce, async (mission) => {
    const row = await readRow(ports, caller, mission);
    const state = stateOf(row);
    return { row, place: state === undefined ? placeOfUnread(mission) : placeOfMission(state) };
  });
  const matches = isFound(search);
  const page = pageOf(search, read, { placeOf: ({ place }) => place, form: placeForm }, ({ row }) => matches(row));
  return isRefusal(page) ? page : { ...page, rows: page.rows.map(({ row }) => row) };
};

/** The missions that the tokens name by mission number or case number; `undefined` if one of them names none. */
const namedBy = async (
  { missionLists }: MissionSearchPorts,
  tokens: readonly Token[],
  exercise: boolean,
): Promise<readonly string[] | undefined> => {
  const found = await inBatches(tokens, missionsAtOnce, async ({ system, value }) => {
    if (value === undefined || system === undefined) return undefined;
    return system === systems.mission ? [value] : missionLists.missionsOfCase({ system, value }, exercise, mostOfCase);
  });
  return found.some((one) => one === undefined) ? undefined : found.flatMap((one) => one ?? []);
};

/** The missions that the search names by id or identifier; `undefined` if it names none. */
const namedIn = async (
  ports: MissionSearchPorts,
  search: MissionSearch,
): Promise<readonly string[] | undefined | Refusal> => {
  const ids = valuesIn(search, '_id');
  const tokens = tokensOf(search, 'identifier');
  if (ids === undefined && tokens.length === 0) return undefined;
  if (Math.max(ids?.length ?? 0, tokens.length) > mostIds)
    return refuse('unknown-search', ids === undefined ? 'http.identifier' : 'http._id', `at most ${mostIds} values`);
  return ids ?? namedBy(ports, tokens, search.conditions.has('_security'));
};

/**
 * `GET ServiceRequest?requester=…`, `?performer=…`: the caller's own missions, newest first; `?identifier=…`: by mission number or by
 * the requester's case number; `?_id=…`; `?requisition=…`: the missions of a large event.
 */
export const searchMissions = async (
  ports: MissionSearchPorts,
  caller: Caller,
  search: MissionSearch,
  view: Viewpoint,
): Promise<Found | Refusal> => {
  if (search.conditions.has('requisition')) return searchIncident(ports, caller, search, view);
  const named = await namedIn(ports, search);
  if (named !== undefined && 'outcome' in named) return named;
  const list = named === undefined ? listIn(search, caller) : undefined;
  if (list !== undefined && isRefusal(list)) return list;
  if (search.cursor !== undefined && !placeForm.test(search.cursor)) return wrongCursor;
  const which = isOpenOnly(search) ? 'open' : 'all';
  const rowsWhen = (isCount: boolean, of: MissionListName): Rows<Row> =>
    rowsOf(ports, caller, search, { list: of, which, isCount });
  const page =
    list === undefined
      ? await pageOfNamed(ports, caller, search, named ?? [])
      : await takePage(search, rowsWhen(false, list), isFound(search), rowsWhen(true, list));
  if (isRefusal(page)) return page;

  const shown = page.rows.filter((row) => typeof row !== 'string');
  const unreadable = page.rows.length - shown.length;
  const listed: readonly Listed[] = [
    ...shown.map(({ resource, state }) => ({ resource, path: `ServiceRequest/${state.mission}` })),
    ...(search.includesTasks ? shown : []).flatMap(({ state }) =>
      tasksFor(caller, state, view).map((one) => ({ ...one, mode: 'include' as const })),
    ),
    ...(unreadable === 0 ? [] : [{ resource: unreadableMissions(unreadable), mode: 'outcome' as const }]),
  ];
  return {
    outcome: 'found',
    resource: searchAnswer(search, page, listed, view),
    shows: shown.flatMap(({ shows }) => shows),
  };
};
