import { decisions, type TaskStatus } from '../codes.ts';
import { defined } from '../defined.ts';
import { moment } from '../fhir/datatypes.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { taskSchema } from './details.ts';
import { requiredAnswer, requiredRefusal, requiredTaskId, taskCriteria } from './fields.ts';
import { missing, reject } from './issues.ts';
import { authorRule, refusalRule, taskIdRule } from './element-rules.ts';

const statusOf = {
  accepted: 'accepted',
  'partially-accepted': 'accepted',
  deferred: 'on-hold',
  rejected: 'rejected',
} as const satisfies Readonly<Record<keyof typeof decisions, TaskStatus>>;

const schema = taskSchema((resource, context): Facts => {
  const answer = requiredAnswer(context, resource, systems.missionDecision, statusOf);
  const reason = answer === undefined || answer === 'accepted' ? undefined : requiredRefusal(context, resource);
  const until = resource.restriction?.period?.end;
  if (answer === 'deferred') {
    const path = ['restriction', 'period', 'end'];
    const advice = 'give the time until which the decision is deferred, as date, time and zone';
    if (until === undefined) missing(context, path, advice);
    else if (!moment.safeParse(until).success) reject(context, path, `is not a date with time and zone: ${advice}`);
  }
  return defined({
    task: requiredTaskId(context, resource),
    answer,
    reason,
    until: answer === 'deferred' ? until : undefined,
    criteria: taskCriteria(context, resource),
  });
});

const undecided = ['requested', 'received', 'on-hold'] as const;

export const missionDecision = {
  event: 'mission-decision',
  title: 'Decision on a mission request',
  family: 'coordination',
  purpose:
    'The AMK LA accepts, partially accepts, defers or rejects a request, and gives the person who decided, the role, the criterion and the reason. Another person than before must decide a request under review.',
  senders: ['amk-la'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  elements: [
    taskIdRule,
    { path: 'Task.status', required: 'always', what: '`accepted`, `on-hold` (deferred) or `rejected`.' },
    { path: 'Task.businessStatus', required: 'always', what: 'The decision.', codes: 'mission-decision' },
    authorRule('every decision'),
    {
      ...refusalRule,
      neededFor: ['partially-accepted', 'deferred', 'rejected'],
      what: 'The reason for rejection, partial acceptance or deferral: a code of the guideline, and a `text`.',
    },
    {
      path: 'Task.reasonCode',
      required: 'some-answers',
      what: 'The criteria of the guideline that the decision is based on. Needed if the reason is a medical one.',
      codes: 'mission-criterion',
    },
    {
      path: 'Task.restriction.period.end',
      required: 'some-answers',
      neededFor: ['deferred'],
      what: 'The time until which the decision is deferred.',
    },
  ],
  answers: { system: systems.missionDecision, codes: decisions, of: 'task', statuses: statusOf },
  authorRequiredFor: ['accepted', 'partially-accepted', 'deferred', 'rejected'],
  identifierRequiredFor: ['rejected'],
  legalIn: ['active'],
  transitions: {
    kinds: ['coordination'],
    byAnswer: {
      accepted: [{ from: undecided, to: 'accepted' }],
      'partially-accepted': [{ from: undecided, to: 'accepted' }],
      // An accepted request can still fail, for example if every crew declines. The mission rules refuse that while a resource Task is open.
      deferred: [{ from: [...undecided, 'accepted'], to: 'on-hold' }],
      rejected: [{ from: [...undecided, 'accepted'], to: 'rejected' }],
    },
  },
  notifies: ['requester', 'task-asker', 'quality'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'mission-decision.json',
} as const satisfies MessageType;
