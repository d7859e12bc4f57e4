import type { Notification } from '../../../core/delivery/notifications.ts';
import type { Subscription } from '../../../core/delivery/subscription.ts';
import type { StoredEntry } from '../../../core/mission/mission-log.ts';
import { knownMessageType } from '../../../schemas/messages/catalogue.ts';
import { partyOf } from '../../support/messages.ts';
import type { SentMessage } from '../traffic.ts';
import type { World } from '../world.ts';

/** What a run leaves behind, read once for all checks. */

export interface RunRecord {
  readonly world: World;
  readonly sent: readonly SentMessage[];
  /** When the failpoints were switched off. */
  readonly faultsEnd: number;
  /** Endpoints that stay down, or reject for good. */
  readonly dead: ReadonlySet<string>;
  /** No fault was injected. */
  readonly isCalm: boolean;
}

export interface Facts extends RunRecord {
  /** By mission. */
  readonly logs: ReadonlyMap<string, readonly StoredEntry[]>;
  readonly subscriptions: readonly Subscription[];
  /** By subscription. */
  readonly notifications: ReadonlyMap<string, readonly Notification[]>;
}

export const second = 1_000;

/** Milliseconds by which clocks were ahead in the run. Such a clock alerts people early: rather that than late. */
export const clocksAhead = ({ counts }: World): number =>
  counts['processes with a clock an hour ahead'] > 0 ? 3_600 * second : 0;
/** A delivery that read the subscription before it ended may still call; no delivery lasts longer, milliseconds. */
export const deliverWithin = 31 * second;

export const entryKey = (mission: string, number: number): string => `${mission}#${number}`;

export const nameOf = ({ mission, number, event }: Pick<StoredEntry, 'mission' | 'number' | 'event'>): string =>
  `${mission.slice(0, 4)}#${number} ${event}`;

const rolesToReach: readonly unknown[] = ['local-amk', 'amk-la', 'operator', 'hospital'];

/** Whether people must be alerted if the party does not get the entry. */
export const mustReach = (entry: StoredEntry, organisation: string): boolean =>
  knownMessageType(entry.event).relation !== 'hub' &&
  entry.state.readiness === undefined &&
  rolesToReach.includes(partyOf(organisation)?.role);

export const appendTimes = ({ history }: World): ReadonlyMap<string, number> =>
  new Map(history.appended.map(({ at, entry }) => [entryKey(entry.mission, entry.number), at]));

export const creationTimes = ({ history }: World): ReadonlyMap<string, number> =>
  new Map(history.created.map(({ at, subscription }) => [subscription.id, at]));

/** When the fan-out of each entry was first completed. */
export const fanOutTimes = ({ history }: World): ReadonlyMap<string, number> =>
  new Map(history.fanOutCompleted.toReversed().map(({ at, mission, entry }) => [entryKey(mission, entry), at]));

export const readFacts = async (record: RunRecord): Promise<Facts> => {
  const { stores, history } = record.world;
  const { ports } = stores;
  const missions = new Set(history.appended.map(({ entry }) => entry.mission));
  const logs = new Map<string, readonly StoredEntry[]>();
  for (const mission of missions) logs.set(mission, await ports.missions.entries(mission, 1, 100_000));
  const subscriptions: Subscription[] = [];
  const notifications = new Map<string, readonly Notification[]>();
  for (const id of history.creating) {
    const found = await ports.subscriptions.read(id);
    if (found === undefined) continue;
    subscriptions.push(found);
    notifications.set(id, await ports.notifications.range(id, 1, 100_000));
  }
  return { ...record, logs, subscriptions, notifications };
};
