import type { HistoryRecord } from '../../history.ts';
import type { Index } from '../entries.ts';
import type { Finding, Property } from '../property.ts';

interface Reported {
  readonly last: number;
  readonly start: number;
  readonly end: number;
  readonly record: HistoryRecord;
}

/** Every answer that says how many events there are: a call that begins after another ended says no less. */
const monotone = (reports: readonly Reported[]): readonly Finding[] => {
  const byStart = reports.toSorted((one, other) => one.start - other.start);
  const byEnd = reports.toSorted((one, other) => one.end - other.end);
  let ended = 0;
  let highest: Reported | undefined;
  const found: Finding[] = [];
  for (const report of byStart) {
    for (let next = byEnd[ended]; next !== undefined && next.end < report.start; next = byEnd[ended]) {
      if (next.last > (highest?.last ?? -1)) highest = next;
      ended += 1;
    }
    if (highest !== undefined && report.last < highest.last)
      found.push({
        says: `events-since-subscription-start went from ${highest.last} to ${report.last}`,
        excerpt: [highest.record, report.record],
      });
  }
  return found;
};

/** A notification is built before it arrives, so it says what was known some time before: only a lower limit for others. */
const reportsIn = (index: Index): ReadonlyMap<string, readonly Reported[]> =>
  Map.groupBy(
    [...index.of('status'), ...index.of('events')].flatMap((record) =>
      record.outcome === 'ok' && record.last !== undefined
        ? [{ subscription: record.subscription, last: record.last, start: record.start, end: record.end, record }]
        : [],
    ),
    ({ subscription }) => subscription,
  );

const ofNotifications = (index: Index): readonly Finding[] =>
  index.of('received').flatMap((received) => {
    const { event, last } = received;
    return event === undefined || last === undefined || last >= event.number
      ? []
      : [{ says: `event ${event.number} says that there are ${last} events`, excerpt: [received] }];
  });

/** Pages of one reader, each since the number after the last one seen. */
const readers = (index: Index): readonly Finding[] => {
  const series = Map.groupBy(
    index.of('events').filter(({ outcome, reader }) => outcome === 'ok' && reader !== undefined),
    ({ subscription, reader }) => `${subscription} ${reader}`,
  );
  return [...series.values()].flatMap((pages) => {
    let expected = 1;
    for (const page of pages.toSorted((one, other) => one.start - other.start))
      for (const { number } of page.events) {
        if (number !== expected)
          return [{ says: `a reader got event ${number} in place of ${expected}`, excerpt: [page] }];
        expected += 1;
      }
    return [];
  });
};

export const bookmarkable: Property = {
  name: 'bookmarkable',
  definition:
    'events-since-subscription-start never goes back, and is never below the number of an event that names it. A reader that asks $events since the number after the last one it has seen misses nothing and sees nothing twice.',
  findings: (index) => [
    ...[...reportsIn(index).values()].flatMap(monotone),
    ...ofNotifications(index),
    ...readers(index),
  ],
};
