import { defined } from '../../../schemas/defined.ts';
import type { Message } from '../../../schemas/reading/message.ts';
import { systems } from '../../../schemas/names.ts';
import { type Envelope, concept, made, type Place, placed, moments, callSign, hospitalDetail } from './compose.ts';
import { parties } from './parties.ts';

/** Messages about resources and their flights. */

export const resourceRequest = ({
  mission,
  kind = 'helicopter',
  resource,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly kind?: string;
  /** Call sign. */
  readonly resource?: string;
}): Message =>
  made(
    {
      event: 'resource-request',
      mission,
      focus: {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        code: concept(systems.resourceKind, kind),
        ...(resource === undefined ? {} : { input: [callSign(resource)] }),
      },
    },
    { to: [parties.operator.organisation], ...envelope },
  );

const responseStatus = { accepted: 'accepted', declined: 'rejected', withdrawn: 'failed', aborted: 'failed' } as const;

export const resourceResponse = ({
  task,
  answer,
  reason = 'weather',
  eta = '2026-02-01T12:30:00+01:00',
  resource,
  ...envelope
}: Envelope & {
  readonly task: string;
  /** Call sign. */
  readonly resource?: string;
  readonly answer: keyof typeof responseStatus;
  readonly reason?: string;
  readonly eta?: string;
}): Message =>
  made(
    {
      event: 'resource-response',
      focus: {
        resourceType: 'Task',
        id: task,
        status: responseStatus[answer],
        intent: 'order',
        businessStatus: concept(systems.resourceAnswer, answer),
        ...(answer === 'accepted'
          ? {
              output: [
                ...moments(systems.taskDetail, { eta }),
                ...(resource === undefined ? [] : [callSign(resource)]),
              ],
            }
          : { statusReason: concept(systems.refusalReason, reason, 'Icing on the route') }),
      },
    },
    { by: 'Per Pilot', ...envelope },
  );

export const resourceStatus = ({
  task,
  phases = {},
  eta,
  place,
  handedOverTo,
  status = 'in-progress',
  statedPhase,
  ...envelope
}: Envelope & {
  readonly task: string;
  /** Flight phase → when it was seen. */
  readonly phases?: Readonly<Record<string, string>>;
  readonly eta?: string;
  readonly place?: Place;
  /** Organisation number of the hospital that has the patient. */
  readonly handedOverTo?: string;
  /** A phase in `Task.businessStatus`. */
  readonly statedPhase?: string;
  /** `Task.status`. */
  readonly status?: string;
}): Message => {
  const { others, references } = placed(place);
  return made(
    {
      event: 'resource-status',
      focus: {
        resourceType: 'Task',
        id: task,
        status,
        intent: 'order',
        ...defined({
          location: references?.[0],
          businessStatus: statedPhase === undefined ? undefined : concept(systems.flightPhase, statedPhase),
        }),
        output: [
          ...moments(systems.flightPhase, phases),
          ...(eta === undefined ? [] : moments(systems.taskDetail, { eta })),
          ...(handedOverTo === undefined ? [] : [hospitalDetail('handed-over-to', handedOverTo)]),
        ],
      },
      others,
    },
    envelope,
  );
};

/** What an operator says of a resource that is in no mission; `at` is when it says so. */
export const resourceAvailability = ({
  resource = 'LA-01',
  kind = 'helicopter',
  availability = 'free',
  place,
  ...envelope
}: Envelope & {
  readonly resource?: string;
  readonly place?: Place;
  readonly kind?: string;
  readonly availability?: string;
} = {}): Message =>
  made(
    {
      event: 'resource-status',
      focus: {
        resourceType: 'Location',
        identifier: [{ system: systems.resource, value: resource }],
        type: [concept(systems.resourceKind, kind)],
        operationalStatus: { system: systems.resourceAvailability, code: availability },
        ...defined({ position: place === undefined ? undefined : { latitude: place[0], longitude: place[1] } }),
      },
    },
    envelope,
  );

/** A resource that is stood down: it is not needed any more. */
export const resourceWithdrawal = ({
  mission,
  task,
  reason = 'other-resource-better',
  ...envelope
}: Envelope & { readonly mission: string; readonly task: string; readonly reason?: string }): Message =>
  made(
    {
      event: 'resource-request',
      mission,
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'cancelled',
        intent: 'order',
        statusReason: concept(systems.refusalReason, reason, 'The other helicopter is there'),
      },
    },
    envelope,
  );
