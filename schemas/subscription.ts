import type { MissionRole, Urgency } from './codes.ts';
import { canonicalBase } from './names.ts';

/** R4 `Subscription` after the Subscriptions R5 Backport IG: topic in `criteria`, filters and payload content in extensions. */
export const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const filterCriteriaExtension = `${backport}/backport-filter-criteria`;
export const payloadContentExtension = `${backport}/backport-payload-content`;
export const heartbeatExtension = `${backport}/backport-heartbeat-period`;
export const timeoutExtension = `${backport}/backport-timeout`;
export const maxCountExtension = `${backport}/backport-max-count`;
const channelTypeExtension = `${backport}/backport-channel-type`;

/** The hub's own: the secret that signs the notifications. */
export const secretExtension = `${canonicalBase}/StructureDefinition/webhook-secret`;

/** Extensions of a Subscription that the hub accepts, by their element. It refuses any other there. */
export const acceptedExtensions = {
  criteria: [filterCriteriaExtension],
  channel: [heartbeatExtension, timeoutExtension, maxCountExtension],
  /** The subscriber cannot set the secret. It may send it back as it was read; that changes nothing. */
  changedChannel: [heartbeatExtension, timeoutExtension, maxCountExtension, secretExtension],
  channelType: [channelTypeExtension],
  payload: [payloadContentExtension],
} as const;

/** Seconds between two heartbeats. The hub checks once a minute what is due, so a shorter time is not possible. */
export const heartbeatSeconds = { least: 60, most: 86_400 } as const;

/** Seconds for which the former secret also signs after a rotation. */
export const overlapSeconds = { usual: 86_400, most: 604_800 } as const;

/** How much of an event a notification has (Backport IG, "Payload Types"). */
export const payloadContents = ['empty', 'id-only', 'full-resource'] as const;
export type PayloadContent = (typeof payloadContents)[number];

/** Filters of the topic; an absent one matches everything. */
export interface SubscriptionFilter {
  readonly events?: readonly string[];
  readonly urgencies?: readonly Urgency[];
  readonly missions?: readonly string[];
  /** The subscriber's role in the mission, as of the entry. */
  readonly roles?: readonly MissionRole[];
}

/** Settings of a subscriber, which it may change later. */
export interface SubscriptionSettings {
  readonly endpoint: string;
  readonly payload: PayloadContent;
  /** Header lines to send with every notification, e.g. `Authorization: …`. Secret: never shown again. */
  readonly headers: readonly string[];
  readonly reason: string;
  /** Seconds that the hub waits for the answer of the endpoint. */
  readonly timeout?: number;
  /** Seconds between two heartbeats; absent: none. */
  readonly heartbeat?: number;
  /** The filter criteria as the subscriber sent them. */
  readonly filterText: readonly string[];
  readonly filter: SubscriptionFilter;
}
