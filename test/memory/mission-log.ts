import { gzipSync } from 'node:zlib';
import { fingerprintWindow } from '../../core/mission/known-messages.ts';
import type { MissionLog, StoredEntry } from '../../core/mission/mission-log.ts';
import type { Entry } from '../../core/mission/state.ts';
import type { ObligationSource } from './obligations.ts';
import { immutableCopy } from './immutable-copy.ts';

/** As DynamoDB keeps entries: compressed, in items of 400 KB, of which a part is for the result of the fan-out. */
const largestPacked = 320_000;

const isTooLarge = (entry: Entry): boolean =>
  entry.text.length > largestPacked / 2 && gzipSync(JSON.stringify(entry), { level: 4 }).length > largestPacked;

interface Item {
  readonly stored: StoredEntry;
  readonly dueAt?: string;
}

/** Mission logs in memory: entries are copied when they are stored, and cannot be changed when they are read. */
export const memoryMissionLog = (
  window = fingerprintWindow,
): MissionLog & ObligationSource & { readonly all: () => readonly string[] } => {
  const logs = new Map<string, Map<number, Item>>();
  const fingerprints = new Map<string, Set<number>>();
  const logOf = (mission: string): ReadonlyMap<number, Item> => logs.get(mission) ?? new Map<number, Item>();

  return {
    all: () => [...logs.keys()],
    window,
    keepFingerprint: async (mission, fingerprint, number) => {
      const key = `${mission} ${fingerprint}`;
      fingerprints.set(key, (fingerprints.get(key) ?? new Set()).add(number));
    },
    entriesKept: async (mission, wanted) => wanted.flatMap((one) => [...(fingerprints.get(`${mission} ${one}`) ?? [])]),
    last: async (mission) => {
      const log = logOf(mission);
      return log.get(Math.max(0, ...log.keys()))?.stored;
    },
    entry: async (mission, number) => logOf(mission).get(number)?.stored,
    entries: async (mission, from, to) =>
      [...logOf(mission).values()]
        .map(({ stored }) => stored)
        .filter(({ number }) => number >= from && number <= to)
        .sort((one, other) => one.number - other.number),
    append: async (entry, dueAt) => {
      const log = logs.get(entry.mission) ?? new Map<number, Item>();
      if (isTooLarge(entry)) return 'too-large';
      if (log.has(entry.number)) return 'taken';
      log.set(entry.number, {
        stored: immutableCopy({ ...entry, fanOutPending: true, notified: [], withoutSubscription: [] }),
        dueAt,
      });
      logs.set(entry.mission, log);
      return 'appended';
    },
    completeFanOut: async (mission, number, { notified, withoutSubscription, fanOutCompletedAt }) => {
      const log = logs.get(mission);
      const item = log?.get(number);
      if (log === undefined || item === undefined) return;
      if (item.dueAt === undefined) {
        const { notified: noted } = item.stored;
        const others = notified.filter((one) => !noted.some(({ subscription }) => subscription === one.subscription));
        if (others.length > 0)
          log.set(number, {
            ...item,
            stored: Object.freeze({ ...item.stored, ...immutableCopy({ notified: [...noted, ...others] }) }),
          });
        return;
      }
      log.set(number, {
        stored: Object.freeze({
          ...item.stored,
          fanOutPending: false,
          ...immutableCopy({ notified, withoutSubscription, fanOutCompletedAt }),
        }),
      });
    },
    postpone: (obligation, dueAt) => {
      if (obligation.kind !== 'fan-out') return;
      const log = logs.get(obligation.mission);
      const item = log?.get(obligation.entry);
      if (log !== undefined && item?.dueAt !== undefined) log.set(obligation.entry, { ...item, dueAt });
    },
    pending: () =>
      [...logs].flatMap(([mission, log]) =>
        [...log].flatMap(([entry, { dueAt, stored }]) =>
          dueAt === undefined
            ? []
            : [{ dueAt, since: stored.receivedAt, obligation: { kind: 'fan-out' as const, mission, entry } }],
        ),
      ),
  };
};
