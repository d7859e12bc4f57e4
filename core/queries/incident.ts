import type { Role } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { ifReadable, NewerRelease } from '../../schemas/newer-release.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import { isSameIncident, openingCoordinators, seesMission, shareReceivers } from '../mission/incident.ts';
import type { Incident, IncidentList, LinkedMission, Overview } from '../mission/projections.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadTask, seesNoPerson } from '../mission/access-rules.ts';
import { isParty, type MissionState } from '../mission/state.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { hiddenMissions, minimalMission, noMission, tooManyMissions, unreadableMissions } from '../fhir/incident.ts';
import { minimalTask } from '../fhir/location.ts';
import type { Listed } from '../fhir/searchset.ts';
import { taskResource } from '../fhir/task.ts';
import { readMission } from './mission.ts';
import { missionValues } from './mission-values.ts';
import { type Order, pageOf, searchAnswer } from './search/page.ts';
import { finds, type Search, tokensOf } from './search/read-search.ts';
import { shownOf } from './shown.ts';
import { inBatches } from '../../schemas/in-batches.ts';

/** More than any real incident has. The answer reports if an incident has more. */
const mostMissions = 200;

/** Missions that are not shown and that are read to name their AMK LA. */
const mostHidden = 20;

/** Missions read at the same time. */
const missionsAtOnce = 20;

const wantedForm = 'give requisition=<system>|<value>, the identifier that the requests of the incident share';

/** A caller's own missions first, then the earliest first. */
const orderOf = (own: readonly MissionState[]): Order<MissionState> => {
  const owned = new Set(own.map(({ mission }) => mission));
  return {
    placeOf: ({ openedAt, mission }) => `${owned.has(mission) ? 0 : 1}#${openedAt}#${mission}`,
    form: /^[01]#[\d:.TZ-]{24}#[\w-]{36}$/,
  };
};

interface IncidentPorts {
  readonly missions: MissionLog;
  readonly overview: Overview;
}

/** Roles that see missions of others in an incident. */
const coordinatingRoles: readonly Role[] = ['local-amk', 'amk-la'];

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

