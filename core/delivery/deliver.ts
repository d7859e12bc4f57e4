import type { CallReport } from '../../schemas/call-result.ts';
import { defined } from '../../schemas/defined.ts';
import type { Directory } from '../mission/directory.ts';
import { type Cause, unreachableMessage, writeHubMessage } from '../mission/hub-messages.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import { isDelivered, resultOf } from './channel.ts';
import {
  callEndpoint,
  type CircuitPorts,
  type EndpointCall,
  runEndpointJob,
  sendHandshake,
} from './circuit-breaker.ts';
import type { DeliveryJob, NotificationJob } from './delivery-queue.ts';
import type { DeliveryContext, DeliveryContexts } from './delivery-context.ts';
import type { Notification, Notifications } from './notifications.ts';
import { type AttemptResult, decideRetry, type DeliverySettings, type RetryDecision } from './retry-policy.ts';
import type { FailedCall, Subscription } from './subscription.ts';

export interface DeliverPorts extends CircuitPorts {
  readonly missions: MissionLog;
  readonly contexts: DeliveryContexts;
  readonly notifications: Pick<Notifications, 'newest' | 'readAll' | 'record'>;
  readonly directory: Directory;
  readonly settings: DeliverySettings;
}

/** `complete`: the job is done. `retry`: the queue returns the job after so many seconds. */
export type DeliveryOutcome =
  | { readonly outcome: 'complete' }
  | { readonly outcome: 'retry'; readonly seconds: number };

const complete: DeliveryOutcome = { outcome: 'complete' };

/** Milliseconds after which the rest of a chain waits for the next run: a run must end before its function is ended. */
const longestRunMilliseconds = 8_000;

/** A notification that is to be delivered, and what its content is built from. */
interface PendingNotification {
  readonly notification: Notification;
  readonly previous?: Notification;
  readonly entry: StoredEntry;
  readonly sources: readonly StoredEntry[];
  readonly announced?: StoredEntry;
}

const pendingIn = (job: NotificationJob, context: DeliveryContext): PendingNotification => {
  const { notification, previous, entry, sources, announced } = context;
  if (notification === undefined || entry === undefined) {
    throw new Error(`The entry of notification ${job.subscription}.${job.number} is not in the mission log`);
  }
  return { notification, entry, sources, ...defined({ previous, announced }) };
};

/** What this subscription has pending in this mission up to the job, oldest first: the order must hold however many jobs the queue has lost. */
const pendingUpTo = async (
  job: NotificationJob,
  context: DeliveryContext,
  { contexts }: DeliverPorts,
): Promise<readonly PendingNotification[]> => {
  const chain = [pendingIn(job, context)];
  let { previous } = context;
  while (previous?.status === 'pending') {
    const earlier: NotificationJob = {
      kind: 'notification',
      subscription: job.subscription,
      number: previous.number,
      mission: job.mission,
      entry: previous.entry,
      sources: job.sources,
      ...defined({ previous: previous.previous }),
    };
    const loaded = await contexts.load(earlier);
    chain.unshift(pendingIn(earlier, loaded));
    previous = loaded.previous;
  }
  return chain;
};

const bodyOf = (subscription: Subscription, pending: PendingNotification, ports: DeliverPorts): string => {
  const { notification, entry, sources, announced } = pending;
  return ports.compose({
    kind: 'event-notification',
    subscription,
    role: ports.directory.partyOf(subscription.organisation)?.role ?? 'observer',
    events: [{ notification, entry, sources, ...defined({ announced }) }],
  });
};

/** The result of an attempt, and the subscription with the endpoint's health after it. */
interface DeliveryAttempt {
  readonly result: AttemptResult;
  readonly subscription: Subscription;
  /** The circuit is open until then, ISO 8601. */
  readonly openUntil?: string;
}

const calledAs = ({ answer, subscription }: EndpointCall): DeliveryAttempt => ({
  result: { answer },
  subscription,
  ...(subscription.status === 'error' ? defined({ openUntil: subscription.retryAt }) : {}),
});

/** Makes one attempt: a handshake first if the subscription is not active, then the notification. */
const attemptDelivery = async (
  subscription: Subscription,
  pending: PendingNotification,
  ports: DeliverPorts,
): Promise<DeliveryAttempt> => {
  if (subscription.status === 'off') return { result: { answer: { failure: 'off' } }, subscription };
  let active = subscription;
  if (subscription.status !== 'active') {
    const handshake = await sendHandshake(subscription, ports);
    if ('open' in handshake) {
      const isDead = subscription.failures >= ports.settings.circuit.opensAfter;
      const result = {
        lastResult: subscription.failedCall?.result,
        isDead,
        isRejecting: subscription.rejectedSince !== undefined,
      };
      return { result, subscription, openUntil: handshake.retryAt };
    }
    if (!isDelivered(handshake.answer)) return calledAs(handshake);
    active = handshake.subscription;
  }
  const webhookId = `${active.id}.${pending.notification.number}`;
  const { correlationId } = pending.entry;
  return calledAs(await callEndpoint(active, webhookId, bodyOf(active, pending, ports), correlationId, ports));
};

