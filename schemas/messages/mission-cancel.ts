import { cancelReasons } from '../codes.ts';
import { defined } from '../defined.ts';
import { serviceRequest } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { placedConcepts, requiredReason } from './fields.ts';
import { reject } from './issues.ts';

const schema = serviceRequest.transform((request, context): Facts => {
  const reason = requiredReason(
    context,
    placedConcepts(request.reasonCode, ['reasonCode']),
    ['reasonCode'],
    systems.cancelReason,
    cancelReasons,
    'cancel-reason',
  );
  const status = reason?.code === 'entered-in-error' ? 'entered-in-error' : 'revoked';
  if (reason !== undefined && request.status !== status)
    reject(context, ['status'], `must be "${status}" for this reason`);
  return defined({ reason });
});

export const missionCancel = {
  event: 'mission-cancel',
  title: 'Cancellation of a mission',
  family: 'mission',
  purpose:
    'The mission is no longer needed. Resources that have not departed are cancelled at once. A crew that is airborne is notified, decides, and reports how its flight ends.',
  senders: ['local-amk', 'amk-la'],
  relation: 'requester-or-coordinator',
  focus: { resource: 'ServiceRequest', schema },
  elements: [
    { path: 'ServiceRequest.status', required: 'always', what: '`revoked`, or `entered-in-error` for that reason.' },
    {
      path: 'ServiceRequest.reasonCode',
      required: 'always',
      words: 'with-other',
      what: 'The reason; with a `text` if the code is `other`.',
      codes: 'cancel-reason',
    },
  ],
  legalIn: ['active'],
  mission: 'cancels',
  notifies: ['all-parties', 'quality'],
  readableBy: ['local-amk', 'amk-la', 'operator', 'hospital'],
  example: 'mission-cancel.json',
} as const satisfies MessageType;
