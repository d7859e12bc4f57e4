import type { PartyDirectory } from '../../adapters/party-directory.ts';
import type { AccessLog, Caller, Reading, Shown } from '../../core/audit/access-log.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import type { Viewpoint } from '../../core/fhir/fhir.ts';
import { organizationResource } from '../../core/fhir/organization.ts';
import type { Clock } from '../../core/mission/clock.ts';
import type { MissionLists } from '../../core/mission/mission-lists.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import { searchAccesses } from '../../core/queries/audit-events.ts';
import { readHistory, readProvenance, searchHistory } from '../../core/queries/history/read-history.ts';
import type { HistoryPorts } from '../../core/queries/history/visible-entries.ts';
import { type MissionReading, readMission } from '../../core/queries/mission.ts';
import { missionVersions, readMissionVersion } from '../../core/queries/mission-versions.ts';
import { searchMissions } from '../../core/queries/missions.ts';
import { searchOrganisations } from '../../core/queries/organisations.ts';
import { reachOf } from '../../core/queries/reachability.ts';
import { searchReceipts } from '../../core/queries/receipts.ts';
import { readResource, searchResources } from '../../core/queries/resources.ts';
import { idsIn, type Search } from '../../core/queries/search/read-search.ts';
import { readSent } from '../../core/queries/sent-resources.ts';
import { readTask, searchTasks } from '../../core/queries/tasks.ts';
import { isRefusal, type Refusal, refuse, refuseMethod } from '../../schemas/faults.ts';
import type { Guidelines } from '../../schemas/guideline.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import type { ParameterName, SearchType } from '../../schemas/searches.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { headerOf } from '../shared/http/headers.ts';
import { recorded } from '../shared/http/record-access.ts';
import { callerOf, type Request, requireScope } from '../shared/http/request.ts';
import { answer, type Answer, etag } from '../shared/http/response.ts';
import { isPostedSearch, searchOf } from '../shared/http/search-request.ts';

export interface ReadDeps extends Clock, Pick<HistoryPorts, 'missions' | 'notifications'> {
  readonly base: string;
  readonly subscriptions: Subscriptions;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly missionLists: MissionLists;
  readonly accesses: AccessLog;
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
  readonly guidelines: () => Promise<Guidelines>;
}

interface Found {
  readonly outcome: 'found';
  readonly resource: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly shows: readonly Shown[];
}

type Result = Found | Refusal;

/** A search, read and answered. */
interface Searched {
  readonly reading: Reading;
  /** The mission that it names, if it names one: for the record of a refusal. */
  readonly asked: string;
  readonly result: Result;
}

/** The circumstances of a search. */
interface Searching {
  readonly deps: ReadDeps;
  readonly request: Request;
  readonly caller: Caller;
  readonly view: Viewpoint;
}

type Searcher = (searching: Searching) => Promise<Searched | Refusal>;

const historyPorts = async (deps: ReadDeps): Promise<HistoryPorts> => ({
  ...deps,
  guidelines: await deps.guidelines(),
});

/** A result that shows nothing of any mission. */
const ofNoMission = (resource: unknown): Found => ({ outcome: 'found', resource, shows: [] });

/** The kind of reading that a search is, and the parameter that names a mission, if it has one. */
type ReadingOf<Type extends SearchType> = (
  search: Search<Type>,
) => readonly [reading: Reading, parameter?: ParameterName<Type>];

const searcher =
  <Type extends SearchType>(
    type: Type,
    readingOf: ReadingOf<Type>,
    find: (search: Search<Type>, searching: Searching) => Promise<Result>,
  ): Searcher =>
  async (searching) => {
    const search = searchOf(type, searching.request, searching.deps);
    if (isRefusal(search)) return search;
    const [reading, parameter] = readingOf(search);
    const [asked = ''] = parameter === undefined ? [] : (idsIn(search, parameter) ?? []);
    return { reading, asked, result: await find(search, searching) };
  };

/** Every search by its resource type. */
export const searchers = {
  Task: searcher(
    'Task',
    ({ conditions }) => (conditions.has('based-on') ? ['tasks', 'based-on'] : ['worklist']),
    (search, { deps, caller, view }) => searchTasks(deps, caller, search, view),
  ),
  Communication: searcher(
    'Communication',
    () => ['receipts', 'part-of'],
    (search, { deps, caller, view }) => searchReceipts(deps, caller, search, view),
  ),
  ServiceRequest: searcher(
    'ServiceRequest',
    ({ conditions }) => [conditions.has('requisition') ? 'incident' : 'missions'],
    (search, { deps, caller, view }) => searchMissions(deps, caller, search, view),
  ),
  Location: searcher(
    'Location',
    () => ['resources'],
    (search, { deps, caller, view }) => searchResources(deps, caller, search, view),
  ),
  Organization: searcher(
    'Organization',
    // It shows no mission, so nothing is recorded.
    () => ['resources'],
    async (search, { deps, view }) => {
      const found = await searchOrganisations(deps, search, view);
      return isRefusal(found) ? found : ofNoMission(found.resource);
    },
  ),
  Provenance: searcher(
    'Provenance',
    () => ['history', 'target'],
    async (search, { deps, request, caller, view }) =>
      searchHistory(await historyPorts(deps), caller, search, view, headerOf(request, 'accept')),
  ),
  AuditEvent: searcher(
    'AuditEvent',
    () => ['accesses', 'entity'],
    (search, { deps, caller, view }) => searchAccesses(deps, caller, search, view),
  ),
} as const satisfies Partial<Readonly<Record<SearchType, Searcher>>>;

