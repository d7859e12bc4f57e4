import { prearrivalAnswers, type TaskStatus } from '../codes.ts';
import { defined } from '../defined.ts';
import { codeIn } from '../fhir/datatypes.ts';
import { task } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { missing, requiredAnswer, requiredRefusal, requiredTaskId } from './reading.ts';

const statusOf = {
  accepted: 'accepted',
  diverted: 'rejected',
  'cannot-receive': 'rejected',
} as const satisfies Readonly<Record<keyof typeof prearrivalAnswers, TaskStatus>>;

const schema = task.transform((resource, context): Facts => {
  const answer = requiredAnswer(context, resource, systems.prearrivalAnswer, statusOf);
  const reason = answer === 'diverted' || answer === 'cannot-receive' ? requiredRefusal(context, resource) : undefined;
  const hospital = resource.output?.find((value) => codeIn(value.type, systems.taskDetail) === 'diverted-to')
    ?.valueReference?.identifier;
  const divertedTo = hospital?.system === systems.organisationNumber ? hospital.value : undefined;
  if (answer === 'diverted' && divertedTo === undefined) {
    missing(
      context,
      ['output'],
      `say where to: type ${systems.taskDetail}|diverted-to with valueReference.identifier, an organisation number`,
    );
  }
  return defined({ task: requiredTaskId(context, resource), answer, reason, divertedTo });
});

export const prearrivalResponse: MessageType = {
  event: 'prearrival-response',
  title: 'Answer to a pre-arrival notification',
  purpose: 'The hospital accepts the patient, diverts to another hospital, or cannot receive.',
  senders: ['hospital'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  answers: { system: systems.prearrivalAnswer, codes: prearrivalAnswers },
  authorRequiredFor: ['diverted', 'cannot-receive'],
  legalIn: ['active', 'revoked'],
  moves: {
    kinds: ['prearrival'],
    byAnswer: {
      accepted: [{ from: ['requested', 'received'], to: 'accepted' }],
      diverted: [{ from: ['requested', 'received', 'accepted'], to: 'rejected' }],
      'cannot-receive': [{ from: ['requested', 'received', 'accepted'], to: 'rejected' }],
    },
  },
  told: ['task-asker', 'coordinator', 'operator-of-task'],
  readableBy: ['local-amk', 'amk-la', 'operator'],
  example: 'prearrival-response.json',
};
