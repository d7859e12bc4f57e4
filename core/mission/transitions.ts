import { type Refusal, refuse } from '../../schemas/faults.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import type { Decider } from '../../schemas/messages/message-type.ts';
import { eventAt, header, placeOf } from './fhir-paths.ts';
import { deadlineOf, isFinal, type MissionState, taskOf, type TaskState } from './state.ts';

/** Whether a message may move the Task it names. */

/** Turned down for now or for good. */
const isRejection = (task: TaskState, answer: string | undefined): boolean =>
  task.kind === 'coordination' && (answer === 'rejected' || answer === 'deferred');

/** Rules beyond single moves: no request is turned down over the head of a crew that is asked or flying. */
const blockedBy = (task: TaskState, answer: string | undefined, state: MissionState): TaskState | undefined =>
  isRejection(task, answer) ? state.tasks.find((other) => other.kind === 'resource' && !isFinal(other)) : undefined;

/** The Tasks whose rejection led to this one, through reviews and forwardings. */
const disputed = (task: TaskState, state: MissionState): readonly TaskState[] => {
  const rejected = taskOf(state, task.reviewOf);
  return rejected === undefined ? [] : [rejected, ...disputed(rejected, state)];
};

/** HPR numbers are written with and without leading zeros. */
const numberOf = ({ identifier }: Decider): string | undefined => identifier?.replace(/^0+/, '');

/** Names are written in any case and order, with and without commas. */
const wordsOf = ({ name }: Decider): string =>
  name
    .toLowerCase()
    .split(/\P{L}+/u)
    .filter((word) => word !== '')
    .sort()
    .join(' ');

const samePerson = (one: Decider, other: Decider): boolean =>
  one.identifier !== undefined && other.identifier !== undefined
    ? numberOf(one) === numberOf(other)
    : wordsOf(one) === wordsOf(other);

/** A rejection is reviewed once; while that goes on nothing else is to be decided. */
const reviewBefore = ({ type }: Message, task: TaskState, state: MissionState): TaskState | undefined =>
  type.mission === 'reviews' ? state.tasks.findLast((one) => one.reviewOf === task.id) : undefined;

/** A review is decided by a person who can be told from those who decided before. */
const wrongDecider = ({ type, facts }: Message, task: TaskState, state: MissionState): Refusal | undefined => {
  const { decider } = facts;
  if (type.answers?.of !== 'task' || decider === undefined || task.reviewOf === undefined) return undefined;
  if (decider.identifier === undefined)
    return refuse('missing-field', `${header}.author`, 'a review is decided by a person with an HPR number: give it');
  const decidedBefore = disputed(task, state).some(
    (one) => one.decider !== undefined && samePerson(one.decider, decider),
  );
  return decidedBefore ? refuse('same-decider', `${header}.author`) : undefined;
};

/** What was accepted is overturned only by who knows that it was: two who decide at once are not to undo each other's word. */
const overturnsBlindly = (task: TaskState, answer: string | undefined, ifMatch: number | undefined): boolean =>
  isRejection(task, answer) && task.status === 'accepted' && ifMatch === undefined;

/**
 * In the air only a crew that was told of a cancellation acknowledges, once; it is told once;
 * and only a deadline that still stands is overdue.
 */
const changesNothing = ({ facts }: Message, task: TaskState): boolean =>
  (facts.answer === 'received' && task.status !== 'requested' && task.acknowledgedAt !== undefined) ||
  (facts.answer === 'cancelled' && task.cancelRequested === true) ||
  (facts.answer === 'overdue' && deadlineOf(task) !== facts.deadline);

/** Why a message may not move a Task, if it may not. */
export const illegalTransition = (
  message: Message,
  task: TaskState,
  state: MissionState,
  ifMatch: number | undefined,
): Refusal | undefined => {
  const { type } = message;
  const at = message.focusIndex === undefined ? eventAt : placeOf(message);
  if (type.transitions?.kinds.includes(task.kind) !== true) {
    return refuse('unknown-task', `${at}.id`, `${type.event} is not an answer to a Task of the kind "${task.kind}"`);
  }
  const answer = message.facts.answer;
  const moves = type.transitions.byAnswer[answer ?? ''] ?? [];
  if (!moves.some(({ from }) => from.includes(task.status))) {
    const allowed = [...new Set(moves.flatMap(({ from }) => from))].join(', ');
    return refuse(
      'illegal-transition',
      `${at}.status`,
      `the Task is ${task.status}; "${answer ?? type.event}" is possible when it is ${allowed}`,
      state.version,
    );
  }
  const blocker = blockedBy(task, answer, state);
  if (blocker !== undefined)
    return refuse(
      'illegal-transition',
      `${at}.status`,
      `Task/${blocker.id} of an operator is ${blocker.status}: end it first`,
      state.version,
    );
  const other = reviewBefore(message, task, state);
  if (other !== undefined)
    return refuse('illegal-transition', `${at}.status`, `see Task/${other.id}: it is ${other.status}`, state.version);
  if (changesNothing(message, task))
    return refuse(
      'illegal-transition',
      `${at}.status`,
      'that has been said, or is not waited for any more',
      state.version,
    );
  if (overturnsBlindly(task, answer, ifMatch)) {
    const detail = `the request was accepted in version ${task.changedBy} or before`;
    return refuse('precondition-required', 'http.If-Match', detail, state.version);
  }
  return wrongDecider(message, task, state);
};
