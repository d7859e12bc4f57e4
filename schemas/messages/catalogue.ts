import { acknowledgement } from './acknowledgement.ts';
import type { MessageType } from './message-type.ts';
import { missionCancel } from './mission-cancel.ts';
import { missionDecision } from './mission-decision.ts';
import { missionRequest } from './mission-request.ts';
import { missionUpdate } from './mission-update.ts';
import { prearrivalNotification } from './prearrival-notification.ts';
import { prearrivalResponse } from './prearrival-response.ts';
import { resourceRequest } from './resource-request.ts';
import { resourceResponse } from './resource-response.ts';
import { resourceStatus } from './resource-status.ts';

/** The message catalogue, in the order of a mission. Validation, authorisation, routing and metadata are derived from it. */
export const catalogue: readonly MessageType[] = [
  missionRequest,
  acknowledgement,
  missionUpdate,
  missionDecision,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  prearrivalNotification,
  prearrivalResponse,
  missionCancel,
];

const byEvent = new Map(catalogue.map((type) => [type.event, type]));

export const messageTypeOf = (event: string): MessageType | undefined => byEvent.get(event);

/** The type of a message that is already in the log, where only known events are. */
export const knownMessageType = (event: string): MessageType => {
  const type = byEvent.get(event);
  if (type === undefined) throw new Error(`The log holds an event that the catalogue lacks: ${event}`);
  return type;
};
