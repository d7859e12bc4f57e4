import { resourceKinds } from '../codes.ts';
import { defined } from '../defined.ts';
import { task } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredCode, requireStatus, resourceIn } from './reading.ts';

const schema = task.transform((resource, context): Facts => {
  requireStatus(context, resource, 'requested');
  return defined({
    resourceKind: requiredCode(context, resource.code, ['code'], systems.resourceKind, resourceKinds),
    resource: resourceIn(context, resource, 'input'),
  });
});

export const resourceRequest: MessageType = {
  event: 'resource-request',
  title: 'Request for a resource',
  purpose: 'The AMK LA asks an operator for one helicopter, aeroplane or car. Several may be asked side by side.',
  senders: ['amk-la'],
  relation: 'coordinator',
  focus: { resource: 'Task', schema },
  elements: [
    { path: 'Task.status', required: 'always', what: '`requested`.' },
    { path: 'Task.code', required: 'always', what: 'What kind of resource is asked for.', codes: 'resource-kind' },
    {
      path: 'Task.input',
      required: 'never',
      what: 'Type `resource`: the call sign, if one helicopter, aeroplane or car is meant.',
      codes: 'task-detail',
    },
    { path: 'MessageHeader.destination', required: 'always', what: 'The operator.' },
  ],
  legalIn: ['active'],
  whileOpen: 'coordination',
  opens: { kind: 'resource', owner: 'operator' },
  told: ['task-owner'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'resource-request.json',
};
