import { defined } from '../../../schemas/defined.ts';
import type { Message } from '../../../schemas/reading/message.ts';
import { systems } from '../../../schemas/names.ts';
import { type Envelope, concept, made, moments, hospitalDetail } from './compose.ts';
import { parties } from './parties.ts';

/** Messages about the Task of a hospital. */

export const prearrivalNotification = ({
  mission,
  task,
  partOf,
  eta = '2026-02-01T13:00:00+01:00',
  ...envelope
}: Envelope & {
  readonly mission: string;
  /** The hub's id of the Task that is brought up to date. */
  readonly task?: string;
  /** The hub's id of the flight's Task. */
  readonly partOf?: string;
  readonly eta?: string;
}): Message =>
  made(
    {
      event: 'prearrival-notification',
      mission,
      focus: {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        ...defined({ id: task, partOf: partOf === undefined ? undefined : [{ reference: `Task/${partOf}` }] }),
        input: moments(systems.taskDetail, { eta }),
      },
    },
    { to: [parties.hospital.organisation], ...envelope },
  );

const prearrivalStatus = { accepted: 'accepted', diverted: 'rejected', 'cannot-receive': 'rejected' } as const;

export const prearrivalResponse = ({
  task,
  answer,
  reason = 'no-resource-available',
  divertedTo = parties.otherHospital.organisation,
  ...envelope
}: Envelope & {
  readonly task: string;
  readonly answer: keyof typeof prearrivalStatus;
  readonly reason?: string;
  readonly divertedTo?: string;
}): Message =>
  made(
    {
      event: 'prearrival-response',
      focus: {
        resourceType: 'Task',
        id: task,
        status: prearrivalStatus[answer],
        intent: 'order',
        businessStatus: concept(systems.prearrivalAnswer, answer),
        ...(answer === 'accepted'
          ? {}
          : { statusReason: concept(systems.refusalReason, reason, 'No operating theatre free') }),
        ...(answer === 'diverted'
          ? {
              output: [hospitalDetail('diverted-to', divertedTo)],
            }
          : {}),
      },
    },
    { by: 'Lise Lege', ...envelope },
  );

/** A pre-arrival notification taken back: the patient does not come, or comes to another hospital. */
export const prearrivalWithdrawal = ({
  mission,
  task,
  reason = 'weather',
  divertedTo,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly task: string;
  readonly reason?: string;
  readonly divertedTo?: string;
}): Message =>
  made(
    {
      event: 'prearrival-notification',
      mission,
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'cancelled',
        intent: 'order',
        statusReason: concept(systems.refusalReason, reason, 'Fog at the helipad'),
        ...(divertedTo === undefined ? {} : { output: [hospitalDetail('diverted-to', divertedTo)] }),
      },
    },
    envelope,
  );
