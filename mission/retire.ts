import type { MissionLog, Retirements } from './ports.ts';
import { type Entry, isOver } from './state.ts';

/** Longer than any handler lives, and than any notification is tried: nobody still needs the mission's numbering. */
export const overMilliseconds = 3_600_000;

/** Missions that nobody ends are looked at this often; one in which nothing was said for so long is treated as if it were over. */
export const silentMilliseconds = 30 * 86_400_000;

/** When a mission may be forgotten after an entry: soon once it is over, and its first entry sees to those that nobody ends. */
export const retirementOf = ({ number, state }: Pick<Entry, 'number' | 'state'>, now: number): string | undefined => {
  if (isOver(state)) return new Date(now + overMilliseconds).toISOString();
  return number === 1 ? new Date(now + silentMilliseconds).toISOString() : undefined;
};

export interface RetirePorts {
  readonly missions: MissionLog;
  readonly retirements: Retirements;
  readonly now: () => number;
}

const batch = 25;

const forget = async ({ missions, retirements }: RetirePorts, mission: string, entry: number): Promise<void> => {
  const entries = await missions.entries(mission, 1, entry);
  const subscriptions = new Set(entries.flatMap(({ told }) => told.map(({ subscription }) => subscription)));
  await Promise.all([...subscriptions].map((subscription) => retirements.forget(subscription, { mission, entry })));
};

/** Drops missions that are over, or in which nothing is said any more, from the heads of the subscriptions that were told of them. Returns how many were looked at. */
export const retire = async (ports: RetirePorts): Promise<number> => {
  const { missions, retirements, now } = ports;
  const due = await retirements.due(new Date(now()).toISOString(), batch);
  for (const retirement of due) {
    const { mission, entry } = retirement;
    const last = await missions.last(mission);
    if (last === undefined) continue;
    const isSilent = now() - Date.parse(last.receivedAt) >= silentMilliseconds;
    // A mission that went on is retired after its newer entry.
    if (isOver(last.state) ? last.number === entry : isSilent && !last.owes) await forget(ports, mission, last.number);
    if (isOver(last.state)) await retirements.done(retirement);
    else await retirements.postpone(retirement, new Date(now() + silentMilliseconds).toISOString());
  }
  return due.length;
};
