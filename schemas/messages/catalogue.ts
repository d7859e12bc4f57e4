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

/** Typed by their own literals, so that the names of the events can be derived. */
const types = [
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
] as const satisfies readonly MessageType[];

/**
 * Name of a message type of the catalogue. A table that is needed for every type `satisfies Record<EventName, …>`:
 * a new type that the table lacks does not compile.
 */
export type EventName = (typeof types)[number]['event'];

/** Names of the messages that the hub itself writes. */
export type HubEventName = Extract<(typeof types)[number], { readonly relation: 'hub' }>['event'];

export type CataloguedType = MessageType<EventName>;

/** The message catalogue, in the order of a mission. Validation, authorisation, routing and metadata are derived from it. */
export const catalogue: readonly CataloguedType[] = types;

const byEvent = new Map<string, CataloguedType>(catalogue.map((type) => [type.event, type]));

/** The code in `MessageHeader.eventCoding`. */
export const eventCodeOf = (type: MessageType): string => type.code ?? type.event;

/** The types that share an event code; the focus of a message selects one of them. */
export const messageTypesOf = (code: string): readonly CataloguedType[] =>
  catalogue.filter((type) => eventCodeOf(type) === code);

/** The type of a message in the log. Throws `NewerRelease` if this release does not know the event. */
export const knownMessageType = (event: string): CataloguedType => {
  const type = byEvent.get(event);
  if (type === undefined) throw new NewerRelease(`The log has an event that is not in the catalogue: ${event}`);
  return type;
};
