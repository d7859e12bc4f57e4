import type { MessageType } from './message-type.ts';
import { hubElements } from './element-rules.ts';

export const acknowledgementOverdue = {
  event: 'acknowledgement-overdue',
  title: 'Acknowledgement overdue',
  family: 'mission',
  purpose:
    'Nobody has acknowledged a Task in time, or a deferred decision was not made in time. The hub notifies the organisation that requested the Task and the coordinating AMK LA, with the organisation to phone.',
  senders: ['hub'],
  relation: 'hub',
  focus: { resource: 'CommunicationRequest' },
  elements: hubElements,
  legalIn: ['active', 'revoked', 'entered-in-error'],
  transitions: {
    kinds: ['coordination', 'resource', 'prearrival'],
    // The mission rules check that the deadline is still that of the Task.
    byAnswer: { overdue: [{ from: ['requested', 'on-hold', 'accepted', 'in-progress'], to: 'unchanged' }] },
  },
  notifies: ['task-asker', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'acknowledgement-overdue.json',
} as const satisfies MessageType;
