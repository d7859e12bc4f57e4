import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { ifReadable, NewerRelease } from '../../schemas/newer-release.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { Overview } from '../mission/projections.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadTask, seesNoPerson } from '../mission/access-rules.ts';
import { isParty, type MissionState } from '../mission/state.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { minimalMission, tooManyMissions, unreadableMissions } from '../fhir/incident.ts';
import { minimalTask } from '../fhir/location.ts';
import type { Listed } from '../fhir/searchset.ts';
import { taskResource } from '../fhir/task.ts';
import { readMission } from './mission.ts';
import type { Values } from './search/conditions.ts';
import { exerciseLabel } from './search/exercises.ts';
import { type Order, pageOf, searchAnswer } from './search/page.ts';
import { finds, type Search, tokensOf } from './search/read-search.ts';
import { shownOf } from './shown.ts';
import { inBatches } from '../../schemas/in-batches.ts';

/** More than any real incident has. The answer reports if an incident has more. */
const mostMissions = 200;

/** Missions read at the same time. */
const missionsAtOnce = 20;

const wantedForm = 'give requisition=<system>|<value>, the identifier that the requests of the incident share';

const valuesOf = ({ incident, exercise }: MissionState): Values<'ServiceRequest'> => ({
  requisition: incident === undefined ? [] : [incident],
  _security: exercise ? exerciseLabel : [],
});

/** Earliest first. */
const missionOrder: Order<MissionState> = {
  placeOf: ({ openedAt, mission }) => `${openedAt}#${mission}`,
  form: /^[\d:.TZ-]{24}#[\w-]{36}$/,
};

/** AMK and AMK LA with a part in the incident see all of its missions; other roles see only their own. */
const seesAll = (caller: Caller, states: readonly MissionState[]): boolean =>
  (caller.role === 'local-amk' || caller.role === 'amk-la') &&
  states.some((state) => isParty(state, caller.organisation));

const missionFor = async (
  missions: MissionLog,
  caller: Caller,
  state: MissionState,
  view: Viewpoint,
): Promise<Listed> => {
  const path = `ServiceRequest/${state.mission}`;
  const own = isParty(state, caller.organisation);
  const read = own ? await readMission(missions, caller, state.mission) : undefined;
  return { path, resource: read?.outcome === 'found' ? read.resource : minimalMission(state, view) };
};

const tasksFor = (caller: Caller, state: MissionState, view: Viewpoint): readonly Listed[] => {
  const { mission, exercise, urgency, coordinator } = state;
  const own = isParty(state, caller.organisation);
  return state.tasks
    .filter((task) => !own || mayReadTask(task, state, caller.organisation, caller.role))
    .map((task) => ({
      resource:
        own && !seesNoPerson(caller.role)
          ? taskResource(task, state, view)
          : minimalTask({ task, mission, exercise, urgency, coordinator }, view),
      path: `Task/${task.id}`,
    }));
};

/**
 * `GET ServiceRequest?requisition=<system>|<value>`: the missions of one large event together.
 * AMK and AMK LA with a part in one of them see all, those that are not theirs without persons, words and places.
 */
export const searchIncident = async (
  ports: { readonly missions: MissionLog; readonly overview: Overview },
  caller: Caller,
  search: Search<'ServiceRequest'>,
  view: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] } | Refusal> => {
  const [incident, second] = tokensOf(search, 'requisition');
  const { system = '', value = '' } = incident ?? {};
  if (system === '' || value === '' || second !== undefined)
    return refuse('unknown-search', 'http.requisition', wantedForm);
  const exercise = search.conditions.has('_security');

  const linked = [...(await ports.overview.missionsOf({ system, value }, exercise))].sort();
  const read = await inBatches(linked.slice(0, mostMissions), missionsAtOnce, (id) =>
    ifReadable(() => ports.missions.last(id)),
  );
  const entries = read.filter((entry) => entry !== 'unreadable');
  const unreadable = read.length - entries.length;
  const states = entries
    .flatMap((entry) => entry?.state ?? [])
    // A later description may have moved a mission to another incident.
    .filter((state) => state.incident?.system === system && state.incident.value === value);
  const all = seesAll(caller, states);
  const seen = states.filter((state) => all || isParty(state, caller.organisation));
  // Whether the caller is party to those is unknown, and an empty list would mean that it is not.
  if (unreadable > 0 && seen.length === 0) throw new NewerRelease('no mission of the incident can be read');
  const page = pageOf(search, seen, missionOrder, (state) => finds(search, valuesOf(state)));
  if (isRefusal(page)) return page;

  const missions = await inBatches(page.rows, missionsAtOnce, (state) =>
    missionFor(ports.missions, caller, state, view),
  );
  const tasks = !search.includesTasks ? [] : page.rows.flatMap((state) => tasksFor(caller, state, view));
  const remarks = [
    ...(all && linked.length > mostMissions ? [tooManyMissions(mostMissions, linked.length)] : []),
    ...(unreadable > 0 ? [unreadableMissions(unreadable)] : []),
  ];
  const listed: readonly Listed[] = [
    ...missions,
    ...tasks.map((one) => ({ ...one, mode: 'include' as const })),
    ...remarks.map((resource) => ({ resource, mode: 'outcome' as const })),
  ];
  return {
    outcome: 'found',
    resource: searchAnswer(search, page, listed, view),
    shows: page.rows.map((state) => shownOf(state, caller, [String(state.version)])),
  };
};
