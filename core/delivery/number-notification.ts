import { defined } from '../../schemas/defined.ts';
import { Unavailable } from '../mission/errors.ts';
import type { Notification, Notifications } from './notifications.ts';
import type { Claim, Place, Places } from './places.ts';

/**
 * A subscription's log numbers itself, as a mission's log does: no counter, no clock, only conditional writes of single items.
 * - A number is tried only after the one before it was seen: there is no gap.
 * - Before an entry is appended its claim is stored. All who number the entry look at every notification after the claim's
 *   `from` before they append: the second one finds the notification of the first.
 * - A claim is completed before a later entry of the mission is claimed: numbers follow the mission's log.
 * A paused or crashed process changes nothing of this. `test/simulation/exhaustive.ts` searches every order of the steps.
 */

export interface NumberingPorts {
  readonly places: Places;
  readonly notifications: Pick<Notifications, 'newest' | 'taken' | 'append' | 'read'>;
}

/** A notification without what its number decides. */
export type Unnumbered = Pick<Notification, 'subscription' | 'mission' | 'entry' | 'organisation' | 'writtenAt'>;

/** Numbers that one call may lose to others, and places that it may find changed, before the fan-out is retried later. */
const maxAttempts = 100;

/** Numbers that are read at once to find the end of the log. */
export const lookAhead = 1_000;

/** After so many lost numbers the end of the log is looked for: a process that was paused is far behind it. */
const lossesBeforeLook = 8;

type Numbered = Pick<Notification, 'mission' | 'entry'>;
const isOf = (one: Partial<Numbered>, { mission, entry }: Numbered): boolean =>
  one.mission === mission && one.entry === entry;

const existing = async (
  { notifications }: NumberingPorts,
  { subscription }: Unnumbered,
  number: number,
): Promise<Notification> => {
  const found = await notifications.read(subscription, number);
  if (found === undefined) throw new Error(`notification ${subscription}.${number} is not stored`);
  return found;
};

/**
 * Appends the claimed entry after the last number of the subscription, or finds the notification that another process has
 * appended. Nothing if the end of the log is far: the claim then begins later, and the caller begins again.
 */
const walk = async (
  ports: NumberingPorts,
  wanted: Unnumbered,
  dueAt: string,
  { place, claim, isOwn }: { readonly place: Place; readonly claim: Claim; readonly isOwn: boolean },
): Promise<Notification | undefined> => {
  const { places, notifications } = ports;
  const { subscription } = wanted;
  const previous = place.number === 0 ? undefined : place.number;
  let at = claim.from;
  // The claim of another process may be long ago.
  let untilLook = isOwn ? lossesBeforeLook : 0;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    if (untilLook === 0) {
      untilLook = lossesBeforeLook;
      const seen = await notifications.taken(subscription, at, lookAhead);
      const own = seen.find((one) => isOf(one, wanted));
      if (own !== undefined) return existing(ports, wanted, own.number);
      at = seen.at(-1)?.number ?? at;
      if (seen.length === lookAhead) {
        await places.claim(wanted, { ...place, claim }, { ...claim, from: at });
        return undefined;
      }
    }
    const notification: Notification = {
      ...wanted,
      number: at + 1,
      status: 'pending',
      attempts: 0,
      ...defined({ previous }),
    };
    const stored = await notifications.append(notification, dueAt);
    if (isOf(stored, wanted)) return stored;
    at = stored.number;
    untilLook -= 1;
    await places.backOff(attempt);
  }
  throw new Unavailable(`no free number in ${maxAttempts} attempts`);
};

/**
 * Numbers and writes the notification of an entry, pending and due at `dueAt`. Every call for the same entry returns the same
 * notification. `passed`: a later entry of the mission has a number or is being numbered.
 * Throws `Unavailable` if the storage cannot be reached or other processes took every number: the fan-out stays pending.
 */
export const numberNotification = async (
  ports: NumberingPorts,
  wanted: Unnumbered,
  dueAt: string,
): Promise<Notification | 'passed'> => {
  const { places, notifications } = ports;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const [place, newest] = await Promise.all([places.read(wanted), notifications.newest(wanted.subscription)]);
    if (place.entry > wanted.entry || (place.claim?.entry ?? 0) > wanted.entry) return 'passed';
    if (place.entry === wanted.entry) return existing(ports, wanted, place.number);
    const isOwn = place.claim === undefined;
    const claim = place.claim ?? { entry: wanted.entry, from: newest };
    if (isOwn && !(await places.claim(wanted, place, claim))) continue;
    // The claim of an earlier entry is completed first.
    const found = await walk(ports, { ...wanted, entry: claim.entry }, dueAt, { place, claim, isOwn });
    if (found === undefined) continue;
    await places.settle(wanted, claim, found.number);
    if (claim.entry === wanted.entry) return found;
  }
  throw new Unavailable(`the place of the mission changed ${maxAttempts} times`);
};

/** Whether the entry has a number, or a process was about to number it. */
export const isNumbered = async (
  { places }: NumberingPorts,
  of: Parameters<Places['read']>[0] & { readonly entry: number },
) => {
  const { entry, claim } = await places.read(of);
  return entry === of.entry || claim?.entry === of.entry;
};
