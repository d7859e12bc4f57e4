import { type Guideline, refusalReasonIn } from '../../schemas/guideline.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import type { Relation } from '../../schemas/messages/message-type.ts';
import { claimAt, destinationAt, eventAt, header, placeOf } from './fhir-paths.ts';
import type { DecisionContext } from './decision.ts';
import { wrongHospital } from './addressees.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import {
  concernedParties,
  hub,
  isAirborne,
  isFinal,
  leads,
  type MissionState,
  type Party,
  taskOf,
  type TaskState,
} from './state.ts';

/** Who forwarded the mission may take it back as long as nobody there has seen it. */
export const mayTakeBack = (state: MissionState, sender: string): boolean =>
  state.tasks.some((task) => task.forwardOf !== undefined && task.status === 'requested' && task.asker === sender);
export const hasRelation = (
  relation: Relation,
  state: MissionState,
  task: TaskState | undefined,
  sender: Party,
): boolean => {
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
export const invalidReferences = (
  message: Message,
  task: TaskState | undefined,
  before: MissionState,
  { sender, directory, now }: DecisionContext,
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
export const claimsOtherSender = ({ claims }: Message, { sender, directory }: DecisionContext): Refusal | undefined => {
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
export const clockSkewMilliseconds = 5 * 60000;
/** Something that is reported as seen or said, and lies in the future. */
export const fromTheFuture = (message: Message, now: string): Refusal | undefined => {
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
export const unknownCode = (message: Message, guideline: Guideline): Refusal | undefined => {
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

/** Every entry carries the Tasks of its mission; real missions have a handful. */
export const maxTasks = 60;
/** A message may open Tasks only while the mission has room for them and somebody works on it. */
export const tooManyTasks = ({ type }: Message, state: MissionState): Refusal | undefined => {
  if (state.tasks.length >= maxTasks) {
    return refuse(
      'illegal-transition',
      eventAt,
      `the mission has ${maxTasks} Tasks, which is the most it can have`,
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
