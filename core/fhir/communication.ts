import type { Communication } from 'fhir/r4.d.ts';
import type { deliveryOutcomes } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { entryAddress } from '../../schemas/identifiers.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import { systems } from '../../schemas/names.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import type { Notification } from '../delivery/notifications.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';

const statuses = { pending: 'in-progress', delivered: 'completed', failed: 'not-done' } as const;

const reasonOf = (notification: Notification): Communication['statusReason'] =>
  notification.status === 'failed'
    ? {
        coding: [{ system: systems.deliveryOutcome, code: 'not-delivered' }],
        text: `Not delivered after ${notification.attempts} attempts; the last answer was: ${notification.lastAnswer ?? 'none'}. Notify the recipient by phone.`,
      }
    : undefined;

const attemptsNote = ({ attempts, lastAttemptAt, lastAnswer }: Notification): Communication['note'] =>
  attempts === 0
    ? undefined
    : [{ text: `Attempts: ${attempts}; last at ${lastAttemptAt ?? 'unknown'}, answer: ${lastAnswer ?? 'none'}` }];

const common = (entry: StoredEntry, organisation: string, view: Viewpoint) => ({
  resourceType: 'Communication' as const,
  partOf: [{ reference: `ServiceRequest/${entry.mission}` }],
  about: [{ reference: `Bundle/${entryAddress(entry.mission, entry.number)}`, display: entry.event }],
  topic: { coding: [{ system: systems.event, code: eventCodeOf(knownMessageType(entry.event)) }] },
  sender: organisationReference(entry.sender, view),
  recipient: [organisationReference(organisation, view)],
});

/** The receipt of one notification: `in-progress` until the endpoint answered 2xx (`received`), `not-done` if the hub gave up. */
export const receipt = (entry: StoredEntry, notification: Notification, view: Viewpoint): Communication => ({
  ...common(entry, notification.organisation, view),
  id: `${notification.subscription}.${notification.number}`,
  meta: { lastUpdated: notification.lastAttemptAt ?? notification.writtenAt, ...securityOf(entry.exercise) },
  status: statuses[notification.status],
  sent: notification.writtenAt,
  ...defined({
    statusReason: reasonOf(notification),
    received: notification.status === 'delivered' ? notification.completedAt : undefined,
    note: attemptsNote(notification),
  }),
});

type DeliveryOutcome = Exclude<keyof typeof deliveryOutcomes, 'not-delivered'>;

const adviceOf: Readonly<Record<DeliveryOutcome, string>> = {
  'no-subscription': 'The recipient has no subscription for this event. Phone the recipient.',
  'not-a-party':
    'The sender addressed the recipient, but the mission did not concern it then. Phone the recipient if it must know.',
};

/** The receipt of a recipient that was not notified by machine, with the reason. */
export const missingReceipt = (
  entry: StoredEntry,
  organisation: string,
  why: DeliveryOutcome,
  view: Viewpoint,
): Communication => ({
  ...common(entry, organisation, view),
  id: `${entryAddress(entry.mission, entry.number)}-${organisation}`.slice(0, 64),
  meta: { lastUpdated: entry.receivedAt, ...securityOf(entry.exercise) },
  status: 'not-done',
  statusReason: { coding: [{ system: systems.deliveryOutcome, code: why }], text: adviceOf[why] },
});
