import { contradiction } from '../../schemas/reading/contradiction.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { authorPath, eventPath, focusResourcePath, ifMatchPath } from '../../schemas/reading/fhir-paths.ts';
import type { Decider } from '../../schemas/messages/message-type.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { bareHprNumber } from '../../schemas/reading/read-person.ts';
import { comparablePerson } from '../../schemas/text.ts';
import type { Check, TaskProposal } from './decision.ts';
import { deadlineOf, isFinal, type MissionState, taskOf, type TaskState } from './state.ts';

/** Whether a message may change the Task that it names; `decide.ts` has the order. */

const taskPath = (message: Message): string =>
  message.focusIndex === undefined ? eventPath : focusResourcePath(message);

const statusPath = (message: Message): string => `${taskPath(message)}.status`;

export const answeredKind: Check<TaskProposal> = ({ message, task: { kind } }) =>
  message.type.transitions?.kinds.includes(kind) === true
    ? undefined
    : refuse(
        'unknown-task',
        `${taskPath(message)}.id`,
        `${message.type.event} is not an answer to a Task of the kind "${kind}"`,
      );

export const taskStatus: Check<TaskProposal> = ({ message, task, before }) => {
  const { type, facts } = message;
  const transitions = type.transitions?.byAnswer[facts.answer ?? ''] ?? [];
  if (transitions.some(({ from }) => from.includes(task.status))) return undefined;
  const allowed = [...new Set(transitions.flatMap(({ from }) => from))].join(', ');
  return refuse(
    'illegal-transition',
    statusPath(message),
    `the Task is ${task.status}; "${facts.answer ?? type.event}" is possible when it is ${allowed}`,
    before.version,
  );
};

/** A report says that its flight has ended only if it ends it, or if the flight has ended before. */
export const statedEnd: Check<TaskProposal> = ({ message, task }) => {
  const { statedEnd: end, answer = '' } = message.facts;
  if (end === undefined || isFinal(task)) return undefined;
  const isEnd = end === 'completed' && ['ended', 'handed-over'].includes(answer);
  return isEnd
    ? undefined
    : refuse(
        'changed-meaning',
        statusPath(message),
        `the Task is ${task.status}, and no phase ends the flight: to withdraw or abort, send resource-response; to end it, report handed-over or available`,
      );
};

/**
 * `Task.businessStatus` of a message that answers in another way states nothing new: a phase that has been reported with its time,
 * now or before, or the answer that the Task has. Otherwise only some readers would know of it.
 */
export const statedStatus: Check<TaskProposal> = ({ message, task }) => {
  const { statedPhase, statedAnswer, phases = [] } = message.facts;
  const at = taskPath(message);
  const refuseStated = (other: string, detail: string): Refusal => ({
    outcome: 'refused',
    faults: [contradiction({ at: `${at}.businessStatus` }, { at: `${at}.${other}` }, detail)],
  });
  const isReported =
    statedPhase === undefined ||
    task.phases?.[statedPhase] !== undefined ||
    phases.some(({ phase }) => phase === statedPhase);
  if (!isReported)
    return refuseStated('output', 'no time of the stated phase is known: give the phase in Task.output, with its time');
  if (statedAnswer === undefined) return undefined;
  const { answer } = task;
  const system = catalogue.find(({ event }) => event === answer?.event)?.answers?.system;
  return answer?.code === statedAnswer.code && system === statedAnswer.system
    ? undefined
    : refuseStated(
        'status',
        `${message.type.event} does not answer the Task, and the Task does not have this answer: send the message that answers it`,
      );
};

/** A mission request is rejected or deferred. */
const isRejection = ({ message: { facts }, task }: TaskProposal): boolean =>
  task.kind === 'coordination' && (facts.answer === 'rejected' || facts.answer === 'deferred');

/** A mission request cannot be rejected or deferred while a resource Task is open: a crew is asked or flies. */
export const noOpenResource: Check<TaskProposal> = (proposal) => {
  const { message, before } = proposal;
  const open = isRejection(proposal)
    ? before.tasks.find((other) => other.kind === 'resource' && !isFinal(other))
    : undefined;
  return open === undefined
    ? undefined
    : refuse(
        'illegal-transition',
        statusPath(message),
        `Task/${open.id} of an operator is ${open.status}: end it first`,
        before.version,
      );
};

/** A rejection is reviewed once. */
export const oneReview: Check<TaskProposal> = ({ message, task, before }) => {
  if (message.type.mission !== 'reviews') return undefined;
  const review = before.tasks.findLast((one) => one.reviewOf === task.id);
  return review === undefined
    ? undefined
    : refuse(
        'illegal-transition',
        statusPath(message),
        `the rejection has a review: Task/${review.id} is ${review.status}`,
        before.version,
      );
};

/**
 * A crew in the air acknowledges a cancellation once, a resource is stood down once, and only the deadline that the Task now
 * waits for can be overdue.
 */
const changesNothing = ({ facts }: Message, task: TaskState): boolean =>
  (facts.answer === 'received' && task.status !== 'requested' && task.acknowledgedAt !== undefined) ||
  (facts.answer === 'cancelled' && task.cancelRequested === true) ||
  (facts.answer === 'overdue' && deadlineOf(task) !== facts.deadline);

export const newAnswer: Check<TaskProposal> = ({ message, task, before }) =>
  changesNothing(message, task)
    ? refuse(
        'illegal-transition',
        statusPath(message),
        'the Task has this answer already, or no longer waits for it',
        before.version,
      )
    : undefined;

/**
 * An accepted request is rejected only with the version of the mission: of two people who decide at the same time, neither
 * undoes the other's decision unseen.
 */
export const informedRejection: Check<TaskProposal> = (proposal) => {
  const { task, before, ifMatch } = proposal;
  return isRejection(proposal) && task.status === 'accepted' && ifMatch === undefined
    ? refuse(
        'precondition-required',
        ifMatchPath,
        `the request was accepted in version ${task.changedBy} or before`,
        before.version,
      )
    : undefined;
};

/** The Tasks whose rejection led to this one, through reviews and forwardings. */
const disputed = (task: TaskState, state: MissionState): readonly TaskState[] => {
  const rejected = taskOf(state, task.reviewOf);
  return rejected === undefined ? [] : [rejected, ...disputed(rejected, state)];
};

/** Whether two deciders can be one person: the same HPR number or the same name. Systems write both in several ways. */
const isSamePerson = (one: Decider, other: Decider): boolean =>
  comparablePerson(one.name) === comparablePerson(other.name) ||
  (one.identifier !== undefined &&
    other.identifier !== undefined &&
    bareHprNumber(one.identifier) === bareHprNumber(other.identifier));

/** A review is decided by an identified person who made none of the rejections before, each of which has an HPR number. */
export const anotherDecider: Check<TaskProposal> = ({ message: { type, facts }, task, before }) => {
  const { decider } = facts;
  if (type.answers?.of !== 'task' || decider === undefined || task.reviewOf === undefined) return undefined;
  if (decider.identifier === undefined)
    return refuse('missing-field', authorPath, 'a review is decided by a person with an HPR number: give it');
  const decidedBefore = disputed(task, before).some(
    (one) => one.decider !== undefined && isSamePerson(one.decider, decider),
  );
  return decidedBefore ? refuse('same-decider', authorPath) : undefined;
};
