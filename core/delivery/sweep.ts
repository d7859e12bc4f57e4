import { defined } from '../../schemas/defined.ts';
import { NewerRelease } from '../../schemas/newer-release.ts';
import { fanOut, type FanOutPorts, jobOf } from './fan-out.ts';
import { overdueMessage, writeHubMessage } from '../mission/hub-messages.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import type { Obligation, Obligations } from './obligations.ts';
import type { Notification, Notifications } from './notifications.ts';
import type { Subscriptions } from './subscription.ts';
import { deadlineOf, taskOf, type TaskState } from '../mission/state.ts';

export interface SweepPorts extends FanOutPorts {
  readonly obligations: Obligations;
  readonly subscriptions: Pick<Subscriptions, 'read' | 'subscribers'>;
  readonly notifications: Pick<Notifications, 'read' | 'write'>;
}

export interface Swept {
  readonly paid: number;
  readonly failed: number;
  /** Notifications that have waited for long and were not even tried, though nothing is before them. */
  readonly stalled: number;
  /** More was due than one pass takes. */
  readonly more: boolean;
}

/** Obligations of one pass. */
const batch = 100;

/** Obligations worked at the same time: one that is slow holds up no more than these. */
const sideBySide = 8;

/** An obligation that was worked and is still owed has its next turn after this. */
const retryMilliseconds = 30_000;

/** Told when there is something to do for a mission, and of which request it is a consequence. */
type Found = (correlationId: string | undefined) => void;

/** Of the entry that set the deadline which a Task waits for. */
const correlationOf = async (
  last: StoredEntry,
  task: TaskState,
  { missions }: SweepPorts,
): Promise<string | undefined> => {
  const sets = ({ acknowledgeBy, facts }: StoredEntry): boolean =>
    task.status === 'on-hold' ? facts.until === task.until : acknowledgeBy === task.acknowledgeBy;
  // Nothing was said since: it need not be read again.
  if (last.number === task.changedBy && sets(last)) return last.correlationId;
  return (await missions.entries(last.mission, task.openedBy, task.changedBy)).findLast(sets)?.correlationId;
};

/** A deadline that has passed is told once: the message's id follows from Task and deadline, and the log has it or not. */
const alertOverdue = async (mission: string, id: string, ports: SweepPorts, found: Found): Promise<void> => {
  const last = await ports.missions.last(mission);
  const task = last === undefined ? undefined : taskOf(last.state, id);
  const deadline = task === undefined ? undefined : deadlineOf(task);
  if (last === undefined || task === undefined || deadline === undefined || Date.parse(deadline) > ports.now()) return;
  const correlationId = await correlationOf(last, task, ports);
  found(correlationId);
  const asOf = ports.now();
  const said = await writeHubMessage(
    ports,
    overdueMessage(last.state, task, deadline, ports.directory),
    defined({ correlationId }),
  );
  if (said.outcome === 'accepted' && said.fanOutPending) await fanOut(ports, said.entry, true, asOf);
};

/** A notification that was not tried for so long waits for the hub, not for its endpoint. */
const stalledMilliseconds = 120_000;

const isStalled = async (notification: Notification, { notifications, now }: SweepPorts): Promise<boolean> => {
  const since = Date.parse(notification.redrivenAt ?? notification.writtenAt);
  if (notification.firstTriedAt !== undefined || now() - since < stalledMilliseconds) return false;
  const { subscription, previous } = notification;
  const before = previous === undefined ? undefined : await notifications.read(subscription, previous);
  return before?.status !== 'pending';
};

/** Pays one obligation; paying what is paid already changes nothing. */
const completeObligation = async (
  obligation: Obligation,
  ports: SweepPorts,
  found: Found,
): Promise<'paid' | 'stalled'> => {
  switch (obligation.kind) {
    case 'deadline':
      await alertOverdue(obligation.mission, obligation.task, ports, found);
      return 'paid';
    case 'fan-out': {
      const asOf = ports.now();
      const entry = await ports.missions.entry(obligation.mission, obligation.entry);
      if (entry?.fanOutPending === true) {
        found(entry.correlationId);
        await fanOut(ports, entry, true, asOf);
      }
      return 'paid';
    }
    case 'delivery': {
      const notification = await ports.notifications.read(obligation.subscription, obligation.number);
      if (notification?.status !== 'pending') return 'paid';
      const entry = await ports.missions.entry(notification.mission, notification.entry);
      if (entry !== undefined) {
        found(entry.correlationId);
        await ports.queue.send([
          jobOf(notification.subscription, notification.number, notification.previous, entry, notification.redrivenAt),
        ]);
      }
      return (await isStalled(notification, ports)) ? 'stalled' : 'paid';
    }
    case 'contact': {
      const { subscription: id, due } = obligation;
      const subscription = await ports.subscriptions.read(id);
      if (subscription === undefined || subscription.status === 'off') return 'paid';
      const kind = subscription.status === 'active' ? 'heartbeat' : 'handshake';
      await ports.queue.send([{ kind, subscription: id, due }]);
      return 'paid';
    }
    case 'unknown':
      throw new NewerRelease('a debt of a kind that this release does not know');
  }
};

/**
 * Works the obligations whose time has come, oldest first. One that fails stays due and holds up no other.
 * `onFinished` hears of those for which something was left to do in a mission.
 */
export const sweep = async (
  ports: SweepPorts,
  timeLeft: () => number,
  onFailure: (obligation: Obligation, error: unknown, correlationId?: string) => void,
  onFinished: (obligation: Obligation, correlationId?: string) => void = () => {},
): Promise<Swept> => {
  let paid = 0;
  let failed = 0;
  let stalled = 0;
  const due = await ports.obligations.due(new Date(ports.now()).toISOString(), batch);
  const work = async (obligation: Obligation): Promise<void> => {
    let found: { readonly correlationId?: string } | undefined;
    try {
      // First its next turn, then the try: whatever cannot be paid, and whoever dies, holds up no other.
      await ports.obligations.postpone(obligation, new Date(ports.now() + retryMilliseconds).toISOString());
      const come = await completeObligation(obligation, ports, (correlationId) => (found = defined({ correlationId })));
      if (come === 'stalled') stalled += 1;
      paid += 1;
      if (found !== undefined) onFinished(obligation, found.correlationId);
    } catch (error) {
      failed += 1;
      onFailure(obligation, error, found?.correlationId);
    }
  };
  for (let at = 0; at < due.length; at += sideBySide) {
    if (timeLeft() < 5_000) return { paid, failed, stalled, more: true };
    await Promise.all(due.slice(at, at + sideBySide).map(work));
  }
  return { paid, failed, stalled, more: due.length === batch };
};
