import { roles } from '../schemas/codes.ts';
import { defined } from '../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../schemas/faults.ts';
import { missionIdOf } from '../schemas/identifiers.ts';
import type { Message } from '../schemas/message.ts';
import type { MessageType, Relation } from '../schemas/messages/message-type.ts';
import { evolve } from './evolve.ts';
import { recipientsOf } from './routing.ts';
import {
  concernedParties,
  type Entry,
  isAirborne,
  isFinal,
  isParty,
  type MissionEvent,
  type MissionState,
  type Party,
  type TaskState,
  taskOf,
} from './state.ts';

/** What the rules need besides the message and the state. Time is an argument. */
export interface Circumstances {
  readonly sender: Party;
  /** ISO 8601. */
  readonly now: string;
  /** Version in `If-Match`, if the sender gave one. */
  readonly ifMatch?: number;
  /** Looks an organisation number up in the directory. */
  readonly partyOf: (organisation: string) => Party | undefined;
}

/** The entry a decision would append, without what only the log knows. */
export type Decided = { readonly outcome: 'accepted'; readonly entry: Omit<Entry, 'unpaidFrom'> };

/** Every entry carries the Tasks of its mission; real missions have a handful. */
const mostTasks = 60;

const header = 'Bundle.entry[0].resource';
const eventAt = `${header}.eventCoding`;
const destinationAt = `${header}.destination`;

/** The mission a message belongs to: named by it, or derived for a request that opens one. */
export const missionOf = (message: Message, sender: Party): string =>
  message.mission ?? missionIdOf(sender.organisation, message.id);

const stands = (relation: Relation, state: MissionState, task: TaskState | undefined, sender: string): boolean => {
  switch (relation) {
    case 'anyone-of-the-role':
      return true;
    case 'any-party':
      return concernedParties(state).includes(sender);
    case 'requester-or-coordinator':
      return sender === state.requester || sender === state.coordinator;
    case 'coordinator':
      return sender === state.coordinator;
    case 'coordinator-or-operator': {
      const flies = state.tasks.some((one) => one.kind === 'resource' && one.owner === sender && !isFinal(one));
      return sender === state.coordinator || (flies && (task === undefined || task.asker === sender));
    }
    case 'task-owner':
      return task?.owner === sender;
  }
};

/** The party a new Task is for: exactly one destination, known, of the right role. */
const addressee = (type: MessageType, message: Message, partyOf: Circumstances['partyOf']): Party | Refusal => {
  const [only, second] = message.destinations;
  const wanted = type.opens?.owner ?? 'amk-la';
  if (only === undefined)
    return refuse('missing-field', destinationAt, `must name the party that is asked (${roles[wanted]}) as receiver`);
  if (second !== undefined)
    return refuse('wrong-field', destinationAt, 'must name one party: send one message for each party that is asked');
  const party = partyOf(only);
  if (party === undefined) return refuse('unknown-organisation', `${destinationAt}[0].receiver`);
  return party.role === wanted
    ? party
    : refuse(
        'wrong-field',
        `${destinationAt}[0].receiver`,
        `must be of the role ${wanted}, but the directory says ${party.role}`,
      );
};

/** What a message says about other Tasks and parties must be true, or somebody would wait for nothing. */
const untrue = (message: Message, before: MissionState, { sender, partyOf }: Circumstances): Refusal | undefined => {
  const { facts, type, focusIndex } = message;
  const at = `Bundle.entry[${focusIndex ?? 0}].resource`;
  if (facts.partOf !== undefined && taskOf(before, facts.partOf)?.kind !== 'resource') {
    return refuse('unknown-task', `${at}.partOf`, 'must be the Task of a resource of this mission');
  }
  if (facts.divertedTo !== undefined) {
    const hospital = partyOf(facts.divertedTo);
    if (hospital === undefined) return refuse('unknown-organisation', `${at}.output`);
    if (hospital.role !== 'hospital')
      return refuse(
        'wrong-field',
        `${at}.output`,
        `must divert to a hospital, but the directory says ${hospital.role}`,
      );
  }
  const leads = sender.organisation === before.requester || sender.organisation === before.coordinator;
  return type.focus?.resource === 'ServiceRequest' && focusIndex !== undefined && !leads
    ? refuse(
        'forbidden-relation',
        `${header}.focus`,
        'only the requester and the coordinating AMK LA describe the mission anew; send other resources without a ServiceRequest in focus',
      )
    : undefined;
};

/** Rules beyond single moves: no request is turned down over the head of a crew that is asked or flying. */
const blockedBy = (task: TaskState, answer: string | undefined, state: MissionState): TaskState | undefined =>
  task.kind === 'coordination' && (answer === 'rejected' || answer === 'deferred')
    ? state.tasks.find((other) => other.kind === 'resource' && !isFinal(other))
    : undefined;

