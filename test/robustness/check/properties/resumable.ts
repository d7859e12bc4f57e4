import type { RecordOf } from '../../history.ts';
import type { Index } from '../entries.ts';
import type { Finding, Property } from '../property.ts';

const wholePage = (page: RecordOf<'events'>): readonly Finding[] => {
  const wrong = page.events.findIndex(({ number }, position) => number !== page.since + position);
  if (wrong >= 0)
    return [
      {
        says: `$events since ${page.since} has ${page.events[wrong]?.number} in place of ${page.since + wrong}`,
        excerpt: [page],
      },
    ];
  const next = page.since + page.events.length;
  if (page.more && page.events.length === 0) return [{ says: 'an empty page leads to another one', excerpt: [page] }];
  return page.more || page.last === undefined || next > page.last
    ? []
    : [{ says: `$events ends at ${next - 1}, and the last event is ${page.last}`, excerpt: [page] }];
};

/** A page has what receivers had before it was asked for. */
const pushedBefore = (index: Index): readonly Finding[] => {
  const pushed = Map.groupBy(index.of('received'), ({ subscription }) => subscription);
  return index.of('events').flatMap((page) => {
    if (page.outcome !== 'ok' || page.more) return [];
    const end = page.since + page.events.length - 1;
    const missing = (pushed.get(page.subscription) ?? []).find(
      ({ event, start }) =>
        event !== undefined && start < page.start && event.number >= page.since && event.number > end,
    );
    return missing === undefined
      ? []
      : [
          {
            says: `$events since ${page.since} lacks ${missing.event?.number}, which was received before`,
            excerpt: [missing, page],
          },
        ];
  });
};

export const resumable: Property = {
  name: 'resumable',
  definition:
    '$events since n returns n, n + 1 … without a gap up to the last event, in pages that lead to each other, and has every event that a receiver got before.',
  findings: (index) => [
    ...index
      .of('events')
      .filter(({ outcome }) => outcome === 'ok')
      .flatMap(wholePage),
    ...pushedBefore(index),
  ],
};
