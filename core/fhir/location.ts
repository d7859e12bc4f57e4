import type { Coding, Extension, Location, Reference, Task } from 'fhir/r4.d.ts';
import {
  flightPhases,
  resourceAvailabilities,
  resourceEngagements,
  resourceKinds,
  taskDetails,
  taskKinds,
} from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { canonicalBase, systems } from '../../schemas/names.ts';
import type { WorklistItem } from '../mission/projections.ts';
import type { MissionState, Readiness, TaskState } from '../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';

/** Time since which a resource has its operational status. */
const statusSinceExtension = `${canonicalBase}/StructureDefinition/status-since`;

/** The AMK LA that coordinates the mission of a Task now; the mission may have been forwarded since the Task was opened. */
const coordinatorExtension = `${canonicalBase}/StructureDefinition/coordinating-organization`;

/** Marks a resource that is shown in part (FHIR R4 search, `_summary`). */
export const shownInPart = {
  tag: [
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED', display: 'subsetted' },
  ],
};

export type Engagement = keyof typeof resourceEngagements;

/** A helicopter, aeroplane or car: the report of its operator, and the missions that request it. */
export interface Resource {
  readonly id: string;
  readonly operator: string;
  readonly exercise: boolean;
  /** Call sign; absent if an operator was asked and has not named the resource yet. */
  readonly sign?: string;
  readonly kind?: string;
  readonly readiness?: Readiness;
  readonly changedAt: string;
  /** Open Tasks, the most advanced one first. */
  readonly tasks: readonly WorklistItem[];
}

/** The engagement that follows from an open Task. */
export const engagementOf = ({ status }: TaskState): Engagement => {
  if (status === 'in-progress') return 'flying';
  return status === 'accepted' ? 'assigned' : 'asked';
};

const codingIn = (system: string, table: Readonly<Record<string, string>>, code: string): Coding =>
  defined({ system, code, display: table[code] });

const statuses: Readonly<Record<string, string>> = { ...resourceAvailabilities, ...resourceEngagements };

const phaseOrder = Object.keys(flightPhases);

/** Phases from departure on. */
const airPhases = phaseOrder.slice(phaseOrder.indexOf('departed'));

/** Time at which the engagement began: observed in flight, decided, or requested. */
const engagedSince = (task: TaskState): string => {
  switch (engagementOf(task)) {
    case 'flying': {
      const first = airPhases.find((phase) => task.phases?.[phase] !== undefined);
      return task.phases?.[first ?? ''] ?? task.changedAt;
    }
    case 'assigned':
      return task.decidedAt ?? task.changedAt;
    case 'asked':
      return task.openedAt;
  }
};

/** Status of a resource, as a code of `resource-availability`, and the time since which it has it. */
export const operationalStatusOf = ({
  readiness,
  tasks: [first],
}: Resource): { readonly code: string; readonly since: string } | undefined => {
  if (first !== undefined) return { code: engagementOf(first.task), since: engagedSince(first.task) };
  return readiness === undefined ? undefined : { code: readiness.availability, since: readiness.statedAt };
};

/**
 * The position that the reader may see. In a mission it reveals where the patient is, so only parties of the mission see it.
 * A resource that has not departed is at its reported position.
 */
const positionOf = ({ readiness, tasks: [first] }: Resource, reader: string): Location['position'] => {
  if (first === undefined) return readiness?.position;
  const { task } = first;
  const isParty = [task.owner, task.asker, first.coordinator].includes(reader);
  const stands = engagementOf(task) === 'flying' ? undefined : readiness?.position;
  return isParty ? (task.position ?? stands) : stands;
};

