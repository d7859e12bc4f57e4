import { codesOf, missionCriteria, urgencies } from '../codes.ts';
import { codeIn } from '../fhir/datatypes.ts';
import { serviceRequest } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { missing } from './reading.ts';

const schema = serviceRequest.transform((request, context): Facts => {
  const priorities = codesOf(urgencies);
  const urgency = priorities.find((code) => code === request.priority);
  if (urgency === undefined) {
    const advice = `give the urgency as one of ${priorities.join(', ')}`;
    if (request.priority === undefined) missing(context, ['priority'], advice);
    else context.addIssue({ code: 'custom', path: ['priority'], message: advice });
  }
  const criteria = codesOf(missionCriteria);
  const stated =
    request.reasonCode?.some((reason) => criteria.some((code) => code === codeIn(reason, systems.missionCriterion))) ??
    false;
  if (!stated)
    missing(
      context,
      ['reasonCode'],
      `state at least one criterion of ${systems.missionCriterion}: ${criteria.join(', ')}`,
    );
  if (request.status !== 'active')
    context.addIssue({ code: 'custom', path: ['status'], message: 'must be "active" in a request' });
  return urgency === undefined ? {} : { urgency };
});

export const missionRequest: MessageType = {
  event: 'mission-request',
  title: 'Mission request',
  purpose:
    'A local AMK asks an AMK LA for an air-ambulance mission on behalf of the clinician who stands with the patient.',
  senders: ['local-amk'],
  relation: 'anyone-of-the-role',
  focus: { resource: 'ServiceRequest', schema, location: { element: 'locationReference', required: true } },
  legalIn: [],
  opens: { kind: 'coordination', owner: 'amk-la' },
  mission: 'opens',
  told: ['coordinator'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital'],
  example: 'mission-request.json',
};
