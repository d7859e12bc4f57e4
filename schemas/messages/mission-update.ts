import { codesOf, urgencies } from '../codes.ts';
import { defined } from '../defined.ts';
import { serviceRequest } from '../fhir/resources.ts';
import type { Facts, MessageType } from './message-type.ts';

const schema = serviceRequest.transform((request, context): Facts => {
  const urgency = codesOf(urgencies).find((code) => code === request.priority);
  if (request.priority !== undefined && urgency === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['priority'],
      message: `must be one of ${codesOf(urgencies).join(', ')}`,
    });
  }
  return defined({ urgency });
});

export const missionUpdate: MessageType = {
  event: 'mission-update',
  title: 'Update of a mission',
  purpose:
    'Any party tells the others something new about patient, place, incident or observations. Whatever it carries reaches them unchanged.',
  senders: ['local-amk', 'amk-la', 'operator', 'hospital'],
  relation: 'any-party',
  focus: { resource: 'ServiceRequest', schema, location: { element: 'locationReference', required: false } },
  focusOptional: true,
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  told: ['all-parties'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital'],
  example: 'mission-update.json',
};
