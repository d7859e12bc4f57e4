import { PutCommand } from './commands.ts';
import type {
  KnownParties,
  LoggedEntry,
  Receipt,
  ReconcilePorts,
  StoredSubscription,
} from '../../core/audit/reconcile/logged.ts';
import type { NightlyReconcilePorts, Surveyed } from '../../core/audit/reconcile/nightly.ts';
import type { PassPorts } from '../../core/audit/table-pass.ts';
import { defined } from '../../schemas/defined.ts';
import { reach } from '../transient-faults.ts';
import { readDirectory } from './directory-store.ts';
import { partiesOf } from '../known-parties.ts';
import { storedEntry } from './mission-log.ts';
import { storedNotification } from './notifications.ts';
import { storedSubscription } from './subscriptions.ts';
import { pack, unpack } from '../packed.ts';
import { batchGet, keys, passOver, queryPages, type Scan, scanAll, type Table } from './table.ts';
import { nightlyState } from './nightly-state.ts';

/** Parts of the table that are scanned at the same time. */
const segments = 4;

const missionKey = 'MISSION#';
const subscriptionKey = keys.subscription('').pk;

/** Functions' clocks differ, and a number may be written after a later one: receipts are read from so much earlier. */
const slackMilliseconds = 3_600_000;

type Item = Record<string, unknown>;

/** Finds entries since then and heads of subscriptions. All else is read and left out by the table. */
const surveyScan = (since: string): Scan => ({
  FilterExpression:
    '(begins_with(sk, :entry) AND receivedAt >= :since) OR (begins_with(pk, :subscription) AND sk = :head)',
  ProjectionExpression: 'pk, sk',
  ExpressionAttributeValues: {
    ':entry': 'ENTRY#',
    ':since': since,
    ':subscription': subscriptionKey,
    ':head': keys.subscription('').sk,
  },
});

/** Collects the ids of the missions and subscriptions whose items are noted: one text for each, however many items it has. */
const idsFound = () => {
  const missions = new Set<string>();
  const subscriptions = new Set<string>();
  return {
    note: ({ pk }: Item): void => {
      const key = String(pk);
      if (key.startsWith(missionKey)) missions.add(key.slice(missionKey.length));
      else subscriptions.add(key.slice(subscriptionKey.length));
    },
    all: (): Surveyed => ({ missions: [...missions], subscriptions: [...subscriptions] }),
  };
};

const surveyedIn = (items: readonly Item[]): Surveyed => {
  const { note, all } = idsFound();
  for (const item of items) note(item);
  return all();
};

const subscriptionOf = (item: Item): StoredSubscription => {
  const { id, organisation, createdAt, filter, filterChangedAt, endedAt, status } = storedSubscription(item);
  return { id, organisation, createdAt, filter, isOff: status === 'off', ...defined({ filterChangedAt, endedAt }) };
};

const subscriptionsOf = async (table: Table, ids: readonly string[]): Promise<readonly StoredSubscription[]> =>
  (await batchGet(table, ids.map(keys.subscription))).map(subscriptionOf);

/** The item of a part of what a nightly pass has found. */
const partName = (part: number): string => `RECONCILIATION#${part}`;

/** Without what the hub derived from the text. */
const entryOf = (item: Item): LoggedEntry => {
  const { mission, number, sender, receivedAt, text, owner, fanOutPending, fanOutCompletedAt, notified } =
    storedEntry(item);
  return {
    mission,
    number,
    sender,
    receivedAt,
    text,
    fanOutPending,
    notified,
    ...defined({ owner, fanOutCompletedAt }),
  };
};

const partiesIn = async (table: Table): Promise<KnownParties> => {
  const { data, loadedAt } = await readDirectory(table);
  return partiesOf(data, loadedAt);
};

/**
 * What the auditor reads. Missions and subscriptions are found by a scan of the whole table, not by the hub's lists: a list that
 * lacks one would hide it.
 */
export const reconcilePorts = async (
  table: Table,
  { now, sleep }: Pick<ReconcilePorts, 'now' | 'sleep'>,
): Promise<ReconcilePorts> => ({
  survey: async (since = '') => {
    const { note, all } = idsFound();
    await scanAll(table, segments, surveyScan(since), note);
    const { missions, subscriptions } = all();
    return { missions, subscriptions: await subscriptionsOf(table, subscriptions) };
  },

  log: async function* (mission) {
    const { pk, sk } = keys.entry(mission, 0);
    for await (const items of queryPages(table, {
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :end',
      ExpressionAttributeValues: { ':pk': pk, ':from': sk, ':end': 'ENTRY#~' },
    }))
      yield items.map(entryOf);
  },

  receipts: async (names) =>
    (
      await batchGet(
        table,
        names.map(({ subscription, number }) => keys.notification(subscription, number)),
      )
    ).map(storedNotification),

  receiptsOf: async function* (subscription, since) {
    const { pk, sk } = keys.notification(subscription, 0);
    const from = since === undefined ? '' : new Date(Date.parse(since) - slackMilliseconds).toISOString();
    for await (const items of queryPages(table, {
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :end',
      ExpressionAttributeValues: { ':pk': pk, ':from': sk, ':end': 'NOTE#~' },
      // The newest first: the rest need not be read.
      ScanIndexForward: false,
    })) {
      const receipts: readonly Receipt[] = items.map(storedNotification);
      for (const receipt of receipts) if (receipt.writtenAt >= (since ?? '')) yield receipt;
      if ((receipts.at(-1)?.writtenAt ?? from) < from) return;
    }
  },

  parties: await partiesIn(table),
  now,
  sleep,
});

/** What the auditor needs at night besides. */
export const nightlyReconcilePorts = (
  table: Table,
  ports: PassPorts,
): Pick<NightlyReconcilePorts, 'reconcileState' | 'survey' | 'parts' | 'subscriptionsOf' | 'reconcilePorts'> => ({
  reconcileState: nightlyState(table, 'RECONCILIATION'),
  survey: (since) => passOver(table, surveyScan(since), surveyedIn),
  parts: {
    write: async (part, found) => {
      const Item = { ...keys.nightly(partName(part)), packed: pack(found) };
      await reach(() => table.client.send(new PutCommand({ TableName: table.name, Item })));
    },
    read: async (part) => {
      const [item] = await batchGet(table, [keys.nightly(partName(part))]);
      return unpack(item?.['packed']);
    },
  },
  subscriptionsOf: (ids) => subscriptionsOf(table, ids),
  reconcilePorts: () => reconcilePorts(table, { now: () => ports.now(), sleep: (time) => ports.wait(time) }),
});
