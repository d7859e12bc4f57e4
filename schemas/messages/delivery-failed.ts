import type { MessageType } from './message-type.ts';
import { hubElements } from './element-rules.ts';

export const deliveryFailed = {
  event: 'delivery-failed',
  title: 'Delivery failed',
  family: 'mission',
  purpose:
    'The hub has given up delivering a message to a party. It notifies the sender of that message and the coordinating AMK LA, with the organisation to phone.',
  senders: ['hub'],
  relation: 'hub',
  focus: { resource: 'CommunicationRequest' },
  elements: hubElements,
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  notifies: ['sender-of-undelivered', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'delivery-failed.json',
} as const satisfies MessageType;
