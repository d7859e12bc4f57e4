import type { MissionLog, Retirements, StoredEntry, SubscriptionLog, Told } from './ports.ts';
import { type Entry, isOver } from './state.ts';

/** A mission rests after so long without a word: longer than any handler lives, so nobody still needs its numbering. */
export const restMilliseconds = 3_600_000;

/** One whose notifications are not all settled is looked at again after so long. */
const pendingMilliseconds = 600_000;

/** When a mission may be forgotten after an entry: when it is over, and its first entry sees to those that nobody ends. */
export const retirementOf = ({ number, state }: Pick<Entry, 'number' | 'state'>, now: number): string | undefined =>
  isOver(state) || number === 1 ? new Date(now + restMilliseconds).toISOString() : undefined;

export interface RetirePorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<SubscriptionLog, 'notifications'>;
  readonly retirements: Retirements;
  readonly now: () => number;
}

const batch = 25;

/** The last that each subscription was told of a mission: what came before it is settled before it. */
const lastTold = (entries: readonly StoredEntry[]): readonly Told[] => [
  ...new Map(entries.flatMap(({ told }) => told.map((one) => [one.subscription, one]))).values(),
];

/** Reports of a resource that are read to see whom they were told. */
const reportsRead = 25;

/** Drops a mission that rests from the heads of those who were told of it; `pending` if one of them is not told yet. */
const forget = async (
  ports: RetirePorts,
  { mission, number: entry, state }: StoredEntry,
): Promise<'forgotten' | 'pending'> => {
  // A resource reports for years, always to the same.
  const from = state.readiness === undefined ? 1 : Math.max(1, entry - reportsRead);
  const told = lastTold(await ports.missions.entries(mission, from, entry));
  const notifications = await ports.subscriptions.notifications(told);
  if (notifications.some(({ status }) => status === 'pending')) return 'pending';
  await Promise.all(told.map(({ subscription }) => ports.retirements.forget(subscription, { mission, entry })));
  return 'forgotten';
};

/** When to look again; nothing once the mission is over and forgotten, or a newer entry of it sees to that. */
const retireOne = async (ports: RetirePorts, last: StoredEntry, entry: number): Promise<number | undefined> => {
  const now = ports.now();
  if (isOver(last.state) && last.number !== entry) return undefined;
  const said = Date.parse(last.receivedAt);
  if (now - said < restMilliseconds) return said + restMilliseconds;
  if (last.owes || (await forget(ports, last)) === 'pending') return now + pendingMilliseconds;
  // The longer nothing was said, the later it is looked at again, should something be said after all.
  return isOver(last.state) ? undefined : now + (now - said);
};

/** Drops missions in which nothing is said any more from the heads of the subscriptions that were told of them. Returns how many were looked at. */
export const retire = async (ports: RetirePorts): Promise<number> => {
  const { missions, retirements, now } = ports;
  const due = await retirements.due(new Date(now()).toISOString(), batch);
  for (const retirement of due) {
    const last = await missions.last(retirement.mission);
    const again = last === undefined ? undefined : await retireOne(ports, last, retirement.entry);
    if (again === undefined) await retirements.done(retirement);
    else await retirements.postpone(retirement, new Date(again).toISOString());
  }
  return due.length;
};
