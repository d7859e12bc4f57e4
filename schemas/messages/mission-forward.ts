import { forwardReasons } from '../codes.ts';
import { defined } from '../defined.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { statedStatus, taskSchema } from './details.ts';
import { requiredReason, requiredTaskId, requireStatus } from './fields.ts';
import { taskIdRule } from './element-rules.ts';

const schema = taskSchema((resource, context): Facts => {
  requireStatus(context, resource, 'cancelled');
  const reason = requiredReason(
    context,
    resource.statusReason === undefined ? [] : [{ value: resource.statusReason, path: ['statusReason'] }],
    ['statusReason'],
    systems.forwardReason,
    forwardReasons,
    'forward-reason',
  );
  return defined({
    ...statedStatus(context, resource),
    task: requiredTaskId(context, resource),
    answer: 'forwarded',
    reason,
  });
});

export const missionForward = {
  event: 'mission-forward',
  title: 'Forwarding of a mission',
  family: 'coordination',
  purpose:
    'The coordination moves to another AMK LA, at once and as a whole: exactly one AMK LA coordinates. The other AMK LA gets a Task. Until a person there acknowledges it, the AMK LA that forwarded the mission can take it back with the same message.',
  senders: ['amk-la'],
  relation: 'coordinator-or-forwarder',
  focus: { resource: 'Task', schema },
  elements: [
    { ...taskIdRule, what: "The open coordination Task, by the hub's id." },
    {
      path: 'Task.status',
      required: 'always',
      what: '`cancelled`: the Task ends at this AMK LA and a new one opens at the other.',
    },
    {
      path: 'Task.statusReason',
      required: 'always',
      words: 'with-other',
      what: 'The reason; with a `text` if the code is `other`.',
      codes: 'forward-reason',
    },
    { path: 'MessageHeader.destination', required: 'always', what: 'The AMK LA that coordinates from now on.' },
  ],
  legalIn: ['active'],
  opens: { kind: 'coordination', owner: 'amk-la' },
  transitions: {
    kinds: ['coordination'],
    byAnswer: { forwarded: [{ from: ['requested', 'received', 'accepted', 'on-hold'], to: 'cancelled' }] },
  },
  mission: 'forwards',
  notifies: ['all-parties', 'quality'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital'],
  example: 'mission-forward.json',
} as const satisfies MessageType;
