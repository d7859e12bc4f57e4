import type { TaskKind, Urgency } from './codes.ts';

/** Seconds until a human must have acknowledged an ask, by urgency. Provisional figures of the project. */
export const acknowledgementSeconds: Readonly<Record<TaskKind, Readonly<Record<Urgency, number>>>> = {
  coordination: { stat: 60, urgent: 180, routine: 600 },
  resource: { stat: 60, urgent: 60, routine: 60 },
  prearrival: { stat: 120, urgent: 120, routine: 120 },
};
