import type { MissionLog } from '../mission/mission-log.ts';
import type { Directory } from '../mission/directory.ts';
import {
  type CircuitSettings,
  type CircuitPorts,
  isDelivered,
  isPermanent,
  waitSeconds,
  answerText,
} from './circuit-breaker.ts';
import type { Answer, DeliveryContexts } from './delivery-queue.ts';
import type { Subscription } from './subscription.ts';
import type { Attempt, Notification, Notifications } from './notifications.ts';

export interface DeliverPorts extends CircuitPorts {
  readonly missions: MissionLog;
  readonly contexts: DeliveryContexts;
  readonly notifications: Pick<Notifications, 'readAll' | 'record'>;
  readonly directory: Directory;
  readonly settings: DeliverySettings;
}

export interface DeliverySettings {
  /** The hub tries a notification for so long after it first turned to it, seconds. */
  readonly tryFor: number;
  /** Failed tries after which people are told that the party cannot be reached: they must know before the hub gives up. */
  readonly warnAfterAttempts: number;
  /** The same in seconds after it first turned to it, for endpoints that take long to fail. */
  readonly warnAfter: number;
  /** First wait, seconds; doubles with every try up to the longest. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Longest `Retry-After` that is obeyed, seconds. */
  readonly longestRetryAfter: number;
  readonly circuit: CircuitSettings;
}

/** Twelve minutes in all. SQS holds the mission's later notifications back for as long, which is what order asks for. */
export const deliverySettings: DeliverySettings = {
  tryFor: 720,
  warnAfterAttempts: 5,
  warnAfter: 30,
  firstWait: 1,
  longestWait: 60,
  longestRetryAfter: 300,
  // A partner that is back is told within about half a minute.
  circuit: { opensAfter: 5, firstWait: 2, longestWait: 30, longestRetryAfter: 300, patience: 10 },
};

/** What became of one turn: the endpoint's answer, or that the open circuit kept the hub from asking. */
export type AttemptResult =
  | { readonly answer: Answer }
  | {
      readonly error: string;
      /** Several calls in a row had no answer; a first handshake may fail by chance. */
      readonly isDead: boolean;
    };
export interface AttemptedDelivery {
  readonly turn: AttemptResult;
  readonly subscription: Subscription;
  /** Before that nothing is sent, ISO 8601: the circuit is open. */
  readonly heldUntil?: string;
}

export interface RetryDecision {
  readonly attempt: Attempt;
  /** Seconds to the next turn; absent: there is none. */
  readonly wait?: number;
  /** People are to be told that the party is not reached. */
  readonly warns: boolean;
}

/**
 * Since when it is tried: what waited behind a notification that was given up was tried as long as that, if it was there.
 * So the notifications of one mission to a dead endpoint are not given up one after another, each after its own time.
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

/** While the circuit is open the hub looks again after so long at the latest: who closes it does not wake those that wait. */
export const waitWhileOpen = (heldUntil: number, now: number, { random, settings }: DeliverPorts): number =>
  Math.max(1, Math.ceil(Math.min(settings.circuit.patience, (heldUntil - now) / 1000) + random()));
/** The sweeper looks after a retry that the queue has lost this long after it was due, milliseconds. */
export const lostAfterMilliseconds = 15000;
/** What is to be noted of a turn that began at `begun`, how long to wait for the next, and whether people must be told. */
export const decideRetry = (
  { turn, heldUntil }: AttemptedDelivery,
  notification: Notification,
  before: Notification | undefined,
  begun: number,
  ports: DeliverPorts,
): RetryDecision => {
  const { clock, random, settings } = ports;
  const { attempts, warned } = notification;
  const now = clock.now();
  const firstTriedAt = triedSince(notification, before, new Date(begun).toISOString());
  const since = Date.parse(firstTriedAt);
  const called = 'answer' in turn;
  const noted = {
    at: new Date(now).toISOString(),
    answer: called ? answerText(turn.answer) : `not called, the endpoint does not answer: ${turn.error}`,
    called,
    firstTriedAt,
  };
  if (called && isDelivered(turn.answer)) return { attempt: { ...noted, status: 'delivered' }, warns: false };
  if ((called && isPermanent(turn.answer)) || now - since >= settings.tryFor * 1000)
    return { attempt: { ...noted, status: 'failed' }, warns: false };
  const tries = called ? attempts + 1 : attempts;
  const held = heldUntil === undefined ? undefined : Date.parse(heldUntil);
  const wait =
    called && held === undefined
      ? waitSeconds(tries, turn.answer, settings, random)
      : waitWhileOpen(held ?? now, now, ports);
  // When the next call can have an answer, if it takes as long as this one did.
  const next = Math.max(now + wait * 1000, held ?? 0) + (now - begun);
  const isSlow = tries >= settings.warnAfterAttempts || next - since >= settings.warnAfter * 1000;
  const dueAt = new Date(now + wait * 1000 + lostAfterMilliseconds).toISOString();
  return {
    attempt: { ...noted, status: 'pending', dueAt },
    wait,
    warns: warned !== true && (isSlow || (!called && turn.isDead)),
  };
};
