import type { TaskStatus } from '../codes.ts';
import type { ElementRule, MessageType } from '../messages/message-type.ts';
import { systems } from '../names.ts';

/** Rules of a message type, for its profile and its page. */

const byIdentifier = `by identifier (system \`${systems.mission}\`)`;

/** Whether the message is about an existing mission, which it must name. */
export const namesMission = ({ mission, log }: MessageType): boolean => mission !== 'opens' && log !== 'resource';

const focusText = (type: MessageType, resource: string): string => {
  if (!namesMission(type)) return `The ${resource}.`;
  const taskRule = type.elements.find(({ path }) => path === 'Task.id');
  if (taskRule?.required === 'always')
    return `The Task. Its id names the mission, which may also be named ${byIdentifier}.`;
  const unless =
    taskRule === undefined
      ? ''
      : `, unless the Task has the hub's id${taskRule.neededFor === undefined ? '' : ` (\`Task.status\` ${taskRule.neededFor.join(', ')})`}`;
  return `The ${resource}, and the mission ${byIdentifier}${unless}.`;
};

/** All elements that the hub reads: those in the file of the type, and `MessageHeader.focus`. */
export const rulesOf = (type: MessageType): readonly ElementRule[] => {
  const { elements, focus } = type;
  const path = 'MessageHeader.focus';
  if (focus === undefined || elements.some((rule) => rule.path === path)) return elements;
  const required = type.focusOptional === true ? 'never' : 'always';
  return [...elements, { path, required, what: focusText(type, focus.resource) }];
};

/** What one answer of a message needs. */
export interface AnswerNeeds {
  /** A code of the type's answers, or a status of the Task if the type has no answers. */
  readonly answer: string;
  /** The status of the Task that goes with it. */
  readonly status?: TaskStatus;
  /** Elements that this answer needs and that not every answer needs. */
  readonly elements: readonly ElementRule[];
  readonly author: boolean;
  /** The author's HPR number. */
  readonly number: boolean;
}

/** What each answer needs in addition to what all answers need. */
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

/** Whether the message may decide a review, which requires a person with an HPR number for every answer. */
export const decidesReviews = ({ answers, transitions }: MessageType): boolean =>
  answers?.of === 'task' && transitions?.kinds.includes('coordination') === true;
