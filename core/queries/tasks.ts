import { type TaskStatus, taskStatuses } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import { type ListName, placeOfTask, type Worklist, type WorklistItem } from '../mission/projections.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadTask, seesNoPerson } from '../mission/access-rules.ts';
import { isFinalStatus, type MissionState, taskOf, type TaskState } from '../mission/state.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import type { Listed } from '../fhir/searchset.ts';
import { taskResource } from '../fhir/task.ts';
import { seenBy } from '../fhir/de-identify.ts';
import { notFound, openMission } from './mission.ts';
import { partOfTask, shownOf, shownTasks } from './shown.ts';
import { type Page, pageOf, type Rows, searchAnswer, takePage, wrongCursor } from './search/page.ts';
import { finds, idsIn, type Search, valuesIn } from './search/read-search.ts';
import type { Values } from './search/conditions.ts';

type Found = { readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] };

export interface TaskPorts {
  readonly missions: MissionLog;
  readonly worklist: Worklist;
}

type TaskSearch = Search<'Task'>;

const itemOf = (task: TaskState, { mission, exercise, urgency, coordinator }: MissionState): WorklistItem => ({
  task,
  mission,
  exercise,
  urgency,
  coordinator,
});

/** A Task of a list; with the newest entry of its mission, if that was read. */
interface Row extends WorklistItem {
  readonly entry?: StoredEntry;
}

/** A Task as the caller may see it. A role that sees no person owns no Task: without the entry it is shown none. */
const shownAs = ({ role }: Caller, { entry, ...item }: Row, view: Viewpoint): readonly Listed[] => {
  const whole = taskResource(item.task, item, view);
  const resource = entry === undefined ? (seesNoPerson(role) ? undefined : whole) : seenBy(whole, { role, entry });
  return resource === undefined ? [] : [{ resource, path: `Task/${item.task.id}` }];
};

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

const taskStatusSystem = 'http://hl7.org/fhir/task-status';

const valuesOf = ({ task, mission }: WorklistItem): Values<'Task'> => ({
  _id: [{ value: task.id }],
  _lastUpdated: task.changedAt,
  owner: [task.owner],
  requester: [task.asker],
  status: [{ system: taskStatusSystem, value: task.status }],
  'based-on': [mission],
});

const isFound =
  (search: TaskSearch) =>
  (item: WorklistItem): boolean =>
    finds(search, valuesOf(item));

const placeOf = ({ task }: WorklistItem): string => placeOfTask(task);

/** The lists that the search needs: open Tasks, closed ones, or first these and then those. */
const listsFor = (search: TaskSearch): readonly ListName[] => {
  const asked = valuesIn(search, 'status');
  const statuses: readonly TaskStatus[] = taskStatuses.filter((status) => asked?.includes(status) ?? true);
  return [
    ...(statuses.some((status) => !isFinalStatus(status)) ? (['open'] as const) : []),
    ...(statuses.some((status) => isFinalStatus(status)) ? (['closed'] as const) : []),
  ];
};

/** Start of a page of a worklist. */
interface Start {
  readonly list: ListName;
  readonly after?: string;
}

