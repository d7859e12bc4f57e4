import { defined } from '../../schemas/defined.ts';
import { alertIfLate, alertIn } from './alert-people.ts';
import {
  attemptDelivery,
  complete,
  type DeliverPorts,
  type DeliveryOutcome,
  notCalled,
  pendingIn,
  type PendingNotification,
  type RecordedAttempt,
  recordAttempt,
} from './attempt.ts';
import { inSlot, slotWait } from './call-slots.ts';
import { openCircuitOf, runEndpointJob } from './circuit-breaker.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { DeliveryJob, NotificationJob } from './delivery-queue.ts';
import { begunAt, isDue } from './due.ts';
import type { Notification } from './notifications.ts';
import type { Subscription } from './subscription.ts';

/**
 * The slow lane: retries, open circuits, handshakes and heartbeats, and calls to endpoints that are slow. An endpoint has as long for
 * its answer as it may take.
 */

/** Milliseconds after which the rest of a chain waits for the next run: a run must end before its function is ended. */
const longestRunMilliseconds = 8_000;

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
      organisation: job.organisation,
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

/** Seconds. So long the sweeper leaves a notification alone that was last seen to wait for a slot. */
const waitIsKnownFor = 120;

/** Milliseconds. The sweeper alerts people so long after it is time, if the slow lane has not taken the job up again by then. */
const lateAlertMilliseconds = 10_000;

/** Alerts people, if it is time, that a notification waits for a slot, and notes the wait. */
const waitForSlot = async (pending: PendingNotification, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  const { subscription, number, waiting } = pending.notification;
  const now = ports.clock.now();
  const at = new Date(now).toISOString();
  const since = waiting === undefined ? at : new Date(begunAt(waiting.since, now)).toISOString();
  const noted = { since, notedAt: at };
  const notification = { ...pending.notification, waiting: noted };
  const warned = await alertIfLate({ ...pending, notification }, ports);
  const warnIn = warned ? undefined : alertIn(notification, now, ports.settings);
  const isAlertPlanned = warnIn !== undefined && warnIn > 0;
  const isNoted = waiting !== undefined && now - begunAt(waiting.notedAt, now) < (waitIsKnownFor / 2) * 1000;
  if (warned || !isNoted) {
    const dueIn = isAlertPlanned ? warnIn + lateAlertMilliseconds : waitIsKnownFor * 1000;
    await ports.notifications.noteWait(subscription, number, {
      waiting: noted,
      dueAt: new Date(now + dueIn).toISOString(),
      warned,
    });
  }
  const wait = slotWait(since, now, ports.random());
  return { outcome: 'retry', seconds: isAlertPlanned ? Math.min(wait, Math.ceil(warnIn / 1000)) : wait };
};

/** Attempts one notification. Each call has a slot; an attempt that makes none, because the circuit is open, needs none. */
const attempt = async (
  subscription: Subscription,
  pending: PendingNotification,
  ports: DeliverPorts,
): Promise<RecordedAttempt | 'no-slot'> => {
  const startedAt = ports.clock.now();
  const open = openCircuitOf(subscription, startedAt);
  if (open !== undefined) return recordAttempt(pending, notCalled(subscription, open, ports), startedAt, ports);
  const attemptNow = async (): Promise<RecordedAttempt> =>
    recordAttempt(pending, await attemptDelivery(subscription, pending, ports), startedAt, ports);
  return subscription.status === 'off' ? attemptNow() : inSlot(subscription, ports, attemptNow);
};

/**
 * Delivers one notification, after the earlier ones that the subscription has pending in the same mission. The order comes from
 * storage, so it holds even if the queue has lost or reordered jobs.
 * A crash between answer and record delivers a notification twice, with the same `webhook-id`.
 */
const deliverNotification = async (job: NotificationJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  const startedAt = ports.clock.now();
  if (job.notBefore !== undefined && !isDue(job.notBefore, startedAt))
    return { outcome: 'retry', seconds: Math.ceil((Date.parse(job.notBefore) - startedAt) / 1000) };

  const context = await ports.contexts.load(job);
  if (context.subscription === undefined || context.notification?.status !== 'pending') return complete;

  let { subscription } = context;
  let previous: Notification | undefined;
  for (const pending of await pendingUpTo(job, context, ports)) {
    if (ports.clock.now() - startedAt > longestRunMilliseconds) return { outcome: 'retry', seconds: 1 };
    const next = { ...pending, ...defined({ previous }) };
    const attempted = await attempt(subscription, next, ports);
    if (attempted === 'no-slot') return waitForSlot(next, ports);
    const { decision } = attempted;
    if (decision.outcome === 'retry') return { outcome: 'retry', seconds: decision.wait };
    subscription = attempted.subscription;
    const { status, firstTriedAt, rejectedFor } = decision.record;
    previous = { ...pending.notification, status, firstTriedAt, ...defined({ rejectedFor }) };
  }
  return complete;
};

/** Runs a job of the slow lane: a notification, a handshake or a heartbeat. */
export const deliver = async (job: DeliveryJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  if (job.kind === 'notification') return deliverNotification(job, ports);
  const seconds = await runEndpointJob(job, ports);
  return seconds === undefined ? complete : { outcome: 'retry', seconds };
};
