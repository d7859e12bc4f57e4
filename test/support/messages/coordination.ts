import type { Message } from '../../../schemas/reading/message.ts';
import { systems } from '../../../schemas/names.ts';
import { type Envelope, concept, made } from './compose.ts';
import { parties } from './parties.ts';

/** Messages about the coordination Task. */

export const acknowledgement = ({ task, ...envelope }: Envelope & { readonly task: string }): Message =>
  made(
    { event: 'acknowledgement', focus: { resourceType: 'Task', id: task, status: 'received', intent: 'order' } },
    envelope,
  );

const decisionStatus = {
  accepted: 'accepted',
  'partially-accepted': 'accepted',
  deferred: 'on-hold',
  rejected: 'rejected',
} as const;

export const missionDecision = ({
  task,
  answer,
  reason = 'weather',
  until = '2026-02-01T14:00:00+01:00',
  criterion,
  ...envelope
}: Envelope & {
  readonly task: string;
  readonly answer: keyof typeof decisionStatus;
  readonly reason?: string;
  /** The criterion it was judged on. */
  readonly criterion?: string;
  readonly until?: string;
}): Message =>
  made(
    {
      event: 'mission-decision',
      focus: {
        resourceType: 'Task',
        id: task,
        status: decisionStatus[answer],
        intent: 'order',
        businessStatus: concept(systems.missionDecision, answer),
        ...(answer === 'accepted' ? {} : { statusReason: concept(systems.refusalReason, reason, 'Fog at the scene') }),
        ...(answer === 'deferred' ? { restriction: { period: { end: until } } } : {}),
        ...(criterion === undefined ? {} : { reasonCode: concept(systems.missionCriterion, criterion) }),
      },
    },
    { by: 'Kari Koordinator', ...envelope },
  );

export const medicalAssessment = ({
  mission,
  ground,
  ...envelope
}: Envelope & { readonly mission: string; readonly ground: string }): Message =>
  made(
    {
      event: 'medical-assessment',
      mission,
      focus: {
        resourceType: 'ClinicalImpression',
        status: 'completed',
        subject: { display: 'Unknown' },
        finding: [{ itemCodeableConcept: concept(systems.medicalGround, ground) }],
        summary: 'Stable, can go by road',
      },
    },
    { by: 'Frida Flylege', as: 'Air-ambulance physician', ...envelope },
  );

export const reviewRequest = ({
  task,
  words = 'The road is closed',
  ...envelope
}: Envelope & { readonly task: string; readonly words?: string }): Message =>
  made(
    {
      event: 'review-request',
      focus: { resourceType: 'Task', id: task, status: 'requested', intent: 'order', description: words },
    },
    envelope,
  );

export const missionForward = ({
  task,
  reason = 'place-in-other-region',
  ...envelope
}: Envelope & { readonly task: string; readonly reason?: string }): Message =>
  made(
    {
      event: 'mission-forward',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'cancelled',
        intent: 'order',
        statusReason: concept(systems.forwardReason, reason, 'In words'),
      },
    },
    { to: [parties.otherLa.organisation], ...envelope },
  );
