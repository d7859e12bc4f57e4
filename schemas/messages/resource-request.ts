import { resourceKinds } from '../codes.ts';
import { defined } from '../defined.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredCode } from './coded.ts';
import { requireUnanswered, statedStatus, taskSchema } from './details.ts';
import { hubTaskId, requiredRefusal, requireStatus } from './fields.ts';

const schema = taskSchema((resource, context, { input }): Facts => {
  // With the hub's Task id and `cancelled`, the message stands the resource down.
  const known = hubTaskId(resource.id);
  const stated = statedStatus(context, resource);
  if (known !== undefined && resource.status === 'cancelled') {
    return defined({ ...stated, task: known, answer: 'cancelled', reason: requiredRefusal(context, resource) });
  }
  requireStatus(context, resource, 'requested');
  requireUnanswered(context, stated);
  return defined({
    resourceKind: requiredCode(context, resource.code, ['code'], systems.resourceKind, resourceKinds),
    resource: input.resource.value,
  });
});

export const resourceRequest = {
  event: 'resource-request',
  title: 'Request for a resource',
  family: 'resource',
  purpose:
    'The AMK LA requests one helicopter, aeroplane or car from an operator. Several requests may be open at once. Sent again with the Task and `cancelled`, the message stands the resource down: at once if it has not departed, otherwise the crew is notified and decides.',
  senders: ['amk-la'],
  relation: 'coordinator',
  focus: { resource: 'Task', schema },
  elements: [
    {
      path: 'Task.id',
      required: 'some-answers',
      neededFor: ['cancelled'],
      what: "The hub's id of a Task that is stood down.",
    },
    { path: 'Task.status', required: 'always', what: '`requested`; `cancelled` to stand a resource down.' },
    {
      path: 'Task.code',
      required: 'some-answers',
      neededFor: ['requested'],
      what: 'The kind of resource. Needed unless it is stood down.',
      codes: 'resource-kind',
    },
    {
      path: 'Task.statusReason',
      required: 'some-answers',
      neededFor: ['cancelled'],
      words: 'always',
      what: 'Why it is stood down: a code of the guideline, and a `text`.',
      codes: 'refusal-reason',
    },
    {
      path: 'Task.input',
      required: 'never',
      what: 'Type `resource`: the call sign, if a certain helicopter, aeroplane or car is requested.',
      codes: 'task-detail',
    },
    { path: 'MessageHeader.destination', required: 'some-answers', what: 'The operator, unless a Task is named.' },
  ],
  legalIn: ['active'],
  whileOpen: 'coordination',
  opens: { kind: 'resource', owner: 'operator' },
  transitions: {
    kinds: ['resource'],
    byAnswer: {
      cancelled: [
        { from: ['requested', 'received', 'accepted'], to: 'cancelled' },
        // A crew in the air is notified, and reports how its flight ends.
        { from: ['in-progress'], to: 'unchanged' },
      ],
    },
  },
  notifies: ['task-owner', 'hospitals-of-task'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'resource-request.json',
} as const satisfies MessageType;
