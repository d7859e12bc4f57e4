import { task } from '../fhir/resources.ts';
import { defined } from '../defined.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredTaskId, requireStatus } from './fields.ts';
import { taskIdRule } from './element-rules.ts';

const schema = task.transform((resource, context): Facts => {
  requireStatus(context, resource, 'received');
  return defined({ task: requiredTaskId(context, resource), answer: 'received' });
});

export const acknowledgement = {
  event: 'acknowledgement',
  title: 'Acknowledgement by a human',
  family: 'mission',
  purpose:
    'A person at the party that was asked has seen the ask, or a crew in the air has seen that its mission was cancelled. A machine that received a notification never sends this by itself.',
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
        // Only a crew that was told of a cancellation in flight; the mission rules see to that.
        { from: ['in-progress'], to: 'unchanged' },
      ],
    },
  },
  notifies: ['task-asker', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'acknowledgement.json',
} as const satisfies MessageType;
