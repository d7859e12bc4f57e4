import { resourceAnswers, type TaskStatus } from '../codes.ts';
import { defined } from '../defined.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredEta, taskSchema } from './details.ts';
import { requiredAnswer, requiredRefusal, requiredTaskId } from './fields.ts';
import { authorRule, refusalRule, taskIdRule } from './element-rules.ts';

const statusOf = {
  accepted: 'accepted',
  declined: 'rejected',
  withdrawn: 'failed',
  aborted: 'failed',
} as const satisfies Readonly<Record<keyof typeof resourceAnswers, TaskStatus>>;

const schema = taskSchema((resource, context, { output }): Facts => {
  const answer = requiredAnswer(context, resource, systems.resourceAnswer, statusOf);
  const eta = answer === 'accepted' ? requiredEta(context, output, 'output') : output.eta.value;
  const reason = answer === undefined || answer === 'accepted' ? undefined : requiredRefusal(context, resource);
  return defined({
    task: requiredTaskId(context, resource),
    answer,
    eta,
    reason,
    resource: output.resource.value,
  });
});

export const resourceResponse = {
  event: 'resource-response',
  title: 'Answer to a request for a resource',
  family: 'resource',
  purpose:
    'The crew accepts with an ETA, declines with a reason, withdraws after acceptance (for example for search and rescue), or aborts the flight.',
  senders: ['operator'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  elements: [
    taskIdRule,
    {
      path: 'Task.status',
      required: 'always',
      what: '`accepted`, `rejected` (declined) or `failed` (withdrawn, aborted).',
    },
    { path: 'Task.businessStatus', required: 'always', what: 'The answer.', codes: 'resource-answer' },
    {
      path: 'Task.output',
      required: 'some-answers',
      neededFor: ['accepted'],
      detail: 'eta',
      what: 'Type `eta`: the time at which the crew arrives, required if it accepts. Type `resource`: the call sign.',
      codes: 'task-detail',
    },
    { ...refusalRule, neededFor: ['declined', 'withdrawn', 'aborted'] },
    authorRule('every refusal'),
  ],
  answers: { system: systems.resourceAnswer, codes: resourceAnswers, of: 'task', statuses: statusOf },
  authorRequiredFor: ['declined', 'withdrawn', 'aborted'],
  legalIn: ['active', 'revoked', 'entered-in-error'],
  transitions: {
    kinds: ['resource'],
    byAnswer: {
      accepted: [{ from: ['requested', 'received'], to: 'accepted' }],
      declined: [{ from: ['requested', 'received'], to: 'rejected' }],
      withdrawn: [{ from: ['accepted', 'in-progress'], to: 'failed' }],
      aborted: [{ from: ['accepted', 'in-progress'], to: 'failed' }],
    },
  },
  dated: true,
  notifies: ['task-asker', 'coordinator', 'requester', 'hospitals-of-task', 'quality'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'resource-response.json',
} as const satisfies MessageType;
