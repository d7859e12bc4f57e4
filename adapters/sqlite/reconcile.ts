import type { LoggedEntry, Receipt, ReconcilePorts, StoredSubscription } from '../../core/audit/reconcile/logged.ts';
import type { NightlyReconcilePorts } from '../../core/audit/reconcile/nightly.ts';
import type { PassPorts } from '../../core/audit/table-pass.ts';
import { defined } from '../../schemas/defined.ts';
import { partiesOf } from '../known-parties.ts';
import type { Database, Row } from './database.ts';
import type { DirectoryStore } from './directory-store.ts';
import { entryColumns, entriesWithFanOut, storedEntry } from './mission-log.ts';
import { storedNotification } from './notifications.ts';
import { reconcileState } from './nightly-states.ts';
import { integer, json, list, text } from './rows.ts';
import { storedSubscription } from './subscriptions.ts';

/** Rows that are in memory at the same time. */
const rowsPerPage = 200;

/** A number may be written after a later one: receipts are read from so much earlier. */
const slackMilliseconds = 3_600_000;

const subscriptionOf = (row: Row): StoredSubscription => {
  const { id, organisation, createdAt, filter, filterChangedAt, endedAt, status } = storedSubscription(row);
  return { id, organisation, createdAt, filter, isOff: status === 'off', ...defined({ filterChangedAt, endedAt }) };
};

/** Without what the hub derived from the text. */
const entryOf = (row: Row): LoggedEntry => {
  const {
    mission,
    number,
    sender,
    receivedAt,
    text: sent,
    owner,
    fanOutPending,
    fanOutCompletedAt,
    notified,
  } = storedEntry(row);
  return {
    mission,
    number,
    sender,
    receivedAt,
    text: sent,
    fanOutPending,
    notified,
    ...defined({ owner, fanOutCompletedAt }),
  };
};

/** Missions, and subscriptions, of one page of a survey. */
const idsPerPage = 1_000;

/** What the auditor needs at night besides: what a pass has found is stored in parts, so that each is compared by itself. */
export const nightlyReconcilePorts = (
  database: Database,
  directory: Pick<DirectoryStore, 'read'>,
  ports: PassPorts,
): Omit<NightlyReconcilePorts, keyof PassPorts> => {
  const missionsAfter = database.statement(
    `SELECT DISTINCT mission AS id FROM entries WHERE received_at >= $since AND mission > $from ORDER BY mission LIMIT ${idsPerPage}`,
  );
  const subscriptionsAfter = database.statement(
    `SELECT id FROM subscriptions WHERE id > $from ORDER BY id LIMIT ${idsPerPage}`,
  );
  const subscriptionsById = database.statement(
    'SELECT * FROM subscriptions WHERE id IN (SELECT value FROM json_each($ids))',
  );
  const putPart = database.statement(
    'INSERT INTO nightly_parts (part, found) VALUES ($part, $found) ON CONFLICT DO UPDATE SET found = excluded.found',
  );
  const onePart = database.statement('SELECT found FROM nightly_parts WHERE part = $part');

  return {
    reconcileState: reconcileState(database),
    survey: (since) => ({
      segments: 2,
      async page(segment, from) {
        const rows = segment === 0 ? missionsAfter.all({ since, from }) : subscriptionsAfter.all({ from });
        const ids = rows.map(({ id }) => text(id));
        return {
          missions: segment === 0 ? ids : [],
          subscriptions: segment === 0 ? [] : ids,
          next: ids.length < idsPerPage ? 'end' : (ids.at(-1) ?? 'end'),
          units: 0,
        };
      },
    }),
    parts: {
      async write(part, found) {
        await database.write(() => putPart.run({ part, found: JSON.stringify(found) }));
      },
      async read(part) {
        return json(onePart.get({ part })?.['found']);
      },
    },
    async subscriptionsOf(ids) {
      return subscriptionsById.all({ ids: list(ids) }).map(subscriptionOf);
    },
    reconcilePorts: () =>
      reconcilePorts(database, directory, { now: () => ports.now(), sleep: (time) => ports.wait(time) }),
  };
};

/** What the auditor reads: every entry and subscription, not the hub's lists of them. A list that lacks one would hide it. */
export const reconcilePorts = async (
  database: Database,
  directory: Pick<DirectoryStore, 'read'>,
  { now, sleep }: Pick<ReconcilePorts, 'now' | 'sleep'>,
): Promise<ReconcilePorts> => {
  const missionsSince = database.statement('SELECT DISTINCT mission FROM entries WHERE received_at >= $since');
  const allSubscriptions = database.statement('SELECT * FROM subscriptions');
  const logAfter = database.statement(
    `SELECT number, ${entryColumns} FROM ${entriesWithFanOut}
     WHERE mission = $mission AND number > $after ORDER BY number LIMIT ${rowsPerPage}`,
  );
  const receipt = database.statement(
    'SELECT * FROM notifications WHERE subscription = $subscription AND number = $number',
  );
  const receiptsBefore = database.statement(
    `SELECT * FROM notifications WHERE subscription = $subscription AND number < $before AND mission IS NOT NULL
     ORDER BY number DESC LIMIT ${rowsPerPage}`,
  );
  const { data, loadedAt } = await directory.read();

  return {
    async survey(since = '') {
      return {
        missions: missionsSince.all({ since }).map(({ mission }) => text(mission)),
        subscriptions: allSubscriptions.all({}).map(subscriptionOf),
      };
    },

    log: async function* (mission) {
      for (let after = 0; ; ) {
        const rows = logAfter.all({ mission, after });
        yield rows.map(entryOf);
        if (rows.length < rowsPerPage) return;
        after = integer(rows.at(-1)?.['number']);
      }
    },

    async receipts(names) {
      return names.flatMap(({ subscription, number }): readonly Receipt[] => {
        const row = receipt.get({ subscription, number });
        return row === undefined ? [] : [storedNotification(row)];
      });
    },

    receiptsOf: async function* (subscription, since = '') {
      const from = since === '' ? '' : new Date(Date.parse(since) - slackMilliseconds).toISOString();
      // The newest first: the rest need not be read.
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const receipts: readonly Receipt[] = receiptsBefore.all({ subscription, before }).map(storedNotification);
        for (const one of receipts) if (one.writtenAt >= since) yield one;
        const last = receipts.at(-1);
        if (last === undefined || last.writtenAt < from) return;
        before = last.number;
      }
    },

    parties: partiesOf(data, loadedAt),
    now,
    sleep,
  };
};
