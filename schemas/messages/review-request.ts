import { defined } from '../defined.ts';
import type { Facts, MessageType } from './message-type.ts';
import { statedStatus, taskSchema } from './details.ts';
import { requiredTaskId, requiredWords, requireStatus, taskCriteria } from './fields.ts';
import { taskIdRule } from './element-rules.ts';

const schema = taskSchema((resource, context): Facts => {
  requireStatus(context, resource, 'requested');
  return defined({
    ...statedStatus(context, resource),
    task: requiredTaskId(context, resource),
    answer: 'disputed',
    words: requiredWords(context, resource.description, ['description']),
    criteria: taskCriteria(context, resource),
  });
});

export const reviewRequest = {
  event: 'review-request',
  title: 'Request for a review',
  family: 'request',
  purpose:
    'The need owner disputes a rejection. The coordinating AMK LA gets a new Task, and a person who has not decided before must decide.',
  senders: ['local-amk'],
  relation: 'requester',
  focus: { resource: 'Task', schema },
  elements: [
    { ...taskIdRule, what: "The rejected Task, by the hub's id." },
    { path: 'Task.status', required: 'always', what: '`requested`: a new decision is requested.' },
    { path: 'Task.description', required: 'always', what: 'Why the rejection is disputed, as text.' },
    {
      path: 'Task.reasonCode',
      required: 'never',
      what: 'The criteria of the guideline that support the mission.',
      codes: 'mission-criterion',
    },
  ],
  legalIn: ['active'],
  transitions: { kinds: ['coordination'], byAnswer: { disputed: [{ from: ['rejected'], to: 'unchanged' }] } },
  mission: 'reviews',
  notifies: ['coordinator', 'quality'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'review-request.json',
} as const satisfies MessageType;
