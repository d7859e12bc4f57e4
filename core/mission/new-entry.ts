import type { TaskKind } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { isRefusal } from '../../schemas/faults.ts';
import { type Guideline, refusalReasonIn } from '../../schemas/guideline.ts';
import type { Facts } from '../../schemas/messages/message-type.ts';
import { newObservers, sharesIncidentWith } from './addressees.ts';
import type { Decision, Proposal } from './decision.ts';
import { evolve } from './evolve.ts';
import { recipientsOf } from './recipients.ts';
import { isAirborne, type MissionEvent, type Party } from './state.ts';

/** The kind of Task that a person must acknowledge after this message, if any. */
const kindToAcknowledge = (
  { message: { type, facts }, task, before }: Proposal,
  owner: Party | undefined,
): TaskKind | undefined => {
  if (owner !== undefined) return type.opens?.kind ?? task?.kind;
  if (type.mission === 'cancels') return before?.tasks.some(isAirborne) === true ? 'resource' : undefined;
  if (facts.answer === 'cancelled' && task !== undefined && isAirborne(task)) return 'resource';
  const transition = type.transitions?.byAnswer[facts.answer ?? '']?.find(
    ({ from }) => task !== undefined && from.includes(task.status),
  );
  return transition?.to === 'requested' ? task?.kind : undefined;
};

/** The facts in the codes of the guideline: only its criteria, and a refusal reason with the class that it gives to it. */
export const underGuideline = (facts: Facts, guideline: Guideline): Facts => {
  const { reason, criteria } = facts;
  const known = reason?.table === 'refusal-reason' ? refusalReasonIn(guideline, reason.code) : undefined;
  return {
    ...facts,
    ...defined({
      criteria: criteria?.filter((code) => Object.hasOwn(guideline.criteria, code)),
      reason: reason === undefined || known === undefined ? reason : { ...reason, class: known.class },
    }),
  };
};

const eventOf = (proposal: Proposal): MissionEvent => {
  const { message, log, before, sender, now, directory, guideline, newOwner } = proposal;
  const { type } = message;
  const owner = newOwner === undefined || isRefusal(newOwner) ? undefined : newOwner;
  const facts = underGuideline(message.facts, guideline);
  const kind = kindToAcknowledge(proposal, owner);
  const urgency = facts.urgency ?? before?.urgency ?? 'stat';
  const seconds = kind === undefined ? undefined : guideline.acknowledgementSeconds[kind][urgency];
  const joins = newObservers(message, before, sender, directory);
  const shares = sharesIncidentWith(message, before, sender, directory);
  return {
    mission: log,
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
      joins: joins.length === 0 ? undefined : joins,
      shares: shares.length === 0 ? undefined : shares,
      guideline: type.mission === 'opens' ? guideline.version : undefined,
    }),
  };
};

/** The entry of a message that no rule refuses, with the state after it and its recipients. */
export const newEntry = (proposal: Proposal): Decision => {
  const { message, before, directory, origin } = proposal;
  const event = eventOf(proposal);
  const state = evolve(before, event);
  const recipients = recipientsOf(event, before, state, directory);
  const notParties = [...new Set(message.destinations)].filter(
    (organisation) =>
      organisation !== event.sender &&
      !recipients.includes(organisation) &&
      // The large event is opened to it: it is not to be notified.
      event.shares?.includes(organisation) !== true,
  );
  return {
    outcome: 'accepted',
    entry: { ...event, ...origin, text: message.text, digest: message.digest, recipients, notParties, state },
  };
};
