import type { TaskKind } from '../../schemas/codes.ts';
import type { Facts } from '../../schemas/messages/message-type.ts';
import { type Guideline, refusalReasonIn } from '../../schemas/guideline.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import { isAirborne, type MissionEvent, type MissionState, type Party, type TaskState } from './state.ts';
import { defined } from '../../schemas/defined.ts';
import type { Decision, DecisionContext, Opening } from './decision.ts';
import { evolve } from './evolve.ts';
import { recipientsOf } from './recipients.ts';

/** The kind of ask that a human must acknowledge after this message, if any. */
export const asks = (
  { type, facts }: Message,
  task: TaskState | undefined,
  before: MissionState | undefined,
  owner: Party | undefined,
): TaskKind | undefined => {
  if (owner !== undefined) return type.opens?.kind ?? task?.kind;
  if (type.mission === 'cancels') return before?.tasks.some(isAirborne) === true ? 'resource' : undefined;
  if (facts.answer === 'cancelled' && task !== undefined && isAirborne(task)) return 'resource';
  const move = type.transitions?.byAnswer[facts.answer ?? '']?.find(
    ({ from }) => task !== undefined && from.includes(task.status),
  );
  return move?.to === 'requested' ? task?.kind : undefined;
};

/** The facts with what the guideline says of them. */
export const classified = (facts: Facts, guideline: Guideline): Facts => {
  const { reason } = facts;
  const known = reason?.table === 'refusal-reason' ? refusalReasonIn(guideline, reason.code) : undefined;
  return reason === undefined || known === undefined ? facts : { ...facts, reason: { ...reason, class: known.class } };
};

export const entryOf = (
  message: Message,
  mission: string,
  circumstances: DecisionContext,
  before: MissionState | undefined,
  guideline: Guideline,
  { owner, task, joins }: Opening,
): Decision => {
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
  const notParties = [...new Set(message.destinations)].filter((organisation) => !toldOrTelling.includes(organisation));
  return {
    outcome: 'accepted',
    entry: { ...event, ...origin, text: message.text, digest: message.digest, recipients, notParties, state },
  };
};
