import { type TaskStatus, taskStatuses } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { ListName, Worklist, WorklistItem } from '../mission/projections.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadTask } from '../mission/access-rules.ts';
import { isFinalStatus, taskOf, type TaskState } from '../mission/state.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { type Listed, searchset } from '../fhir/searchset.ts';
import { taskResource } from '../fhir/task.ts';
import { seenBy } from '../fhir/de-identify.ts';
import { notFound, openMission } from './mission.ts';
import { pageSize, partOfTask, type Search, shownOf, shownTasks, unknownParameter } from './search.ts';

type Found = { readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] };

const view = (item: WorklistItem, viewpoint: Viewpoint): Listed => ({
  resource: taskResource(item.task, item, viewpoint),
  path: `Task/${item.task.id}`,
});

/** `GET Task/{id}`. */
export const readTask = async (
  missions: MissionLog,
  caller: Caller,
  id: string,
  viewpoint: Viewpoint,
): Promise<Found | Refusal> => {
  const address = parseAddress(id);
  if (address === undefined) return notFound;
  const last = await openMission(missions, caller, address.mission);
  if (isRefusal(last)) return last;
  const task = taskOf(last.state, id);
  if (task === undefined || !mayReadTask(task, last.state, caller.organisation, caller.role)) return notFound;
  const resource = seenBy(taskResource(task, last.state, viewpoint), { role: caller.role, entry: last });
  const shows = [shownOf(last.state, caller, [partOfTask(task)])];
  return resource === undefined ? notFound : { outcome: 'found', resource, shows };
};

/** `undefined` for all statuses, including those that only a newer release knows. */
const statusesIn = (text: string | undefined): readonly TaskStatus[] | undefined | Refusal => {
  if (text === undefined) return undefined;
  const asked = text.split(',');
  const known = taskStatuses.filter((status) => asked.includes(status));
  return known.length === asked.length
    ? known
    : refuse('unknown-search', 'http.status', `Task statuses are ${taskStatuses.join(', ')}`);
};

const isAmong = (statuses: readonly TaskStatus[] | undefined, { status }: TaskState): boolean =>
  statuses?.includes(status) ?? true;

/** The lists a status filter needs: open Tasks, closed ones, or first these and then those. */
const listsFor = (statuses: readonly TaskStatus[] = taskStatuses): readonly ListName[] => [
  ...(statuses.some((status) => !isFinalStatus(status)) ? (['open'] as const) : []),
  ...(statuses.some((status) => isFinalStatus(status)) ? (['closed'] as const) : []),
];

const ownerIn = (search: Search): string | undefined =>
  search.get('owner')?.replace(/^Organization\//, '') ?? search.get('owner:identifier')?.split('|').at(-1);

interface Place {
  readonly list: ListName;
  /** The last Task of the page before: the time of its last change, and its id. */
  readonly after?: string;
}

/** Start of a page. Refuses a cursor that is not the hub's: an empty answer would mean that there are no Tasks. */
const placeIn = (lists: readonly Place['list'][], cursor: string | undefined): Place | undefined => {
  if (cursor === undefined) return { list: lists[0] ?? 'open' };
  const [, named, after = ''] = /^(open|closed):(|[\d:.TZ-]{24}#[\w.-]{1,90})$/.exec(cursor) ?? [];
  const list = lists.find((one) => one === named);
  return list === undefined ? undefined : { list, ...(after === '' ? {} : { after }) };
};

const worklistPage = async (
  worklist: Worklist,
  caller: Caller,
  statuses: readonly TaskStatus[] | undefined,
  count: number,
  { list, after }: Place,
) => {
  const lists = listsFor(statuses);
  const page = await worklist.list(caller.organisation, list, count, after);
  const following = lists[lists.indexOf(list) + 1];
  const next =
    page.next === undefined ? (following === undefined ? undefined : `${following}:`) : `${list}:${page.next}`;
  return { items: page.items.filter(({ task }) => isAmong(statuses, task)), next };
};

const parameters = ['owner', 'owner:identifier', 'status', 'based-on', '_count', '_cursor', '_format'];

/** `GET Task?owner=…&status=…`: a party's worklist, longest waiting first; and `GET Task?based-on=ServiceRequest/…`: the Tasks of one mission. */
export const searchTasks = async (
  ports: { readonly missions: MissionLog; readonly worklist: Worklist },
  caller: Caller,
  search: Search,
  viewpoint: Viewpoint,
): Promise<Found | Refusal> => {
  const unknown = unknownParameter(search, parameters, 'a worklist takes owner, status, based-on and _count');
  if (unknown !== undefined) return unknown;
  const statuses = statusesIn(search.get('status'));
  if (statuses !== undefined && 'outcome' in statuses) return statuses;
  const count = pageSize(search);
  if (typeof count !== 'number') return count;
  const asked = new URLSearchParams([...search].filter(([name]) => name !== '_cursor'));

  const mission = search.get('based-on')?.replace(/^ServiceRequest\//, '');
  if (mission !== undefined) {
    const last = await openMission(ports.missions, caller, mission);
    if (isRefusal(last)) return last;
    const visible = (task: TaskState): boolean =>
      mayReadTask(task, last.state, caller.organisation, caller.role) && isAmong(statuses, task);
    const items = last.state.tasks
      .filter(visible)
      .filter((task) => ownerIn(search) === undefined || ownerIn(search) === task.owner);
    const listed = items.flatMap((task): readonly Listed[] => {
      const one = view(
        { task, mission, exercise: last.exercise, urgency: last.state.urgency, coordinator: last.state.coordinator },
        viewpoint,
      );
      const resource = seenBy(one.resource, { role: caller.role, entry: last });
      return resource === undefined ? [] : [{ ...one, resource }];
    });
    return {
      outcome: 'found',
      resource: searchset(`Task?${asked.toString()}`, undefined, listed, viewpoint, listed.length),
      shows: [shownOf(last.state, caller, items.map(partOfTask))],
    };
  }

  if (ownerIn(search) === undefined)
    return refuse(
      'unknown-search',
      'http.owner',
      'give owner=Organization/<your organisation number>, or based-on=ServiceRequest/<mission>',
    );
  if (ownerIn(search) !== caller.organisation)
    return refuse('forbidden-relation', 'http.owner', 'a worklist is read by its owner');
  const place = placeIn(listsFor(statuses), search.get('_cursor'));
  if (place === undefined) return refuse('unknown-search', 'http._cursor', 'follow the link of the page before');
  const page = await worklistPage(ports.worklist, caller, statuses, count, place);
  const next =
    page.next === undefined ? undefined : `Task?${new URLSearchParams([...asked, ['_cursor', page.next]]).toString()}`;
  return {
    outcome: 'found',
    resource: searchset(
      `Task?${asked.toString()}`,
      next,
      page.items.map((item) => view(item, viewpoint)),
      viewpoint,
    ),
    shows: shownTasks(page.items, caller),
  };
};
