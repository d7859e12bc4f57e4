import { Unavailable } from '../mission/errors.ts';
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

/** Makes the first attempt. Returns the job that the slow lane runs; nothing if the notification is complete. */
const firstRun = async (job: NotificationJob, ports: DeliverPorts): Promise<NotificationJob | undefined> => {
  const context = await ports.contexts.load(job);
  if (context.subscription === undefined || context.notification?.status !== 'pending') return undefined;
  const makeAttempt = firstAttempt(job, context, ports);
  if (makeAttempt === undefined) return job;
  const startedAt = ports.clock.now();
  const attempt = await makeAttempt();
  if (attempt === 'cut-off') return job;
  const attempted = await recordAttempt(pendingIn(job, context), attempt, startedAt, ports);
  const { decision } = attempted;
  if (decision.outcome !== 'retry') return undefined;
  return { ...job, notBefore: new Date(ports.clock.now() + decision.wait * 1000).toISOString() };
};

/**
 * Receives of one job in the quick lane. A process that is lost leaves its job, and the group, hidden for a minute. Once is chance;
 * a job that is received more often may be what ends the process.
 */
const mostReceives = 2;

/** Runs the job, unless processes have been lost with it. Returns the job that the slow lane runs. */
const run = async (job: DeliveryJob, ports: DeliverPorts, receives: number): Promise<DeliveryJob | undefined> => {
  if (job.kind !== 'notification' || receives > mostReceives) return job;
  return firstRun(job, ports).catch((failure: unknown) => {
    if (failure instanceof Unavailable) throw failure;
    return job;
  });
};

/**
 * Runs a job of the quick lane. What is not complete after it is in the slow lane, also a job that fails inside the hub or ends its
 * process: here it would block the other missions of its group, there it blocks its own. If the storage cannot be reached, it stays:
 * no job can be run then. `receives`: how often the queue has handed the job out, this time included.
 */
export const deliverQuickly = async (
  job: DeliveryJob,
  ports: DeliverPorts,
  { receives }: { readonly receives: number } = { receives: 1 },
): Promise<DeliveryOutcome> => {
  const next = await run(job, ports, receives);
  if (next !== undefined) await ports.lanes.slow.send([next]);
  return complete;
};
