import type { Message } from '../../../schemas/reading/message.ts';
import { systems } from '../../../schemas/names.ts';
import { type Envelope, concept, made, moments } from './compose.ts';

/** Messages after a flight. */

export const missionReport = ({
  task,
  phases = {},
  ...envelope
}: Envelope & { readonly task: string; readonly phases?: Readonly<Record<string, string>> }): Message =>
  made(
    {
      event: 'mission-report',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'completed',
        intent: 'order',
        output: moments(systems.flightPhase, phases),
      },
    },
    envelope,
  );

export const outcomeFeedback = ({
  task,
  assessment = 'appropriate',
  ...envelope
}: Envelope & { readonly task: string; readonly assessment?: string }): Message =>
  made(
    {
      event: 'outcome-feedback',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'completed',
        intent: 'order',
        businessStatus: concept(systems.outcomeAssessment, assessment),
      },
    },
    envelope,
  );
