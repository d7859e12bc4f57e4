import {
  calledAs,
  complete,
  type DeliverPorts,
  type DeliveryAttempt,
  type DeliveryOutcome,
  letterOf,
  notCalled,
  pendingIn,
  recordAttempt,
} from './attempt.ts';
import { callQuickly, openCircuitOf } from './circuit-breaker.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { DeliveryJob, NotificationJob } from './delivery-queue.ts';
import { isSlow } from './endpoint-speed.ts';

/**
 * The quick lane: the first attempt of each notification. A job never waits in it, because it shares its group with other jobs of its
 * party. A call that is not answered within two seconds is cut off and made again in the slow lane, and so is every job that
 * needs another attempt.
 */

/** The first attempt, if the quick lane may make it. */
const firstAttempt = (
  job: NotificationJob,
  context: DeliveryContext,
  ports: DeliverPorts,
): (() => Promise<DeliveryAttempt | 'cut-off'>) | undefined => {
  const { subscription, notification, previous } = context;
  const isFirst = notification?.firstTriedAt === undefined && notification?.waiting === undefined;
  // An earlier notification of the mission is in the slow lane, or its job is lost: the slow lane delivers it first.
  if (subscription === undefined || !isFirst || previous?.status === 'pending') return undefined;
  // People are alerted at once that an endpoint is dead, however busy the slow lane is.
  const open = openCircuitOf(subscription, ports.clock.now());
  if (open !== undefined) return async () => notCalled(subscription, open, ports);
  if (subscription.status !== 'active' || subscription.failures > 0 || isSlow(subscription)) return undefined;
  return async () => {
    const called = await callQuickly(subscription, letterOf(subscription, pendingIn(job, context), ports), ports);
    return called === 'cut-off' ? called : calledAs(called);
  };
};

/** Runs a job of the quick lane. What is not complete after it is in the slow lane. */
export const deliverQuickly = async (job: DeliveryJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  const move = async (moved: DeliveryJob): Promise<DeliveryOutcome> => {
    await ports.lanes.slow.send([moved]);
    return complete;
  };
  if (job.kind !== 'notification') return move(job);
  const context = await ports.contexts.load(job);
  if (context.subscription === undefined || context.notification?.status !== 'pending') return complete;
  const makeAttempt = firstAttempt(job, context, ports);
  if (makeAttempt === undefined) return move(job);
  const startedAt = ports.clock.now();
  const attempt = await makeAttempt();
  if (attempt === 'cut-off') return move(job);
  const attempted = await recordAttempt(pendingIn(job, context), attempt, startedAt, ports);
  const { decision } = attempted;
  if (decision.outcome !== 'retry') return complete;
  return move({ ...job, notBefore: new Date(ports.clock.now() + decision.wait * 1000).toISOString() });
};