/** A resource as a FHIR `Location`: a vehicle of its operator, named by its call sign. */
export const resourceLocation = (resource: Resource, reader: string, view: Viewpoint): Location => {
  const { id, operator, exercise, sign, kind, changedAt } = resource;
  const status = operationalStatusOf(resource);
  const kindName = Object.entries(resourceKinds).find(([code]) => code === kind)?.[1];
  const operatorName = view.directory.partyOf(operator)?.name ?? operator;
  return {
    resourceType: 'Location',
    id,
    meta: { lastUpdated: changedAt, ...securityOf(exercise) },
    ...defined({
      identifier: sign === undefined ? undefined : [{ system: systems.resource, value: sign }],
      operationalStatus:
        status === undefined
          ? undefined
          : {
              extension: [{ url: statusSinceExtension, valueDateTime: status.since }],
              ...codingIn(systems.resourceAvailability, statuses, status.code),
            },
      type: kind === undefined ? undefined : [{ coding: [codingIn(systems.resourceKind, resourceKinds, kind)] }],
      position: positionOf(resource, reader),
    }),
    status: 'active',
    name: sign ?? [operatorName, kindName].filter((part) => part !== undefined).join(', '),
    mode: 'instance',
    physicalType: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 've', display: 'Vehicle' },
      ],
    },
    managingOrganization: organisationReference(operator, view),
  };
};

/** The resource of an availability log, as its operator reported it. */
export const resourceOfReadiness = (state: MissionState, view: Viewpoint): Location | undefined => {
  const { readiness, mission, requester, exercise, changedAt } = state;
  if (readiness === undefined) return undefined;
  const { resource: sign, kind } = readiness;
  return resourceLocation(
    { id: mission, operator: requester, exercise, sign, kind, readiness, changedAt, tasks: [] },
    requester,
    view,
  );
};

const furthest = (task: TaskState): readonly [phase: string, seenAt: string] | undefined => {
  const phase = phaseOrder.findLast((one) => task.phases?.[one] !== undefined);
  const seenAt = task.phases?.[phase ?? ''];
  return phase === undefined || seenAt === undefined ? undefined : [phase, seenAt];
};

const detail = (code: keyof typeof taskDetails) => ({
  coding: [codingIn(systems.taskDetail, taskDetails, code)],
});

/**
 * A Task as every reader of the resources of all regions may see it: requester, owner, urgency and progress.
 * No person, no free text, no place. `Task/<id>` shows all of it to the parties.
 */
export const minimalTask = (item: WorklistItem, view: Viewpoint): Task => {
  const { task, mission, exercise, urgency } = item;
  const reached = furthest(task);
  const phase =
    reached === undefined ? undefined : { coding: [codingIn(systems.flightPhase, flightPhases, reached[0])] };
  const output = [
    ...(phase === undefined || reached === undefined ? [] : [{ type: phase, valueDateTime: reached[1] }]),
    ...(task.eta === undefined ? [] : [{ type: detail('eta'), valueDateTime: task.eta }]),
    ...(task.resource === undefined
      ? []
      : [
          {
            type: detail('resource'),
            valueReference: { identifier: { system: systems.resource, value: task.resource }, display: task.resource },
          },
        ]),
  ];
  const coordinator: Extension & { valueReference: Reference } = {
    url: coordinatorExtension,
    valueReference: organisationReference(item.coordinator, view),
  };
  return {
    resourceType: 'Task',
    id: task.id,
    meta: { lastUpdated: task.changedAt, ...securityOf(exercise), ...shownInPart },
    extension: [coordinator],
    basedOn: [{ reference: `ServiceRequest/${mission}` }],
    ...defined({
      businessStatus: phase,
      output: output.length === 0 ? undefined : output,
    }),
    status: task.status,
    intent: 'order',
    priority: urgency,
    code: {
      coding: [
        codingIn(systems.taskKind, taskKinds, task.kind),
        ...(task.resourceKind === undefined ? [] : [codingIn(systems.resourceKind, resourceKinds, task.resourceKind)]),
      ],
    },
    authoredOn: task.openedAt,
    lastModified: task.changedAt,
    requester: organisationReference(task.asker, view),
    owner: organisationReference(task.owner, view),
  };
};
