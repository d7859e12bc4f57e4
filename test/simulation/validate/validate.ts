import {
  endedGetNothing,
  failingEndpointsGetFewCalls,
  handshakesPrecede,
  probesAreSingle,
  subscriberListIsCorrect,
} from './circuit.ts';
import {
  completedAreNotResent,
  entriesListTheNotified,
  everyRecipientIsNotified,
  missionListsAreCorrect,
  noObligationIsLeft,
  receiptsAreTrue,
  worklistsAreCorrect,
} from './delivery.ts';
import { auditorFindsNothing } from './audit.ts';
import { type Facts, readFacts, type RunRecord } from './facts.ts';
import type { OnViolation, Violation } from './invariants.ts';
import { jobsAreMoved, quickLaneCallsQuickEndpoints, slotsBoundCalls, slowPartiesDelayNobody } from './lanes.ts';
import { everyMessageIsKnown, logIsComplete, logMatchesAnswers } from './log.ts';
import { arrivalsMatch, numbersAreComplete } from './numbering.ts';
import { alertsAreNeeded, deadlinesAreReported, hubMessagesAreWrittenOnce, peopleAreAlertedInTime } from './people.ts';

type Check = (facts: Facts, violated: OnViolation) => void | Promise<void>;

const checks: readonly Check[] = [
  logMatchesAnswers,
  logIsComplete,
  everyMessageIsKnown,
  numbersAreComplete,
  arrivalsMatch,
  everyRecipientIsNotified,
  auditorFindsNothing,
  receiptsAreTrue,
  deadlinesAreReported,
  hubMessagesAreWrittenOnce,
  handshakesPrecede,
  endedGetNothing,
  subscriberListIsCorrect,
  failingEndpointsGetFewCalls,
  probesAreSingle,
  worklistsAreCorrect,
  missionListsAreCorrect,
  completedAreNotResent,
  entriesListTheNotified,
  alertsAreNeeded,
  slotsBoundCalls,
  quickLaneCallsQuickEndpoints,
  jobsAreMoved,
  slowPartiesDelayNobody,
  peopleAreAlertedInTime,
  noObligationIsLeft,
];

/** Violations reported per run. */
const maxViolations = 20;

export const validate = async (record: RunRecord): Promise<readonly Violation[]> => {
  const violations: Violation[] = [];
  const facts = await readFacts(record);
  for (const check of checks)
    await check(facts, (invariant, detail) => {
      if (violations.length < maxViolations) violations.push({ invariant, detail });
    });
  return violations;
};
