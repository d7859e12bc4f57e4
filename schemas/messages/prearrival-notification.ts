import { defined } from '../defined.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredEta, requireUnanswered, statedStatus, taskSchema } from './details.ts';
import { flightIn, hubTaskId, requiredRefusal, requireStatus } from './fields.ts';

const schema = taskSchema((resource, context, { input, output }): Facts => {
  // With the hub's Task id, the message updates or withdraws an earlier notification.
  const known = hubTaskId(resource.id);
  const stated = statedStatus(context, resource);
  if (known !== undefined && resource.status === 'cancelled') {
    const reason = requiredRefusal(context, resource);
    return defined({ ...stated, task: known, answer: 'cancelled', reason, divertedTo: output.divertedTo.value });
  }
  requireStatus(context, resource, 'requested');
  if (known === undefined) requireUnanswered(context, stated);
  const eta = requiredEta(context, input, 'input');
  return defined({
    ...(known === undefined ? {} : stated),
    task: known,
    answer: 'updated',
    eta,
    partOf: flightIn(context, resource),
  });
});

export const prearrivalNotification = {
  event: 'prearrival-notification',
  title: 'Pre-arrival notification',
  family: 'hospital',
  purpose:
    "The receiving hospital is notified when the patient comes, in what condition, and what is needed (ATMISTER). Sent again with the Task's id, the message updates the notification. With status `cancelled` the patient does not come; if the message names another hospital, that hospital is notified instead.",
  senders: ['amk-la', 'operator'],
  relation: 'coordinator-or-operator',
  focus: { resource: 'Task', schema },
  elements: [
    { path: 'Task.id', required: 'never', what: "The hub's id of a Task that is updated or withdrawn." },
    { path: 'Task.status', required: 'always', what: '`requested`; `cancelled` if the patient does not come.' },
    {
      path: 'Task.input',
      required: 'some-answers',
      neededFor: ['requested'],
      detail: 'eta',
      what: 'Type `eta`: the time at which the patient comes. Needed unless the Task is cancelled.',
      codes: 'task-detail',
    },
    { path: 'Task.partOf', required: 'never', what: "The flight's Task, by the hub's id." },
    {
      path: 'Task.statusReason',
      required: 'some-answers',
      neededFor: ['cancelled'],
      words: 'always',
      what: 'Why the patient does not come: a code of the guideline, and a `text`.',
      codes: 'refusal-reason',
    },
    {
      path: 'Task.output',
      required: 'never',
      what: 'Type `diverted-to`: the hospital that the patient comes to instead.',
      codes: 'task-detail',
    },
    { path: 'MessageHeader.destination', required: 'some-answers', what: 'The hospital, unless a Task is named.' },
  ],
  legalIn: ['active', 'revoked'],
  opens: { kind: 'prearrival', owner: 'hospital' },
  transitions: {
    kinds: ['prearrival'],
    byAnswer: {
      updated: [{ from: ['requested', 'received', 'accepted'], to: 'requested' }],
      cancelled: [{ from: ['requested', 'received', 'accepted'], to: 'cancelled' }],
    },
  },
  notifies: ['task-owner', 'new-owner', 'coordinator'],
  readableBy: ['local-amk', 'amk-la', 'operator'],
  example: 'prearrival-notification.json',
} as const satisfies MessageType;
