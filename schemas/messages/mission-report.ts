import { defined } from '../defined.ts';
import type { Facts, MessageType } from './message-type.ts';
import { statedStatus, taskSchema } from './details.ts';
import { requiredTaskId, requireStatus } from './fields.ts';
import { taskIdRule } from './element-rules.ts';

const schema = taskSchema((resource, context, { output }): Facts => {
  requireStatus(context, resource, 'completed');
  return defined({
    task: requiredTaskId(context, resource),
    answer: 'reported',
    ...statedStatus(context, resource),
    phases: output.phases,
    resource: output.resource.value,
  });
});

export const missionReport = {
  event: 'mission-report',
  title: 'Mission report',
  family: 'report',
  purpose:
    'The operator closes the Task of a resource and reports findings and treatment: times, NACA, treatment. The quality system gets the report without persons and free text.',
  senders: ['operator'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  elements: [
    taskIdRule,
    { path: 'Task.status', required: 'always', what: '`completed`.' },
    {
      path: 'Task.output',
      required: 'never',
      what: 'Flight phases, each with the time at which it was observed: the final report, which replaces earlier reports. Type `resource`: the call sign.',
      codes: 'flight-phase',
    },
    {
      path: 'MessageHeader.focus',
      required: 'always',
      what: 'The Task, and the mission by identifier. NACA and other findings are Observations, treatment Procedures and MedicationAdministrations in the Bundle.',
    },
  ],
  legalIn: ['active', 'revoked', 'completed'],
  transitions: {
    kinds: ['resource'],
    byAnswer: {
      reported: [
        { from: ['accepted', 'in-progress'], to: 'completed' },
        { from: ['completed', 'failed', 'cancelled'], to: 'unchanged' },
      ],
    },
  },
  corrects: true,
  notifies: ['coordinator', 'quality'],
  readableBy: ['amk-la'],
  example: 'mission-report.json',
} as const satisfies MessageType;
