import { newObservers } from './addressees.ts';
import { isExtension, updatesDescription } from '../../schemas/reading/description.ts';
import { contradiction } from '../../schemas/reading/contradiction.ts';
import { isRefusal, refuse } from '../../schemas/faults.ts';
import { refusalReasonIn } from '../../schemas/guideline.ts';
import {
  claimPath,
  destinationPath,
  eventPath,
  focusPath,
  focusResourcePath,
  ifMatchPath,
  receiverPath,
  resourcePath,
} from '../../schemas/reading/fhir-paths.ts';
import type { Relation } from '../../schemas/messages/message-type.ts';
import { type Check, isInMission, type MissionProposal } from './decision.ts';
import { concernedParties, hub, isAirborne, isFinal, isParty, leads, type MissionState } from './state.ts';

/** Whether this sender may send this message now; `decide.ts` has the order. */

export const senderRole: Check = ({ message: { type }, sender }) =>
  type.senders.includes(sender.role)
    ? undefined
    : refuse(
        'forbidden-role',
        eventPath,
        `${type.event} is sent by ${type.senders.join(', ')}; your organisation is ${sender.role}`,
      );

/** A mission that does not exist and a mission of others get the same answer: nobody learns which missions exist. */
export const missionVisible: Check = (proposal) => {
  const { type } = proposal.message;
  if (type.mission === 'opens' || type.log === 'resource') return undefined;
  const isVisible =
    isInMission(proposal) && (type.relation === 'hub' || isParty(proposal.before, proposal.sender.organisation));
  return isVisible ? undefined : refuse('not-found', focusPath, 'there is no such mission, or it is not yours');
};

/** Receivers get the message as it was sent, so every organisation it names as sender must be the sender's own. */
export const ownName: Check = ({ message: { claims }, sender, directory }) => {
  const own = directory.numbersOf(sender.organisation);
  const foreign = claims.find(({ organisation }) => !own.includes(organisation));
  return foreign === undefined
    ? undefined
    : refuse(
        'wrong-sender',
        claimPath(foreign),
        `names an organisation that is not yours: leave it out, or give ${sender.organisation}`,
      );
};

/** Receivers must not take a sender's contact data for those of a party, which the directory has. */
export const ownContacts: Check = ({ message: { contacts }, sender, directory }) => {
  const own = directory.numbersOf(sender.organisation);
  const foreign = contacts.find(({ organisation }) => !own.includes(organisation) && directory.hasNumber(organisation));
  return foreign === undefined
    ? undefined
    : refuse(
        'reserved-address',
        foreign.at,
        'contact data of another party come from the directory: leave them out, and keep identifier and name',
      );
};

export const knownReceivers: Check = ({ message, directory }) => {
  const unknown = message.destinations.findIndex((organisation) => directory.partyOf(organisation) === undefined);
  return unknown === -1 ? undefined : refuse('unknown-organisation', receiverPath(unknown));
};

export const exerciseLabel: Check<MissionProposal> = ({ message, before }) =>
  message.exercise === before.exercise
    ? undefined
    : refuse(
        'exercise-mismatch',
        'Bundle.meta.security',
        before.exercise ? 'the mission is an exercise' : 'the mission is real',
      );

export const expectedVersion: Check<MissionProposal> = ({ ifMatch, before: { version } }) =>
  ifMatch === undefined || ifMatch === version
    ? undefined
    : refuse('version-conflict', ifMatchPath, `the mission is at version ${version}`, version);

export const knownTask: Check<MissionProposal> = ({ message: { facts, focusIndex }, task }) =>
  facts.task === undefined || task !== undefined
    ? undefined
    : refuse('unknown-task', focusIndex === undefined ? focusPath : `${resourcePath(focusIndex)}.id`);

/** The AMK LA that forwarded the mission may take it back until a person at the other AMK LA has acknowledged it. */
const mayTakeBack = (state: MissionState, organisation: string): boolean =>
  state.tasks.some(
    (task) => task.forwardOf !== undefined && task.status === 'requested' && task.asker === organisation,
  );

const hasRelation = (wanted: Relation, { before, task, sender }: MissionProposal): boolean => {
  const { organisation } = sender;
  switch (wanted) {
    case 'anyone-of-the-role':
      return true;
    case 'any-party':
      return concernedParties(before).includes(organisation);
    case 'requester':
      return organisation === before.requester;
    case 'requester-or-coordinator':
      return leads(before, organisation);
    case 'coordinator':
      return organisation === before.coordinator;
    case 'coordinator-or-forwarder':
      return organisation === before.coordinator || mayTakeBack(before, organisation);
    case 'coordinator-or-operator': {
      const hasFlight = before.tasks.some(
        (one) => one.kind === 'resource' && one.owner === organisation && !isFinal(one),
      );
      return organisation === before.coordinator || (hasFlight && (task === undefined || task.asker === organisation));
    }
    case 'task-owner':
      return task?.owner === organisation;
    case 'hub':
      return sender.role === hub.role;
  }
};

export const relation: Check<MissionProposal> = (proposal) => {
  const { type } = proposal.message;
  return hasRelation(type.relation, proposal)
    ? undefined
    : refuse('forbidden-relation', eventPath, `${type.event} is for: ${type.relation}`);
};

