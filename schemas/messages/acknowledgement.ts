import { defined } from '../defined.ts';
import type { Facts, MessageType } from './message-type.ts';
import { statedStatus, taskSchema } from './details.ts';
import { requiredTaskId, requireStatus } from './fields.ts';
import { taskIdRule } from './element-rules.ts';

const schema = taskSchema((resource, context): Facts => {
  requireStatus(context, resource, 'received');
  return defined({ ...statedStatus(context, resource), task: requiredTaskId(context, resource), answer: 'received' });
});

export const acknowledgement = {
  event: 'acknowledgement',
  title: 'Acknowledgement by a human',
  family: 'mission',
  purpose:
    'A person at the owner of a Task has seen it, or a crew in the air has seen that its mission is cancelled. A system must never send this by itself when it receives a notification.',
  senders: ['amk-la', 'operator', 'hospital'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  elements: [taskIdRule, { path: 'Task.status', required: 'always', what: '`received`.' }],
  legalIn: ['active', 'revoked', 'entered-in-error'],
  transitions: {
    kinds: ['coordination', 'resource', 'prearrival'],
    byAnswer: {
      received: [
        { from: ['requested'], to: 'received' },
        // Only for a crew that was notified of a cancellation in flight: the mission rules check it.
        { from: ['in-progress'], to: 'unchanged' },
      ],
    },
  },
  notifies: ['task-asker', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'acknowledgement.json',
} as const satisfies MessageType;
