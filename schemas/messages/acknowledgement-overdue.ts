import type { MessageType } from './message-type.ts';
import { hubElements } from './element-rules.ts';

export const acknowledgementOverdue = {
  event: 'acknowledgement-overdue',
  title: 'Acknowledgement overdue',
  family: 'mission',
  purpose:
    'Nobody has acknowledged an ask in time, or the time until which a decision was deferred has passed. Who asked and the coordinating AMK LA are told whom to phone.',
  senders: ['hub'],
  relation: 'hub',
  focus: { resource: 'CommunicationRequest' },
  elements: hubElements,
  legalIn: ['active', 'revoked', 'entered-in-error'],
  transitions: {
    kinds: ['coordination', 'resource', 'prearrival'],
    // Whether the deadline still stands is the mission rules' to say.
    byAnswer: { overdue: [{ from: ['requested', 'on-hold', 'accepted', 'in-progress'], to: 'unchanged' }] },
  },
  notifies: ['task-asker', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'acknowledgement-overdue.json',
} as const satisfies MessageType;
