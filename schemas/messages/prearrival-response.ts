import { prearrivalAnswers, type TaskStatus } from '../codes.ts';
import { defined } from '../defined.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { taskSchema } from './details.ts';
import { requiredAnswer, requiredRefusal, requiredTaskId } from './fields.ts';
import { contradict, missing } from './issues.ts';
import { authorRule, refusalRule, taskIdRule } from './element-rules.ts';

const statusOf = {
  accepted: 'accepted',
  diverted: 'rejected',
  'cannot-receive': 'rejected',
} as const satisfies Readonly<Record<keyof typeof prearrivalAnswers, TaskStatus>>;

const schema = taskSchema((resource, context, { output }): Facts => {
  const answer = requiredAnswer(context, resource, systems.prearrivalAnswer, statusOf);
  const reason = answer === 'diverted' || answer === 'cannot-receive' ? requiredRefusal(context, resource) : undefined;
  const divertedTo = answer === 'diverted' ? output.divertedTo.value : undefined;
  if (answer !== undefined && answer !== 'diverted' && output.divertedTo.found === 'one')
    contradict(
      context,
      ['businessStatus'],
      output.divertedTo.path,
      `the answer is ${answer}, and a hospital is named to divert to`,
    );
  if (answer === 'diverted' && output.divertedTo.found === 'nothing') {
    missing(
      context,
      ['output'],
      `give the other hospital: type ${systems.taskDetail}|diverted-to with valueReference.identifier, an organisation number`,
    );
  }
  return defined({ task: requiredTaskId(context, resource), answer, reason, divertedTo });
});

export const prearrivalResponse = {
  event: 'prearrival-response',
  title: 'Answer to a pre-arrival notification',
  family: 'hospital',
  purpose:
    'The hospital accepts the patient, diverts to another hospital, or cannot receive. The hub notifies the hospital diverted to at once, with the content for the first one.',
  senders: ['hospital'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  elements: [
    taskIdRule,
    { path: 'Task.status', required: 'always', what: '`accepted` or `rejected`.' },
    { path: 'Task.businessStatus', required: 'always', what: 'The answer.', codes: 'prearrival-answer' },
    { ...refusalRule, neededFor: ['diverted', 'cannot-receive'] },
    {
      path: 'Task.output',
      required: 'some-answers',
      neededFor: ['diverted'],
      detail: 'diverted-to',
      what: 'Type `diverted-to`: the other hospital, by organisation number.',
      codes: 'task-detail',
    },
    authorRule('every refusal'),
  ],
  answers: { system: systems.prearrivalAnswer, codes: prearrivalAnswers, of: 'task', statuses: statusOf },
  authorRequiredFor: ['diverted', 'cannot-receive'],
  legalIn: ['active', 'revoked'],
  transitions: {
    kinds: ['prearrival'],
    byAnswer: {
      accepted: [{ from: ['requested', 'received'], to: 'accepted' }],
      diverted: [{ from: ['requested', 'received', 'accepted'], to: 'rejected' }],
      'cannot-receive': [{ from: ['requested', 'received', 'accepted'], to: 'rejected' }],
    },
  },
  notifies: ['task-asker', 'coordinator', 'operator-of-task', 'new-owner'],
  readableBy: ['local-amk', 'amk-la', 'operator'],
  example: 'prearrival-response.json',
} as const satisfies MessageType;
