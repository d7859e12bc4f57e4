import type { Party } from '../../../core/mission/state.ts';
import type { Urgency } from '../../../schemas/codes.ts';
import { defined } from '../../../schemas/defined.ts';
import { entryAddress, missionIdOf } from '../../../schemas/identifiers.ts';
import type { Message } from '../../../schemas/reading/message.ts';
import { systems } from '../../../schemas/names.ts';
import { type Envelope, concept, made, type Place, somewhere, incidentIdentifier, placed } from './compose.ts';
import { parties } from './parties.ts';

/** Messages about a mission as a whole. */

/** The number of a mission that the message opened, given who sent it. */
export const missionOpenedBy = (message: Message, sender: Party = parties.amk): string =>
  missionIdOf(sender.organisation, message.id);

/** The hub's id of the Task that an entry of a mission opened. */
export const taskOpenedBy = (mission: string, entry: number): string => entryAddress(mission, entry);

export const missionRequest = ({
  urgency = 'stat',
  place = somewhere,
  criterion = 'time-to-definitive-care',
  municipality,
  incident,
  identifiers,
  ...envelope
}: Envelope & {
  readonly urgency?: Urgency;
  readonly place?: Place;
  readonly criterion?: string;
  /** The requester's own case numbers. */
  readonly identifiers?: readonly Readonly<Record<string, string>>[];
  /** Municipality number of the place. */
  readonly municipality?: string;
  /** Value of the incident's identifier. */
  readonly incident?: string;
} = {}): Message => {
  const { others, references } = placed(place, municipality);
  return made(
    {
      event: 'mission-request',
      focus: {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        priority: urgency,
        subject: { display: 'Unknown' },
        reasonCode: [concept(systems.missionCriterion, criterion)],
        locationReference: references,
        ...defined({
          requisition: incident === undefined ? undefined : incidentIdentifier(incident),
          identifier: identifiers,
        }),
      },
      others,
    },
    { to: [parties.la.organisation], ...envelope },
  );
};

export const missionUpdate = ({
  mission,
  urgency,
  place,
  municipality,
  criterion,
  incident,
  identifiers,
  describes = true,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly urgency?: Urgency;
  readonly place?: Place;
  /** Municipality number of the place. */
  readonly municipality?: string;
  readonly criterion?: string;
  /** Value of the incident's identifier. */
  readonly incident?: string;
  readonly identifiers?: readonly Readonly<Record<string, string>>[];
  /** Whether it carries a ServiceRequest, a new description of the mission. */
  readonly describes?: boolean;
}): Message => {
  const { others, references } = placed(place, municipality);
  const focus = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { display: 'Unknown' },
    ...defined({
      priority: urgency,
      locationReference: references,
      reasonCode: criterion === undefined ? undefined : [concept(systems.missionCriterion, criterion)],
      requisition: incident === undefined ? undefined : incidentIdentifier(incident),
      identifier: identifiers,
    }),
  };
  return made({ event: 'mission-update', mission, others, ...(describes ? { focus } : {}) }, envelope);
};

export const missionCancel = ({
  mission,
  reason = 'condition-improved',
  ...envelope
}: Envelope & { readonly mission: string; readonly reason?: string }): Message =>
  made(
    {
      event: 'mission-cancel',
      mission,
      focus: {
        resourceType: 'ServiceRequest',
        status: reason === 'entered-in-error' ? 'entered-in-error' : 'revoked',
        intent: 'order',
        subject: { display: 'Unknown' },
        reasonCode: [concept(systems.cancelReason, reason, 'In words')],
      },
    },
    envelope,
  );
