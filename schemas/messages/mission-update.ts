import { codesOf, urgencies } from '../codes.ts';
import { defined } from '../defined.ts';
import { serviceRequest } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { caseNumbersIn, criteriaIn, incidentIn, placedConcepts, requireActive } from './fields.ts';
import { reject } from './issues.ts';

const schema = serviceRequest.transform((request, context): Facts => {
  const urgency = codesOf(urgencies).find((code) => code === request.priority);
  if (request.priority !== undefined && urgency === undefined) {
    reject(context, ['priority'], `must be one of ${codesOf(urgencies).join(', ')}`);
  }
  requireActive(context, request);
  return defined({
    urgency,
    criteria: criteriaIn(context, placedConcepts(request.reasonCode, ['reasonCode'])),
    incident: incidentIn(context, request),
    caseNumbers: caseNumbersIn(context, request),
  });
});

export const missionUpdate = {
  event: 'mission-update',
  title: 'Update of a mission',
  family: 'mission',
  purpose:
    'Any party sends the others new information about patient, place, incident or observations. The content reaches them unchanged. Receivers that are observers (ground ambulance, fire, police, HRS) become party to the mission if the requester or the coordinating AMK LA sends it.',
  senders: ['local-amk', 'amk-la', 'operator', 'hospital'],
  relation: 'any-party',
  focus: { resource: 'ServiceRequest', schema, location: { element: 'locationReference', required: false } },
  focusOptional: true,
  elements: [
    {
      path: 'MessageHeader.focus',
      required: 'always',
      what: `The mission, by identifier (system \`${systems.mission}\`); and a ServiceRequest if the message changes the description of the mission (requester and coordinating AMK LA only). An element that it states replaces the earlier one as a whole; an element that is absent stays. An element without a value, with the extension \`data-absent-reason\` \`not-applicable\`, is taken back.`,
    },
    {
      path: 'ServiceRequest.status',
      required: 'never',
      what: '`active`. Another status is refused: other messages cancel or end a mission.',
    },
    { path: 'ServiceRequest.priority', required: 'never', what: 'A new urgency.' },
    {
      path: 'ServiceRequest.reasonCode',
      required: 'never',
      what: 'Criteria, if they have changed.',
      codes: 'mission-criterion',
    },
    { path: 'ServiceRequest.locationReference', required: 'never', what: 'A new place.' },
    {
      path: 'ServiceRequest.requisition',
      required: 'never',
      what: 'Links the mission to a large event. AMK and AMK LA in `MessageHeader.destination` may then see the event: all missions of the sender if it coordinates the mission, otherwise this one.',
    },
    {
      path: 'MessageHeader.destination',
      required: 'never',
      what: 'Observers that become party to the mission. With `ServiceRequest.requisition`: AMK and AMK LA to which the large event is opened; they are not notified.',
    },
  ],
  legalIn: ['active', 'revoked', 'entered-in-error', 'completed'],
  invites: 'observer',
  notifies: ['all-parties'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital', 'observer'],
  example: 'mission-update.json',
} as const satisfies MessageType;