/** While another subscription of the party may still get the entry, people are alerted so many times later than `warnAfter`. */
const otherSubscriptionFactor = 2;

/** Whether another subscription of the party has got the entry, or may still get it. */
const otherSubscription = async (
  { notification, entry }: PendingNotification,
  ports: DeliverPorts,
): Promise<'delivered' | 'pending' | 'none'> => {
  const { organisation, subscription } = notification;
  const others = await ports.notifications.readAll(
    entry.notified.filter((one) => one.organisation === organisation && one.subscription !== subscription),
  );
  if (others.some(({ status }) => status === 'delivered')) return 'delivered';
  for (const { status, subscription: id } of others) {
    const other = status === 'pending' ? await ports.subscriptions.read(id) : undefined;
    if (other?.status === 'active' || other?.status === 'requested') return 'pending';
  }
  return 'none';
};

/**
 * Alerts people that a party has not been reached, unless another of its subscriptions has got the entry. The fan-out of the
 * hub's message is left to the sweeper: only the write must happen here.
 * `false`: no alert was written, because another subscription of the party is still being tried.
 */
const alertPeople = async (
  cause: Cause,
  pending: PendingNotification,
  { at, firstTriedAt }: RetryDecision['record'],
  ports: DeliverPorts,
): Promise<boolean> => {
  const { entry, notification } = pending;
  const message = unreachableMessage(entry, notification.organisation, cause, ports.directory);
  if (message === undefined) return true;
  const other = await otherSubscription(pending, ports);
  if (other === 'delivered') return true;
  const patience = otherSubscriptionFactor * ports.settings.warnAfter * 1000;
  if (cause.code === 'endpoint-down' && other === 'pending' && Date.parse(at) - Date.parse(firstTriedAt) < patience)
    return false;
  const { missions, directory, clock } = ports;
  await writeHubMessage(
    { missions, directory, now: () => clock.now() },
    message,
    defined({ correlationId: entry.correlationId, fanOutDueIn: 0 }),
  );
  return true;
};

const reportOf = (failed: FailedCall | undefined): CallReport | undefined =>
  failed === undefined ? undefined : { result: failed.result, at: failed.at };

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
  if (decision.outcome === 'given-up')
    await alertPeople({ code: 'gave-up', ...defined({ lastCall }) }, pending, record, ports);
  return (
    decision.outcome === 'retry' &&
    decision.warn &&
    (await alertPeople({ code: 'endpoint-down', ...defined({ lastCall, outage }) }, pending, record, ports))
  );
};

/** Attempts one notification, alerts people if it must, and records the attempt. */
const attemptAndRecord = async (
  subscription: Subscription,
  pending: PendingNotification,
  ports: DeliverPorts,
): Promise<{ readonly decision: RetryDecision; readonly subscription: Subscription }> => {
  const { clock, settings } = ports;
  const { notification, previous } = pending;
  const startedAt = clock.now();
  const attempt = await attemptDelivery(subscription, pending, ports);
  const ended = {
    result: attempt.result,
    startedAt,
    endedAt: clock.now(),
    ...(attempt.openUntil === undefined ? {} : { openUntil: Date.parse(attempt.openUntil) }),
  };
  const decision = decideRetry(notification, previous, ended, { settings, jitter: ports.random() });
  // The alert comes before the record: a crash in between alerts people twice rather than never.
  const warned = await alertIfDecided(decision, pending, attempt, ports);
  await ports.notifications.record(subscription.id, notification.number, {
    ...decision.record,
    ...(warned ? { warned } : {}),
  });
  return { decision, subscription: attempt.subscription };
};

/**
 * Delivers one notification, after the earlier ones that the subscription has pending in the same mission. The order comes from
 * storage, so it holds even if the queue has lost or reordered jobs.
 * A crash between answer and record delivers a notification twice, with the same `webhook-id`.
 */
const deliverNotification = async (job: NotificationJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  const context = await ports.contexts.load(job);
  if (context.subscription === undefined || context.notification?.status !== 'pending') return complete;

  const startedAt = ports.clock.now();
  let { subscription } = context;
  let previous: Notification | undefined;
  for (const pending of await pendingUpTo(job, context, ports)) {
    if (ports.clock.now() - startedAt > longestRunMilliseconds) return { outcome: 'retry', seconds: 1 };
    const attempted = await attemptAndRecord(subscription, { ...pending, ...defined({ previous }) }, ports);
    const { decision } = attempted;
    if (decision.outcome === 'retry') return { outcome: 'retry', seconds: decision.wait };
    subscription = attempted.subscription;
    const { status, firstTriedAt, rejectedFor } = decision.record;
    previous = { ...pending.notification, status, firstTriedAt, ...defined({ rejectedFor }) };
  }
  return complete;
};

/** Runs a job of the delivery queue: a notification, a handshake or a heartbeat. */
export const deliver = async (job: DeliveryJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  if (job.kind === 'notification') return deliverNotification(job, ports);
  await runEndpointJob(job, ports);
  return complete;
};