export const tasksFor = (caller: Caller, state: MissionState, view: Viewpoint): readonly Listed[] => {
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

/** States of missions of an incident, and how many of them only a newer release can read. */
interface Read {
  readonly states: readonly MissionState[];
  readonly unreadable: number;
}

/** The missions of an incident, each read once. */
const readerOf = (missions: MissionLog, incident: Incident) => {
  const known = new Map<string, MissionState | 'unreadable' | undefined>();
  return async (ids: readonly string[]): Promise<Read> => {
    const wanted = [...new Set(ids)];
    await inBatches(
      wanted.filter((id) => !known.has(id)),
      missionsAtOnce,
      async (id) => {
        const entry = await ifReadable(() => missions.last(id));
        known.set(id, entry === 'unreadable' ? entry : entry?.state);
      },
    );
    const found = wanted.map((id) => known.get(id));
    return {
      unreadable: found.filter((state) => state === 'unreadable').length,
      states: found
        .filter((state) => state !== 'unreadable' && state !== undefined)
        // A later description may have moved a mission to another incident.
        .filter((state) => isSameIncident(state.incident, incident)),
    };
  };
};

/** The ids of missions of several lists, each once, the first opened first: what does not fit is what was opened last. */
const firstOpened = (lists: readonly (readonly LinkedMission[])[]): readonly string[] => {
  const byOpening = lists.flat().toSorted((one, other) => {
    const [first, second] = [`${one.openedAt}#${one.mission}`, `${other.openedAt}#${other.mission}`];
    return first < second ? -1 : Number(first > second);
  });
  return [...new Set(byOpening.map(({ mission }) => mission))];
};

interface Seen extends Read {
  /** In the order of the list: the caller's own missions first, within the limit before all others. */
  readonly own: readonly MissionState[];
  /** There are more than the limit. */
  readonly isCut: boolean;
  /** AMK LA whose missions the caller does not see. */
  readonly hiddenOf: readonly string[];
}

/** The missions of an incident that a caller sees: its own, and for AMK and AMK LA those that are open to it. */
const seenBy = async (
  { missions, overview }: IncidentPorts,
  { organisation, role }: Caller,
  incident: Incident,
  exercise: boolean,
): Promise<Seen> => {
  const read = readerOf(missions, incident);
  const listed = (list: IncidentList, limit = mostMissions + 1) => overview.missionsOf(incident, exercise, list, limit);
  const ownIds = firstOpened([await listed({ list: 'of-party', organisation })]);
  const mine = await read(ownIds.slice(0, mostMissions));
  const own = mine.states.filter((state) => isParty(state, organisation));
  const alone = { own, states: own, unreadable: mine.unreadable, isCut: ownIds.length > mostMissions, hiddenOf: [] };
  if (own.length === 0 || !coordinatingRoles.includes(role)) return alone;

  const receivers = shareReceivers(organisation, own);
  const coordinators = receivers.filter((one) => one !== organisation || role === 'amk-la');
  const sharing = await inBatches(receivers, missionsAtOnce, (one) =>
    listed({ list: 'shared-with', organisation: one }),
  );
  const shared = await read(firstOpened(sharing).slice(0, mostMissions));
  const opened = openingCoordinators(shared.states, receivers);
  const groups = await inBatches([...new Set([...coordinators, ...opened])], missionsAtOnce, (one) =>
    listed({ list: 'of-party', organisation: one }),
  );
  const others = firstOpened([...groups, ...sharing]).filter((id) => !ownIds.includes(id));
  const room = mostMissions - own.length;
  const theirs = await read(others.slice(0, room));
  const access = { coordinators, opened };
  const open = theirs.states.filter((state) => seesMission(state, access, receivers));
  const states = [...own, ...open];

  const visible = new Set([...ownIds, ...states.map(({ mission }) => mission)]);
  const all = firstOpened([await listed({ list: 'all' }, mostMissions + visible.size)]);
  const hidden = await read(
    all.filter((id) => !visible.has(id) && !others.slice(room).includes(id)).slice(0, mostHidden),
  );
  // Those that do not fit are not hidden.
  const unseen = hidden.states.filter(
    (state) => !isParty(state, organisation) && !seesMission(state, access, receivers),
  );
  return {
    own,
    states,
    unreadable: mine.unreadable + theirs.unreadable,
    isCut: alone.isCut || others.length > room,
    hiddenOf: [...new Set(unseen.map(({ coordinator }) => coordinator))],
  };
};

/**
 * `GET ServiceRequest?requisition=<system>|<value>`: the missions of one large event together.
 * A caller's own missions come first. AMK and AMK LA also see those of the same AMK LA, and those that have been opened to them,
 * without persons, words and places.
 */
export const searchIncident = async (
  ports: IncidentPorts,
  caller: Caller,
  search: Search<'ServiceRequest'>,
  view: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] } | Refusal> => {
  const [incident, second] = tokensOf(search, 'requisition');
  const { system = '', value = '' } = incident ?? {};
  if (system === '' || value === '' || second !== undefined)
    return refuse('unknown-search', 'http.requisition', wantedForm);
  if (search.conditions.has('identifier'))
    return refuse('unknown-search', 'http.identifier', 'give requisition or identifier, not both');
  const exercise = search.conditions.has('_security');

  const seen = await seenBy(ports, caller, { system, value }, exercise);
  const { own, states, unreadable, isCut, hiddenOf } = seen;
  // Whether the caller is party to those is unknown, and an empty list would mean that it is not.
  if (unreadable > 0 && states.length === 0) throw new NewerRelease('no mission of the incident can be read');
  const page = pageOf(search, states, orderOf(own), (state) => finds(search, missionValues(state, [])));
  if (isRefusal(page)) return page;

  const missions = await inBatches(page.rows, missionsAtOnce, (state) =>
    missionFor(ports.missions, caller, state, view),
  );
  const tasks = !search.includesTasks ? [] : page.rows.flatMap((state) => tasksFor(caller, state, view));
  const remarks = [
    ...(isCut ? [tooManyMissions(mostMissions)] : []),
    ...(unreadable > 0 ? [unreadableMissions(unreadable)] : []),
    ...(hiddenOf.length > 0 ? [hiddenMissions(hiddenOf, view)] : []),
    ...(states.length === 0 ? [noMission(exercise)] : []),
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