/** Reads the place at which a page begins; `undefined` for a cursor that is not the hub's: an empty answer would mean that there are no Tasks. */
const startIn = (lists: readonly ListName[], cursor: string | undefined): Start | undefined => {
  if (cursor === undefined) return { list: lists[0] ?? 'open' };
  const [, named, after] = /^(open|closed):([\d:.TZ-]{24}#[\w.-]{1,90})$/.exec(cursor) ?? [];
  const list = lists.find((one) => one === named);
  return list === undefined || after === undefined ? undefined : { list, after };
};

/** Tasks that are read at once. */
const tasksAtOnce = 100;

/** The rows of a worklist: the open Tasks, then the closed ones. A page holds one row more than it shows. */
const rowsOf = (
  list: Worklist['list'],
  organisation: string,
  lists: readonly ListName[],
  rows: number,
): Rows<WorklistItem> =>
  async function* (cursor) {
    const start = startIn(lists, cursor);
    for (const name of lists.slice(start === undefined ? 0 : lists.indexOf(start.list))) {
      let from = name === start?.list ? start.after : undefined;
      do {
        const page = await list(organisation, name, rows, from);
        yield page.items.map((row) => ({ row, place: `${name}:${placeOf(row)}` }));
        from = page.next;
      } while (from !== undefined);
    }
  };

/** The Tasks of one mission that the caller may read. */
const tasksOfMission = async (
  missions: MissionLog,
  caller: Caller,
  mission: string,
): Promise<{ readonly state: MissionState; readonly items: readonly Row[] } | Refusal> => {
  const last = await openMission(missions, caller, mission);
  if (isRefusal(last)) return last;
  const { state } = last;
  const visible = state.tasks.filter((task) => mayReadTask(task, state, caller.organisation, caller.role));
  return { state, items: visible.map((task) => ({ ...itemOf(task, state), entry: last })) };
};

/** Ids in one search: each mission among them is a read. */
const mostIds = 50;

const missionsAtOnce = 20;

/** The Tasks with these ids that the caller may read. */
const tasksWithIds = async (missions: MissionLog, caller: Caller, ids: readonly string[]): Promise<readonly Row[]> => {
  const named = [...new Set(ids.flatMap((id) => parseAddress(id)?.mission ?? []))];
  const found = await inBatches(named, missionsAtOnce, (mission) => tasksOfMission(missions, caller, mission));
  return found.flatMap((one) => (isRefusal(one) ? [] : one.items.filter(({ task }) => ids.includes(task.id))));
};

const pageIn = (search: TaskSearch, items: readonly Row[]): Page<Row> | Refusal =>
  pageOf(search, items, { placeOf, form: /^[\d:.TZ-]{24}#[\w.-]{1,90}$/ }, isFound(search));

const answerOf = (
  search: TaskSearch,
  page: Page<Row>,
  caller: Caller,
  view: Viewpoint,
  shows: readonly Shown[] = shownTasks(page.rows, caller),
): Found => ({
  outcome: 'found',
  resource: searchAnswer(
    search,
    page,
    page.rows.flatMap((item) => shownAs(caller, item, view)),
    view,
  ),
  shows,
});

const wanted =
  'give owner=Organization/<your organisation number>, requester=Organization/<your organisation number>, based-on=ServiceRequest/<mission> or _id';

/**
 * `GET Task?owner=…`: a party's worklist, longest waiting first; `Task?requester=…`: what it has asked of others;
 * `Task?based-on=ServiceRequest/…`: the Tasks of one mission; `Task?_id=…`.
 */
export const searchTasks = async (
  { missions, worklist }: TaskPorts,
  caller: Caller,
  search: TaskSearch,
  view: Viewpoint,
): Promise<Found | Refusal> => {
  const asked = idsIn(search, 'based-on');
  if (asked !== undefined) {
    const [mission] = asked;
    if (mission === undefined || asked.length > 1) return refuse('unknown-search', 'http.based-on', 'name one mission');
    const found = await tasksOfMission(missions, caller, mission);
    if (isRefusal(found)) return found;
    const page = pageIn(search, found.items);
    if (isRefusal(page)) return page;
    const parts = page.rows.map(({ task }) => partOfTask(task));
    return answerOf(search, page, caller, view, [shownOf(found.state, caller, parts)]);
  }
  const ids = valuesIn(search, '_id');
  if (ids !== undefined) {
    if (ids.length > mostIds) return refuse('unknown-search', 'http._id', `at most ${mostIds} ids`);
    const page = pageIn(search, await tasksWithIds(missions, caller, ids));
    return isRefusal(page) ? page : answerOf(search, page, caller, view);
  }
  const [owners, requesters] = [idsIn(search, 'owner'), idsIn(search, 'requester')];
  if (owners === undefined && requesters === undefined) return refuse('unknown-search', 'http.owner', wanted);
  const isCaller = (named: readonly string[] | undefined): boolean =>
    named?.length === 1 && named[0] === caller.organisation;
  const list = isCaller(owners) ? worklist.list : isCaller(requesters) ? worklist.asked : undefined;
  if (list === undefined)
    return refuse(
      'forbidden-relation',
      owners === undefined ? 'http.requester' : 'http.owner',
      'you read what you are asked (owner) and what you have asked of others (requester): one of the two is your own organisation',
    );
  const lists = listsFor(search);
  if (startIn(lists, search.cursor) === undefined) return wrongCursor;
  const chunk = search.conditions.size > 1 || search.count === 0 ? tasksAtOnce : search.count + 1;
  const page = await takePage(search, rowsOf(list, caller.organisation, lists, chunk), isFound(search));
  return isRefusal(page) ? page : answerOf(search, page, caller, view);
};
