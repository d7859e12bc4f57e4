import { codesOf, urgencies } from '../codes.ts';
import { defined } from '../defined.ts';
import { serviceRequest } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { caseNumbersIn, criteriaIn, incidentIn, placedConcepts, requireActive } from './fields.ts';
import { missing, reject } from './issues.ts';

const schema = serviceRequest.transform((request, context): Facts => {
  const priorities = codesOf(urgencies);
  const urgency = priorities.find((code) => code === request.priority);
  if (urgency === undefined) {
    const advice = `give the urgency as one of ${priorities.join(', ')}`;
    if (request.priority === undefined) missing(context, ['priority'], advice);
    else reject(context, ['priority'], advice);
  }
  const criteria = criteriaIn(context, placedConcepts(request.reasonCode, ['reasonCode']));
  if (criteria === undefined)
    missing(context, ['reasonCode'], `give at least one criterion of ${systems.missionCriterion}`);
  requireActive(context, request);
  return defined({
    urgency,
    criteria,
    incident: incidentIn(context, request),
    caseNumbers: caseNumbersIn(context, request),
  });
});

export const missionRequest = {
  event: 'mission-request',
  title: 'Mission request',
  family: 'request',
  purpose:
    'A local AMK requests an air-ambulance mission from an AMK LA, on behalf of the clinician with the patient. Without a receiver it goes to the AMK LA that covers the municipality of the place.',
  senders: ['local-amk'],
  relation: 'anyone-of-the-role',
  focus: { resource: 'ServiceRequest', schema, location: { element: 'locationReference', required: true } },
  elements: [
    { path: 'ServiceRequest.status', required: 'always', what: '`active`.' },
    { path: 'ServiceRequest.priority', required: 'always', what: 'The urgency: `stat`, `urgent` or `routine`.' },
    {
      path: 'ServiceRequest.reasonCode',
      required: 'always',
      what: 'At least one criterion of the guideline: the reason for a helicopter. The criterion of Norsk indeks may be given too.',
      codes: 'mission-criterion',
    },
    {
      path: 'ServiceRequest.locationReference',
      required: 'always',
      what: 'A Location in the Bundle with `position` (WGS84 decimal degrees); `address._district` may carry the municipality. The first with a position is the place; further ones, such as the landing site, are within 10 km.',
    },
    {
      path: 'ServiceRequest.requisition',
      required: 'never',
      what: 'The identifier of a large event: missions with the same identifier belong together.',
    },
    {
      path: 'ServiceRequest.identifier',
      required: 'never',
      what: 'Your own case numbers, each with its system: the mission is found by them, and the answer warns if an open mission has one of them.',
    },
    {
      path: 'MessageHeader.destination',
      required: 'never',
      what: 'The AMK LA. If absent: the one that covers the municipality of the place.',
    },
  ],
  legalIn: [],
  opens: { kind: 'coordination', owner: 'amk-la' },
  mission: 'opens',
  notifies: ['coordinator'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital', 'observer'],
  example: 'mission-request.json',
} as const satisfies MessageType;
