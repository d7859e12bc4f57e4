import { deadLetters } from '../../adapters/dynamodb/dead-letters.ts';
import { loadDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { directoryOf } from '../../adapters/party-directory.ts';
import { missionLog } from '../../adapters/dynamodb/mission-log.ts';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { deliveryQueue, openQueues } from '../../adapters/sqs/queues.ts';
import { openDatabase } from '../../adapters/sqlite/open.ts';
import { storesOf } from '../../adapters/sqlite/stores.ts';
import type { RedrivePorts } from '../../core/delivery/dead-letters.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import type { Directory } from '../../core/mission/directory.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import { ifReadable } from '../../schemas/newer-release.ts';
import type { Letter } from './report.ts';

/** The parts of a hub that the actions on dead letters use. */
export interface Hub extends RedrivePorts {
  readonly subscriptions: Pick<Subscriptions, 'read'>;
  readonly directory: Directory;
}

export const openHub = async (tableName: string, queueUrl: string): Promise<Hub> => {
  const table = openTable(tableName);
  const directory = directoryOf(await loadDirectory(table));
  return {
    missions: missionLog(table),
    subscriptions: subscriptions(table),
    deadLetters: deadLetters(table),
    lanes: { quick: deliveryQueue(openQueues(), queueUrl, 'quick') },
    directory,
    now: Date.now,
  };
};

/** The hub on a database. Its queue is in another process: what is redriven is due at once, and the sweeper sends it within seconds. */
export const openStandalone = async (path: string): Promise<Hub> => {
  const {
    missions,
    subscriptions: heads,
    deadLetters: letters,
    directoryStore,
  } = storesOf(openDatabase(path, { by: 'command' }));
  return {
    missions,
    subscriptions: heads,
    deadLetters: { ...letters, redrive: (subscription, number, at) => letters.redrive(subscription, number, at, at) },
    lanes: { quick: { send: async () => undefined } },
    directory: directoryOf((await directoryStore.read()).data),
    now: Date.now,
  };
};

export const allDeadLetters = async (hub: Hub): Promise<readonly Notification[]> => {
  const found: Notification[] = [];
  for (let from: string | undefined; ; ) {
    const page = await hub.deadLetters.list(100, from);
    found.push(...page.items);
    if (page.next === undefined) return found;
    from = page.next;
  }
};

/** Reads what a dead letter refers to: entry, subscription, party, and the hub's warnings about it. */
export const lookUp = async (hub: Hub, notification: Notification): Promise<Letter> => {
  const { mission, entry: number, organisation } = notification;
  const warningsOf = async (): Promise<readonly number[]> => {
    const last = await hub.missions.last(mission);
    const later = await hub.missions.entries(mission, number + 1, last?.number ?? number);
    return later
      .filter(({ facts }) => facts.undelivered?.organisation === organisation && facts.undelivered.entry === number)
      .map((warning) => warning.number);
  };
  const [entry, subscription, warnings] = await Promise.all([
    ifReadable(() => hub.missions.entry(mission, number)),
    hub.subscriptions.read(notification.subscription),
    ifReadable(warningsOf),
  ]);
  return { notification, entry, subscription, warnings, party: hub.directory.partyOf(organisation) };
};
