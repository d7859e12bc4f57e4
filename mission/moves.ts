import { type Refusal, refuse } from '../schemas/faults.ts';
import type { Message } from '../schemas/message.ts';
import type { Decider } from '../schemas/messages/message-type.ts';
import { eventAt, header, placeOf } from './places.ts';
import { deadlineOf, isFinal, type MissionState, type TaskState, taskOf } from './state.ts';

/** Whether a message may move the Task it names. */

/** Rules beyond single moves: no request is turned down over the head of a crew that is asked or flying. */
const blockedBy = (task: TaskState, answer: string | undefined, state: MissionState): TaskState | undefined =>
  task.kind === 'coordination' && (answer === 'rejected' || answer === 'deferred')
    ? state.tasks.find((other) => other.kind === 'resource' && !isFinal(other))
    : undefined;

/** The Tasks whose rejection led to this one, through reviews and forwardings. */
const disputed = (task: TaskState, state: MissionState): readonly TaskState[] => {
  const rejected = taskOf(state, task.reviewOf);
  return rejected === undefined ? [] : [rejected, ...disputed(rejected, state)];
};

const samePerson = (one: Decider, other: Decider): boolean =>
  one.identifier !== undefined && other.identifier !== undefined
    ? one.identifier === other.identifier
    : one.name.toLowerCase() === other.name.toLowerCase();

/** A rejection is reviewed once, and while nothing else is to be decided; and not by those who decided before. */
const wrongReview = (message: Message, task: TaskState, state: MissionState): Refusal | undefined => {
  const { type, facts } = message;
  if (type.mission === 'reviews') {
    const undecided = state.tasks.find((one) => one.kind === 'coordination' && !isFinal(one));
    const reviewed = state.tasks.find((one) => one.reviewOf === task.id);
    const other = undecided ?? reviewed;
    return other === undefined
      ? undefined
      : refuse(
          'illegal-transition',
          `${placeOf(message)}.status`,
          `see Task/${other.id}: it is ${other.status}`,
          state.version,
        );
  }
  const { decider } = facts;
  if (type.answers?.of !== 'task' || decider === undefined) return undefined;
  const decidedBefore = disputed(task, state).some(
    (one) => one.decider !== undefined && samePerson(one.decider, decider),
  );
  return decidedBefore ? refuse('same-decider', `${header}.author`) : undefined;
};

/** In the air only a crew that was told of a cancellation acknowledges, once; and only a deadline that still stands is overdue. */
const pointless = (message: Message, task: TaskState, state: MissionState): Refusal | undefined => {
  const { answer, deadline } = message.facts;
  const seen = answer === 'received' && task.status !== 'requested' && task.acknowledgedAt !== undefined;
  const met = answer === 'overdue' && deadlineOf(task) !== deadline;
  return seen || met
    ? refuse(
        'illegal-transition',
        `${placeOf(message)}.status`,
        'there is nothing to acknowledge any more',
        state.version,
      )
    : undefined;
};

/** Why a message may not move a Task, if it may not. */
export const illegalMove = (message: Message, task: TaskState, state: MissionState): Refusal | undefined => {
  const { type } = message;
  const at = message.focusIndex === undefined ? eventAt : placeOf(message);
  if (type.moves?.kinds.includes(task.kind) !== true) {
    return refuse('unknown-task', `${at}.id`, `${type.event} is not an answer to a Task of the kind "${task.kind}"`);
  }
  const answer = message.facts.answer;
  const moves = type.moves.byAnswer[answer ?? ''] ?? [];
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
  return pointless(message, task, state) ?? wrongReview(message, task, state);
};
