import { evolve, fold, foldVersion } from '../../core/mission/evolve.ts';
import { fingerprintWindow } from '../../core/mission/known-messages.ts';
import type { MissionLog, NumberedNotification, StoredEntry } from '../../core/mission/mission-log.ts';
import type { Entry, MissionState } from '../../core/mission/state.ts';
import { defined } from '../../schemas/defined.ts';
import { largestPacked, pack, unpack } from '../packed.ts';
import type { Database, Row } from './database.ts';
import { integer, json, list, optionalText, text } from './rows.ts';

/** The columns of an entry and of the result of its fan-out. */
export const entryColumns = 'packed, digest, fold, due_at, notified, without_subscription, completed_at';
export const entriesWithFanOut = 'entries LEFT JOIN fan_outs USING (mission, number)';

export const storedEntry = (row: Row): StoredEntry => {
  const entry: Entry = { ...unpack(row['packed']), seal: text(row['digest']) };
  return {
    ...entry,
    fanOutPending: row['due_at'] !== undefined,
    notified: json(row['notified']) ?? [],
    withoutSubscription: json(row['without_subscription']) ?? [],
    ...defined({ fanOutCompletedAt: optionalText(row['completed_at']) }),
  };
};

/** Whether the state that an entry carries is of the fold of this release. */
const isOfThisFold = (row: Row): boolean => row['fold'] === foldVersion;

/**
 * The mission log on SQLite. An entry is inserted once, packed as on DynamoDB, so that its size limit is the same and a mission can
 * move between the two. The result of its fan-out is another row: it changes without writing the entry again.
 */
export const missionLog = (database: Database, window = fingerprintWindow): MissionLog => {
  const insertEntry = database.statement(
    `INSERT INTO entries (mission, number, event, sender, message_id, received_at, fold, digest, packed)
     VALUES ($mission, $number, $event, $sender, $messageId, $receivedAt, $fold, $digest, $packed)
     ON CONFLICT DO NOTHING`,
  );
  const insertFanOut = database.statement(
    'INSERT INTO fan_outs (mission, number, due_at) VALUES ($mission, $number, $dueAt)',
  );
  const newest = database.statement(
    `SELECT ${entryColumns} FROM ${entriesWithFanOut} WHERE mission = $mission ORDER BY number DESC LIMIT 1`,
  );
  const one = database.statement(
    `SELECT ${entryColumns} FROM ${entriesWithFanOut} WHERE mission = $mission AND number = $number`,
  );
  const several = database.statement(
    `SELECT ${entryColumns} FROM ${entriesWithFanOut}
     WHERE mission = $mission AND number BETWEEN $from AND $to ORDER BY number`,
  );
  const insertFingerprint = database.statement(
    `INSERT INTO fingerprints (mission, fingerprint, number) VALUES ($mission, $fingerprint, $number)
     ON CONFLICT DO NOTHING`,
  );
  const underFingerprints = database.statement(
    `SELECT number FROM fingerprints
     WHERE mission = $mission AND fingerprint IN (SELECT value FROM json_each($fingerprints))`,
  );
  const complete = database.statement(
    `UPDATE fan_outs SET notified = $notified, without_subscription = $withoutSubscription,
       completed_at = $completedAt, due_at = NULL
     WHERE mission = $mission AND number = $number AND due_at IS NOT NULL`,
  );
  const notifiedOf = database.statement(
    'SELECT notified FROM fan_outs WHERE mission = $mission AND number = $number AND notified IS NOT NULL',
  );
  const setNotified = database.statement(
    'UPDATE fan_outs SET notified = $notified WHERE mission = $mission AND number = $number',
  );

  /** If the state of an entry is of another version of the fold, it is folded from the log again. */
  const current = (row: Row): StoredEntry => {
    const entry = storedEntry(row);
    if (isOfThisFold(row)) return entry;
    const events = several.all({ mission: entry.mission, from: 1, to: entry.number }).map(storedEntry);
    return { ...entry, state: fold(events) ?? entry.state };
  };

  const addNotified = (mission: string, number: number, notified: readonly NumberedNotification[]): void => {
    const row = notifiedOf.get({ mission, number });
    if (row === undefined) return;
    const noted: readonly NumberedNotification[] = json(row['notified']);
    const others = notified.filter((other) => !noted.some(({ subscription }) => subscription === other.subscription));
    if (others.length > 0) setNotified.run({ mission, number, notified: JSON.stringify([...noted, ...others]) });
  };

  return {
    window,

    async keepFingerprint(mission, fingerprint, number) {
      await database.write(() => insertFingerprint.run({ mission, fingerprint, number }));
    },

    async entriesKept(mission, fingerprints) {
      return underFingerprints.all({ mission, fingerprints: list(fingerprints) }).map(({ number }) => integer(number));
    },

    async last(mission) {
      const row = newest.get({ mission });
      return row === undefined ? undefined : current(row);
    },

    async entry(mission, number) {
      const row = one.get({ mission, number });
      return row === undefined ? undefined : current(row);
    },

    async entries(mission, from, to) {
      if (to < from) return [];
      const rows = several.all({ mission, from, to });
      if (rows.every(isOfThisFold)) return rows.map(storedEntry);
      // One fold for all of them.
      const before = from === 1 ? [] : several.all({ mission, from: 1, to: from - 1 });
      let state: MissionState | undefined;
      const folded = [...before, ...rows].map((row): StoredEntry => {
        const entry = storedEntry(row);
        state = evolve(state, entry);
        return { ...entry, state };
      });
      return folded.slice(before.length);
    },

    async append(entry, dueAt) {
      const { seal, ...content } = entry;
      const packed = pack(content);
      if (packed.length > largestPacked) return 'too-large';
      const { mission, number, event, sender, messageId, receivedAt } = entry;
      const values = { mission, number, event, sender, messageId, receivedAt, fold: entry.fold, digest: seal, packed };
      return database.write(() => {
        if (insertEntry.run(values) === 0) return 'taken';
        insertFanOut.run({ mission, number, dueAt });
        return 'appended';
      });
    },

    async completeFanOut(mission, number, { notified, withoutSubscription, fanOutCompletedAt }) {
      const result = {
        notified: JSON.stringify(notified),
        withoutSubscription: JSON.stringify(withoutSubscription),
        completedAt: fanOutCompletedAt,
      };
      await database.write(() => {
        const isFirst = complete.run({ mission, number, ...result }) > 0;
        if (!isFirst && notified.length > 0) addNotified(mission, number, notified);
      });
    },
  };
};
