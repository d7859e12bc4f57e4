import { indexOf } from './check/entries.ts';
import { properties, type Violation } from './check/check.ts';
import type { HistoryRecord, RecordOf } from './history.ts';

/** What is printed of a history and its violations. */

/** Violations of one property that are printed in full. */
const shown = 3;
/** Records of an excerpt that are printed, and characters of each. */
const [shownRecords, shownCharacters] = [6, 400];

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Milliseconds from the first 2xx to the sender until each receiver had the event, negative if it was first; the slowest ones. */
const slowest = (records: readonly HistoryRecord[]): Readonly<Record<'healthy' | 'all', number>> => {
  const index = indexOf(records);
  const first = new Map<string, RecordOf<'received'>>();
  for (const received of index.of('received'))
    if (received.event !== undefined && received.answered === 200 && !first.has(received.webhookId))
      first.set(received.webhookId, received);
  const waits = [...first.values()].flatMap((received) => {
    const accepted = index.entryOf(received.event?.mission, received.event?.version)?.message?.acceptedAt;
    return accepted === undefined ? [] : [{ wait: received.start - accepted, receiver: received.receiver }];
  });
  const longest = (isCounted: (receiver: string) => boolean): number =>
    waits.reduce((most, { wait, receiver }) => (isCounted(receiver) ? Math.max(most, wait) : most), 0);
  return { healthy: longest((receiver) => receiver.endsWith(' healthy')), all: longest(() => true) };
};

const count = (what: Readonly<Record<string, number>>): string =>
  Object.entries(what)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, number]) => `${number} ${name}`)
    .join(', ');

const tally = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

const lineOf = (record: HistoryRecord, lines: ReadonlyMap<HistoryRecord, number>): string => {
  const text = JSON.stringify(record);
  const cut = text.length > shownCharacters ? `${text.slice(0, shownCharacters)} …` : text;
  return `    line ${lines.get(record) ?? '?'}: ${cut}`;
};

const violationText = ({ says, excerpt }: Violation, lines: ReadonlyMap<HistoryRecord, number>): readonly string[] => [
  `  ${says}`,
  ...excerpt.slice(0, shownRecords).map((record) => lineOf(record, lines)),
  ...(excerpt.length > shownRecords ? [`    and ${excerpt.length - shownRecords} more records`] : []),
];

export const reportOf = (records: readonly HistoryRecord[], violations: readonly Violation[]): string => {
  const lines = new Map(records.map((record, index) => [record, index + 1]));
  const calls = records.filter((record) => 'outcome' in record);
  const index = indexOf(records);
  const events = index.of('received').filter(({ event }) => event !== undefined);
  const duplicates = events.length - new Set(events.map(({ webhookId }) => webhookId)).size;
  const waits = slowest(records);
  const [run] = index.of('run');
  return [
    `seed ${run?.seed}, ${seconds(index.end?.at ?? 0)}, ${index.end?.drained === true ? 'drained' : 'not drained'}`,
    `calls: ${calls.length} (${count(tally(calls.map(({ outcome }) => outcome)))}); ${count(tally(calls.map(({ record }) => record)))}`,
    `messages: ${index.messages.length} (${count(tally(index.messages.map(({ outcome }) => outcome)))}) in ${index.missions.size} missions, ${index.subscriptions.size} subscriptions`,
    `faults: ${count(tally(index.of('fault').map(({ fault }) => fault)))}`,
    `notifications: ${events.length}, ${duplicates} of them repeated; slowest from accepted to received: ${seconds(waits.healthy)} at healthy receivers, ${seconds(waits.all)} at all`,
    ...properties.flatMap(({ name }) => {
      const own = violations.filter(({ property }) => property === name);
      if (own.length === 0) return [];
      return [
        `${name}: ${own.length} violations`,
        ...own.slice(0, shown).flatMap((violation) => violationText(violation, lines)),
      ];
    }),
    `${violations.length} violations`,
  ].join('\n');
};
