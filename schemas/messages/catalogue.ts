import { acknowledgementOverdue } from './acknowledgement-overdue.ts';
import { acknowledgement } from './acknowledgement.ts';
import { deliveryFailed } from './delivery-failed.ts';
import { medicalAssessment } from './medical-assessment.ts';
import type { MessageType } from './message-type.ts';
import { missionCancel } from './mission-cancel.ts';
import { missionDecision } from './mission-decision.ts';
import { missionForward } from './mission-forward.ts';
import { missionReport } from './mission-report.ts';
import { missionRequest } from './mission-request.ts';
import { missionUpdate } from './mission-update.ts';
import { outcomeFeedback } from './outcome-feedback.ts';
import { partyUnreachable } from './party-unreachable.ts';
import { prearrivalNotification } from './prearrival-notification.ts';
import { prearrivalResponse } from './prearrival-response.ts';
import { resourceAvailability } from './resource-availability.ts';
import { resourceRequest } from './resource-request.ts';
import { resourceResponse } from './resource-response.ts';
import { resourceStatus } from './resource-status.ts';
import { reviewRequest } from './review-request.ts';
import { NewerRelease } from '../newer-release.ts';

/** The message catalogue, in the order of a mission. Validation, authorisation, routing and metadata are derived from it. */
export const catalogue: readonly MessageType[] = [
  missionRequest,
  acknowledgement,
  missionUpdate,
  medicalAssessment,
  missionDecision,
  reviewRequest,
  missionForward,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  prearrivalNotification,
  prearrivalResponse,
  missionCancel,
  missionReport,
  outcomeFeedback,
  resourceAvailability,
  acknowledgementOverdue,
  deliveryFailed,
  partyUnreachable,
];

const byEvent = new Map(catalogue.map((type) => [type.event, type]));

/** The code in `MessageHeader.eventCoding`. */
export const eventCodeOf = (type: MessageType): string => type.code ?? type.event;

/** The types that share an event code; which of them a message is, its focus says. */
export const messageTypesOf = (code: string): readonly MessageType[] =>
  catalogue.filter((type) => eventCodeOf(type) === code);

/** The type of a message that is already in the log. Throws `NewerRelease` for one that only a newer release knows. */
export const knownMessageType = (event: string): MessageType => {
  const type = byEvent.get(event);
  if (type === undefined) throw new NewerRelease(`The log holds an event that the catalogue lacks: ${event}`);
  return type;
};
