import type { CodeableConcept, Reference, Task, TaskInput, TaskOutput } from 'fhir/r4.d.ts';
import {
  cancelReasons,
  flightPhases,
  forwardReasons,
  refusalClasses,
  resourceKinds,
  taskDetails,
  taskKinds,
} from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { entryAddress, resourceAddress } from '../../schemas/identifiers.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { systems } from '../../schemas/names.ts';
import type { Decider, Reason } from '../../schemas/messages/message-type.ts';
import type { WorklistItem } from '../mission/projections.ts';
import type { Named, TaskState } from '../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';

const phaseOrder = Object.keys(flightPhases);

/** The most advanced phase of the flight, whatever the order of the reports. */
const furthestPhase = (task: TaskState): string | undefined =>
  phaseOrder.findLast((phase) => task.phases?.[phase] !== undefined);

const businessStatus = (task: TaskState): Task['businessStatus'] => {
  const phase = furthestPhase(task);
  if (phase !== undefined) return { coding: [{ system: systems.flightPhase, code: phase }] };
  const { answer } = task;
  if (answer === undefined) return undefined;
  // An answer that only a newer release knows is returned as its code: a list of many missions must not fail because of one.
  const type = catalogue.find(({ event }) => event === answer.event);
  if (type === undefined) return { text: answer.code };
  return type.answers === undefined
    ? undefined
    : {
        coding: [defined({ system: type.answers.system, code: answer.code, display: type.answers.codes[answer.code] })],
      };
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
  ...(task.overdue === undefined ? [] : [{ type: detail('overdue'), valueDateTime: task.overdue }]),
  ...(task.resource === undefined
    ? []
    : [
        {
          type: detail('resource'),
          valueReference: { identifier: { system: systems.resource, value: task.resource }, display: task.resource },
        },
      ]),
  ...(task.divertedTo === undefined
    ? []
    : [{ type: detail('diverted-to'), valueReference: organisationReference(task.divertedTo, view) }]),
];

/** What was sent to ask for the Task, and what it says. */
const inputs = ({ ask }: TaskState, mission: string): TaskInput[] => {
  if (ask === undefined) return [];
  const to = (code: keyof typeof taskDetails, reference: string): TaskInput => ({
    type: detail(code),
    valueReference: { reference },
  });
  return [
    to('request', `${ask.type}/${resourceAddress(mission, ask.entry, ask.index)}`),
    to('message', `Bundle/${entryAddress(mission, ask.entry)}`),
    ...(ask.place === undefined ? [] : [{ type: detail('place'), valueReference: referenceTo(ask.place) }]),
    ...(ask.refersTo ?? []).map((reference) => to('refers-to', reference)),
    ...(ask.limit === undefined ? [] : [{ type: detail('time-limit'), valueDateTime: ask.limit }]),
  ];
};

const referenceTo = ({ reference, identifier, display }: Named): Reference =>
  defined({ reference, identifier, display });

/** Where the Task is done: the reported position, before that the place that it is asked for. */
const locationOf = ({ position, ask }: TaskState): Reference | undefined => {
  if (position !== undefined) return { reference: '#position' };
  if (ask?.place === undefined) return undefined;
  const { reference, ...words } = ask.place;
  // R4 allows a Location only. Another resource that has the place is in the input.
  if (reference?.startsWith('Location/') === true) return referenceTo(ask.place);
  return Object.keys(words).length === 0 ? undefined : referenceTo(words);
};

/** Code systems of reasons, with the displays of those that do not change with the guideline. */
const reasonTables: Readonly<
  Record<string, { readonly system: string; readonly codes: Readonly<Record<string, string>> }>
> = {
  'cancel-reason': { system: systems.cancelReason, codes: cancelReasons },
  'forward-reason': { system: systems.forwardReason, codes: forwardReasons },
};

/** The reason of a refusal or cancellation: the code, its class, and the sender's free text. */
export const reasonConcept = ({ table, code, class: kind, text }: Reason): CodeableConcept => {
  const known = reasonTables[table] ?? { system: systems.refusalReason, codes: {} };
  return {
    coding: [
      defined({ system: known.system, code, display: known.codes[code] }),
      ...(kind === undefined ? [] : [{ system: systems.refusalClass, code: kind, display: refusalClasses[kind] }]),
    ],
    ...defined({ text }),
  };
};

/** The person who decided: name, role, HPR number. */
export const deciderText = ({ name, role, identifier }: Decider): string =>
  [name, role, identifier === undefined ? undefined : `HPR ${identifier}`]
    .filter((part) => part !== undefined)
    .join(', ');

/** The Task that this one follows from. */
const predecessor = ({ forwardOf, reviewOf, divertedFrom }: TaskState): Reference | undefined => {
  const named = [
    { id: forwardOf, display: 'Forwarded from another AMK LA' },
    { id: reviewOf, display: 'Review of a rejection' },
    { id: divertedFrom, display: 'Diverted from another hospital' },
  ].find(({ id }) => id !== undefined);
  return named === undefined ? undefined : { reference: `Task/${named.id}`, type: 'Task', display: named.display };
};

/** A Task of the mission as a FHIR `Task`, with the hub's id. */
export const taskResource = (
  task: TaskState,
  { mission, exercise, urgency }: Pick<WorklistItem, 'mission' | 'exercise' | 'urgency'>,
  view: Viewpoint,
): Task => {
  const output = outputs(task, view);
  const input = inputs(task, mission);
  const kind = { system: systems.taskKind, code: task.kind, display: taskKinds[task.kind] };
  const resource = Object.entries(resourceKinds).find(([code]) => code === task.resourceKind);
  return {
    resourceType: 'Task',
    id: task.id,
    meta: { versionId: String(task.changedBy), lastUpdated: task.changedAt, ...securityOf(exercise) },
    basedOn: [
      { reference: `ServiceRequest/${mission}` },
      // Forwarded under review: the Task is still about the rejection.
      ...(task.forwardOf === undefined || task.reviewOf === undefined ? [] : [{ reference: `Task/${task.reviewOf}` }]),
    ],
    ...defined({
      partOf: task.partOf === undefined ? undefined : [{ reference: `Task/${task.partOf}` }],
      statusReason: task.reason === undefined ? undefined : reasonConcept(task.reason),
      reasonCode:
        task.criteria === undefined
          ? undefined
          : { coding: task.criteria.map((code) => ({ system: systems.missionCriterion, code })) },
      reasonReference: predecessor(task),
      description: task.words ?? task.ask?.words,
      for: task.ask?.patient === undefined ? undefined : referenceTo(task.ask.patient),
      executionPeriod: task.decidedAt === undefined ? undefined : { start: task.openedAt, end: task.decidedAt },
      contained:
        task.position === undefined
          ? undefined
          : [{ resourceType: 'Location' as const, id: 'position', position: task.position }],
      location: locationOf(task),
      businessStatus: businessStatus(task),
      priority: urgency,
      note: noteOf(task),
      input: input.length === 0 ? undefined : input,
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
    ...(task.decider === undefined ? [] : [{ text: `Decided by: ${deciderText(task.decider)}` }]),
    ...(task.cancelRequested === true
      ? [{ text: 'The mission was cancelled while this resource was airborne: the crew decides how the flight ends.' }]
      : []),
  ];
  return notes.length === 0 ? undefined : notes;
};
