import { ifReadable } from '../../schemas/newer-release.ts';
import { deliveryGraceMilliseconds, jobOf } from './fan-out.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { DeadLetters } from './obligations.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import type { Notification } from './notifications.ts';

export interface RedrivePorts {
  readonly missions: MissionLog;
  readonly deadLetters: DeadLetters;
  readonly queue: DeliveryQueue;
  readonly now: () => number;
}

/** What became of one dead letter. `elsewhere`: somebody else has redriven or discarded it. */
export type Redriven = { readonly letter: Notification; readonly outcome: 'redriven' | 'elsewhere' };

const inOrder = (one: Notification, other: Notification): number =>
  one.subscription.localeCompare(other.subscription) || one.number - other.number;

/**
 * Has the hub try again what it had given up, as if never tried: each subscription's in the order of their numbers.
 * Whatever dies in between, a letter is either still dead or owed again, and then the sweeper sends it.
 */
export const redrive = async (
  { missions, deadLetters, queue, now }: RedrivePorts,
  letters: readonly Notification[],
): Promise<readonly Redriven[]> => {
  const at = now();
  const redrivenAt = new Date(at).toISOString();
  const dueAt = new Date(at + deliveryGraceMilliseconds).toISOString();
  // All are owed again before the first is sent: whatever is said meanwhile waits for those before it.
  const redriven: Redriven[] = [];
  for (const letter of letters.toSorted(inOrder)) {
    const isMine = await deadLetters.redrive(letter.subscription, letter.number, redrivenAt, dueAt);
    redriven.push({ letter, outcome: isMine ? 'redriven' : 'elsewhere' });
  }
  for (const { letter, outcome } of redriven) {
    const { subscription, number, previous, mission } = letter;
    // What only a newer release can read stays owed, and is sent when that release is there again.
    const entry = outcome === 'redriven' ? await ifReadable(() => missions.entry(mission, letter.entry)) : undefined;
    if (typeof entry === 'object') await queue.send([jobOf(subscription, number, previous, entry, redrivenAt)]);
  }
  return redriven;
};
