import { defined } from '../../schemas/defined.ts';
import { type CallResult, callEndpoint, isDelivered, runEndpointJob, shakeHands } from './circuit-breaker.ts';
import { type Cause, unreachableMessage, writeHubMessage } from '../mission/hub-messages.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import type { DeliveryContext, DeliveryJob, NotificationJob } from './delivery-queue.ts';
import type { Subscription } from './subscription.ts';
import type { Attempt, Notification } from './notifications.ts';
import { type DeliverPorts, decideRetry, type AttemptedDelivery } from './retry-policy.ts';

/** `settled`: nothing more to do. `again`: the order comes back after that many seconds. */
export type DeliveryOutcome = { readonly outcome: 'settled' } | { readonly outcome: 'again'; readonly seconds: number };

const settled: DeliveryOutcome = { outcome: 'settled' };

/** A chain that takes longer goes on in the next run, milliseconds: a run must end before its function is ended. */
const longestRunMilliseconds = 8_000;

/** One notification of a mission, and everything that is needed to give it. */
interface PendingNotification {
  readonly notification: Notification;
  readonly previous?: Notification;
  readonly entry: StoredEntry;
  readonly request: StoredEntry;
  readonly announced?: StoredEntry;
}

const dueOf = (order: NotificationJob, found: DeliveryContext): PendingNotification => {
  const { notification, previous, entry, request, announced } = found;
  if (notification === undefined || entry === undefined) {
    throw new Error(`notification ${order.subscription}.${order.number} points to an entry that is not in the log`);
  }
  return { notification, entry, request: request ?? entry, ...defined({ previous, announced }) };
};

/** What is owed to this subscription in this mission up to the order, oldest first: order must hold however many were lost by the queue. */
const chainOf = async (
  order: NotificationJob,
  found: DeliveryContext,
  { contexts }: DeliverPorts,
): Promise<readonly PendingNotification[]> => {
  const chain = [dueOf(order, found)];
  let { previous } = found;
  while (previous?.status === 'pending') {
    const earlier: NotificationJob = {
      kind: 'notification',
      subscription: order.subscription,
      number: previous.number,
      mission: order.mission,
      entry: previous.entry,
      request: order.request,
      ...(previous.previous === undefined ? {} : { previous: previous.previous }),
    };
    const opened = await contexts.load(earlier);
    chain.unshift(dueOf(earlier, opened));
    previous = opened.previous;
  }
  return chain;
};

const bodyOf = (subscription: Subscription, due: PendingNotification, ports: DeliverPorts): string => {
  const { notification, entry, request, announced } = due;
  return ports.compose({
    kind: 'event-notification',
    subscription,
    role: ports.directory.partyOf(subscription.organisation)?.role ?? 'observer',
    events: [{ notification, entry, request, ...defined({ announced }) }],
  });
};

/** Takes one turn with an endpoint: a handshake first if it is not active, then the notification. */
const attemptDelivery = async (
  subscription: Subscription,
  due: PendingNotification,
  ports: DeliverPorts,
): Promise<AttemptedDelivery> => {
  if (subscription.status === 'off') return { turn: { answer: { failure: 'off' } }, subscription };
  let open = subscription;
  if (subscription.status !== 'active') {
    const handshaken = await shakeHands(subscription, ports);
    if ('open' in handshaken) {
      const isDead = subscription.failures >= ports.settings.circuit.opensAfter;
      return { turn: { error: subscription.error ?? 'none', isDead }, subscription, heldUntil: handshaken.retryAt };
    }
    if (!isDelivered(handshaken.answer)) return takenBy(handshaken);
    open = handshaken.subscription;
  }
  const name = `${open.id}.${due.notification.number}`;
  return takenBy(await callEndpoint(open, name, bodyOf(open, due, ports), due.entry.correlationId, ports));
};

const takenBy = ({ answer, subscription }: CallResult): AttemptedDelivery => ({
  turn: { answer },
  subscription,
  ...(subscription.status === 'error' ? defined({ heldUntil: subscription.retryAt }) : {}),
});