const illegalMove = (
  type: MessageType,
  message: Message,
  task: TaskState,
  state: MissionState,
): Refusal | undefined => {
  const at = message.focusIndex === undefined ? eventAt : `Bundle.entry[${message.focusIndex}].resource`;
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
  return blocker === undefined
    ? undefined
    : refuse(
        'illegal-transition',
        `${at}.status`,
        `Task/${blocker.id} of an operator is ${blocker.status}: end it first`,
        state.version,
      );
};

const entryOf = (
  message: Message,
  number: number,
  mission: string,
  circumstances: Circumstances,
  before: MissionState | undefined,
  owner: Party | undefined,
): Decided => {
  const event: MissionEvent = {
    mission,
    number,
    event: message.type.event,
    sender: circumstances.sender.organisation,
    messageId: message.id,
    exercise: message.exercise,
    receivedAt: circumstances.now,
    facts: message.facts,
    ...defined({ bundleId: message.bundleId, focusIndex: message.focusIndex, owner: owner?.organisation }),
  };
  const state = evolve(before, event);
  const recipients = recipientsOf(event, before, state);
  const toldOrTelling = [...recipients, event.sender];
  const notTold = [...new Set(message.destinations)].filter((organisation) => !toldOrTelling.includes(organisation));
  return {
    outcome: 'accepted',
    entry: { ...event, text: message.text, digest: message.digest, recipients, notTold, state },
  };
};

/**
 * Whether the mission's rules allow a message: the entry to append, or why not. Pure.
 * Order of the checks is what a stranger may learn: role first, then whether the mission exists for the caller, then the rest.
 */
export const decide = (
  before: MissionState | undefined,
  message: Message,
  circumstances: Circumstances,
): Decided | Refusal => {
  const { type } = message;
  const { sender, partyOf } = circumstances;
  if (!type.senders.includes(sender.role)) {
    return refuse(
      'forbidden-role',
      eventAt,
      `${type.event} is sent by ${type.senders.join(', ')}; your organisation is ${sender.role}`,
    );
  }
  const mission = missionOf(message, sender);
  const stranger = message.destinations.findIndex((organisation) => partyOf(organisation) === undefined);

  if (type.mission === 'opens') {
    if (stranger !== -1) return refuse('unknown-organisation', `${destinationAt}[${stranger}].receiver`);
    const owner = addressee(type, message, partyOf);
    return isRefusal(owner) ? owner : entryOf(message, 1, mission, circumstances, undefined, owner);
  }

  if (before === undefined || !isParty(before, sender.organisation)) {
    return refuse('not-found', `${header}.focus`, 'there is no such mission, or it is not yours');
  }
  if (stranger !== -1) return refuse('unknown-organisation', `${destinationAt}[${stranger}].receiver`);
  if (message.exercise !== before.exercise) {
    return refuse(
      'exercise-mismatch',
      'Bundle.meta.security',
      before.exercise ? 'the mission is an exercise' : 'the mission is real',
    );
  }
  if (circumstances.ifMatch !== undefined && circumstances.ifMatch !== before.version) {
    return refuse('version-conflict', 'http.If-Match', `the mission is at version ${before.version}`, before.version);
  }
  const task = taskOf(before, message.facts.task);
  if (message.facts.task !== undefined && task === undefined) {
    return refuse(
      'unknown-task',
      message.focusIndex === undefined ? `${header}.focus` : `Bundle.entry[${message.focusIndex}].resource.id`,
    );
  }
  if (!stands(type.relation, before, task, sender.organisation))
    return refuse('forbidden-relation', eventAt, `${type.event} is for: ${type.relation}`);
  if (!type.legalIn.includes(before.status)) {
    return refuse(
      'illegal-transition',
      eventAt,
      `the mission is ${before.status}; ${type.event} is possible when it is ${type.legalIn.join(', ')}`,
      before.version,
    );
  }
  const needed = type.whileOpen;
  if (needed !== undefined && !before.tasks.some((one) => one.kind === needed && !isFinal(one))) {
    return refuse(
      'illegal-transition',
      eventAt,
      `${type.event} is possible while a Task of the kind "${needed}" is open`,
      before.version,
    );
  }
  if (type.opens !== undefined && task === undefined) {
    if (before.tasks.length >= mostTasks) {
      return refuse(
        'illegal-transition',
        eventAt,
        `the mission has ${mostTasks} Tasks, which is the most it can have`,
        before.version,
      );
    }
    if (before.status !== 'active' && !before.tasks.some(isAirborne)) {
      return refuse(
        'illegal-transition',
        eventAt,
        `the mission is ${before.status} and nobody is airborne`,
        before.version,
      );
    }
  }
  if (task !== undefined) {
    const illegal = illegalMove(type, message, task, before);
    if (illegal !== undefined) return illegal;
  }
  const falsehood = untrue(message, before, circumstances);
  if (falsehood !== undefined) return falsehood;
  const owner = type.opens !== undefined && task === undefined ? addressee(type, message, partyOf) : undefined;
  if (owner !== undefined && isRefusal(owner)) return owner;
  return entryOf(message, before.version + 1, mission, circumstances, before, owner);
};
