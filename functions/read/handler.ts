import { openLogs } from '../../adapters/hub.ts';
import { setting } from '../../adapters/settings.ts';
import type { Caller } from '../../mission/ports.ts';
import { searchIncident } from '../../mission/reading/incident.ts';
import { readMission } from '../../mission/reading/mission.ts';
import { searchOrganisations } from '../../mission/reading/organisations.ts';
import { searchReceipts } from '../../mission/reading/receipts.ts';
import { readResource, searchResources } from '../../mission/reading/resources.ts';
import { readSent } from '../../mission/reading/sent.ts';
import { readTask, type Search, searchTasks } from '../../mission/reading/tasks.ts';
import type { Viewpoint } from '../../mission/views/fhir.ts';
import { organizationResource } from '../../mission/views/organization.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { type Answer, answer, callerOf, etag, fhirDoor, queryOf } from '../edge/door.ts';

const logs = openLogs();
const base = setting('PUBLIC_URL');

type Found = { readonly outcome: 'found'; readonly resource: unknown };
type Searcher = (caller: Caller, search: Search, view: Viewpoint) => Promise<Found | Refusal> | Found | Refusal;

const searches: Readonly<Record<string, Searcher>> = {
  Task: (caller, search, view) => searchTasks(logs, caller, search, view),
  Communication: (caller, search, view) => searchReceipts(logs, caller, search, view),
  ServiceRequest: (caller, search, view) => searchIncident(logs, caller, search, view),
  Location: (caller, search, view) => searchResources(logs, caller, search, view),
  Organization: (_caller, search, view) => searchOrganisations(search, view),
};

const unknownSearch = refuse(
  'unknown-search',
  undefined,
  'searches are Task?owner=…&status=…, Task?based-on=…, Communication?part-of=…, ServiceRequest?requisition=…, Location?… and Organization?type=…',
);

const found = (resource: unknown): Found => ({ outcome: 'found', resource });

/** What stands at an address that the hub itself gives, other than a mission's; nothing if that is in a message. */
const readOwn = async (type: string, id: string, caller: Caller, view: Viewpoint): Promise<Found | undefined> => {
  switch (type) {
    case 'Task': {
      const task = await readTask(logs.missions, caller, id, view);
      return task.outcome === 'found' ? task : undefined;
    }
    case 'Organization': {
      const party = view.directory.partyOf(id);
      return party === undefined ? undefined : found(organizationResource(party));
    }
    case 'Endpoint':
    case 'Location': {
      const listed = view.directory.resourceOf(type, id);
      if (listed !== undefined || type === 'Endpoint') return listed === undefined ? undefined : found(listed);
      const resource = await readResource(logs, caller, id, view);
      return resource.outcome === 'found' ? resource : undefined;
    }
    default:
      return undefined;
  }
};

/** `GET /fhir/{type}`, `GET /fhir/{type}/{id}` and `GET /fhir/{type}/{id}/{operation}`: each caller sees only what concerns it. */
export const handler = fhirDoor(async (request): Promise<Answer | Refusal> => {
  const directory = await logs.directory();
  const caller = callerOf(request, directory);
  if (isRefusal(caller)) return caller;
  const view = { base, directory };
  const { type = '', id, operation } = request.pathParameters ?? {};

  if (id === undefined) {
    const search = Object.hasOwn(searches, type) ? searches[type] : undefined;
    const listed = search === undefined ? unknownSearch : await search(caller, queryOf(request), view);
    return isRefusal(listed) ? listed : answer(200, listed.resource);
  }
  if (operation !== undefined) return refuse('not-found');

  if (type === 'ServiceRequest') {
    const mission = await readMission(logs.missions, caller, id);
    if (!isRefusal(mission))
      return answer(200, mission.resource, {
        etag: etag(mission.version),
        'last-modified': new Date(mission.changedAt).toUTCString(),
      });
  }
  const own = (await readOwn(type, id, caller, view)) ?? (await readSent(logs.missions, caller, type, id, view));
  return isRefusal(own) ? own : answer(200, own.resource);
});
