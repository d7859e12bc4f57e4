import type { MissionLog, FanOutResult, StoredEntry, NumberedNotification } from '../mission/mission-log.ts';
import type { IdleMission, IdleMissions } from './obligations.ts';
import type { Notifications } from './notifications.ts';
import type { Subscriptions } from './subscription.ts';
import type { Entry } from '../mission/state.ts';
import { idleRecheckMilliseconds, idleAfterMilliseconds } from '../mission/idle.ts';

/** The part of an entry's settlement that is of its time. */
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

/** Missions looked at the same time. */
const sideBySide = 8;

/** The last that each subscription was told of a mission: what came before it is settled before it. */
const lastNotified = (entries: readonly StoredEntry[]): readonly NumberedNotification[] => [
  ...new Map(entries.flatMap(({ notified }) => notified.map((one) => [one.subscription, one]))).values(),
];

/** Reports of a resource that are read to see whom they were told. */
const reportsRead = 25;

/**
 * Drops a mission that rests from the heads of those who were told of it; `pending` if one of them is not told yet.
 * From those of its other recipients too: who dies before it has noted whom it told, of an entry that another has settled, leaves a place.
 */
const removeFromHeads = async (
  ports: IdleMissionPorts,
  { mission, number: entry, state }: StoredEntry,
  through: number,
): Promise<'forgotten' | 'pending'> => {
  // A resource reports for years, always to the same.
  const from = state.readiness === undefined ? 1 : Math.max(1, entry - reportsRead);
  const entries = await ports.missions.entries(mission, from, entry);
  const told = lastNotified(entries);
  const [notifications, subscribers] = await Promise.all([
    ports.notifications.readAll(told),
    ports.subscriptions.subscribers([...new Set(entries.flatMap(({ recipients }) => recipients))]),
  ]);
  if (notifications.some(({ status }) => status === 'pending')) return 'pending';
  const heads = new Set([...told.map(({ subscription }) => subscription), ...subscribers.map(({ id }) => id)]);
  await Promise.all([...heads].map((head) => ports.idleMissions.forget(head, { mission, entry }, through)));
  return 'forgotten';
};

/** When to look again; nothing once the mission is forgotten, or a newer entry of it sees to that. */
const check = async (ports: IdleMissionPorts, { mission, entry }: IdleMission): Promise<number | undefined> => {
  const now = ports.now();
  const last = await ports.missions.last(mission);
  if (last === undefined || entry < last.activeSince) return undefined;
  // From when its last debt was cleared: who has read before that that it owes may still be about to number it.
  const restsAt = Date.parse(last.fanOutCompletedAt ?? last.receivedAt) + idleAfterMilliseconds;
  if (now < restsAt) return restsAt;
  // Whoever was held up since the middle of the rest, frozen with the machine it runs on, is refused a number.
  const isForgotten =
    !last.fanOutPending && (await removeFromHeads(ports, last, now - idleRecheckMilliseconds)) === 'forgotten';
  return isForgotten ? undefined : now + idleAfterMilliseconds;
};

/**
 * Drops missions in which nothing is said any more from the heads of the subscriptions that were told of them, until no more
 * are due, none gets anywhere or the time is over. One that fails holds up no other. Returns how many were looked at.
 */
export const removeIdleMissions = async (
  ports: IdleMissionPorts,
  timeLeft: () => number,
  onFailure: (retirement: IdleMission, error: unknown) => void,
): Promise<number> => {
  const { idleMissions, now } = ports;
  const postpone = (retirement: IdleMission, until: number): Promise<void> =>
    idleMissions.postpone(retirement, new Date(until).toISOString());
  const look = async (retirement: IdleMission): Promise<boolean> => {
    try {
      const again = await check(ports, retirement);
      await (again === undefined ? idleMissions.done(retirement) : postpone(retirement, again));
      return true;
    } catch (error) {
      onFailure(retirement, error);
      // What cannot be postponed either stays due.
      await postpone(retirement, now() + idleAfterMilliseconds).catch(() => {});
      return false;
    }
  };
  for (let looked = 0; ; ) {
    let isGettingOn = false;
    const due = await idleMissions.due(new Date(now()).toISOString(), batch);
    for (let at = 0; at < due.length; at += sideBySide) {
      if (timeLeft() < 5_000) return looked;
      const some = due.slice(at, at + sideBySide);
      const outcomes = await Promise.all(some.map(look));
      isGettingOn ||= outcomes.includes(true);
      looked += some.length;
    }
    if (due.length < batch || !isGettingOn) return looked;
  }
};
