import type { Warning } from '../../schemas/warnings.ts';
import type { Directory } from '../mission/directory.ts';
import { concernsPeople } from '../mission/hub-messages.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import { tasksConcerned } from '../mission/recipients.ts';
import { type Entry, isFinal } from '../mission/state.ts';
import type { Notification, Notifications } from './notifications.ts';
import type { Subscriber, Subscriptions } from './subscription.ts';

/**
 * The parties that an entry must be made known to, and that no machine can notify now. The sender learns them from the answer,
 * with their phone numbers, before the hub's own alerts arrive.
 */

/** Why, as the sender reads it. */
const causes = {
  'no-subscription': 'no subscription',
  filtered: 'its subscription does not include this message, though a Task of it waits',
  'endpoint-down': 'its endpoint does not answer; the hub keeps trying',
  'gave-up': 'its endpoint did not answer; the hub stopped trying',
} as const;

export interface Unreached {
  readonly organisation: string;
  readonly cause: keyof typeof causes;
}

type Sent = Pick<Entry, 'number' | 'event' | 'state' | 'recipients' | 'facts'>;

/** Recipients that people would have to phone. Observers and the quality system are not among them: nobody waits for them. */
const mustBeReached = (entry: Sent, directory: Directory): readonly string[] =>
  entry.recipients.filter((organisation) => concernsPeople(entry, organisation, directory));

/** A Task of the party waits. A party that filters out a message which asks nothing of it has chosen so. */
const isAsked = (entry: Sent, organisation: string): boolean =>
  tasksConcerned(entry, entry.state).some((task) => task.owner === organisation && !isFinal(task));

/** Why no subscription of a party gets the entry; nothing if that is the party's choice. */
const causeWithout = (
  entry: Sent,
  organisation: string,
  subscribers: readonly Subscriber[],
): Unreached['cause'] | undefined => {
  if (!subscribers.some((one) => one.organisation === organisation)) return 'no-subscription';
  return isAsked(entry, organisation) ? 'filtered' : undefined;
};

/** What a fan-out knows of the subscriptions of its recipients. */
interface Reached {
  readonly subscribers: readonly Subscriber[];
  /** Those whose filter matches the entry. */
  readonly wanting: readonly Subscriber[];
  /** By id: in error if the circuit is open, or the endpoint has rejected a call. */
  readonly hindered: ReadonlyMap<string, 'error' | 'slow'>;
}

/** The parties that a fan-out could not reach. */
export const unreachedBy = (
  entry: Sent,
  { subscribers, wanting, hindered }: Reached,
  directory: Directory,
): readonly Unreached[] =>
  mustBeReached(entry, directory).flatMap((organisation): readonly Unreached[] => {
    const own = wanting.filter((one) => one.organisation === organisation);
    if (own.some(({ id }) => hindered.get(id) !== 'error')) return [];
    if (own.length > 0) return [{ organisation, cause: 'endpoint-down' }];
    const cause = causeWithout(entry, organisation, subscribers);
    return cause === undefined ? [] : [{ organisation, cause }];
  });

/** Why a party has none of its notifications; nothing if it has one, or if one is on its way for the first time. */
const causeIn = (receipts: readonly Notification[]): Unreached['cause'] | undefined => {
  if (
    receipts.some(
      ({ status, lastAnswer }) => status === 'delivered' || (status === 'pending' && lastAnswer === undefined),
    )
  )
    return undefined;
  return receipts.some(({ status }) => status === 'pending') ? 'endpoint-down' : 'gave-up';
};

/**
 * The parties that an entry has not reached, for a message that is sent again after its fan-out: by their receipts, in one read,
 * and one more if a party has none. Throws `Unavailable`.
 */
export const unreachedNow = async (
  {
    notifications,
    subscriptions,
  }: {
    readonly notifications: Pick<Notifications, 'readAll'>;
    readonly subscriptions: Pick<Subscriptions, 'subscribers'>;
  },
  entry: Sent & Pick<StoredEntry, 'notified'>,
  directory: Directory,
): Promise<readonly Unreached[]> => {
  const wanted = mustBeReached(entry, directory);
  const notified = entry.notified.filter(({ organisation }) => wanted.includes(organisation));
  const without = wanted.filter((organisation) => !notified.some((one) => one.organisation === organisation));
  const [receipts, subscribers] = await Promise.all([
    notified.length === 0 ? [] : notifications.readAll(notified),
    without.length === 0 ? [] : subscriptions.subscribers(without),
  ]);
  return wanted.flatMap((organisation): readonly Unreached[] => {
    const cause = without.includes(organisation)
      ? causeWithout(entry, organisation, subscribers)
      : causeIn(receipts.filter((one) => one.organisation === organisation));
    return cause === undefined ? [] : [{ organisation, cause }];
  });
};

/** One warning for each party, with name, organisation number and phone number of the directory. */
export const unreachedWarnings = (unreached: readonly Unreached[], directory: Directory): readonly Warning[] =>
  unreached.map(({ organisation, cause }) => {
    const party = directory.partyOf(organisation);
    const phone = party?.phone ?? 'number not in the directory';
    return {
      code: 'not-reachable',
      detail: `${party?.name ?? organisation} (${organisation}), phone ${phone}: ${causes[cause]}`,
    };
  });
