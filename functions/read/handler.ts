import { openLogs } from '../../adapters/hub.ts';
import { setting } from '../../adapters/settings.ts';
import type { Caller } from '../../mission/ports.ts';
import { searchIncident } from '../../mission/reading/incident.ts';
import { readMission } from '../../mission/reading/mission.ts';
import { searchOrganisations } from '../../mission/reading/organisations.ts';
import { reachOf } from '../../mission/reading/reachability.ts';
import { searchReceipts } from '../../mission/reading/receipts.ts';
import { readResource, searchResources } from '../../mission/reading/resources.ts';
import { readSent } from '../../mission/reading/sent.ts';
import { readProvenance, readStory, searchStory } from '../../mission/reading/story.ts';
import type { Search } from '../../mission/reading/searching.ts';
import { readTask, searchTasks } from '../../mission/reading/tasks.ts';
import type { Viewpoint } from '../../mission/views/fhir.ts';
import { organizationResource } from '../../mission/views/organization.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { type Answer, answer, callerOf, etag, fhirDoor, headerOf, lacking, queryOf } from '../edge/door.ts';

const logs = openLogs();
const base = setting('PUBLIC_URL');

interface Found {
  readonly outcome: 'found';
  readonly resource: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `accept`: what the caller can show, where there is a page for people too. */
type Searcher = (
  caller: Caller,
  search: Search,
  view: Viewpoint,
  accept: string | undefined,
) => Promise<Found | Refusal> | Found | Refusal;

const storyPorts = async () => ({ ...logs, guidelines: await logs.guidelines() });

const searches: Readonly<Record<string, Searcher>> = {
  Task: (caller, search, view) => searchTasks(logs, caller, search, view),
  Communication: (caller, search, view) => searchReceipts(logs, caller, search, view),
  ServiceRequest: (caller, search, view) => searchIncident(logs, caller, search, view),
  Location: (caller, search, view) => searchResources(logs, caller, search, view),
  Organization: (_caller, search, view) => searchOrganisations(logs, search, view),
  Provenance: async (caller, search, view, accept) => searchStory(await storyPorts(), caller, search, view, accept),
};

const unknownSearch = refuse(
  'unknown-search',
  undefined,
  'searches are Task?owner=…&status=…, Task?based-on=…, Communication?part-of=…, ServiceRequest?requisition=…, Location?…, Organization?type=… and Provenance?target=…',
);

const found = (resource: unknown): Found => ({ outcome: 'found', resource });

const shown = (result: Found | Refusal): Answer | Refusal =>
  isRefusal(result) ? result : answer(200, result.resource, result.headers);

/** What tells of a mission instead of showing it; the name of FHIR's own history is the same to a reader. */
const stories: readonly string[] = ['$history', '_history'];

/** What stands at an address that the hub itself gives, other than a mission's; nothing if that is in a message. */
const readOwn = async (type: string, id: string, caller: Caller, view: Viewpoint): Promise<Found | undefined> => {
  switch (type) {
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
      return found(organizationResource(party, reach));
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
  const outOfScope = lacking(request, 'read');
  if (outOfScope !== undefined) return outOfScope;
  const view = { base, directory };
  const { type = '', id, operation } = request.pathParameters ?? {};
  const accept = headerOf(request, 'accept');

  if (id === undefined) {
    const search = Object.hasOwn(searches, type) ? searches[type] : undefined;
    return search === undefined ? unknownSearch : shown(await search(caller, queryOf(request), view, accept));
  }
  if (operation !== undefined) {
    const tells = type === 'ServiceRequest' && stories.includes(operation);
    return tells
      ? shown(await readStory(await storyPorts(), caller, id, queryOf(request), view, accept))
      : refuse('not-found');
  }

  if (type === 'ServiceRequest') {
    const mission = await readMission(logs.missions, caller, id);
    if (!isRefusal(mission))
      return answer(200, mission.resource, {
        etag: etag(mission.version),
        'last-modified': new Date(mission.changedAt).toUTCString(),
      });
  }
  return shown((await readOwn(type, id, caller, view)) ?? (await readSent(logs.missions, caller, type, id, view)));
});
