import { defined } from '../../schemas/defined.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { NewerRelease } from '../../schemas/newer-release.ts';
import { overdueMessage, writeHubMessage } from '../mission/hub-messages.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import { deadlineOf, taskOf, type TaskState } from '../mission/state.ts';
import { alertIfLate, alertIn } from './alert-people.ts';
import type { DeliveryLanes } from './delivery-queue.ts';
import { begunAt } from './due.ts';
import { fanOut, type FanOutPorts, jobOf } from './fan-out.ts';
import type { Notification, Notifications } from './notifications.ts';
import type { Obligation, Obligations } from './obligations.ts';
import { deliverySettings } from './retry-policy.ts';
import type { Subscriptions } from './subscription.ts';
import { hasPassed } from './wrong-clocks.ts';

export interface SweepPorts extends FanOutPorts {
  readonly lanes: DeliveryLanes;
  readonly obligations: Obligations;
  readonly subscriptions: Pick<Subscriptions, 'read' | 'completeListing' | 'subscribers' | 'hindered'>;
  readonly notifications: FanOutPorts['notifications'] & Pick<Notifications, 'readAll' | 'noteWait'>;
}

export interface Swept {
  readonly completed: number;
  readonly failed: number;
  /** Notifications that have waited long without an attempt, although no earlier notification is before them. */
  readonly stalled: number;
  /** More was due than one pass takes. */
  readonly more: boolean;
}

/** Obligations of one pass. */
const batch = 100;

/** Obligations worked at the same time: a slow one delays no more than these. */
const sideBySide = 8;

/** An obligation that is pending after it was worked is worked again after this. */
const retryMilliseconds = 30_000;

/** Called when an obligation leaves something to do in a mission, with the correlation id of the request that it follows from. */
type Found = (correlationId: string | undefined) => void;

/** Correlation id of the entry that set the deadline of a Task. */
const correlationOf = async (
  last: StoredEntry,
  task: TaskState,
  { missions }: SweepPorts,
): Promise<string | undefined> => {
  const sets = ({ acknowledgeBy, facts }: StoredEntry): boolean =>
    task.status === 'on-hold' ? facts.until === task.until : acknowledgeBy === task.acknowledgeBy;
  // The newest entry set it: nothing more to read.
  if (last.number === task.changedBy && sets(last)) return last.correlationId;
  return (await missions.entries(last.mission, task.openedBy, task.changedBy)).findLast(sets)?.correlationId;
};

/** People are alerted once per deadline: the message's id follows from Task and deadline, so the log has it or not. */
const alertOverdue = async (mission: string, id: string, ports: SweepPorts, found: Found): Promise<void> => {
  const last = await ports.missions.last(mission);
  const task = last === undefined ? undefined : taskOf(last.state, id);
  const deadline = task === undefined ? undefined : deadlineOf(task);
  if (last === undefined || task === undefined || deadline === undefined || !hasPassed(deadline, task, ports.now()))
    return;
  const correlationId = await correlationOf(last, task, ports);
  found(correlationId);
  const written = await writeHubMessage(
    ports,
    overdueMessage(last.state, task, deadline, ports.directory),
    defined({ correlationId }),
  );
  if (written.outcome === 'accepted' && written.fanOutPending) await fanOut(ports, written.entry);
};

/** A notification without an attempt for so long waits for the hub, not for its endpoint. */
const stalledMilliseconds = 120_000;

/** The slow lane notes once a minute that a notification waits for a slot. */
const stalledWaitMilliseconds = 240_000;

const isStalled = async (notification: Notification, { notifications, now }: SweepPorts): Promise<boolean> => {
  const since = Date.parse(notification.redrivenAt ?? notification.writtenAt);
  if (notification.firstTriedAt !== undefined || now() - since < stalledMilliseconds) return false;
  // It waits for the endpoint: the slow lane has seen it.
  if (
    notification.waiting !== undefined &&
    now() - begunAt(notification.waiting.notedAt, now()) < stalledWaitMilliseconds
  )
    return false;
  const { subscription, previous } = notification;
  const before = previous === undefined ? undefined : await notifications.read(subscription, previous);
  return before?.status !== 'pending';
};

/**
 * The lanes alert people of what they try, or cannot try. If they do not take a job up, because all their workers are busy or none
 * runs, the sweeper does: it looks again when it is time.
 */
