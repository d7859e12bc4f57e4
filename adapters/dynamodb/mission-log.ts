import { GetCommand, PutCommand } from './commands.ts';
import { evolve, fold, foldVersion } from '../../core/mission/evolve.ts';
import { fingerprintWindow } from '../../core/mission/known-messages.ts';
import type { MissionLog, StoredEntry, NumberedNotification } from '../../core/mission/mission-log.ts';
import type { Entry, MissionState } from '../../core/mission/state.ts';
import { defined } from '../../schemas/defined.ts';
import { batchGet, holds, keys, newestOf, rangeOf, type Table, updateIf, updateItem } from './table.ts';
import { largestPacked, pack, unpack } from '../packed.ts';
import { reach } from '../transient-faults.ts';
import { obligationAt } from './shards.ts';

/** Reads an item of the mission log. `packed` and `digest` never change; the other attributes are the result of its fan-out. */
export const storedEntry = (item: Record<string, unknown>): StoredEntry => {
  const notified: NumberedNotification[] = typeof item['notified'] === 'string' ? JSON.parse(item['notified']) : [];
  const withoutSubscription: string[] =
    typeof item['withoutSubscription'] === 'string' ? JSON.parse(item['withoutSubscription']) : [];
  const entry: Entry = { ...unpack(item['packed']), seal: String(item['digest']) };
  const fanOutPending = item['obligation'] !== undefined;
  const fanOutCompletedAt = typeof item['fanOutCompletedAt'] === 'string' ? item['fanOutCompletedAt'] : undefined;
  return {
    ...entry,
    fanOutPending,
    notified,
    withoutSubscription,
    ...defined({ fanOutCompletedAt }),
  };
};

/** Whether the state that an entry's item carries is of the fold of this release. */
export const isOfThisFold = (item: Record<string, unknown>): boolean => item['fold'] === foldVersion;

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** The mission log on DynamoDB: one item per accepted message, accepted by one conditional put. */
export const missionLog = (table: Table): MissionLog => {
  const { client, name: TableName } = table;

  const range = (mission: string, from: number, to: number) =>
    rangeOf(table, keys.entry(mission, from), keys.entry(mission, to));

  /** If the state of an entry is of another version of the fold, it is folded from the log again. */
  const current = async (item: Record<string, unknown>): Promise<StoredEntry> => {
    const entry = storedEntry(item);
    if (isOfThisFold(item)) return entry;
    const events = (await range(entry.mission, 1, entry.number)).map(storedEntry);
    return { ...entry, state: fold(events) ?? entry.state };
  };

  const addNotified = async (
    mission: string,
    number: number,
    notified: readonly NumberedNotification[],
  ): Promise<void> => {
    const Key = keys.entry(mission, number);
    const answer = await reach(() => client.send(new GetCommand({ TableName, Key, ConsistentRead: true })));
    const before: unknown = answer.Item?.['notified'];
    if (typeof before !== 'string') return;
    const noted: readonly NumberedNotification[] = JSON.parse(before);
    const others = notified.filter((one) => !noted.some(({ subscription }) => subscription === one.subscription));
    if (others.length === 0) return;
    const written = await updateIf(table, {
      key: Key,
      set: { notified: JSON.stringify([...noted, ...others]) },
      when: 'notified = :before',
      values: { before },
    });
    if (!written) await addNotified(mission, number, notified);
  };

  return {
    window: fingerprintWindow,

    async keepFingerprint(mission, fingerprint, number) {
      await updateItem(table, { key: keys.fingerprint(mission, fingerprint), add: { entries: new Set([number]) } });
    },

    async entriesKept(mission, fingerprints) {
      const items = await batchGet(
        table,
        fingerprints.map((fingerprint) => keys.fingerprint(mission, fingerprint)),
      );
      return items.flatMap(({ entries }) => (entries instanceof Set ? [...entries].filter(isNumber) : []));
    },

    async last(mission) {
      const item = await newestOf(table, keys.entry(mission, 0).pk, 'ENTRY#');
      return item === undefined ? undefined : current(item);
    },

    async entry(mission, number) {
      const answer = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.entry(mission, number), ConsistentRead: true })),
      );
      return answer.Item === undefined ? undefined : current(answer.Item);
    },

    async entries(mission, from, to) {
      if (to < from) return [];
      const items = await range(mission, from, to);
      if (items.every(isOfThisFold)) return items.map(storedEntry);
      // One fold for all of them.
      const before = from === 1 ? [] : await range(mission, 1, from - 1);
      let state: MissionState | undefined;
      const folded = [...before, ...items].map((item): StoredEntry => {
        const entry = storedEntry(item);
        state = evolve(state, entry);
        return { ...entry, state };
      });
      return folded.slice(before.length);
    },

    async append(entry, dueAt) {
      const key = keys.entry(entry.mission, entry.number);
      const { seal, ...content } = entry;
      const packed = pack(content);
      if (packed.length > largestPacked) return 'too-large';
      const item = {
        ...key,
        ...obligationAt(table, 'pending', key, dueAt),
        fold: entry.fold,
        digest: seal,
        event: entry.event,
        sender: entry.sender,
        messageId: entry.messageId,
        receivedAt: entry.receivedAt,
        packed,
      };
      const written = await holds(() =>
        client.send(new PutCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' })),
      );
      return written ? 'appended' : 'taken';
    },

    async completeFanOut(mission, number, { notified, withoutSubscription, fanOutCompletedAt }) {
      const result = {
        notified: JSON.stringify(notified),
        withoutSubscription: JSON.stringify(withoutSubscription),
        fanOutCompletedAt,
      };
      const cleared = await updateIf(table, {
        key: keys.entry(mission, number),
        set: result,
        remove: ['obligation', 'dueAt'],
        when: 'attribute_exists(obligation)',
      });
      if (!cleared && notified.length > 0) await addNotified(mission, number, notified);
    },
  };
};
