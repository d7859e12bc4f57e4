import type { Task, TaskOutput } from 'fhir/r4.d.ts';
import { flightPhases, resourceKinds, taskDetails, taskKinds } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import { systems } from '../../schemas/names.ts';
import type { TaskState } from '../state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';

const phaseOrder = Object.keys(flightPhases);

/** The furthest phase of the flight, whenever its report came. */
const furthestPhase = (task: TaskState): string | undefined =>
  phaseOrder.findLast((phase) => task.phases?.[phase] !== undefined);

const businessStatus = (task: TaskState): Task['businessStatus'] => {
  const phase = furthestPhase(task);
  if (phase !== undefined) return { coding: [{ system: systems.flightPhase, code: phase }] };
  const known = task.answer === undefined ? undefined : knownMessageType(task.answer.event).answers;
  return known === undefined || task.answer === undefined
    ? undefined
    : { coding: [defined({ system: known.system, code: task.answer.code, display: known.codes[task.answer.code] })] };
};

const detail = (code: keyof typeof taskDetails) => ({
  coding: [{ system: systems.taskDetail, code, display: taskDetails[code] }],
});

const outputs = (task: TaskState, view: Viewpoint): TaskOutput[] => [
  ...phaseOrder.flatMap((phase) => {
    const seenAt = task.phases?.[phase];
    return seenAt === undefined
      ? []
      : [{ type: { coding: [{ system: systems.flightPhase, code: phase }] }, valueDateTime: seenAt }];
  }),
  ...(task.eta === undefined ? [] : [{ type: detail('eta'), valueDateTime: task.eta }]),
  ...(task.acknowledgedAt === undefined ? [] : [{ type: detail('acknowledged'), valueDateTime: task.acknowledgedAt }]),
  ...(task.divertedTo === undefined
    ? []
    : [{ type: detail('diverted-to'), valueReference: organisationReference(task.divertedTo, view) }]),
];

/** One ask as a FHIR `Task` under the hub's id. */
export const taskResource = (
  task: TaskState,
  mission: string,
  exercise: boolean,
  urgency: Task['priority'],
  view: Viewpoint,
): Task => {
  const output = outputs(task, view);
  const kind = { system: systems.taskKind, code: task.kind, display: taskKinds[task.kind] };
  const resource = Object.entries(resourceKinds).find(([code]) => code === task.resourceKind);
  return {
    resourceType: 'Task',
    id: task.id,
    meta: { versionId: String(task.changedBy), lastUpdated: task.changedAt, ...securityOf(exercise) },
    basedOn: [{ reference: `ServiceRequest/${mission}` }],
    ...defined({
      partOf: task.partOf === undefined ? undefined : [{ reference: `Task/${task.partOf}` }],
      statusReason:
        task.reason === undefined
          ? undefined
          : {
              coding: [{ system: systems.refusalReason, code: task.reason.code }],
              ...defined({ text: task.reason.text }),
            },
      contained:
        task.position === undefined
          ? undefined
          : [{ resourceType: 'Location' as const, id: 'position', position: task.position }],
      location: task.position === undefined ? undefined : { reference: '#position' },
      businessStatus: businessStatus(task),
      priority: urgency,
      note: noteOf(task),
      output: output.length === 0 ? undefined : output,
    }),
    status: task.status,
    intent: 'order',
    code: {
      coding: [
        kind,
        ...(resource === undefined ? [] : [{ system: systems.resourceKind, code: resource[0], display: resource[1] }]),
      ],
    },
    focus: { reference: `ServiceRequest/${mission}` },
    authoredOn: task.openedAt,
    lastModified: task.changedAt,
    requester: organisationReference(task.asker, view),
    owner: organisationReference(task.owner, view),
    restriction: { period: { end: task.until ?? task.acknowledgeBy } },
  };
};

const noteOf = (task: TaskState): Task['note'] => {
  const notes = [
    ...(task.decider === undefined ? [] : [{ text: `Decided by: ${task.decider}` }]),
    ...(task.cancelRequested === true
      ? [{ text: 'The mission was cancelled while this resource was airborne: the crew decides how the flight ends.' }]
      : []),
  ];
  return notes.length === 0 ? undefined : notes;
};
