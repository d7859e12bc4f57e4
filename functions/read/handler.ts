import type { PartyDirectory } from '../../adapters/dynamodb/directory-store.ts';
import type { AccessLog, Caller, Reading, Shown } from '../../core/audit/access-log.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import type { Viewpoint } from '../../core/fhir/fhir.ts';
import { organizationResource } from '../../core/fhir/organization.ts';
import type { Clock } from '../../core/mission/clock.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import { searchAccesses } from '../../core/queries/audit-events.ts';
import { readHistory, readProvenance, searchHistory } from '../../core/queries/history/read-history.ts';
import type { HistoryPorts } from '../../core/queries/history/visible-entries.ts';
import { searchIncident } from '../../core/queries/incident.ts';
import { readMission } from '../../core/queries/mission.ts';
import { searchOrganisations } from '../../core/queries/organisations.ts';
import { reachOf } from '../../core/queries/reachability.ts';
import { searchReceipts } from '../../core/queries/receipts.ts';
import { readResource, searchResources } from '../../core/queries/resources.ts';
import type { Search } from '../../core/queries/search.ts';
import { readSent } from '../../core/queries/sent-resources.ts';
import { readTask, searchTasks } from '../../core/queries/tasks.ts';
import { isRefusal, type Refusal, refuse, refuseMethod } from '../../schemas/faults.ts';
import type { Guidelines } from '../../schemas/guideline.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { headerOf } from '../shared/http/headers.ts';
import { recorded } from '../shared/http/record-access.ts';
import { callerOf, queryOf, requireScope } from '../shared/http/request.ts';
import { answer, type Answer, etag } from '../shared/http/response.ts';
import { ownValue } from '../../schemas/own-value.ts';

export interface ReadDeps extends Clock, Pick<HistoryPorts, 'missions' | 'notifications'> {
  readonly base: string;
  readonly subscriptions: Subscriptions;
  readonly worklist: Worklist;
  readonly overview: Overview;
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

/** `accept`: the media types that the client accepts, since some searches have an HTML page too. */
type Searcher = (
  deps: ReadDeps,
  caller: Caller,
  search: Search,
  view: Viewpoint,
  accept: string | undefined,
) => Promise<Result> | Result;

const historyPorts = async (deps: ReadDeps): Promise<HistoryPorts> => ({
  ...deps,
  guidelines: await deps.guidelines(),
});

/** A result that shows nothing of any mission. */
const ofNoMission = (resource: unknown): Found => ({ outcome: 'found', resource, shows: [] });

interface SearchType {
  readonly find: Searcher;
  /** The kind of reading that a search is, and the value of the parameter that names a mission, if it has one. */
  readonly reading: (search: Search) => readonly [reading: Reading, asked: string];
}

const aboutMission =
  (reading: Reading, parameter: string): SearchType['reading'] =>
  (search) => [reading, search.get(parameter) ?? ''];
const ofMany =
  (reading: Reading): SearchType['reading'] =>
  () => [reading, ''];

/** Every search by its resource type. The CapabilityStatement publishes the same. */
export const searches: Readonly<Record<string, SearchType>> = {
  Task: {
    find: searchTasks,
    reading: (search) => (search.has('based-on') ? aboutMission('tasks', 'based-on') : ofMany('worklist'))(search),
  },
  Communication: { find: searchReceipts, reading: aboutMission('receipts', 'part-of') },
  ServiceRequest: { find: searchIncident, reading: ofMany('incident') },
  Location: { find: searchResources, reading: ofMany('resources') },
  Organization: {
    find: async (deps, _caller, search, view) => {
      const found = await searchOrganisations(deps, search, view);
      return isRefusal(found) ? found : ofNoMission(found.resource);
    },
    // It shows no mission, so nothing is recorded.
    reading: ofMany('resources'),
  },
  Provenance: {
    find: async (deps, caller, search, view, accept) =>
      searchHistory(await historyPorts(deps), caller, search, view, accept),
    reading: aboutMission('history', 'target'),
  },
  AuditEvent: { find: searchAccesses, reading: aboutMission('accesses', 'entity') },
};

const unknownSearch = refuse(
  'unknown-search',
  undefined,
  'searches are Task?owner=…&status=…, Task?based-on=…, Communication?part-of=…, ServiceRequest?requisition=…, Location?…, Organization?type=…, Provenance?target=… and AuditEvent?entity=…',
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

/** Operations that return the history of a mission; FHIR's own name for a history does the same here. */
const histories: readonly string[] = ['$history', '_history'];

/** The resource at an address that the hub itself assigns; `undefined` if the address is of a message. */
const readOwn = async (
  deps: ReadDeps,
  type: string,
  id: string,
  caller: Caller,
  view: Viewpoint,
): Promise<Found | undefined> => {
  switch (type) {
    case 'ServiceRequest': {
      const mission = await readMission(deps.missions, caller, id);
      if (isRefusal(mission)) return undefined;
      const headers = { etag: etag(mission.version), 'last-modified': new Date(mission.changedAt).toUTCString() };
      return { ...mission, headers };
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
      const listed = view.directory.resourceOf(type, id);
      if (listed !== undefined || type === 'Endpoint') return listed === undefined ? undefined : ofNoMission(listed);
      const resource = await readResource(deps, caller, id, view);
      return resource.outcome === 'found' ? resource : undefined;
    }
    default:
      return undefined;
  }
};

/**
 * `GET /fhir/{type}`, `GET /fhir/{type}/{id}` and `GET /fhir/{type}/{id}/{operation}`: each caller sees only what concerns it,
 * and every read is recorded.
 */
export const createHandler = (deps: ReadDeps) =>
  fhirHandler(async (request, correlationId): Promise<Answer | Refusal> => {
    const { type = '', id, operation } = request.pathParameters ?? {};
    if (request.httpMethod !== 'GET') return readOnly;
    if (type === '$process-message') return refuseMethod(['POST']);
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
      const searched = ownValue(searches, type);
      if (searched === undefined) return unknownSearch;
      const search = queryOf(request);
      if (isRefusal(search)) return search;
      return answered(...searched.reading(search), await searched.find(deps, caller, search, view, accept));
    }
    if (operation !== undefined) {
      if (type !== 'ServiceRequest' || !histories.includes(operation)) return refuse('not-found');
      const search = queryOf(request);
      return isRefusal(search)
        ? search
        : answered('history', id, await readHistory(await historyPorts(deps), caller, id, search, view, accept));
    }
    const result =
      (await readOwn(deps, type, id, caller, view)) ?? (await readSent(deps.missions, caller, type, id, view));
    return answered(readingOf(type, id), id, result);
  });
