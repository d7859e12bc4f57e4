import { defined } from '../../schemas/defined.ts';
import type { Directory } from '../mission/directory.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import { alertPeople, reportOf } from './alert-people.ts';
import { isDelivered, resultOf } from './channel.ts';
import {
  callEndpoint,
  type CircuitPorts,
  type EndpointCall,
  type OpenCircuit,
  sendHandshake,
} from './circuit-breaker.ts';
import type { DeliveryLanes, NotificationJob } from './delivery-queue.ts';
import type { DeliveryContext, DeliveryContexts } from './delivery-context.ts';
import type { Notification, Notifications } from './notifications.ts';
import { type AttemptResult, decideRetry, type DeliverySettings, type RetryDecision } from './retry-policy.ts';
import type { Subscription } from './subscription.ts';

/** One attempt to deliver one notification: the call, the alerts to people, and the record of it. */

export interface DeliverPorts extends CircuitPorts {
  readonly missions: MissionLog;
  readonly contexts: DeliveryContexts;
  readonly notifications: Pick<Notifications, 'newest' | 'readAll' | 'record' | 'noteWait'>;
  readonly directory: Directory;
  readonly settings: DeliverySettings;
  readonly lanes: Pick<DeliveryLanes, 'slow'>;
}

/** `complete`: the job is done. `retry`: the queue returns the job after so many seconds. */
export type DeliveryOutcome =
  | { readonly outcome: 'complete' }
  | { readonly outcome: 'retry'; readonly seconds: number };

export const complete: DeliveryOutcome = { outcome: 'complete' };

/** A notification that is to be delivered, and what its content is built from. */
export interface PendingNotification {
  readonly notification: Notification;
  readonly previous?: Notification;
  readonly entry: StoredEntry;
  readonly sources: readonly StoredEntry[];
  readonly announced?: StoredEntry;
}

export const pendingIn = (job: NotificationJob, context: DeliveryContext): PendingNotification => {
  const { notification, previous, entry, sources, announced } = context;
  if (notification === undefined || entry === undefined) {
    throw new Error(`The entry of notification ${job.subscription}.${job.number} is not in the mission log`);
  }
  return { notification, entry, sources, ...defined({ previous, announced }) };
};

/** What is posted to the subscription. */
export const letterOf = (subscription: Subscription, pending: PendingNotification, ports: DeliverPorts) => {
  const { notification, entry, sources, announced } = pending;
  return {
    webhookId: `${subscription.id}.${notification.number}`,
    body: ports.compose({
      kind: 'event-notification',
      subscription,
      role: ports.directory.partyOf(subscription.organisation)?.role ?? 'observer',
      events: [{ notification, entry, sources, ...defined({ announced }) }],
    }),
    ...defined({ correlationId: entry.correlationId }),
  };
};

/** The result of an attempt, and the subscription with the endpoint's health after it. */
export interface DeliveryAttempt {
  readonly result: AttemptResult;
  readonly subscription: Subscription;
  /** The circuit is open until then, ISO 8601. */
  readonly openUntil?: string;
}

export const calledAs = ({ answer, subscription }: EndpointCall): DeliveryAttempt => ({
  result: { answer },
  subscription,
  ...(subscription.status === 'error' ? defined({ openUntil: subscription.retryAt }) : {}),
});

/** No call is made: the circuit is open. */
export const notCalled = (
  subscription: Subscription,
  { retryAt }: OpenCircuit,
  { settings }: DeliverPorts,
): DeliveryAttempt => ({
  result: {
    lastResult: subscription.failedCall?.result,
    isDead: subscription.failures >= settings.circuit.opensAfter,
    isRejecting: subscription.rejectedSince !== undefined,
  },
  subscription,
  openUntil: retryAt,
});

/** Makes one attempt: a handshake first if the subscription is not active, then the notification. */
export const attemptDelivery = async (
  subscription: Subscription,
  pending: PendingNotification,
  ports: DeliverPorts,
): Promise<DeliveryAttempt> => {
  if (subscription.status === 'off') return { result: { answer: { failure: 'off' } }, subscription };
  let active = subscription;
  if (subscription.status !== 'active') {
    const handshake = await sendHandshake(subscription, ports);
    if ('open' in handshake) return notCalled(subscription, handshake, ports);
    if (!isDelivered(handshake.answer)) return calledAs(handshake);
    active = handshake.subscription;
  }
  return calledAs(await callEndpoint(active, letterOf(active, pending, ports), ports));
};

/** Alerts people if the decision asks for it; whether they have been alerted that the party is not reached now. */
const alertIfDecided = async (
  decision: RetryDecision,
  pending: PendingNotification,
  { result, subscription }: DeliveryAttempt,
  ports: DeliverPorts,
): Promise<boolean> => {
  const { record } = decision;
  const lastCall =
    'answer' in result ? { result: resultOf(result.answer), at: record.at } : reportOf(subscription.failedCall);
  const outage = subscription.failingSince;
  if (decision.outcome === 'given-up') await alertPeople({ code: 'gave-up', ...defined({ lastCall }) }, pending, ports);
  return (
    decision.outcome === 'retry' &&
    decision.warn &&
    (await alertPeople({ code: 'endpoint-down', ...defined({ lastCall, outage }) }, pending, ports))
  );
};

export interface RecordedAttempt {
  readonly decision: RetryDecision;
  readonly subscription: Subscription;
}

/** Decides what follows from an attempt, alerts people if it must, and records the attempt. `startedAt`: milliseconds. */
export const recordAttempt = async (
  pending: PendingNotification,
  attempt: DeliveryAttempt,
  startedAt: number,
  ports: DeliverPorts,
): Promise<RecordedAttempt> => {
  const { clock, settings } = ports;
  const { notification, previous } = pending;
  const ended = {
    result: attempt.result,
    startedAt,
    endedAt: clock.now(),
    ...(attempt.openUntil === undefined ? {} : { openUntil: Date.parse(attempt.openUntil) }),
  };
  const decision = decideRetry(notification, previous, ended, { settings, jitter: ports.random() });
  // The alert comes before the record: a crash in between alerts people twice rather than never.
  const warned = await alertIfDecided(decision, pending, attempt, ports);
  await ports.notifications.record(notification.subscription, notification.number, {
    ...decision.record,
    ...(warned ? { warned } : {}),
  });
  return { decision, subscription: attempt.subscription };
};
