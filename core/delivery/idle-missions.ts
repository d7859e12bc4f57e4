import type { MissionLog, Settlement, StoredEntry, Told } from '../mission/mission-log.ts';
import type { Retirement, Retirements } from './obligations.ts';
import type { SubscriptionLog } from './subscription-log.ts';
import type { Entry } from '../mission/state.ts';
import { pauseMilliseconds, restMilliseconds } from '../mission/idle.ts';

/** The part of an entry's settlement that is of its time. */
export const settlementOf = (
  { number, awakeSince: since }: Pick<Entry, 'number' | 'awakeSince'>,
  now: number,
): Pick<Settlement, 'settledAt' | 'retireAt'> => ({
  settledAt: new Date(now).toISOString(),
  ...(since === number ? { retireAt: new Date(now + restMilliseconds).toISOString() } : {}),
});

export interface RetirePorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<SubscriptionLog, 'notifications' | 'subscribers'>;
  readonly retirements: Retirements;
  readonly now: () => number;
}

const batch = 100;

/** Missions looked at the same time. */
const sideBySide = 8;

/** The last that each subscription was told of a mission: what came before it is settled before it. */
const lastTold = (entries: readonly StoredEntry[]): readonly Told[] => [
  ...new Map(entries.flatMap(({ told }) => told.map((one) => [one.subscription, one]))).values(),
];

/** Reports of a resource that are read to see whom they were told. */
const reportsRead = 25;

/**
 * Drops a mission that rests from the heads of those who were told of it; `pending` if one of them is not told yet.
 * From those of its other recipients too: who dies before it has noted whom it told, of an entry that another has settled, leaves a place.
 */
const forget = async (
  ports: RetirePorts,
  { mission, number: entry, state }: StoredEntry,
  through: number,
): Promise<'forgotten' | 'pending'> => {
  // A resource reports for years, always to the same.
  const from = state.readiness === undefined ? 1 : Math.max(1, entry - reportsRead);
  const entries = await ports.missions.entries(mission, from, entry);
  const told = lastTold(entries);
  const [notifications, subscribers] = await Promise.all([
    ports.subscriptions.notifications(told),
    ports.subscriptions.subscribers([...new Set(entries.flatMap(({ recipients }) => recipients))]),
  ]);
  if (notifications.some(({ status }) => status === 'pending')) return 'pending';
  const heads = new Set([...told.map(({ subscription }) => subscription), ...subscribers.map(({ id }) => id)]);
  await Promise.all([...heads].map((head) => ports.retirements.forget(head, { mission, entry }, through)));
  return 'forgotten';
};

/** When to look again; nothing once the mission is forgotten, or a newer entry of it sees to that. */
const lookAt = async (ports: RetirePorts, { mission, entry }: Retirement): Promise<number | undefined> => {
  const now = ports.now();
  const last = await ports.missions.last(mission);
  if (last === undefined || entry < last.awakeSince) return undefined;
  // From when its last debt was cleared: who has read before that that it owes may still be about to number it.
  const restsAt = Date.parse(last.settledAt ?? last.receivedAt) + restMilliseconds;
  if (now < restsAt) return restsAt;
  // Whoever was held up since the middle of the rest, frozen with the machine it runs on, is refused a number.
  const isForgotten = !last.owes && (await forget(ports, last, now - pauseMilliseconds)) === 'forgotten';
  return isForgotten ? undefined : now + restMilliseconds;
};

/**
 * Drops missions in which nothing is said any more from the heads of the subscriptions that were told of them, until no more
 * are due, none gets anywhere or the time is over. One that fails holds up no other. Returns how many were looked at.
 */
export const retire = async (
  ports: RetirePorts,
  timeLeft: () => number,
  onFailure: (retirement: Retirement, error: unknown) => void,
): Promise<number> => {
  const { retirements, now } = ports;
  const postpone = (retirement: Retirement, until: number): Promise<void> =>
    retirements.postpone(retirement, new Date(until).toISOString());
  const look = async (retirement: Retirement): Promise<boolean> => {
    try {
      const again = await lookAt(ports, retirement);
      await (again === undefined ? retirements.done(retirement) : postpone(retirement, again));
      return true;
    } catch (error) {
      onFailure(retirement, error);
      // What cannot be postponed either stays due.
      await postpone(retirement, now() + restMilliseconds).catch(() => {});
      return false;
    }
  };
  for (let looked = 0; ; ) {
    let isGettingOn = false;
    const due = await retirements.due(new Date(now()).toISOString(), batch);
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
