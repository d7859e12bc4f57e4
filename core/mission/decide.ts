import { defined } from '../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { guidelineInForce, guidelineOf } from '../../schemas/guideline.ts';
import { missionIdOf, resourceIdOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import { firstCoordinator, invited, newOwner } from './addressees.ts';
import { illegalTransition } from './transitions.ts';
import { destinationAt, eventAt, header } from './fhir-paths.ts';
import { isFinal, isParty, type MissionState, type Party, taskOf } from './state.ts';
import type { DecisionContext, Decision } from './decision.ts';
import {
  fromTheFuture,
  claimsOtherSender,
  tooManyTasks,
  hasRelation,
  unknownCode,
  invalidReferences,
} from './preconditions.ts';
import { entryOf } from './new-entry.ts';

/** The log a message belongs to: that of the mission it names or opens, or that of the resource it reports on. Exercises have resources of their own. */
export const missionOf = (message: Message, sender: Party): string => {
  if (message.type.log !== 'resource') return message.mission ?? missionIdOf(sender.organisation, message.id);
  return resourceIdOf(sender.organisation, message.facts.resource ?? '', message.exercise);
};

/**
 * Whether the mission's rules allow a message: the entry to append, or why not. Pure.
 * Order of the checks is what a stranger may learn: role first, then whether the mission exists for the caller, then the rest.
 */
export const decide = (
  before: MissionState | undefined,
  message: Message,
  circumstances: DecisionContext,
): Decision | Refusal => {
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
  const disowned = claimsOtherSender(message, circumstances);

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
  if (!hasRelation(type.relation, before, task, sender))
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
    (task === undefined ? undefined : illegalTransition(message, task, before, circumstances.ifMatch)) ??
    invalidReferences(message, task, before, circumstances, guideline) ??
    unknownCode(message, guideline);
  if (refused !== undefined) return refused;
  const owner = newOwner(message, task, before, directory);
  if (owner !== undefined && isRefusal(owner)) return owner;
  const crowded = owner === undefined ? undefined : tooManyTasks(message, before);
  if (crowded !== undefined) return crowded;
  const joins = invited(message, before, circumstances);
  return entryOf(message, mission, circumstances, before, guideline, defined({ owner, task, joins }));
};
