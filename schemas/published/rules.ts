import type { TaskStatus } from '../codes.ts';
import type { ElementRule, MessageType } from '../messages/message-type.ts';
import { systems } from '../names.ts';

/** What the catalogue says of a message, as its profile and its page put it. */

const byIdentifier = `by identifier (system \`${systems.mission}\`)`;

/** Whether the message is about a mission that exists already, and must name it. */
export const namesMission = ({ mission, log }: MessageType): boolean => mission !== 'opens' && log !== 'resource';

const focusWords = (type: MessageType, resource: string): string => {
  if (!namesMission(type)) return `The ${resource}.`;
  const taskRule = type.elements.find(({ path }) => path === 'Task.id');
  if (taskRule?.required === 'always')
    return `The Task. Its id names the mission, which may stand beside it ${byIdentifier}.`;
  const unless =
    taskRule === undefined
      ? ''
      : `, unless the Task has the hub's id${taskRule.neededFor === undefined ? '' : ` (\`Task.status\` ${taskRule.neededFor.join(', ')})`}`;
  return `The ${resource}, and the mission ${byIdentifier}${unless}.`;
};

/** All that the hub reads of the message: what its file names, and what the header is about. */
export const rulesOf = (type: MessageType): readonly ElementRule[] => {
  const { elements, focus } = type;
  const path = 'MessageHeader.focus';
  if (focus === undefined || elements.some((rule) => rule.path === path)) return elements;
  const required = type.focusOptional === true ? 'never' : 'always';
  return [...elements, { path, required, what: focusWords(type, focus.resource) }];
};

/** What one answer of a message takes. */
export interface AnswerNeeds {
  /** A code of the type's answers; of a type that has none, a status of the Task. */
  readonly answer: string;
  /** The status that goes with it. */
  readonly status?: TaskStatus;
  /** Elements that are needed for it and not for every answer. */
  readonly elements: readonly ElementRule[];
  readonly author: boolean;
  /** The author's HPR number. */
  readonly number: boolean;
}

/** What each answer takes beside what all of them take. */
export const answersOf = (type: MessageType): readonly AnswerNeeds[] => {
  const { answers, elements, authorRequiredFor = [], identifierRequiredFor = [] } = type;
  const names =
    answers === undefined
      ? [...new Set(elements.flatMap(({ neededFor }) => neededFor ?? []))]
      : Object.keys(answers.codes);
  return names.map((answer) => {
    const status = answers?.statuses?.[answer];
    return {
      answer,
      ...(status === undefined ? {} : { status }),
      elements: elements.filter(({ neededFor }) => neededFor?.includes(answer) === true),
      author: authorRequiredFor.includes(answer),
      number: identifierRequiredFor.includes(answer),
    };
  });
};

/** Whether it may decide a review, which takes a person with an HPR number whatever the answer. */
export const decidesReviews = ({ answers, transitions }: MessageType): boolean =>
  answers?.of === 'task' && transitions?.kinds.includes('coordination') === true;
