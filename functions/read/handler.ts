import { openLogs, systemClock } from '../../adapters/wiring.ts';
import { setting } from '../../adapters/settings.ts';
import type { Caller, Reading, Shown } from '../../core/audit/access-log.ts';
import { searchAccesses } from '../../core/queries/audit-events.ts';
import { searchIncident } from '../../core/queries/incident.ts';
import { readMission } from '../../core/queries/mission.ts';
import { searchOrganisations } from '../../core/queries/organisations.ts';
import { reachOf } from '../../core/queries/reachability.ts';
import { searchReceipts } from '../../core/queries/receipts.ts';
import { readResource, searchResources } from '../../core/queries/resources.ts';
import { readSent } from '../../core/queries/sent-resources.ts';
import { readProvenance, readHistory, searchHistory } from '../../core/queries/history/read-history.ts';
import type { Search } from '../../core/queries/search.ts';
import { readTask, searchTasks } from '../../core/queries/tasks.ts';
import type { Viewpoint } from '../../core/fhir/fhir.ts';
import { organizationResource } from '../../core/fhir/organization.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import { recorded } from '../shared/http/record-access.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { answer, type Answer, etag } from '../shared/http/response.ts';
import { callerOf, headerOf, requireScope, queryOf } from '../shared/http/request.ts';

const logs = openLogs();
const base = setting('PUBLIC_URL');

interface Found {
  readonly outcome: 'found';
  readonly resource: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly shows: readonly Shown[];
}

type Result = Found | Refusal;

/** `accept`: what the caller can show, where there is a page for people too. */
type Searcher = (
  caller: Caller,
  search: Search,
  view: Viewpoint,
  accept: string | undefined,
) => Promise<Result> | Result;

const storyPorts = async () => ({ ...logs, guidelines: await logs.guidelines() });

/** What shows nothing of any mission. */
const impersonal = (resource: unknown): Found => ({ outcome: 'found', resource, shows: [] });

const searches: Readonly<Record<string, Searcher>> = {
  Task: (caller, search, view) => searchTasks(logs, caller, search, view),
  Communication: (caller, search, view) => searchReceipts(logs, caller, search, view),
  ServiceRequest: (caller, search, view) => searchIncident(logs, caller, search, view),
  Location: (caller, search, view) => searchResources(logs, caller, search, view),
  Organization: async (_caller, search, view) => {
    const found = await searchOrganisations(logs, search, view);
    return isRefusal(found) ? found : impersonal(found.resource);
  },
  Provenance: async (caller, search, view, accept) => searchHistory(await storyPorts(), caller, search, view, accept),
  AuditEvent: (caller, search, view) => searchAccesses({ ...logs, ...systemClock }, caller, search, view),
};

const unknownSearch = refuse(
  'unknown-search',
  undefined,
  'searches are Task?owner=…&status=…, Task?based-on=…, Communication?part-of=…, ServiceRequest?requisition=…, Location?…, Organization?type=…, Provenance?target=… and AuditEvent?entity=…',
);

/** What is searched, and the parameter that names a mission, if it has one. */
const searched = (type: string, search: Search): readonly [reading: Reading, asked: string] => {
  switch (type) {
    case 'Task':
      return search.has('based-on') ? ['tasks', search.get('based-on') ?? ''] : ['worklist', ''];
    case 'Communication':
      return ['receipts', search.get('part-of') ?? ''];
    case 'Provenance':
      return ['story', search.get('target') ?? ''];
    case 'AuditEvent':
      return ['accesses', search.get('entity') ?? ''];
    case 'ServiceRequest':
      return ['incident', ''];
    default:
      return ['resources', ''];
  }
};

/** What is read at an address. */
const readingOf = (type: string, id: string): Reading => {
  const address = parseAddress(id);
  if (address === undefined) return type === 'Location' ? 'resources' : 'mission';
  if (address.index !== undefined) return 'part';
  switch (type) {
    case 'Task':
      return 'task';
    case 'Provenance':
      return 'chapter';
    case 'Location':
      return 'resources';
    default:
      return 'message';
  }
};

/** What tells of a mission instead of showing it; the name of FHIR's own history is the same to a reader. */
const stories: readonly string[] = ['$history', '_history'];

/** What stands at an address that the hub itself gives; nothing if that is in a message. */
const readOwn = async (type: string, id: string, caller: Caller, view: Viewpoint): Promise<Found | undefined> => {
  switch (type) {
    case 'ServiceRequest': {
      const mission = await readMission(logs.missions, caller, id);
      if (isRefusal(mission)) return undefined;
      const headers = { etag: etag(mission.version), 'last-modified': new Date(mission.changedAt).toUTCString() };
      return { ...mission, headers };
    }
    case 'Task': {
      const task = await readTask(logs.missions, caller, id, view);
      return task.outcome === 'found' ? task : undefined;
    }
    case 'Provenance': {
      const chapter = await readProvenance(await storyPorts(), caller, id, view);
      return chapter.outcome === 'found' ? chapter : undefined;
    }
    case 'Organization': {
      const party = view.directory.partyOf(id);
      if (party === undefined) return undefined;
      const reach = party.role === 'hub' ? undefined : (await reachOf(logs, [id])).get(id);
      return impersonal(organizationResource(party, reach));
    }
    case 'Endpoint':
    case 'Location': {
      const listed = view.directory.resourceOf(type, id);
      if (listed !== undefined || type === 'Endpoint') return listed === undefined ? undefined : impersonal(listed);
      const resource = await readResource(logs, caller, id, view);
      return resource.outcome === 'found' ? resource : undefined;
    }
    default:
      return undefined;
  }
};

/** `GET /fhir/{type}`, `GET /fhir/{type}/{id}` and `GET /fhir/{type}/{id}/{operation}`: each caller sees only what concerns it, and that it saw it is recorded. */
export const handler = fhirHandler(async (request, correlationId): Promise<Answer | Refusal> => {
  const directory = await logs.directory();
  const caller = callerOf(request, directory);
  if (isRefusal(caller)) return caller;
  const outOfScope = requireScope(request, 'read');
  if (outOfScope !== undefined) return outOfScope;
  const view = { base, directory };
  const { type = '', id, operation } = request.pathParameters ?? {};
  const accept = headerOf(request, 'accept');
  const answered = async (reading: Reading, asked: string, result: Result): Promise<Answer | Refusal> => {
    const found = await recorded(logs.accesses, { request, correlationId, caller, reading, asked, result });
    return isRefusal(found) ? found : answer(200, found.resource, found.headers);
  };

  if (id === undefined) {
    const find = Object.hasOwn(searches, type) ? searches[type] : undefined;
    if (find === undefined) return unknownSearch;
    const search = queryOf(request);
    if (isRefusal(search)) return search;
    return answered(...searched(type, search), await find(caller, search, view, accept));
  }
  if (operation !== undefined) {
    if (type !== 'ServiceRequest' || !stories.includes(operation)) return refuse('not-found');
    const search = queryOf(request);
    return isRefusal(search)
      ? search
      : answered('story', id, await readHistory(await storyPorts(), caller, id, search, view, accept));
  }
  const result = (await readOwn(type, id, caller, view)) ?? (await readSent(logs.missions, caller, type, id, view));
  return answered(readingOf(type, id), id, result);
});