const searcherOf = (type: string): Searcher | undefined =>
  Object.entries(searchers).find(([known]) => known === type)?.[1];

const unknownSearch = refuse(
  'unknown-search',
  'http.url',
  `searches are ${Object.keys(searchers).join(', ')}: GET /fhir/metadata has their parameters`,
);

/** Tasks, receipts and sent resources have no versions that can be read. */
const noVersions = refuse(
  'unknown-address',
  undefined,
  'versions are kept of ServiceRequest (missions) only: read the resource without _history',
);

/** What a mission has is changed by messages only. */
const readOnly = refuseMethod(['GET', 'HEAD'], 'resources are read here; send a message to change a mission');

/** The kind of reading that an address is. */
const readingOf = (type: string, id: string): Reading => {
  const address = parseAddress(id);
  if (address === undefined) return type === 'Location' ? 'resources' : 'mission';
  if (address.index !== undefined) return 'part';
  switch (type) {
    case 'Task':
      return 'task';
    case 'Provenance':
      return 'history-entry';
    case 'Location':
      return 'resources';
    default:
      return 'message';
  }
};

const versionHeaders = ({ version, changedAt }: MissionReading): Readonly<Record<string, string>> => ({
  etag: etag(version),
  'last-modified': new Date(changedAt).toUTCString(),
});

/** Types of the resources whose addresses the hub itself assigns, besides those of messages. */
export const ownTypes = ['ServiceRequest', 'Task', 'Provenance', 'Organization', 'Endpoint', 'Location'] as const;

/** The resource at an address that the hub itself assigns; `undefined` if the address is of a message. */
const readOwn = async (
  deps: ReadDeps,
  type: string,
  id: string,
  caller: Caller,
  view: Viewpoint,
): Promise<Found | undefined> => {
  const own = ownTypes.find((one) => one === type);
  switch (own) {
    case 'ServiceRequest': {
      const mission = await readMission(deps.missions, caller, id);
      return isRefusal(mission) ? undefined : { ...mission, headers: versionHeaders(mission) };
    }
    case 'Task': {
      const task = await readTask(deps.missions, caller, id, view);
      return task.outcome === 'found' ? task : undefined;
    }
    case 'Provenance': {
      const entry = await readProvenance(await historyPorts(deps), caller, id, view);
      return entry.outcome === 'found' ? entry : undefined;
    }
    case 'Organization': {
      const party = view.directory.partyOf(id);
      if (party === undefined) return undefined;
      const reach = party.role === 'hub' ? undefined : (await reachOf(deps, [id])).get(id);
      return ofNoMission(organizationResource(party, reach));
    }
    case 'Endpoint':
    case 'Location': {
      const listed = view.directory.resourceOf(own, id);
      if (listed !== undefined || own === 'Endpoint') return listed === undefined ? undefined : ofNoMission(listed);
      const resource = await readResource(deps, caller, id, view);
      return resource.outcome === 'found' ? resource : undefined;
    }
    case undefined:
      return undefined;
  }
};

/**
 * `GET /fhir/{type}`, `POST /fhir/{type}/_search`, `GET /fhir/{type}/{id}` and `GET /fhir/{type}/{id}/{operation}`: each caller sees only what concerns it,
 * and every read is recorded.
 */
export const createHandler = (deps: ReadDeps) =>
  fhirHandler(async (request, correlationId): Promise<Answer | Refusal> => {
    const { type = '', id, operation } = request.pathParameters ?? {};
    if (request.httpMethod !== 'GET' && !isPostedSearch(request)) return readOnly;
    if (type === '$process-message' || type === '$validate' || id === '$validate') return refuseMethod(['POST']);
    if (type.startsWith('$')) return refuse('unknown-address');
    const directory = await deps.directory();
    const caller = callerOf(request, directory);
    if (isRefusal(caller)) return caller;
    const outOfScope = requireScope(request, 'read');
    if (outOfScope !== undefined) return outOfScope;
    const view = { base: deps.base, directory };
    const accept = headerOf(request, 'accept');
    const answered = async (reading: Reading, asked: string, result: Result): Promise<Answer | Refusal> => {
      const found = await recorded(deps, { request, correlationId, caller, reading, asked, result });
      return isRefusal(found) ? found : answer(200, found.resource, found.headers);
    };

    if (id === undefined) {
      const search = searcherOf(type);
      if (search === undefined) return unknownSearch;
      const searched = await search({ deps, request, caller, view });
      return isRefusal(searched) ? searched : answered(searched.reading, searched.asked, searched.result);
    }
    const { version } = request.pathParameters ?? {};
    const isHistory = request.resource.includes('/_history');
    if (isHistory && type !== 'ServiceRequest') return noVersions;
    if (version !== undefined) {
      const found = await readMissionVersion(deps.missions, caller, id, version);
      return answered('mission', id, isRefusal(found) ? found : { ...found, headers: versionHeaders(found) });
    }
    if (isHistory || operation !== undefined) {
      if (!isHistory && (type !== 'ServiceRequest' || operation !== '$history')) return refuse('unknown-address');
      const search = searchOf('Provenance', request, deps);
      if (isRefusal(search)) return search;
      return isHistory
        ? answered('mission', id, await missionVersions(deps.missions, caller, id, search, view))
        : answered('history', id, await readHistory(await historyPorts(deps), caller, id, search, view, accept));
    }
    const result =
      (await readOwn(deps, type, id, caller, view)) ?? (await readSent(deps.missions, caller, type, id, view));
    return answered(readingOf(type, id), id, result);
  });
