import { defined } from '../defined.ts';
import { task } from '../fhir/resources.ts';
import type { Facts, MessageType } from './message-type.ts';
import { hubTaskId, requiredEta, requireStatus, taskIdIn } from './reading.ts';

const schema = task.transform((resource, context): Facts => {
  requireStatus(context, resource, 'requested');
  const eta = requiredEta(context, resource, 'input');
  const partOf = resource.partOf?.map(({ reference }) => taskIdIn(reference)).find((id) => id !== undefined);
  // The hub's Task id means that a notification already given is brought up to date.
  return defined({ task: hubTaskId(resource.id), answer: 'updated', eta, partOf });
});

export const prearrivalNotification: MessageType = {
  event: 'prearrival-notification',
  title: 'Pre-arrival notification',
  purpose:
    "The receiving hospital is warned: when the patient comes, in what condition, and what is needed (ATMISTER). Sent again with the Task's id it updates what was said.",
  senders: ['amk-la', 'operator'],
  relation: 'coordinator-or-operator',
  focus: { resource: 'Task', schema },
  legalIn: ['active', 'revoked'],
  opens: { kind: 'prearrival', owner: 'hospital' },
  moves: {
    kinds: ['prearrival'],
    byAnswer: { updated: [{ from: ['requested', 'received', 'accepted'], to: 'requested' }] },
  },
  told: ['task-owner', 'coordinator'],
  readableBy: ['local-amk', 'amk-la', 'operator'],
  example: 'prearrival-notification.json',
};
