import { ifReadable } from '../../schemas/newer-release.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { Page } from '../mission/projections.ts';
import type { DeliveryLanes } from './delivery-queue.ts';
import { deliveryGraceMilliseconds, jobOf } from './fan-out.ts';
import type { Notification } from './notifications.ts';

/** Notifications that the hub has given up: they stay in the index until an operator redrives or discards them. */
export interface DeadLetters {
  /** Those given up longest ago first. */
  list(limit: number, from?: string): Promise<Page<Notification>>;
  /** Makes it pending, as if it had never been tried. `false`: it is not among the dead letters. */
  redrive(subscription: string, number: number, at: string, dueAt: string): Promise<boolean>;
  /** Leaves it failed, and removes it from the dead letters. `false`: it is not among them. */
  discard(subscription: string, number: number, at: string): Promise<boolean>;
}

export interface RedrivePorts {
  readonly missions: MissionLog;
  readonly deadLetters: DeadLetters;
  readonly lanes: Pick<DeliveryLanes, 'quick'>;
  readonly now: () => number;
}

/** Result for one dead letter. `elsewhere`: another operator has redriven or discarded it. */
export type Redriven = { readonly letter: Notification; readonly outcome: 'redriven' | 'elsewhere' };

const inOrder = (one: Notification, other: Notification): number =>
  one.subscription.localeCompare(other.subscription) || one.number - other.number;

/**
 * Redrives dead letters: the hub tries them again as if for the first time, those of each subscription in the order of their numbers.
 * Wherever the process crashes, a letter is either dead or pending; the sweeper sends a pending one.
 */
export const redrive = async (
  { missions, deadLetters, lanes, now }: RedrivePorts,
  letters: readonly Notification[],
): Promise<readonly Redriven[]> => {
  const at = now();
  const redrivenAt = new Date(at).toISOString();
  const dueAt = new Date(at + deliveryGraceMilliseconds).toISOString();
  // All are pending before the first is sent: a later notification of the mission waits for those before it.
  const redriven: Redriven[] = [];
  for (const letter of letters.toSorted(inOrder)) {
    const isMine = await deadLetters.redrive(letter.subscription, letter.number, redrivenAt, dueAt);
    redriven.push({ letter, outcome: isMine ? 'redriven' : 'elsewhere' });
  }
  for (const { letter, outcome } of redriven) {
    // A letter that only a newer release can read stays pending, and is sent when that release is back.
    const entry =
      outcome === 'redriven' ? await ifReadable(() => missions.entry(letter.mission, letter.entry)) : undefined;
    if (typeof entry === 'object') await lanes.quick.send([jobOf({ ...letter, redrivenAt }, entry)]);
  }
  return redriven;
};
