import { GetCommand, PutCommand } from './commands.ts';
import type {
  KnownParties,
  LoggedEntry,
  Receipt,
  ReconcilePorts,
  StoredSubscription,
} from '../../core/audit/reconcile/logged.ts';
import type { ReconcileState } from '../../core/audit/reconcile/nightly.ts';
import { codesOf, roles } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { reach } from '../transient-faults.ts';
import { directoryOf, readDirectory } from './directory-store.ts';
import { storedEntry } from './mission-log.ts';
import { storedNotification } from './notifications.ts';
import { storedSubscription } from './subscriptions.ts';
import { batchGet, keys, queryPages, scanAll, type Table } from './table.ts';

/** Parts of the table that are scanned at the same time. */
const segments = 4;

const missionKey = 'MISSION#';
const subscriptionKey = keys.subscription('').pk;

/** Functions' clocks differ, and a number may be written after a later one: receipts are read from so much earlier. */
const slackMilliseconds = 3_600_000;

type Item = Record<string, unknown>;

/** Missions with an entry since then, and subscriptions, by a scan of the whole table. */
const surveyed = async (
  table: Table,
  since: string,
): Promise<{ readonly missions: readonly string[]; readonly subscriptions: readonly string[] }> => {
  const missions = Array.from({ length: segments }, () => new Set<string>());
  const subscriptions = Array.from({ length: segments }, (): string[] => []);
  await scanAll(
    table,
    segments,
    {
      // Entries and heads only. All else is read and left out by the table.
      FilterExpression:
        '(begins_with(sk, :entry) AND receivedAt >= :since) OR (begins_with(pk, :subscription) AND sk = :head)',
      ProjectionExpression: 'pk, sk',
      ExpressionAttributeValues: {
        ':entry': 'ENTRY#',
        ':since': since,
        ':subscription': subscriptionKey,
        ':head': keys.subscription('').sk,
      },
    },
    ({ pk }, part) => {
      const key = String(pk);
      if (key.startsWith(missionKey)) missions[part]?.add(key.slice(missionKey.length));
      else subscriptions[part]?.push(key.slice(subscriptionKey.length));
    },
  );
  return { missions: missions.flatMap((part) => [...part]), subscriptions: subscriptions.flat() };
};

const subscriptionOf = (item: Item): StoredSubscription => {
  const { id, organisation, createdAt, filter, filterChangedAt, endedAt, status } = storedSubscription(item);
  return { id, organisation, createdAt, filter, isOff: status === 'off', ...defined({ filterChangedAt, endedAt }) };
};

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
  const directory = directoryOf(data);
  return {
    roleOf: (organisation) => directory.partyOf(organisation)?.role,
    ofRole: (wanted) =>
      codesOf(roles)
        .filter((role) => role === wanted)
        .flatMap((role) => directory.partiesOf(role).map(({ organisation }) => organisation)),
    covering: (municipality) => directory.coordinatorFor(municipality)?.organisation,
    ...defined({ loadedAt }),
  };
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
    const { missions, subscriptions } = await surveyed(table, since);
    const heads = await batchGet(table, subscriptions.map(keys.subscription));
    return { missions, subscriptions: heads.map(subscriptionOf) };
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

/** When the nightly run began last, on the table. */
export const reconcileState = ({ client, name: TableName }: Table): ReconcileState => ({
  async read() {
    const { Item } = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.nightly('RECONCILIATION'), ConsistentRead: true })),
    );
    const begunAt: unknown = Item?.['begunAt'];
    return typeof begunAt === 'string' ? begunAt : undefined;
  },

  async write(begunAt) {
    await reach(() => client.send(new PutCommand({ TableName, Item: { ...keys.nightly('RECONCILIATION'), begunAt } })));
  },
});
