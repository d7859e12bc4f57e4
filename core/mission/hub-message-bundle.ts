import { type UnreachedReason, unreachedReasons } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { digestOf, uuidOf } from '../../schemas/identifiers.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Facts } from '../../schemas/messages/message-type.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { canonicalBase, exerciseCode, systems } from '../../schemas/names.ts';
import type { Directory } from './directory.ts';
import { hub, type MissionState, type Party } from './state.ts';

/** The FHIR Bundle of a message that the hub writes itself: a CommunicationRequest to phone a party. */

/** Why a party was not reached, as a code and in words. */
export interface Reason {
  readonly code: UnreachedReason;
  readonly text: string;
}

/** What people are asked to phone about. */
export interface Alert {
  readonly event: 'acknowledgement-overdue' | 'delivery-failed' | 'party-unreachable';
  /** The names that, with event and mission, make the message's id. The same alert has the same id, so the log holds it once. */
  readonly identity: readonly string[];
  /** FHIR reference to the Task or Bundle concerned. */
  readonly reference: string;
  readonly facts: Facts;
  /** Organisation number of the party to phone. */
  readonly organisation: string;
  /** What has happened, without the phone number. */
  readonly text: string;
  readonly reason?: Reason;
  /** ISO 8601: when it should have happened. */
  readonly due?: string;
}

type AlertedMission = Pick<MissionState, 'mission' | 'exercise' | 'urgency'>;

const phoneMedium = {
  coding: [
    {
      system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationMode',
      code: 'PHONE',
      display: 'telephone',
    },
  ],
};

const reasonCodeOf = ({ reason }: Alert) =>
  reason === undefined
    ? undefined
    : [
        {
          coding: [{ system: systems.unreachedReason, code: reason.code, display: unreachedReasons[reason.code] }],
          text: reason.text,
        },
      ];

const bundleOf = (
  id: string,
  { mission, exercise, urgency }: AlertedMission,
  alert: Alert,
  party: Party | undefined,
): Readonly<Record<string, unknown>> => {
  const urn = (name: string): string => `urn:uuid:${uuidOf(name, id)}`;
  const name = party?.name ?? alert.organisation;
  const number = party?.phone ?? 'the directory has no number';
  const event = { system: systems.event, code: alert.event, display: knownMessageType(alert.event).title };
  const security = exercise ? [{ system: systems.actReason, code: exerciseCode }] : undefined;
  return {
    resourceType: 'Bundle',
    id: uuidOf('Bundle', id),
    ...(security === undefined ? {} : { meta: { security } }),
    type: 'message',
    entry: [
      {
        fullUrl: `urn:uuid:${id}`,
        resource: {
          resourceType: 'MessageHeader',
          id,
          eventCoding: event,
          source: { name: hub.name, endpoint: `${canonicalBase}/$process-message` },
          focus: [
            { reference: urn('CommunicationRequest'), type: 'CommunicationRequest' },
            { type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } },
          ],
        },
      },
      {
        fullUrl: urn('CommunicationRequest'),
        resource: {
          resourceType: 'CommunicationRequest',
          status: 'active',
          category: [{ coding: [event] }],
          priority: urgency,
          medium: [phoneMedium],
          about: [
            { reference: `ServiceRequest/${mission}`, type: 'ServiceRequest' },
            { reference: alert.reference, type: alert.reference.split('/')[0] },
          ],
          payload: [{ contentString: `${exercise ? 'EXERCISE. ' : ''}${alert.text} Phone ${name}: ${number}.` }],
          ...defined({ occurrenceDateTime: alert.due, reasonCode: reasonCodeOf(alert) }),
          recipient: [{ reference: urn('Organization'), type: 'Organization', display: name }],
        },
      },
      {
        fullUrl: urn('Organization'),
        resource: {
          resourceType: 'Organization',
          id: alert.organisation,
          identifier: [{ system: systems.organisationNumber, value: alert.organisation }],
          name,
          ...(party?.phone === undefined ? {} : { telecom: [{ system: 'phone', value: party.phone }] }),
        },
      },
    ],
  };
};

/** An alert as a message, in the form in which the hub reads those of partners. */
export const hubMessage = (state: AlertedMission, alert: Alert, directory: Directory): Message => {
  const { mission, exercise } = state;
  const id = uuidOf(alert.event, mission, ...alert.identity);
  return {
    outcome: 'read',
    type: knownMessageType(alert.event),
    id,
    bundleId: uuidOf('Bundle', id),
    mission,
    destinations: [],
    claims: [],
    asked: [],
    contacts: [],
    warnings: [],
    exercise,
    facts: alert.facts,
    focusIndex: 1,
    text: JSON.stringify(bundleOf(id, state, alert, directory.partyOf(alert.organisation))),
    // Phone numbers in the directory may change between two attempts: it is still the same message.
    digest: digestOf(id),
  };
};
