import type { MessageType } from './message-type.ts';
import { hubElements } from './element-rules.ts';

export const partyUnreachable = {
  event: 'party-unreachable',
  title: 'Party unreachable',
  family: 'mission',
  purpose:
    'The hub cannot reach a party of the mission by machine: it has no subscription, or its system does not answer. The hub notifies the sender of the message that was not delivered and the coordinating AMK LA, once until it hears from the party again.',
  senders: ['hub'],
  relation: 'hub',
  focus: { resource: 'CommunicationRequest' },
  elements: hubElements,
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  notifies: ['sender-of-undelivered', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'party-unreachable.json',
} as const satisfies MessageType;
