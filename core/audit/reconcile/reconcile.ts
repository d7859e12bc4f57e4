import { inBatches } from '../../../schemas/in-batches.ts';
import { checkMission, type Scope } from './check-mission.ts';
import type { Reconciled } from './findings.ts';
import type { Receipt, ReconcilePorts, StoredSubscription } from './logged.ts';
import { totals } from './tally.ts';

/**
 * Recomputes from the mission logs alone who had to be notified of each entry, and compares with the receipts. It is independent of
 * what it audits: it imports neither the fan-out nor the rules of recipients, the fold or the reader of messages.
 */

/** Missions that are read at the same time. */
const sideBySide = 8;

/** Longer than a fan-out or a delivery takes between two writes: what was under way is complete when it is read again. */
const settleMilliseconds = 5_000;

/** One bit for each receipt that was seen: numbers of a subscription are 1, 2, 3 …. */
const seenReceipts = () => {
  const bits = new Map<string, Uint8Array>();
  return {
    add: ({ subscription, number }: Receipt): void => {
      const index = Math.floor(number / 8);
      let known = bits.get(subscription) ?? new Uint8Array(128);
      if (index >= known.length) {
        const larger = new Uint8Array(Math.max(index + 1, known.length * 2));
        larger.set(known);
        known = larger;
      }
      known[index] = (known[index] ?? 0) | (1 << (number % 8));
      bits.set(subscription, known);
    },
    has: ({ subscription, number }: Receipt): boolean =>
      ((bits.get(subscription)?.[Math.floor(number / 8)] ?? 0) & (1 << (number % 8))) !== 0,
  };
};

export interface ReconcileOptions {
  /** ISO 8601: entries received, and receipts written, since then; absent: all. */
  readonly since?: string;
  /** Missions that are compared; absent: all. */
  readonly isWanted?: (mission: string) => boolean;
  readonly onProgress?: (done: number, missions: number) => void;
  /** Milliseconds left to run; with less than a minute, no further mission or subscription is begun. */
  readonly timeLeft?: () => number;
}

/** A run that ended before everything was compared. */
export interface Incomplete {
  /** Missions, and subscriptions whose receipts were not read. */
  readonly notCompared: number;
}

/**
 * Compares all missions with an entry since then. What is found is read a second time after some seconds, so that work under way is
 * no finding. Throws `Unavailable` if the storage cannot be reached.
 */
export const reconcile = async (
  ports: ReconcilePorts,
  { since, isWanted = () => true, onProgress, timeLeft = () => Number.POSITIVE_INFINITY }: ReconcileOptions = {},
): Promise<Reconciled & Partial<Incomplete>> => {
  const survey = await ports.survey(since);
  const missions = survey.missions.filter(isWanted);
  const seen = seenReceipts();
  const scope: Scope = {
    ports,
    subscriptions: new Map(survey.subscriptions.map((subscription) => [subscription.id, subscription])),
    ofParty: Map.groupBy(survey.subscriptions, ({ organisation }: StoredSubscription) => organisation),
    since: since === undefined ? 0 : Date.parse(since),
    onAccounted: seen.add,
  };
  const sum = totals();
  const doubtful = new Set<string>();
  let done = 0;
  const isTimeLeft = (): boolean => timeLeft() > 60_000;

  await inBatches(
    missions,
    sideBySide,
    async (mission) => {
      const tally = await checkMission(mission, scope);
      if (tally.findings.length > 0) doubtful.add(mission);
      else sum.add(tally);
      done += 1;
      onProgress?.(done, missions.length);
    },
    isTimeLeft,
  );

  const unlisted = new Map<string, Receipt[]>();
  let read = 0;
  for (const { id } of survey.subscriptions) {
    if (!isTimeLeft()) break;
    read += 1;
    for await (const receipt of ports.receiptsOf(id, since)) {
      if (seen.has(receipt) || !isWanted(receipt.mission)) continue;
      const known = unlisted.get(receipt.mission);
      if (known === undefined) unlisted.set(receipt.mission, [receipt]);
      else known.push(receipt);
    }
  }

  const again = [...new Set([...doubtful, ...unlisted.keys()])];
  if (again.length > 0) await ports.sleep(settleMilliseconds);
  await inBatches(again, sideBySide, async (mission) => {
    const tally = await checkMission(mission, scope, unlisted.get(mission));
    // One without findings was added before.
    if (doubtful.has(mission)) sum.add(tally);
    else sum.addFindings(tally.findings);
  });
  const notCompared = missions.length - done + survey.subscriptions.length - read;
  return { ...sum.result(missions.length), ...(notCompared === 0 ? {} : { notCompared }) };
};
