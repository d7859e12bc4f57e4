import { resourceKinds } from '../codes.ts';
import { defined } from '../defined.ts';
import { task } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredCode, requireStatus } from './reading.ts';

const schema = task.transform((resource, context): Facts => {
  requireStatus(context, resource, 'requested');
  return defined({ resourceKind: requiredCode(context, resource.code, ['code'], systems.resourceKind, resourceKinds) });
});

export const resourceRequest: MessageType = {
  event: 'resource-request',
  title: 'Request for a resource',
  purpose: 'The AMK LA asks an operator for one helicopter, aeroplane or car. Several may be asked side by side.',
  senders: ['amk-la'],
  relation: 'coordinator',
  focus: { resource: 'Task', schema },
  legalIn: ['active'],
  whileOpen: 'coordination',
  opens: { kind: 'resource', owner: 'operator' },
  told: ['task-owner'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'resource-request.json',
};
