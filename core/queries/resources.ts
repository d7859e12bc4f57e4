import type { Role } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isMissionId, parseAddress, resourceIdOf } from '../../schemas/identifiers.ts';
import { systems } from '../../schemas/names.ts';
import type { Overview, Worklist, WorklistItem } from '../mission/projections.ts';
import type { Directory } from '../mission/directory.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import type { MissionState } from '../mission/state.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { engagementOf, minimalTask, operationalStatusOf, type Resource, resourceLocation } from '../fhir/location.ts';
import { notFound } from './mission.ts';
import type { Values } from './search/conditions.ts';
import { exerciseLabel, isOfKind } from './search/exercises.ts';
import { type Order, pageOf, searchAnswer } from './search/page.ts';
import { finds, type Search } from './search/read-search.ts';
import { shownTasks } from './shown.ts';
import { inBatches } from '../../schemas/in-batches.ts';

export interface ResourcePorts {
  readonly overview: Overview;
  readonly worklist: Worklist;
}

type Found = { readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] };

/** Roles that see resources: every AMK LA those of all operators, an operator its own. */
const seers: readonly Role[] = ['amk-la', 'operator'];

/** Operators whose resources are read at the same time. */
const operatorsAtOnce = 20;

const rowsOfPage = 100;

/** Every open resource Task of an operator. */
const openAsks = async (worklist: Worklist, operator: string): Promise<readonly WorklistItem[]> => {
  const found: WorklistItem[] = [];
  let from: string | undefined;
  do {
    const page = await worklist.list(operator, 'open', rowsOfPage, from);
    found.push(...page.items.filter(({ task }) => task.kind === 'resource'));
    from = page.next;
  } while (from !== undefined);
  return found;
};

const precedence = { flying: 0, assigned: 1, asked: 2 } as const;

const latest = (...times: readonly string[]): string => times.reduce((one, other) => (one > other ? one : other));

/** One resource: its report, and the Tasks that name it. A Task without a call sign is a resource of its own. */
const resourceOf = (
  operator: string,
  exercise: boolean,
  state: MissionState | undefined,
  asks: readonly WorklistItem[],
): Resource => {
  const tasks = [...asks].sort(
    (one, other) =>
      precedence[engagementOf(one.task)] - precedence[engagementOf(other.task)] ||
      one.task.openedAt.localeCompare(other.task.openedAt),
  );
  const [first] = tasks;
  const readiness = state?.readiness;
  const sign = readiness?.resource ?? first?.task.resource;
  return {
    id: sign === undefined ? (first?.task.id ?? '') : resourceIdOf(operator, sign, exercise),
    operator,
    exercise,
    changedAt: latest(state?.changedAt ?? '', ...tasks.map(({ task }) => task.changedAt)),
    tasks,
    ...defined({ sign, kind: readiness?.kind ?? first?.task.resourceKind, readiness }),
  };
};

/** The real resources of an operator, or those of exercises. */
const rowsOf = (
  operator: string,
  exercise: boolean,
  reported: readonly MissionState[],
  asks: readonly WorklistItem[],
): readonly Resource[] => {
  const states = new Map(
    reported.flatMap((state) => (state.readiness === undefined ? [] : [[state.readiness.resource, state] as const])),
  );
  const named = Map.groupBy(
    asks.filter(({ task }) => task.resource !== undefined),
    ({ task }) => task.resource ?? '',
  );
  const signs = [...new Set([...states.keys(), ...named.keys()])].sort();
  return [
    ...signs.map((sign) => resourceOf(operator, exercise, states.get(sign), named.get(sign) ?? [])),
    // A resource in flight must be visible also if nobody has given its call sign.
    ...asks
      .filter(({ task }) => task.resource === undefined)
      .map((item) => resourceOf(operator, exercise, undefined, [item])),
  ];
};

/** All resources that a caller may see, exercises among them, by operator and call sign. */
const board = async (
  { overview, worklist }: ResourcePorts,
  directory: Directory,
  caller: Caller,
): Promise<readonly Resource[]> => {
  const operators =
    caller.role === 'operator'
      ? [caller.organisation]
      : directory.partiesOf('operator').map(({ organisation }) => organisation);
  const found = await inBatches(operators, operatorsAtOnce, async (operator) => {
    const [reported, asks] = await Promise.all([overview.readinessOf(operator), openAsks(worklist, operator)]);
    return [false, true].flatMap((exercise) => {
      const same = (one: { readonly exercise: boolean }): boolean => one.exercise === exercise;
      return rowsOf(operator, exercise, reported.filter(same), asks.filter(same));
    });
  });
  return found.flat();
};

const valuesOf = (resource: Resource): Values<'Location'> => {
  const status = operationalStatusOf(resource)?.code;
  return {
    _id: [{ value: resource.id }],
    _lastUpdated: resource.changedAt,
    type: resource.kind === undefined ? [] : [{ system: systems.resourceKind, value: resource.kind }],
    'operational-status': status === undefined ? [] : [{ system: systems.resourceAvailability, value: status }],
    organization: [resource.operator],
    identifier: resource.sign === undefined ? [] : [{ system: systems.resource, value: resource.sign }],
    _security: resource.exercise ? exerciseLabel : [],
  };
};

/** By operator and call sign; those without a call sign follow. */
const order: Order<Resource> = {
  placeOf: ({ operator, sign, id }) => JSON.stringify([operator, sign === undefined, sign, id]),
  form: /^\["\w{1,40}",(?:true|false),.{1,120}\]$/,
};

/**
 * `GET Location?…`: which resources are requested, flying or free. An engagement in a mission takes precedence over the
 * operator's report. Open Tasks are included, with what every coordinating party may know of a mission.
 */
export const searchResources = async (
  ports: ResourcePorts,
  caller: Caller,
  search: Search<'Location'>,
  view: Viewpoint,
): Promise<Found | Refusal> => {
  if (!seers.includes(caller.role))
    return refuse('forbidden-role', 'http.Authorization', `resources are seen by ${seers.join(' and ')}`);
  const found = await board(ports, view.directory, caller);
  const page = pageOf(search, found, order, (one) => isOfKind(search, one.exercise) && finds(search, valuesOf(one)));
  if (isRefusal(page)) return page;
  const rows = page.rows.map((resource) => ({
    resource: resourceLocation(resource, caller.organisation, view),
    path: `Location/${resource.id}`,
  }));
  const items = page.rows.flatMap(({ tasks }) => tasks);
  const asks = items.map((item) => ({
    resource: minimalTask(item, view),
    path: `Task/${item.task.id}`,
    mode: 'include' as const,
  }));
  return {
    outcome: 'found',
    resource: searchAnswer(search, page, [...rows, ...asks], view),
    shows: shownTasks(items, caller),
  };
};

/** `GET Location/{id}`: one resource, of the real ones or of an exercise. */
export const readResource = async (
  ports: ResourcePorts,
  caller: Caller,
  id: string,
  view: Viewpoint,
): Promise<Found | Refusal> => {
  const address = parseAddress(id);
  const mayBeResource = isMissionId(id) || (address !== undefined && address.index === undefined);
  if (!seers.includes(caller.role) || !mayBeResource) return notFound;
  const resource = (await board(ports, view.directory, caller)).find((one) => one.id === id);
  return resource === undefined
    ? notFound
    : {
        outcome: 'found',
        resource: resourceLocation(resource, caller.organisation, view),
        shows: shownTasks(resource.tasks, caller),
      };
};
