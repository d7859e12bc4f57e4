import type { MissionLog, Retirements } from './ports.ts';
import { isOver } from './state.ts';

/** Longer than any handler lives, and than any notification is tried: nobody still needs the mission's numbering. */
export const retireAfterMilliseconds = 3_600_000;

export interface RetirePorts {
  readonly missions: MissionLog;
  readonly retirements: Retirements;
  readonly now: () => number;
}

const batch = 25;

/** Drops missions that are over from the heads of the subscriptions that were told of them. Returns how many. */
export const retire = async ({ missions, retirements, now }: RetirePorts): Promise<number> => {
  const due = await retirements.due(new Date(now()).toISOString(), batch);
  for (const retirement of due) {
    const last = await missions.last(retirement.mission);
    // A mission that went on is retired after its newer entry.
    if (last?.number === retirement.entry && isOver(last.state)) {
      const entries = await missions.entries(retirement.mission, 1, retirement.entry);
      const subscriptions = new Set(entries.flatMap(({ told }) => told.map(({ subscription }) => subscription)));
      await Promise.all([...subscriptions].map((subscription) => retirements.forget(subscription, retirement)));
    }
    await retirements.done(retirement);
  }
  return due.length;
};
