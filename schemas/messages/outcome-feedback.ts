import { outcomeAssessments } from '../codes.ts';
import { defined } from '../defined.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { requiredCode } from './coded.ts';
import { taskSchema } from './details.ts';
import { requiredTaskId, requireStatusAmong, wordsIn } from './fields.ts';
import { taskIdRule } from './element-rules.ts';

const received = [{ from: ['requested', 'received', 'accepted', 'completed'], to: 'unchanged' }] as const;

const schema = taskSchema((resource, context): Facts => {
  requireStatusAmong(context, resource, [...received[0].from]);
  const answer = requiredCode(
    context,
    resource.businessStatus,
    ['businessStatus'],
    systems.outcomeAssessment,
    outcomeAssessments,
  );
  return defined({
    task: requiredTaskId(context, resource),
    answer,
    words: wordsIn(context, resource.description, ['description']),
  });
});

export const outcomeFeedback = {
  event: 'outcome-feedback',
  title: 'Outcome feedback',
  family: 'report',
  purpose:
    'The hospital reports afterwards what it found and whether the air ambulance was the right help: the gap analysis that the duty to evaluate requires.',
  senders: ['hospital'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  elements: [
    taskIdRule,
    {
      path: 'Task.businessStatus',
      required: 'always',
      what: 'Whether the air ambulance was the right help.',
      codes: 'outcome-assessment',
    },
    { path: 'Task.description', required: 'never', what: 'What the hospital found, as text.' },
    {
      path: 'MessageHeader.focus',
      required: 'always',
      what: 'The Task, and the mission by identifier. Diagnoses are Conditions, scores Observations, the stay an Encounter in the Bundle.',
    },
  ],
  answers: { system: systems.outcomeAssessment, codes: outcomeAssessments, of: 'message' },
  legalIn: ['active', 'revoked', 'completed'],
  transitions: {
    kinds: ['prearrival'],
    byAnswer: { appropriate: received, 'over-triage': received, 'under-triage': received, undetermined: received },
  },
  notifies: ['coordinator', 'quality'],
  readableBy: ['amk-la'],
  example: 'outcome-feedback.json',
} as const satisfies MessageType;