const alertOfDelay = async (
  obligation: Obligation,
  notification: Notification,
  entry: StoredEntry,
  ports: SweepPorts,
): Promise<void> => {
  const { missions, subscriptions, notifications, directory, now } = ports;
  const left = alertIn(notification, now(), deliverySettings);
  if (left !== undefined && left > 0 && left < retryMilliseconds)
    await ports.obligations.postpone(obligation, new Date(now() + left).toISOString());
  const alertPorts = { missions, subscriptions, notifications, directory, clock: { now }, settings: deliverySettings };
  if (!(await alertIfLate({ notification, entry }, alertPorts))) return;
  const dueAt = new Date(now() + retryMilliseconds).toISOString();
  await notifications.noteWait(notification.subscription, notification.number, { dueAt, warned: true });
};

/** Completes one obligation. One that is complete already is left as it is. */
const completeObligation = async (
  obligation: Obligation,
  ports: SweepPorts,
  found: Found,
): Promise<'completed' | 'stalled'> => {
  switch (obligation.kind) {
    case 'deadline':
      await alertOverdue(obligation.mission, obligation.task, ports, found);
      return 'completed';
    case 'fan-out': {
      const entry = await ports.missions.entry(obligation.mission, obligation.entry);
      if (entry?.fanOutPending === true) {
        found(entry.correlationId);
        await fanOut(ports, entry);
      }
      return 'completed';
    }
    case 'delivery': {
      const notification = await ports.notifications.read(obligation.subscription, obligation.number);
      if (notification?.status !== 'pending') return 'completed';
      const entry = await ports.missions.entry(notification.mission, notification.entry);
      if (entry !== undefined) {
        found(entry.correlationId);
        // One that was tried, or waits for a slot, has its job in the slow lane.
        const { firstTriedAt, waiting } = notification;
        const lane = firstTriedAt === undefined && waiting === undefined ? ports.lanes.quick : ports.lanes.slow;
        await lane.send([jobOf(notification, entry)]);
        await alertOfDelay(obligation, notification, entry, ports);
      }
      return (await isStalled(notification, ports)) ? 'stalled' : 'completed';
    }
    case 'contact': {
      const { subscription: id, due } = obligation;
      const subscription = await ports.subscriptions.read(id);
      if (subscription === undefined) return 'completed';
      // Creating, changing or ending it may have crashed before the list of its organisation was written.
      const isSettled = subscription.status === 'active' || subscription.status === 'error';
      if (!isSettled && !(await ports.subscriptions.completeListing(id))) return 'completed';
      const kind = subscription.status === 'active' ? 'heartbeat' : 'handshake';
      await ports.lanes.slow.send([{ kind, subscription: id, due }]);
      return 'completed';
    }
    case 'unknown':
      throw new NewerRelease('an obligation of a kind that this release does not know');
  }
};

/**
 * Works the obligations that are due, oldest first. One that fails stays due and delays no other.
 * `onFinished` is called for those that left something to do in a mission.
 */
export const sweep = async (
  ports: SweepPorts,
  timeLeft: () => number,
  onFailure: (obligation: Obligation, error: unknown, correlationId?: string) => void,
  onFinished: (obligation: Obligation, correlationId?: string) => void = () => {},
): Promise<Swept> => {
  const due = await ports.obligations.due(new Date(ports.now()).toISOString(), batch);
  const work = async (obligation: Obligation): Promise<'completed' | 'stalled' | 'failed'> => {
    let found: { readonly correlationId?: string } | undefined;
    try {
      // Postponed before it is worked: an obligation that cannot be completed, or on which the sweeper crashes, makes room for others.
      await ports.obligations.postpone(obligation, new Date(ports.now() + retryMilliseconds).toISOString());
      const result = await completeObligation(obligation, ports, (id) => (found = defined({ correlationId: id })));
      if (found !== undefined) onFinished(obligation, found.correlationId);
      return result;
    } catch (error) {
      onFailure(obligation, error, found?.correlationId);
      return 'failed';
    }
  };
  const results = await inBatches(due, sideBySide, work, () => timeLeft() >= 5_000);
  const failed = results.filter((result) => result === 'failed').length;
  return {
    completed: results.length - failed,
    failed,
    stalled: results.filter((result) => result === 'stalled').length,
    more: results.length < due.length || due.length === batch,
  };
};
