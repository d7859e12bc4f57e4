import type { ElementRule } from './message-type.ts';

/** Element rules that several message types share. */

export const taskIdRule: ElementRule = {
  path: 'Task.id',
  required: 'always',
  what: "The Task that is answered, by the hub's id.",
};

export const authorRule = (requiredFor: 'every decision' | 'every refusal'): ElementRule => ({
  path: 'MessageHeader.author',
  required: requiredFor === 'every decision' ? 'always' : 'some-answers',
  what: `The person who decided, and in which role: a PractitionerRole in the Bundle (profile \`decider\`), with \`code\`, name and if possible the HPR number. Required for ${requiredFor}.`,
});

export const refusalRule: ElementRule = {
  path: 'Task.statusReason',
  required: 'some-answers',
  words: 'always',
  what: 'The reason: a code of the guideline, and a `text`. Required for every refusal.',
  codes: 'refusal-reason',
};

/** Elements of the messages in which the hub asks people to phone. */
export const hubElements: readonly ElementRule[] = [
  { path: 'CommunicationRequest.status', required: 'always', what: '`active`.' },
  { path: 'CommunicationRequest.medium', required: 'always', what: 'The telephone.' },
  {
    path: 'CommunicationRequest.recipient',
    required: 'always',
    what: 'The organisation to phone: an Organization in the Bundle, with its number in `telecom`.',
  },
  {
    path: 'CommunicationRequest.about',
    required: 'always',
    what: 'The Task that nobody has acknowledged, or the message that was not delivered.',
  },
  { path: 'CommunicationRequest.payload', required: 'always', what: 'The same as text, for a person to read.' },
];