/** So long people are not told of a party that may yet be reached by another of its subscriptions, in multiples of `warnAfter`. */
const otherWayFactor = 2;

/** Whether another subscription of the party has the entry, or may have it in a moment. */
const otherWay = async (
  { notification, entry }: PendingNotification,
  ports: DeliverPorts,
): Promise<'reached' | 'open' | 'none'> => {
  const { organisation, subscription } = notification;
  const elsewhere = await ports.notifications.readAll(
    entry.notified.filter((one) => one.organisation === organisation && one.subscription !== subscription),
  );
  if (elsewhere.some(({ status }) => status === 'delivered')) return 'reached';
  for (const { status, subscription: id } of elsewhere) {
    const other = status === 'pending' ? await ports.subscriptions.read(id) : undefined;
    if (other?.status === 'active' || other?.status === 'requested') return 'open';
  }
  return 'none';
};

/**
 * Tells people that a party has not been reached, unless another of its subscriptions has the entry. The hub's message owes
 * its own notifications from now on, and the sweeper pays them: here only what cannot be lost is done.
 * `false`: another of its subscriptions is still being tried, and is waited for.
 */
const alertPeople = async (
  cause: Cause,
  due: PendingNotification,
  { at, firstTriedAt }: Attempt,
  ports: DeliverPorts,
): Promise<boolean> => {
  const { entry, notification } = due;
  const message = unreachableMessage(entry, notification.organisation, cause, ports.directory);
  if (message === undefined) return true;
  const other = await otherWay(due, ports);
  if (other === 'reached') return true;
  const patience = otherWayFactor * ports.settings.warnAfter * 1000;
  if (cause.code === 'endpoint-down' && other === 'open' && Date.parse(at) - Date.parse(firstTriedAt) < patience)
    return false;
  const { missions, directory, clock } = ports;
  await writeHubMessage(
    { missions, directory, now: () => clock.now() },
    message,
    defined({ correlationId: entry.correlationId, fanOutDueIn: 0 }),
  );
  return true;
};

/**
 * Delivers one notification, after any earlier one of the same mission that is still owed to the same subscription:
 * order comes from the log, so it holds even if the queue lost or shuffled its messages.
 * Delivering twice is possible (a crash between answer and receipt); `webhook-id` is the same then.
 */
const deliverNotification = async (order: NotificationJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  const found = await ports.contexts.load(order);
  if (found.subscription === undefined || found.notification?.status !== 'pending') return settled;

  const begun = ports.clock.now();
  let { subscription } = found;
  let before: Notification | undefined;
  for (const due of await chainOf(order, found, ports)) {
    const { notification } = due;
    const turned = ports.clock.now();
    if (turned - begun > longestRunMilliseconds) return { outcome: 'again', seconds: 1 };
    const taken = await attemptDelivery(subscription, due, ports);
    subscription = taken.subscription;
    const { attempt, wait, warns } = decideRetry(taken, notification, before ?? due.previous, turned, ports);
    // The record last: a crash in between tells people twice rather than never.
    const lastAnswer = attempt.answer;
    if (attempt.status === 'failed') await alertPeople({ code: 'gave-up', lastAnswer }, due, attempt, ports);
    const down: Cause = { code: 'endpoint-down', lastAnswer, ...defined({ outage: subscription.failingSince }) };
    const warned = warns && (await alertPeople(down, due, attempt, ports));
    await ports.notifications.record(subscription.id, notification.number, {
      ...attempt,
      ...(warned ? { warned } : {}),
    });
    if (wait !== undefined) return { outcome: 'again', seconds: wait };
    before = { ...notification, status: attempt.status, firstTriedAt: attempt.firstTriedAt };
  }
  return settled;
};

/** Carries out an order: a notification, or a sign that is owed to an endpoint. */
export const deliver = async (order: DeliveryJob, ports: DeliverPorts): Promise<DeliveryOutcome> => {
  if (order.kind === 'notification') return deliverNotification(order, ports);
  await runEndpointJob(order, ports);
  return settled;
};
