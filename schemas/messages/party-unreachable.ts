import type { MessageType } from './message-type.ts';
import { hubElements } from './element-rules.ts';

export const partyUnreachable = {
  event: 'party-unreachable',
  title: 'Party unreachable',
  family: 'mission',
  purpose:
    'A party of the mission cannot be reached by machine: it has no subscription, or its system does not answer. Told once, until the party is heard of again, to who sent what did not arrive and to the coordinating AMK LA.',
  senders: ['hub'],
  relation: 'hub',
  focus: { resource: 'CommunicationRequest' },
  elements: hubElements,
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  notifies: ['sender-of-undelivered', 'coordinator'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'party-unreachable.json',
} as const satisfies MessageType;
