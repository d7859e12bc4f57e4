import type { CallReport } from '../../schemas/call-result.ts';
import { defined } from '../../schemas/defined.ts';
import type { Clock } from '../mission/clock.ts';
import type { Directory } from '../mission/directory.ts';
import { type Cause, unreachableMessage, writeHubMessage } from '../mission/hub-messages.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import type { Notification, Notifications } from './notifications.ts';
import { type DeliverySettings, pendingSince } from './retry-policy.ts';
import type { FailedCall, Subscription, Subscriptions } from './subscription.ts';

/** The alerts to people that a party has not been reached. */

export interface AlertPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<Subscriptions, 'read'>;
  readonly notifications: Pick<Notifications, 'readAll'>;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly settings: Pick<DeliverySettings, 'warnAfter'>;
}

/** A notification that its party does not have, and the entry that it is about. */
interface Missed {
  readonly notification: Notification;
  readonly entry: StoredEntry;
}

/** While another subscription of the party may still get the entry, people are alerted so many times later than `warnAfter`. */
const otherSubscriptionFactor = 2;

/** Whether another subscription of the party has got the entry, or may still get it. */
const otherSubscription = async (
  { notification, entry }: Missed,
  ports: AlertPorts,
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
export const alertPeople = async (cause: Cause, missed: Missed, ports: AlertPorts): Promise<boolean> => {
  const { entry, notification } = missed;
  const now = ports.clock.now();
  const message = unreachableMessage(entry, notification.organisation, cause, ports.directory);
  if (message === undefined) return true;
  const other = await otherSubscription(missed, ports);
  if (other === 'delivered') return true;
  const patience = otherSubscriptionFactor * ports.settings.warnAfter * 1000;
  if (cause.code !== 'gave-up' && other === 'pending' && now - pendingSince(notification, now) < patience) return false;
  const { missions, directory, clock } = ports;
  await writeHubMessage(
    { missions, directory, now: () => clock.now() },
    message,
    defined({ correlationId: entry.correlationId, fanOutDueIn: 0 }),
  );
  return true;
};

export const reportOf = (failed: FailedCall | undefined): CallReport | undefined =>
  failed === undefined ? undefined : { result: failed.result, at: failed.at };

/** Milliseconds until people are to be alerted of a pending notification, at most 0 if it is time; nothing if they have been. */
export const alertIn = (notification: Notification, now: number, { warnAfter }: AlertPorts['settings']) =>
  notification.warned === true ? undefined : pendingSince(notification, now) + warnAfter * 1000 - now;

const causeOf = ({ waiting, firstTriedAt }: Notification, subscription: Subscription | undefined): Cause => {
  if (waiting !== undefined) return { code: 'answers-slowly' };
  if (firstTriedAt === undefined) return { code: 'not-called' };
  const { failedCall, failingSince: outage } = subscription ?? {};
  return { code: 'endpoint-down', ...defined({ lastCall: reportOf(failedCall), outage }) };
};

/**
 * Alerts people of a notification that has been pending for too long, whether or not it was tried. `false`: it is not time, they have
 * been alerted before, or another subscription of the party is still being tried.
 */
export const alertIfLate = async (missed: Missed, ports: AlertPorts): Promise<boolean> => {
  const { notification } = missed;
  const now = ports.clock.now();
  const left = alertIn(notification, now, ports.settings);
  if (left === undefined || left > 0) return false;
  const isTried = notification.firstTriedAt !== undefined && notification.waiting === undefined;
  const subscription = isTried ? await ports.subscriptions.read(notification.subscription) : undefined;
  return alertPeople(causeOf(notification, subscription), missed, ports);
};