export const missionStatus: Check<MissionProposal> = ({ message: { type }, before }) =>
  type.legalIn.includes(before.status)
    ? undefined
    : refuse(
        'illegal-transition',
        eventPath,
        `the mission is ${before.status}; ${type.event} is possible when it is ${type.legalIn.join(', ')}`,
        before.version,
      );

/** A message that names no Task may need one that is open. */
export const openTask: Check<MissionProposal> = ({ message: { type }, before, task }) => {
  const kind = task === undefined ? type.whileOpen : undefined;
  return kind === undefined || before.tasks.some((one) => one.kind === kind && !isFinal(one))
    ? undefined
    : refuse(
        'illegal-transition',
        eventPath,
        `${type.event} is possible while a Task of the kind "${kind}" is open`,
        before.version,
      );
};

/**
 * People are alerted once that a party is unreachable, until the hub receives a message from it. An alert about an outage is
 * exempt: its message id, which follows from the outage, keeps it from being written twice.
 */
export const alertedOnce: Check<MissionProposal> = ({ message: { type, facts }, before }) => {
  const { undelivered } = facts;
  const isRepeated =
    type.event === 'party-unreachable' &&
    undelivered?.outage === undefined &&
    before.unreachable?.[undelivered?.organisation ?? ''] !== undefined;
  return isRepeated
    ? refuse('illegal-transition', eventPath, 'people have been alerted that the party is unreachable', before.version)
    : undefined;
};

/** Criteria and refusal reasons are codes of the guideline that the mission was requested under. */
export const guidelineCodes: Check = ({ message, guideline }) => {
  const { criteria, reason } = message.facts;
  const at = focusResourcePath(message);
  const known = Object.keys(guideline.criteria);
  if (criteria !== undefined && !criteria.some((code) => known.includes(code))) {
    const detail = `must state at least one criterion of version ${guideline.version}: ${known.join(', ')}`;
    return refuse('unknown-code', `${at}.reasonCode`, detail);
  }
  if (reason?.table !== 'refusal-reason') return undefined;
  const found = refusalReasonIn(guideline, reason.code);
  if (found === undefined) {
    const reasons = Object.keys(guideline.refusalReasons).join(', ');
    return refuse('unknown-code', `${at}.statusReason`, `must be a reason of version ${guideline.version}: ${reasons}`);
  }
  const lacksCriteria =
    found.class === 'medical' && criteria === undefined && message.type.event === 'mission-decision';
  return lacksCriteria
    ? refuse(
        'missing-field',
        `${at}.reasonCode`,
        'must name the criteria of the guideline on which the medical ground was judged',
      )
    : undefined;
};

export const newOwnerNamed: Check = ({ newOwner }) =>
  newOwner !== undefined && isRefusal(newOwner) ? newOwner : undefined;

/** Without a receiver, the hub chooses the party. If the resource in focus names another one, the sender must say which it means. */
export const askedParty: Check = ({ message: { asked, destinations }, newOwner, directory }) => {
  const [first] = asked;
  if (first === undefined || destinations.length > 0 || newOwner === undefined || isRefusal(newOwner)) return undefined;
  const numbers = directory.numbersOf(newOwner.organisation);
  if (asked.some(({ organisation }) => numbers.includes(organisation))) return undefined;
  const detail = `names another party than the hub would ask by the municipality (${newOwner.organisation}): name the party as receiver`;
  return {
    outcome: 'refused',
    faults: [contradiction(first, { at: destinationPath }, detail)],
  };
};

/** Every entry carries the Tasks of its mission; real missions have a handful. */
const maxTasks = 60;

/** Observers of a mission: every entry carries and notifies them. */
const maxObservers = 100;

export const roomForObservers: Check<MissionProposal> = ({ message, before, sender, directory }) => {
  const joining = newObservers(message, before, sender, directory);
  if (joining.length === 0 || (before.observers ?? []).length + joining.length <= maxObservers) return undefined;
  const at = receiverPath(message.destinations.indexOf(joining[0] ?? ''));
  return refuse('wrong-field', at, `a mission can have at most ${maxObservers} observers: phone the others`);
};

/** Different URLs of extensions in the later descriptions of a mission: the state names each element of them. */
const maxExtensions = 400;

export const roomForExtensions: Check<MissionProposal> = ({ message: { type, facts, ...message }, before }) => {
  if (facts.states === undefined || !updatesDescription(type)) return undefined;
  const named = (before.updates ?? []).flatMap(({ elements }) => elements).filter(isExtension);
  const known = new Set(named);
  const all = known.union(new Set(facts.states.filter(isExtension)));
  const at = `${focusResourcePath(message)}.extension`;
  return all.size <= maxExtensions || all.size === known.size
    ? undefined
    : refuse('wrong-field', at, `the updates of a mission can have at most ${maxExtensions} different URLs in all`);
};

/** A message may open a Task while the mission has fewer than the limit and is active or has a resource airborne. */
export const roomForTasks: Check<MissionProposal> = ({ message: { type }, before, newOwner }) => {
  if (newOwner === undefined) return undefined;
  if (before.tasks.length >= maxTasks)
    return refuse(
      'illegal-transition',
      eventPath,
      `the mission has ${maxTasks} Tasks, the limit: request a new mission for what else is needed`,
      before.version,
    );
  return before.status === 'active' || before.tasks.some(isAirborne)
    ? undefined
    : refuse(
        'illegal-transition',
        eventPath,
        `the mission is ${before.status} and no resource is airborne: ${type.event} cannot open a Task`,
        before.version,
      );
};
