import { type Backoff, backoffSeconds } from './backoff.ts';
import { type Answer, answerText, isDelivered, isPermanent } from './channel.ts';
import type { CircuitSettings } from './circuit-breaker.ts';
import type { Attempt, Notification } from './notifications.ts';

/** When the hub tries a notification again, when it alerts people, and when it gives up. Pure: no ports, no clock. */
export interface DeliverySettings extends Backoff {
  /** The hub gives up so many seconds after the first attempt. */
  readonly tryFor: number;
  /** People are alerted after so many failed attempts: they must know before the hub gives up. */
  readonly warnAfterAttempts: number;
  /** People are alerted so many seconds after the first attempt, for endpoints that take long to fail. */
  readonly warnAfter: number;
  readonly circuit: CircuitSettings;
}

/** Twelve minutes in all. SQS holds back later notifications of the mission for as long, to keep their order. */
export const deliverySettings: DeliverySettings = {
  tryFor: 720,
  warnAfterAttempts: 5,
  warnAfter: 30,
  firstWait: 1,
  longestWait: 60,
  longestRetryAfter: 300,
  // An endpoint that answers again is notified within about half a minute.
  circuit: { opensAfter: 5, firstWait: 2, longestWait: 30, longestRetryAfter: 300, patience: 10 },
};

/** Result of one attempt: the endpoint's answer, or that the open circuit prevented the call. */
export type AttemptResult =
  | { readonly answer: Answer }
  | {
      /** The endpoint's last error. */
      readonly error: string;
      /** Several consecutive calls had no answer; a first handshake may fail by chance. */
      readonly isDead: boolean;
    };

/** An attempt that has ended. Times are milliseconds. */
export interface EndedAttempt {
  readonly result: AttemptResult;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The circuit is open until then. */
  readonly openUntil?: number;
}

/** What follows from an attempt. `record` is to be stored. */
export type RetryDecision =
  | { readonly outcome: 'delivered' | 'given-up'; readonly record: Attempt }
  | {
      readonly outcome: 'retry';
      readonly record: Attempt;
      /** Seconds until the next attempt. */
      readonly wait: number;
      /** People are to be alerted that the party is not reached. */
      readonly warn: boolean;
    };

/**
 * When the first attempt was, ISO 8601. A notification that waited behind one that was given up counts as tried for as long,
 * but not from before it was written. So notifications of one mission to a dead endpoint are given up together, not one
 * after another, each after its own time.
 */
export const triedSince = (
  { firstTriedAt, writtenAt }: Notification,
  before: Notification | undefined,
  now: string,
): string => {
  if (firstTriedAt !== undefined) return firstTriedAt;
  if (before?.status !== 'failed' || before.firstTriedAt === undefined) return now;
  return before.firstTriedAt > writtenAt ? before.firstTriedAt : writtenAt;
};

/** Seconds. While the circuit is open the hub checks again after `patience` at the latest: no event reports that it has closed. */
const waitWhileOpen = (openFor: number, patience: number, jitter: number): number =>
  Math.max(1, Math.ceil(Math.min(patience, openFor / 1000) + jitter));

/** The sweeper sends a retry again this long after it was due, if the queue has lost it; milliseconds. */
const lostAfterMilliseconds = 15_000;

/** Decides after an attempt. `before`: the notification before it in its mission. `jitter`: 0 to 1. */
export const decideRetry = (
  notification: Notification,
  before: Notification | undefined,
  { result, startedAt, endedAt, openUntil }: EndedAttempt,
  { settings, jitter }: { readonly settings: DeliverySettings; readonly jitter: number },
): RetryDecision => {
  const called = 'answer' in result;
  const firstTriedAt = triedSince(notification, before, new Date(startedAt).toISOString());
  const since = Date.parse(firstTriedAt);
  const record = {
    at: new Date(endedAt).toISOString(),
    answer: called ? answerText(result.answer) : `not called, the endpoint does not answer: ${result.error}`,
    called,
    firstTriedAt,
  };
  if (called && isDelivered(result.answer)) return { outcome: 'delivered', record: { ...record, status: 'delivered' } };
  if ((called && isPermanent(result.answer)) || endedAt - since >= settings.tryFor * 1000)
    return { outcome: 'given-up', record: { ...record, status: 'failed' } };

  const failures = called ? notification.attempts + 1 : notification.attempts;
  const wait =
    called && openUntil === undefined
      ? backoffSeconds(settings, { failures, jitter }, result.answer)
      : waitWhileOpen((openUntil ?? endedAt) - endedAt, settings.circuit.patience, jitter);
  // When the next attempt can have an answer, if it takes as long as this one.
  const nextAnswerAt = Math.max(endedAt + wait * 1000, openUntil ?? 0) + (endedAt - startedAt);
  const isSlow = failures >= settings.warnAfterAttempts || nextAnswerAt - since >= settings.warnAfter * 1000;
  return {
    outcome: 'retry',
    record: {
      ...record,
      status: 'pending',
      dueAt: new Date(endedAt + wait * 1000 + lostAfterMilliseconds).toISOString(),
    },
    wait,
    warn: notification.warned !== true && (isSlow || (!called && result.isDead)),
  };
};
