import { defined } from '../../schemas/defined.ts';
import type { Refusal } from '../../schemas/faults.ts';
import { guidelineInForce, guidelineOf } from '../../schemas/guideline.ts';
import { missionIdOf, resourceIdOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { newOwnerOf } from './addressees.ts';
import { type Check, type Decision, type DecisionContext, inMission, onTask, type Proposal } from './decision.ts';
import { newEntry } from './new-entry.ts';
import {
  alertedOnce,
  askedParty,
  exerciseLabel,
  expectedVersion,
  guidelineCodes,
  knownReceivers,
  knownTask,
  missionStatus,
  missionVisible,
  newOwnerNamed,
  openTask,
  ownContacts,
  ownName,
  relation,
  roomForExtensions,
  roomForObservers,
  roomForTasks,
  senderRole,
} from './preconditions.ts';
import { plausibleTimes } from './plausible-times.ts';
import { deferralTime, description, flightReference, namedHospital, taskReceiver } from './references.ts';
import { type MissionState, type Party, taskOf } from './state.ts';
import {
  anotherDecider,
  answeredKind,
  informedRejection,
  newAnswer,
  noOpenResource,
  oneReview,
  statedEnd,
  statedStatus,
  taskStatus,
} from './transitions.ts';

/**
 * What must hold for a message to be accepted, in the order of the checks: the first refusal is the answer.
 * The order decides what a sender may learn: first its role, then whether the mission exists for it, then the rest.
 */
export const preconditions = [
  ['sender role', senderRole],
  ['mission visible', missionVisible],
  ['own name', ownName],
  ['own contacts', ownContacts],
  ['known receivers', knownReceivers],
  ['exercise label', inMission(exerciseLabel)],
  ['expected version', inMission(expectedVersion)],
  ['known Task', inMission(knownTask)],
  ['relation', inMission(relation)],
  ['mission status', inMission(missionStatus)],
  ['open Task', inMission(openTask)],
  ['alerted once', inMission(alertedOnce)],
  ['plausible times', plausibleTimes],
  ['answered kind', onTask(answeredKind)],
  ['Task status', onTask(taskStatus)],
  ['stated end', onTask(statedEnd)],
  ['stated status', onTask(statedStatus)],
  ['no open resource', onTask(noOpenResource)],
  ['one review', onTask(oneReview)],
  ['new answer', onTask(newAnswer)],
  ['informed rejection', onTask(informedRejection)],
  ['another decider', onTask(anotherDecider)],
  ['flight reference', inMission(flightReference)],
  ['deferral time', inMission(deferralTime)],
  ['Task receiver', onTask(taskReceiver)],
  ['named hospital', inMission(namedHospital)],
  ['description', inMission(description)],
  ['guideline codes', guidelineCodes],
  ['new owner named', newOwnerNamed],
  ['asked party', askedParty],
  ['room for Tasks', inMission(roomForTasks)],
  ['room for observers', inMission(roomForObservers)],
  ['room for extensions', inMission(roomForExtensions)],
] as const satisfies readonly (readonly [name: string, Check])[];

const firstRefusal = (proposal: Proposal): Refusal | undefined => {
  for (const [, check] of preconditions) {
    const refusal = check(proposal);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

/**
 * The log a message belongs to: that of the mission it names or opens, or that of the resource it reports on. A resource has
 * another log in exercises.
 */
export const missionOf = (message: Message, sender: Party): string => {
  if (message.type.log !== 'resource') return message.mission ?? missionIdOf(sender.organisation, message.id);
  return resourceIdOf(sender.organisation, message.facts.resource ?? '', message.exercise);
};

const proposalOf = (before: MissionState | undefined, message: Message, context: DecisionContext): Proposal => {
  const { type, facts } = message;
  const state = type.mission === 'opens' ? undefined : before;
  const isNew = type.mission === 'opens' || type.log === 'resource';
  const task = state === undefined ? undefined : taskOf(state, facts.task);
  return {
    ...context,
    message,
    log: missionOf(message, context.sender),
    guideline: isNew
      ? guidelineInForce(context.guidelines, context.now)
      : guidelineOf(context.guidelines, before?.guideline ?? ''),
    ...defined({ before: state, task, newOwner: newOwnerOf(message, task, state, context.directory) }),
  };
};

/** Whether the mission's rules accept a message: the entry to append, or the refusal. Pure. */
export const decide = (
  before: MissionState | undefined,
  message: Message,
  context: DecisionContext,
): Decision | Refusal => {
  const proposal = proposalOf(before, message, context);
  return firstRefusal(proposal) ?? newEntry(proposal);
};
