import { inBatches } from '../../schemas/in-batches.ts';
import { idleAfterMilliseconds, idleRecheckMilliseconds } from '../mission/idle.ts';
import type { FanOutResult, MissionLog, NumberedNotification, StoredEntry } from '../mission/mission-log.ts';
import type { Entry } from '../mission/state.ts';
import type { Notifications } from './notifications.ts';
import type { Subscriptions } from './subscription.ts';

/** A mission, and the entry by which it is checked for idleness. */
export interface IdleMission {
  readonly mission: string;
  readonly entry: number;
}

/** Subscription heads keep the last number of each mission; idle missions are removed from them, so that heads stay small. */
export interface IdleMissions {
  due(now: string, limit: number): Promise<readonly IdleMission[]>;
  /**
   * Removes the mission from the subscription's head, unless a later entry has a number. From then on a fan-out that knew an
   * entry as pending at `through` or before (milliseconds) gets no number for a mission that is not in the head.
   */
  forget(
    subscription: string,
    last: { readonly mission: string; readonly entry: number },
    through: number,
  ): Promise<void>;
  done(mission: IdleMission): Promise<void>;
  /** Checks the mission again at `dueAt`. */
  postpone(mission: IdleMission, dueAt: string): Promise<void>;
}

/** The part of a fan-out's result that depends on the time. */
export const fanOutResultOf = (
  { number, activeSince: since }: Pick<Entry, 'number' | 'activeSince'>,
  now: number,
): Pick<FanOutResult, 'fanOutCompletedAt' | 'idleCheckAt'> => ({
  fanOutCompletedAt: new Date(now).toISOString(),
  ...(since === number ? { idleCheckAt: new Date(now + idleAfterMilliseconds).toISOString() } : {}),
});

export interface IdleMissionPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<Subscriptions, 'subscribers'>;
  readonly notifications: Pick<Notifications, 'readAll'>;
  readonly idleMissions: IdleMissions;
  readonly now: () => number;
}

const batch = 100;

/** Missions checked at the same time. */
const sideBySide = 8;

/** The last notification of each subscription about a mission: earlier ones are complete before it is. */
const lastNotified = (entries: readonly StoredEntry[]): readonly NumberedNotification[] => [
  ...new Map(entries.flatMap(({ notified }) => notified.map((one) => [one.subscription, one]))).values(),
];

/** Reports of a resource that are read to find the subscriptions that were notified. */
const reportsRead = 25;

/**
 * Removes an idle mission from the subscription heads that have it; `pending` if a notification of one of them is pending.
 * Also from the heads of its other recipients: a fan-out that crashes before it has stored whom it notified, of an entry whose
 * fan-out another process has completed, leaves the mission in a head.
 */
const removeFromHeads = async (
  ports: IdleMissionPorts,
  { mission, number: entry, state }: StoredEntry,
  through: number,
): Promise<'forgotten' | 'pending'> => {
  // A resource reports for years, always to the same subscriptions.
  const from = state.readiness === undefined ? 1 : Math.max(1, entry - reportsRead);
  const entries = await ports.missions.entries(mission, from, entry);
  const notified = lastNotified(entries);
  const [notifications, subscribers] = await Promise.all([
    ports.notifications.readAll(notified),
    ports.subscriptions.subscribers([...new Set(entries.flatMap(({ recipients }) => recipients))]),
  ]);
  if (notifications.some(({ status }) => status === 'pending')) return 'pending';
  const heads = new Set([...notified.map(({ subscription }) => subscription), ...subscribers.map(({ id }) => id)]);
  await Promise.all([...heads].map((head) => ports.idleMissions.forget(head, { mission, entry }, through)));
  return 'forgotten';
};

/** When to check again, milliseconds. Nothing once the mission is removed, or if a newer entry has its own check. */
const check = async (ports: IdleMissionPorts, { mission, entry }: IdleMission): Promise<number | undefined> => {
  const now = ports.now();
  const last = await ports.missions.last(mission);
  if (last === undefined || entry < last.activeSince) return undefined;
  // Counted from when its last fan-out was completed: a process that knew it as pending before may still be about to number it.
  const idleAt = Date.parse(last.fanOutCompletedAt ?? last.receivedAt) + idleAfterMilliseconds;
  if (now < idleAt) return idleAt;
  // A fan-out that was paused since the middle of the idle time must not assign a number.
  const isForgotten =
    !last.fanOutPending && (await removeFromHeads(ports, last, now - idleRecheckMilliseconds)) === 'forgotten';
  return isForgotten ? undefined : now + idleAfterMilliseconds;
};

/**
 * Removes idle missions from the heads of the subscriptions that were notified of them, until no more are due, none makes
 * progress, or the time is over. A failure delays no other mission. Returns how many were checked.
 */
export const removeIdleMissions = async (
  ports: IdleMissionPorts,
  timeLeft: () => number,
  onFailure: (mission: IdleMission, error: unknown) => void,
): Promise<number> => {
  const { idleMissions, now } = ports;
  const postpone = (mission: IdleMission, until: number): Promise<void> =>
    idleMissions.postpone(mission, new Date(until).toISOString());
  const checkOne = async (mission: IdleMission): Promise<boolean> => {
    try {
      const again = await check(ports, mission);
      await (again === undefined ? idleMissions.done(mission) : postpone(mission, again));
      return true;
    } catch (error) {
      onFailure(mission, error);
      // If it cannot be postponed either, it stays due.
      await postpone(mission, now() + idleAfterMilliseconds).catch(() => {});
      return false;
    }
  };
  for (let checked = 0; ; ) {
    const due = await idleMissions.due(new Date(now()).toISOString(), batch);
    const results = await inBatches(due, sideBySide, checkOne, () => timeLeft() >= 5_000);
    checked += results.length;
    if (results.length < due.length || due.length < batch || !results.includes(true)) return checked;
  }
};
