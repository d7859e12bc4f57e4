import { refuse } from '../../schemas/faults.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { focusResourcePath } from '../../schemas/reading/fhir-paths.ts';
import type { MessageType } from '../../schemas/messages/message-type.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { type Check, isInMission, type Proposal } from './decision.ts';

/** Milliseconds; provisional. A time outside of these bounds comes from a wrong clock or is a typing error. */
export const plausible = {
  /** Clocks of partners may differ from the hub's by this much. */
  clockSkew: 5 * 60_000,
  /** An alarm can be received, and a unit alerted, before a mission is requested. */
  beforeMission: 24 * 60 * 60_000,
  /** An ambulance aeroplane may be planned days ahead. */
  etaAhead: 7 * 24 * 60 * 60_000,
  /** Since the epoch. There was no message to a hub before. */
  firstMessage: Date.parse('2026-01-01T00:00:00Z'),
} as const;

/** A time that a message gives, with its FHIRPath and the times between which it may be. */
interface Stated {
  readonly at: string;
  readonly time: string;
  readonly earliest: number;
  readonly latest: number;
}

const etaElement = (type: MessageType): string =>
  (type.elements.find(({ detail }) => detail === 'eta')?.path ?? 'Task.output').replace('Task.', '');

const statedTimes = (message: Message, now: number, earliest: number): readonly Stated[] => {
  const { phases = [], eta, statedAt } = message.facts;
  const focus = focusResourcePath(message);
  const present = now + plausible.clockSkew;
  return [
    ...(message.sentAt === undefined
      ? []
      : [
          {
            at: 'Bundle.timestamp',
            time: message.sentAt,
            // Without `statedAt` nothing is ordered by it.
            earliest: statedAt === undefined ? Number.NEGATIVE_INFINITY : earliest,
            latest: present,
          },
        ]),
    ...phases.map(({ seenAt }) => ({ at: `${focus}.output`, time: seenAt, earliest, latest: present })),
    ...(eta === undefined
      ? []
      : [{ at: `${focus}.${etaElement(message.type)}`, time: eta, earliest, latest: now + plausible.etaAhead }]),
  ];
};

/** Nothing about a mission happened long before it was requested, by the clock of the requester or of the hub. */
const earliestOf = (proposal: Proposal): number => {
  if (!isInMission(proposal)) return plausible.firstMessage;
  const { openedAt, requestedAt = openedAt } = proposal.before;
  return Math.min(timeOf(openedAt), timeOf(requestedAt)) - plausible.beforeMission;
};

/**
 * `Bundle.timestamp` and the times of flight phases lie in the past, an ETA at most a week ahead. None of them that the hub uses lies
 * long before the mission: reports must not be ordered by a clock that is wrong.
 */
export const plausibleTimes: Check = (proposal) => {
  const { message, now } = proposal;
  for (const { at, time, earliest, latest } of statedTimes(message, Date.parse(now), earliestOf(proposal))) {
    if (timeOf(time) > latest)
      return refuse('wrong-field', at, 'is too far in the future: check the clock of the sending system');
    if (timeOf(time) < earliest)
      return refuse(
        'wrong-field',
        at,
        'is long before the mission: check the date and the clock of the sending system',
      );
  }
  return undefined;
};
