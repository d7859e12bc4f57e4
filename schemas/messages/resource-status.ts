import { defined } from '../defined.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { statedStatus, taskSchema } from './details.ts';
import { requiredTaskId, requireStatusAmong } from './fields.ts';
import { missing } from './issues.ts';
import { taskIdRule } from './element-rules.ts';

const groundPhases: readonly string[] = ['alarm-received', 'unit-alerted'];

/** The answer that follows from the phases. The hand-over of one of several patients does not end the flight; `available` does. */
const answerOf = (seen: readonly string[], namesHospital: boolean): string => {
  if (seen.includes('available') || (seen.includes('handed-over') && !namesHospital)) return 'ended';
  if (namesHospital) return 'handed-over';
  return seen.some((phase) => !groundPhases.includes(phase)) ? 'under-way' : 'reported';
};

/** Reports of a flight may arrive after the end of the Task: they are recorded and do not change its status. */
const late = { from: ['completed', 'failed', 'cancelled'], to: 'unchanged' } as const;

const schema = taskSchema((resource, context, { output }): Facts => {
  requireStatusAmong(context, resource, ['accepted', 'in-progress', ...late.from]);
  const { phases = [], eta } = output;
  // A detail that cannot be read has been reported.
  const isFaulty = context.issues.length > 0;
  if (!isFaulty && phases.length === 0 && eta.found === 'nothing' && resource.location === undefined) {
    missing(
      context,
      ['output'],
      `report at least a flight phase (${systems.flightPhase}), an ETA or a position (Task.location)`,
    );
  }
  const seen = phases.map(({ phase }) => phase);
  const handedOverTo = output.handedOverTo.value;
  return defined({
    task: requiredTaskId(context, resource),
    answer: answerOf(seen, handedOverTo !== undefined),
    phases: output.phases,
    eta: eta.value,
    handedOverTo,
    ...statedStatus(context, resource),
    statedEnd: late.from.find((status) => status === resource.status),
    resource: output.resource.value,
  });
});

export const resourceStatus = {
  event: 'resource-status',
  title: 'Status of a resource',
  family: 'resource',
  purpose:
    'The operator reports flight phases with the time at which each was observed, position and ETA. Reports may come late or out of order.',
  senders: ['operator'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema, location: { element: 'location', required: false } },
  elements: [
    taskIdRule,
    {
      path: 'Task.output',
      required: 'some-answers',
      what: 'Flight phases, each with the time at which it was observed; type `eta`; type `handed-over-to`: the hospital, if a flight has several patients; type `resource`: the call sign. At least one phase, an ETA or a position is needed.',
      codes: 'flight-phase',
    },
    { path: 'Task.location', required: 'never', what: 'A Location in the Bundle with the current position.' },
  ],
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  transitions: {
    kinds: ['resource'],
    byAnswer: {
      reported: [{ from: ['accepted', 'in-progress'], to: 'unchanged' }, late],
      'under-way': [{ from: ['accepted', 'in-progress'], to: 'in-progress' }, late],
      'handed-over': [{ from: ['accepted', 'in-progress'], to: 'in-progress' }, late],
      ended: [{ from: ['accepted', 'in-progress'], to: 'completed' }, late],
    },
  },
  dated: true,
  notifies: ['all-parties'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital'],
  example: 'resource-status.json',
} as const satisfies MessageType;
