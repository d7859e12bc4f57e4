import { resourceAnswers, type TaskStatus } from '../codes.ts';
import { defined } from '../defined.ts';
import { task } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { optionalEta, requiredAnswer, requiredEta, requiredRefusal, requiredTaskId } from './reading.ts';

const statusOf = { accepted: 'accepted', declined: 'rejected', withdrawn: 'failed' } as const satisfies Readonly<
  Record<keyof typeof resourceAnswers, TaskStatus>
>;

const schema = task.transform((resource, context): Facts => {
  const answer = requiredAnswer(context, resource, systems.resourceAnswer, statusOf);
  const eta =
    answer === 'accepted' ? requiredEta(context, resource, 'output') : optionalEta(context, resource, 'output').value;
  const reason = answer === 'declined' || answer === 'withdrawn' ? requiredRefusal(context, resource) : undefined;
  return defined({ task: requiredTaskId(context, resource), answer, eta, reason });
});

export const resourceResponse: MessageType = {
  event: 'resource-response',
  title: 'Answer to a request for a resource',
  purpose:
    'The crew accepts with an ETA, declines with a reason, or withdraws after acceptance, for instance for search and rescue.',
  senders: ['operator'],
  relation: 'task-owner',
  focus: { resource: 'Task', schema },
  answers: { system: systems.resourceAnswer, codes: resourceAnswers },
  authorRequiredFor: ['declined', 'withdrawn'],
  legalIn: ['active', 'revoked', 'entered-in-error'],
  moves: {
    kinds: ['resource'],
    byAnswer: {
      accepted: [{ from: ['requested', 'received'], to: 'accepted' }],
      declined: [{ from: ['requested', 'received'], to: 'rejected' }],
      withdrawn: [{ from: ['accepted', 'in-progress'], to: 'failed' }],
    },
  },
  told: ['task-asker'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'resource-response.json',
};
