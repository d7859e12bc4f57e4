import { openLogs } from '../../adapters/hub.ts';
import { setting } from '../../adapters/settings.ts';
import { readMission } from '../../mission/reading/mission.ts';
import { searchReceipts } from '../../mission/reading/receipts.ts';
import { readSent } from '../../mission/reading/sent.ts';
import { readTask, searchTasks } from '../../mission/reading/tasks.ts';
import { organizationResource } from '../../mission/views/organization.ts';
import { refuse } from '../../schemas/faults.ts';
import { answer, callerOf, etag, fhirDoor, queryOf } from '../edge/door.ts';

const logs = openLogs();
const base = setting('PUBLIC_URL');

/** `GET /fhir/{type}` and `GET /fhir/{type}/{id}`: each caller sees only what concerns it. */
export const handler = fhirDoor(async (request) => {
  const directory = await logs.directory();
  const caller = callerOf(request, directory);
  if ('outcome' in caller) return caller;
  const view = { base, directory };
  const { type = '', id } = request.pathParameters ?? {};

  if (id === undefined) {
    const search = queryOf(request);
    switch (type) {
      case 'Task': {
        const found = await searchTasks(logs, caller, search, view);
        return found.outcome === 'found' ? answer(200, found.resource) : found;
      }
      case 'Communication': {
        const found = await searchReceipts(logs, caller, search, view);
        return found.outcome === 'found' ? answer(200, found.resource) : found;
      }
      default:
        return refuse(
          'unknown-search',
          undefined,
          'searches are Task?owner=…&status=…, Task?based-on=… and Communication?part-of=…',
        );
    }
  }
  switch (type) {
    case 'ServiceRequest': {
      const mission = await readMission(logs.missions, caller, id);
      if (mission.outcome === 'found')
        return answer(200, mission.resource, {
          etag: etag(mission.version),
          'last-modified': new Date(mission.changedAt).toUTCString(),
        });
      break;
    }
    case 'Task': {
      const task = await readTask(logs.missions, caller, id, view);
      if (task.outcome === 'found') return answer(200, task.resource);
      break;
    }
    case 'Organization': {
      const party = directory.partyOf(id);
      if (party !== undefined) return answer(200, organizationResource(party));
      break;
    }
    default:
  }
  const sent = await readSent(logs.missions, caller, type, id);
  return sent.outcome === 'found' ? answer(200, sent.resource) : sent;
});
