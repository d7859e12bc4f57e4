import type { TaskKind } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import {
  type Guideline,
  guidelineInForce,
  guidelineOf,
  type Guidelines,
  refusalReasonIn,
} from '../../schemas/guideline.ts';
import { missionIdOf, resourceIdOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import type { Facts, Relation } from '../../schemas/messages/message-type.ts';
import { firstCoordinator, invited, newOwner, wrongHospital } from './addressees.ts';
import { evolve } from './evolve.ts';
import { illegalMove } from './transitions.ts';
import { claimAt, destinationAt, eventAt, header, placeOf } from './fhir-paths.ts';
import type { Directory } from './mission-log.ts';
import { recipientsOf } from './recipients.ts';
import {
  concernedParties,
  type Entry,
  hub,
  isAirborne,
  isFinal,
  isParty,
  leads,
  type MissionEvent,
  type MissionState,
  type Origin,
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
  readonly directory: Directory;
  readonly guidelines: Guidelines;
  readonly origin?: Origin;
}

/** The entry a decision would append, without what only the log knows. */
export type Decided = { readonly outcome: 'accepted'; readonly entry: Omit<Entry, 'unpaidFrom' | 'awakeSince'> };

/** Every entry carries the Tasks of its mission; real missions have a handful. */
const mostTasks = 60;

/** The log a message belongs to: that of the mission it names or opens, or that of the resource it reports on. Exercises have resources of their own. */
export const missionOf = (message: Message, sender: Party): string => {
  if (message.type.log !== 'resource') return message.mission ?? missionIdOf(sender.organisation, message.id);
  return resourceIdOf(sender.organisation, message.facts.resource ?? '', message.exercise);
};

/** Who forwarded the mission may take it back as long as nobody there has seen it. */
const mayTakeBack = (state: MissionState, sender: string): boolean =>
  state.tasks.some((task) => task.forwardOf !== undefined && task.status === 'requested' && task.asker === sender);

const stands = (relation: Relation, state: MissionState, task: TaskState | undefined, sender: Party): boolean => {
  const { organisation } = sender;
  switch (relation) {
    case 'anyone-of-the-role':
      return true;
    case 'any-party':
      return concernedParties(state).includes(organisation);
    case 'requester':
      return organisation === state.requester;
    case 'requester-or-coordinator':
      return leads(state, organisation);
    case 'coordinator':
      return organisation === state.coordinator;
    case 'coordinator-or-forwarder':
      return organisation === state.coordinator || mayTakeBack(state, organisation);
    case 'coordinator-or-operator': {
      const flies = state.tasks.some((one) => one.kind === 'resource' && one.owner === organisation && !isFinal(one));
      return organisation === state.coordinator || (flies && (task === undefined || task.asker === organisation));
    }
    case 'task-owner':
      return task?.owner === organisation;
    case 'hub':
      return sender.role === hub.role;
  }
};

/** What a message says about other Tasks and parties must be true, or somebody would wait for nothing. */
const untrue = (
  message: Message,
  task: TaskState | undefined,
  before: MissionState,
  { sender, directory, now }: Circumstances,
  guideline: Guideline,
): Refusal | undefined => {
  const { facts, type, focusIndex } = message;
  const at = placeOf(message);
  const flight = taskOf(before, facts.partOf);
  if (facts.partOf !== undefined && flight?.kind !== 'resource') {
    return refuse('unknown-task', `${at}.partOf`, 'must be the Task of a resource of this mission');
  }
  if (flight !== undefined && ![flight.owner, before.coordinator].includes(sender.organisation)) {
    return refuse('forbidden-relation', `${at}.partOf`, 'the flight is another operator’s');
  }
  if (flight !== undefined && isFinal(flight)) {
    const detail = `the flight is ${flight.status}: name one that is under way, or none`;
    return refuse('illegal-transition', `${at}.partOf`, detail, before.version);
  }
  if (facts.until !== undefined && timeOf(facts.until) <= Date.parse(now)) {
    return refuse('wrong-field', `${at}.restriction.period.end`, 'must be a time to come');
  }
  const longest = Date.parse(now) + guideline.longestDeferralSeconds * 1000;
  if (facts.until !== undefined && timeOf(facts.until) > longest) {
    const detail = `a decision is deferred for ${guideline.longestDeferralSeconds} seconds at the most`;
    return refuse('wrong-field', `${at}.restriction.period.end`, detail);
  }
  if (type.opens !== undefined && type.mission !== 'forwards' && task !== undefined) {
    const stranger = message.destinations.findIndex((organisation) => organisation !== task.owner);
    if (stranger !== -1)
      return refuse(
        'wrong-field',
        `${destinationAt}[${stranger}].receiver`,
        'must be the party that has the Task; to ask another, send a message without its id',
      );
  }
  const hospital = wrongHospital(facts.divertedTo ?? facts.handedOverTo, task, at, directory);
  if (hospital !== undefined) return hospital;
  return type.focus?.resource === 'ServiceRequest' && focusIndex !== undefined && !leads(before, sender.organisation)
    ? refuse(
        'forbidden-relation',
        `${header}.focus`,
        'only the requester and the coordinating AMK LA describe the mission anew; send other resources without a ServiceRequest in focus',
      )
    : undefined;
};

/** Receivers get the message as it was sent: whoever it says it is from must be who sends it. */
const inAnothersName = ({ claims }: Message, { sender, directory }: Circumstances): Refusal | undefined => {
  const own = directory.numbersOf(sender.organisation);
  const foreign = claims.find(({ organisation }) => !own.includes(organisation));
  return foreign === undefined
    ? undefined
    : refuse(
        'wrong-sender',
        claimAt(foreign),
        `names an organisation that is not yours: leave it out, or give ${sender.organisation}`,
      );
};

/** Clocks differ by minutes; what is seen in hours to come was not seen. */
const clockSkewMilliseconds = 5 * 60_000;

/** Something that is reported as seen or said, and lies in the future. */
const fromTheFuture = (message: Message, now: string): Refusal | undefined => {
  const { phases = [], statedAt } = message.facts;
  const latest = Date.parse(now) + clockSkewMilliseconds;
  const detail = 'lies in the future: check the clock of the system that sent it';
  if (phases.some(({ seenAt }) => timeOf(seenAt) > latest))
    return refuse('wrong-field', `${placeOf(message)}.output`, detail);
  return statedAt !== undefined && timeOf(statedAt) > latest
    ? refuse('wrong-field', 'Bundle.timestamp', detail)
    : undefined;
};

/** Codes of the guideline that the mission was requested under: criteria, and the reasons for a refusal. */
const unknownCode = (message: Message, guideline: Guideline): Refusal | undefined => {
  const { criteria, reason } = message.facts;
  const at = placeOf(message);
  const known = Object.keys(guideline.criteria);
  if (criteria !== undefined && !criteria.some((code) => known.includes(code))) {
    const detail = `must state at least one criterion of version ${guideline.version}: ${known.join(', ')}`;
    return refuse('unknown-code', `${at}.reasonCode`, detail);
  }
  if (reason?.table !== 'refusal-reason') return undefined;
  const found = refusalReasonIn(guideline, reason.code);
  if (found !== undefined) {
    const unjudged = found.class === 'medical' && criteria === undefined && message.type.event === 'mission-decision';
    const detail = 'must name the criteria of the guideline that a medical ground was judged on';
    return unjudged ? refuse('missing-field', `${at}.reasonCode`, detail) : undefined;
  }
  const reasons = Object.keys(guideline.refusalReasons).join(', ');
  return refuse('unknown-code', `${at}.statusReason`, `must be a reason of version ${guideline.version}: ${reasons}`);
};

/** A message may open Tasks only while the mission has room for them and somebody works on it. */
const noRoom = ({ type }: Message, state: MissionState): Refusal | undefined => {
  if (state.tasks.length >= mostTasks) {
    return refuse(
      'illegal-transition',
      eventAt,
      `the mission has ${mostTasks} Tasks, which is the most it can have`,
      state.version,
    );
  }
  return state.status !== 'active' && !state.tasks.some(isAirborne)
    ? refuse(
        'illegal-transition',
        eventAt,
        `the mission is ${state.status} and nobody is airborne: ${type.event} asks for nothing`,
        state.version,
      )
    : undefined;
};

/** The kind of ask that a human must acknowledge after this message, if any. */
const asks = (
  { type, facts }: Message,
  task: TaskState | undefined,
  before: MissionState | undefined,
  owner: Party | undefined,
): TaskKind | undefined => {
  if (owner !== undefined) return type.opens?.kind ?? task?.kind;
  if (type.mission === 'cancels') return before?.tasks.some(isAirborne) === true ? 'resource' : undefined;
  if (facts.answer === 'cancelled' && task !== undefined && isAirborne(task)) return 'resource';
  const move = type.moves?.byAnswer[facts.answer ?? '']?.find(
    ({ from }) => task !== undefined && from.includes(task.status),
  );
  return move?.to === 'requested' ? task?.kind : undefined;
};

/** The facts with what the guideline says of them. */
const classified = (facts: Facts, guideline: Guideline): Facts => {
  const { reason } = facts;
  const known = reason?.table === 'refusal-reason' ? refusalReasonIn(guideline, reason.code) : undefined;
  return reason === undefined || known === undefined ? facts : { ...facts, reason: { ...reason, class: known.class } };
};

interface Opening {
  readonly owner?: Party;
  readonly task?: TaskState;
  readonly joins?: readonly string[];
}

const entryOf = (
  message: Message,
  mission: string,
  circumstances: Circumstances,
  before: MissionState | undefined,
  guideline: Guideline,
  { owner, task, joins }: Opening,
): Decided => {
  const { sender, now, directory, origin } = circumstances;
  const { type } = message;
  const facts = classified(message.facts, guideline);
  const kind = asks(message, task, before, owner);
  const urgency = facts.urgency ?? before?.urgency ?? 'stat';
  const seconds = kind === undefined ? undefined : guideline.acknowledgementSeconds[kind][urgency];
  const event: MissionEvent = {
    mission,
    number: (before?.version ?? 0) + 1,
    event: type.event,
    sender: sender.organisation,
    messageId: message.id,
    exercise: message.exercise,
    receivedAt: now,
    facts,
    ...defined({
      bundleId: message.bundleId,
      focusIndex: message.focusIndex,
      owner: owner?.organisation,
      acknowledgeBy: seconds === undefined ? undefined : new Date(Date.parse(now) + seconds * 1000).toISOString(),
      joins: joins === undefined || joins.length === 0 ? undefined : joins,
      guideline: type.mission === 'opens' ? guideline.version : undefined,
    }),
  };
  const state = evolve(before, event);
  const recipients = recipientsOf(event, before, state, directory);
  const toldOrTelling = [...recipients, event.sender];
  const notTold = [...new Set(message.destinations)].filter((organisation) => !toldOrTelling.includes(organisation));
  return {
    outcome: 'accepted',
    entry: { ...event, ...origin, text: message.text, digest: message.digest, recipients, notTold, state },
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
  const { sender, directory, guidelines, now } = circumstances;
  if (!type.senders.includes(sender.role)) {
    return refuse(
      'forbidden-role',
      eventAt,
      `${type.event} is sent by ${type.senders.join(', ')}; your organisation is ${sender.role}`,
    );
  }
  const mission = missionOf(message, sender);
  const stranger = message.destinations.findIndex((organisation) => directory.partyOf(organisation) === undefined);
  const unknownReceiver = (): Refusal | undefined =>
    stranger === -1 ? undefined : refuse('unknown-organisation', `${destinationAt}[${stranger}].receiver`);
  const inForce = guidelineInForce(guidelines, now);
  const disowned = inAnothersName(message, circumstances);

  if (type.log === 'resource') {
    return (
      disowned ??
      unknownReceiver() ??
      fromTheFuture(message, now) ??
      entryOf(message, mission, circumstances, before, inForce, {})
    );
  }
  if (type.mission === 'opens') {
    const refused = disowned ?? unknownReceiver() ?? unknownCode(message, inForce);
    if (refused !== undefined) return refused;
    const owner = firstCoordinator(type, message, directory);
    return isRefusal(owner) ? owner : entryOf(message, mission, circumstances, undefined, inForce, { owner });
  }

  const isPresent = before !== undefined && before.readiness === undefined;
  if (!isPresent || (type.relation !== 'hub' && !isParty(before, sender.organisation))) {
    return refuse('not-found', `${header}.focus`, 'there is no such mission, or it is not yours');
  }
  const misaddressed = disowned ?? unknownReceiver();
  if (misaddressed !== undefined) return misaddressed;
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
  if (!stands(type.relation, before, task, sender))
    return refuse('forbidden-relation', eventAt, `${type.event} is for: ${type.relation}`);
  if (!type.legalIn.includes(before.status)) {
    return refuse(
      'illegal-transition',
      eventAt,
      `the mission is ${before.status}; ${type.event} is possible when it is ${type.legalIn.join(', ')}`,
      before.version,
    );
  }
  const needed = task === undefined ? type.whileOpen : undefined;
  if (needed !== undefined && !before.tasks.some((one) => one.kind === needed && !isFinal(one))) {
    return refuse(
      'illegal-transition',
      eventAt,
      `${type.event} is possible while a Task of the kind "${needed}" is open`,
      before.version,
    );
  }
  // Of an outage people are told once by the message's id; what has none, once until the party is heard of.
  const missed = message.facts.undelivered;
  if (
    type.event === 'party-unreachable' &&
    missed?.outage === undefined &&
    before.unreachable?.[missed?.organisation ?? ''] !== undefined
  ) {
    return refuse('illegal-transition', eventAt, 'people have been told that the party is unreachable', before.version);
  }
  const guideline = guidelineOf(guidelines, before.guideline ?? '');
  const refused =
    fromTheFuture(message, now) ??
    (task === undefined ? undefined : illegalMove(message, task, before, circumstances.ifMatch)) ??
    untrue(message, task, before, circumstances, guideline) ??
    unknownCode(message, guideline);
  if (refused !== undefined) return refused;
  const owner = newOwner(message, task, before, directory);
  if (owner !== undefined && isRefusal(owner)) return owner;
  const crowded = owner === undefined ? undefined : noRoom(message, before);
  if (crowded !== undefined) return crowded;
  const joins = invited(message, before, circumstances);
  return entryOf(message, mission, circumstances, before, guideline, defined({ owner, task, joins }));
};
