import { codesOf, flightPhases } from '../codes.ts';
import { defined } from '../defined.ts';
import { codeIn, moment } from '../fhir/datatypes.ts';
import { task } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { missing, optionalEta, requiredTaskId } from './reading.ts';

const phaseCodes = codesOf(flightPhases);
const endingPhases: readonly string[] = ['handed-over', 'available'];
const groundPhases: readonly string[] = ['alarm-received', 'unit-alerted'];

const schema = task.transform((resource, context): Facts => {
  const phases = (resource.output ?? []).flatMap((value, index) => {
    const code = codeIn(value.type, systems.flightPhase);
    if (code === undefined) return [];
    const phase = phaseCodes.find((known) => known === code);
    if (phase === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['output', index, 'type'],
        message: `has an unknown flight phase: give one of ${phaseCodes.join(', ')}`,
      });
    }
    const seenAt = value.valueDateTime;
    const path = ['output', index, 'valueDateTime'];
    if (seenAt === undefined) missing(context, path, 'say when the phase was seen, as date, time and zone');
    else if (!moment.safeParse(seenAt).success) {
      context.addIssue({
        code: 'custom',
        path,
        message: 'is not a moment: say when the phase was seen, as date, time and zone',
      });
    }
    return phase === undefined || seenAt === undefined ? [] : [{ phase, seenAt }];
  });
  const eta = optionalEta(context, resource, 'output');
  const reportsPhases =
    resource.output?.some((value) => codeIn(value.type, systems.flightPhase) !== undefined) ?? false;
  if (!reportsPhases && eta.found === 'nothing' && resource.location === undefined) {
    missing(
      context,
      ['output'],
      `report at least a flight phase (${systems.flightPhase}), an ETA or a position (Task.location)`,
    );
  }
  const ended = phases.some(({ phase }) => endingPhases.includes(phase));
  const underWay = phases.some(({ phase }) => !groundPhases.includes(phase));
  const answer = ended ? 'ended' : underWay ? 'under-way' : 'reported';
  return defined({
    task: requiredTaskId(context, resource),
    answer,
    phases: phases.length === 0 ? undefined : phases,
    eta: eta.value,
  });
});

/** Times seen in flight may arrive when the Task is over: they are recorded and move nothing. */
const late = { from: ['completed', 'failed', 'cancelled'], to: 'unchanged' } as const;

export const resourceStatus: MessageType = {
  event: 'resource-status',
  title: 'Status of a resource',
  purpose:
    'The operator reports flight phases with the time each was seen, position and ETA. Reports may come late or out of order.',
  senders: ['operator'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema, location: { element: 'location', required: false } },
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  moves: {
    kinds: ['resource'],
    byAnswer: {
      reported: [{ from: ['accepted', 'in-progress'], to: 'unchanged' }, late],
      'under-way': [{ from: ['accepted', 'in-progress'], to: 'in-progress' }, late],
      ended: [{ from: ['accepted', 'in-progress'], to: 'completed' }, late],
    },
  },
  told: ['all-parties'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital'],
  example: 'resource-status.json',
};
