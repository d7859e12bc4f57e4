import type { CallResult } from '../../schemas/call-result.ts';
import { defined } from '../../schemas/defined.ts';
import { type Backoff, backoffSeconds } from './backoff.ts';
import { type Answer, isDelivered, isFinal, isRejected, resultOf } from './channel.ts';
import type { CircuitSettings } from './circuit-breaker.ts';
import { begunAt } from './due.ts';
import type { Attempt, Notification } from './notifications.ts';

/** When the hub tries a notification again, when it alerts people, and when it gives up. Pure: no ports, no clock. */
export interface DeliverySettings extends Backoff {
  /** The hub gives up so many seconds after the first attempt. */
  readonly tryFor: number;
  /** People are alerted after so many failed attempts: they must know before the hub gives up. */
  readonly warnAfterAttempts: number;
  /** People are alerted if a notification is pending for so many seconds, tried or not. */
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
  // A partner's bad minute: a release or a renewal of credentials.
  circuit: { opensAfter: 5, rejectedFor: 120, firstWait: 2, longestWait: 30, longestRetryAfter: 300, patience: 10 },
};

/** Result of one attempt: the endpoint's answer, or that the open circuit prevented the call. */
export type AttemptResult =
  | { readonly answer: Answer }
  | {
      /** What the endpoint's last call came to. */
      readonly lastResult: CallResult | undefined;
      /** Several consecutive calls had no answer; a first handshake may fail by chance. */
      readonly isDead: boolean;
      /** The endpoint has rejected its last calls. */
      readonly isRejecting: boolean;
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
  { firstTriedAt, writtenAt, waiting }: Notification,
  before: Notification | undefined,
  now: number,
): string => {
  const inherited =
    before?.status !== 'failed' || before.firstTriedAt === undefined
      ? now
      : Math.max(begunAt(before.firstTriedAt, now), begunAt(writtenAt, now));
  // A notification that waits for a slot is not tried.
  const waited = waiting === undefined ? 0 : now - begunAt(waiting.since, now);
  return new Date(firstTriedAt === undefined ? inherited : begunAt(firstTriedAt, now) + waited).toISOString();
};

/**
 * Seconds for which the notification has been tried again because the endpoint rejects every call. It is the sum of the waits, so no
 * clock that jumps makes it longer. A notification that waited behind one that was given up for this counts the time since it was
 * written.
 */
const rejectedBefore = (
  { rejectedFor, writtenAt }: Notification,
  before: Notification | undefined,
  now: number,
  most: number,
): number => {
  if (rejectedFor !== undefined) return rejectedFor;
  if (before?.status !== 'failed' || (before.rejectedFor ?? 0) < most) return 0;
  return Math.min(most, Math.floor((now - begunAt(writtenAt, now)) / 1000));
};

const callText = (result: AttemptResult): string => {
  if ('answer' in result) return resultOf(result.answer);
  const why = result.isRejecting ? 'the endpoint rejects calls' : 'the endpoint does not answer';
  return `not called, ${why}: ${result.lastResult ?? 'none'}`;
};

/** Seconds. While the circuit is open the hub checks again after `patience` at the latest: no event reports that it has closed. */
const waitWhileOpen = (openFor: number, patience: number, jitter: number): number =>
  Math.max(1, Math.ceil(Math.min(patience, openFor / 1000) + jitter));

/** The sweeper sends a retry again this long after it was due, if the queue has lost it; milliseconds. */
const lostAfterMilliseconds = 15_000;

/** Since when its party waits for a notification, milliseconds; tried or not. */
export const pendingSince = ({ redrivenAt, writtenAt }: Notification, now: number): number =>
  begunAt(redrivenAt ?? writtenAt, now);

/** Decides after an attempt. `before`: the notification before it in its mission. `jitter`: 0 to 1. */
export const decideRetry = (
  notification: Notification,
  before: Notification | undefined,
  { result, startedAt, endedAt, openUntil }: EndedAttempt,
  { settings, jitter }: { readonly settings: DeliverySettings; readonly jitter: number },
): RetryDecision => {
  const called = 'answer' in result;
  const firstTriedAt = triedSince(notification, before, startedAt);
  const since = Date.parse(firstTriedAt);
  const { rejectedFor: mostRejected, patience } = settings.circuit;
  const isRejection = called ? isRejected(result.answer) : result.isRejecting;
  const rejectedFor = isRejection ? rejectedBefore(notification, before, endedAt, mostRejected) : undefined;
  const record = {
    at: new Date(endedAt).toISOString(),
    answer: callText(result),
    called,
    firstTriedAt,
    ...defined({ rejectedFor }),
  };
  if (called && isDelivered(result.answer)) return { outcome: 'delivered', record: { ...record, status: 'delivered' } };
  // The last word has an answer of the endpoint: the next probe of an open circuit is at most `patience` away.
  const isRejectedForGood = rejectedFor !== undefined && rejectedFor >= mostRejected + (called ? 0 : patience);
  if ((called && isFinal(result.answer)) || isRejectedForGood || endedAt - since >= settings.tryFor * 1000)
    return { outcome: 'given-up', record: { ...record, status: 'failed' } };

  const failures = called ? notification.attempts + 1 : notification.attempts;
  const planned =
    called && openUntil === undefined
      ? backoffSeconds(settings, { failures, jitter }, isRejection ? {} : result.answer)
      : waitWhileOpen((openUntil ?? endedAt) - endedAt, patience, jitter);
  const wait =
    rejectedFor === undefined || rejectedFor >= mostRejected ? planned : Math.min(planned, mostRejected - rejectedFor);
  // When the next attempt can have an answer, if it takes as long as this one.
  const nextAnswerAt = Math.max(endedAt + wait * 1000, openUntil ?? 0) + (endedAt - startedAt);
  const isSlow =
    failures >= settings.warnAfterAttempts ||
    nextAnswerAt - pendingSince(notification, endedAt) >= settings.warnAfter * 1000;
  return {
    outcome: 'retry',
    record: {
      ...record,
      ...(rejectedFor === undefined ? {} : { rejectedFor: rejectedFor + wait }),
      status: 'pending',
      dueAt: new Date(endedAt + wait * 1000 + lostAfterMilliseconds).toISOString(),
    },
    wait,
    warn: notification.warned !== true && (isSlow || isRejection || (!called && result.isDead)),
  };
};
