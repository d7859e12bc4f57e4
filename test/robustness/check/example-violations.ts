import type { HistoryRecord, RecordOf } from '../history.ts';
import { amk, exampleHistory, mission, type Step, subscriptionOf } from './example-history.ts';

/** Histories that violate one property each by the smallest change. */

const plain = (sender: Step['sender'], fate: Step['fate'] = 'ok'): Step => ({
  sender,
  fate,
  failures: 0,
  duplicates: 0,
});

/** Four events for the AMK LA (1 to 4: versions 1, 2, 3, 5), one for the AMK (version 4). */
export const good = exampleHistory([
  plain('amk'),
  { ...plain('amk', 'answer lost'), failures: 1 },
  plain('la', 'repeated'),
  { ...plain('amk', 'stored'), duplicates: 1 },
  plain('la', 'lost'),
  plain('la', 'refused'),
]);

/** Changes the records of a kind that fit, all of them or the first one. */
const changed = <Kind extends HistoryRecord['record']>(
  records: readonly HistoryRecord[],
  kind: Kind,
  fits: (record: RecordOf<Kind>) => boolean,
  change: (record: RecordOf<Kind>) => readonly HistoryRecord[],
): readonly HistoryRecord[] => {
  const isKind = (record: HistoryRecord): record is RecordOf<Kind> => record.record === kind;
  let isDone = false;
  return records.flatMap((record) => {
    if (isDone || !isKind(record) || !fits(record)) return [record];
    isDone = true;
    return change(record);
  });
};

type Received = RecordOf<'received'>;
const at = (subscription: string, number: number) => (received: Received) =>
  received.subscription === subscription && received.event?.number === number;
const first = () => true;

/** The smallest change of a good history that violates each property. */
export const violations: readonly (readonly [string, string, () => readonly HistoryRecord[]])[] = [
  [
    'ordered',
    'a later version arrives first',
    () => {
      const [two, three] = [2, 3].map((number) =>
        good.find((record): record is Received => record.record === 'received' && at('s-la', number)(record)),
      );
      if (two === undefined || three === undefined) throw new Error('the example has other events');
      return good.map((record) => {
        if (record === two) return { ...two, start: three.start + 100, end: three.start + 105 };
        return record;
      });
    },
  ],
  [
    'ordered',
    'a later version arrives before the earlier one was answered 2xx',
    () => changed(good, 'received', at('s-la', 2), (one) => [{ ...one, answered: 500 }]),
  ],
  [
    'unique',
    'a number is given to another version',
    () =>
      changed(good, 'received', at('s-la', 3), (one) => [
        one,
        { ...one, event: { number: 3, mission, version: 5 }, start: one.end + 1, end: one.end + 2 },
      ]),
  ],
  [
    'unique',
    'a version is given a second number',
    () =>
      changed(good, 'received', at('s-la', 4), (one) => [
        one,
        {
          ...one,
          event: { number: 5, mission, version: 5 },
          webhookId: 's-la.5',
          last: 5,
          start: one.end + 1,
          end: one.end + 2,
        },
      ]),
  ],
  [
    'unique',
    'a webhook-id names another number',
    () => changed(good, 'received', at('s-la', 3), (one) => [{ ...one, webhookId: 's-la.9' }]),
  ],
  [
    'atomic',
    'an accepted message is not in the log',
    () => changed(good, 'log', first, (log) => [{ ...log, entries: log.entries.slice(0, 3) }]),
  ],
  [
    'atomic',
    'a message arrives without one of its resources',
    () =>
      changed(good, 'received', at('s-la', 2), (one) => [
        { ...one, ...(one.event === undefined ? {} : { event: { ...one.event, parts: { 'urn:b': 'B0' } } }) },
      ]),
  ],
  [
    'atomic',
    'a message arrives with another content',
    () =>
      changed(good, 'received', at('s-la', 2), (one) => [
        {
          ...one,
          ...(one.event === undefined ? {} : { event: { ...one.event, parts: { 'urn:b': 'B0', 'urn:c': 'X' } } }),
        },
      ]),
  ],
  [
    'atomic',
    'a refused message is notified',
    () =>
      changed(good, 'received', at('s-la', 4), (one) => [
        { ...one, ...(one.event === undefined ? {} : { event: { ...one.event, message: 'update-5' } }) },
      ]),
  ],
  [
    'atomic',
    'a message with an unknown outcome is notified and not in the log',
    () => changed(good, 'log', first, (log) => [{ ...log, entries: log.entries.slice(0, 4) }]),
  ],
  [
    'reliable',
    'an accepted message is no event of a subscription',
    () =>
      good.flatMap((record): readonly HistoryRecord[] => {
        if (record.record === 'received' && at('s-amk', 1)(record)) return [];
        if (record.record !== 'events' || record.subscription !== 's-amk') return [record];
        return record.reader === 'final' ? [{ ...record, events: [], last: 0 }] : [];
      }),
  ],
  [
    'reliable',
    'an event never arrives, and nobody is asked to phone',
    () => good.filter((record) => !(record.record === 'received' && at('s-amk', 1)(record))),
  ],
  [
    'resumable',
    'a page leaves out an event',
    () =>
      changed(
        good,
        'events',
        ({ reader, subscription }) => reader === 'final' && subscription === 's-la',
        (page) => [{ ...page, events: page.events.filter(({ number }) => number !== 2) }],
      ),
  ],
  [
    'resumable',
    'a page ends before the last event',
    () =>
      changed(
        good,
        'events',
        ({ reader, subscription }) => reader === 'final' && subscription === 's-la',
        (page) => [{ ...page, events: page.events.slice(0, -1) }],
      ),
  ],
  [
    'resumable',
    'a page lacks what was received before',
    () =>
      changed(
        good,
        'events',
        ({ reader, subscription }) => reader === 'final' && subscription === 's-la',
        (page) => [{ ...page, events: page.events.slice(0, -1), last: 3 }],
      ),
  ],
  [
    'bookmarkable',
    'the number of events goes back',
    () =>
      changed(
        good,
        'status',
        ({ last }) => last === 3,
        (status) => [{ ...status, last: 1 }],
      ),
  ],
  [
    'bookmarkable',
    'a reader sees an event twice',
    () =>
      changed(
        good,
        'events',
        ({ reader, subscription }) => reader === 'final' && subscription === 's-la',
        (page) => [page, { ...page, start: page.end + 1, end: page.end + 2 }],
      ),
  ],
  [
    'filtered',
    'a subscription gets what its filter excludes',
    () =>
      changed(
        good,
        'subscription',
        ({ subscription }) => subscription === subscriptionOf.amk,
        (call) => [{ ...call, settings: { ...call.settings, events: ['mission-cancel'] } }],
      ),
  ],
  [
    'filtered',
    'a party gets its own message',
    () =>
      changed(
        good,
        'subscription',
        ({ subscription }) => subscription === subscriptionOf.la,
        (call) => [{ ...call, organisation: amk }],
      ),
  ],
  [
    'filtered',
    'a party reads a mission in which it has no part',
    () => changed(good, 'read', first, (read) => [{ ...read, organisation: '311000047' }]),
  ],
  [
    'versions',
    'a repeated message gets another version',
    () =>
      changed(
        good,
        'send',
        ({ message, version }) => message.id === 'update-2' && version === 4,
        (send) => [{ ...send, version: 9 }],
      ),
  ],
  [
    'versions',
    'the log has a gap',
    () =>
      changed(good, 'log', first, (log) => [
        { ...log, entries: log.entries.map((entry) => (entry.version === 5 ? { ...entry, version: 6 } : entry)) },
      ]),
  ],
  [
    'versions',
    'a read shows less than was accepted before',
    () =>
      changed(
        good,
        'read',
        ({ version }) => version === 4,
        (read) => [{ ...read, version: 2 }],
      ),
  ],
  [
    'versions',
    'a version is read before it was sent',
    () =>
      changed(
        good,
        'read',
        ({ version }) => version === 2,
        (read) => [{ ...read, version: 4 }],
      ),
  ],
  [
    'versions',
    'a message is accepted although its If-Match names an older version',
    () =>
      changed(
        good,
        'send',
        ({ version }) => version === 4,
        (send) => [{ ...send, message: { ...send.message, ifMatch: 1 } }],
      ),
  ],
  [
    'versions',
    'a message is refused although its If-Match names the newest version',
    () =>
      changed(
        good,
        'send',
        ({ message }) => message.id === 'update-5',
        (send) => [{ ...send, fault: 'version-conflict', message: { ...send.message, ifMatch: 5 } }],
      ),
  ],
  [
    'receipts',
    'a receipt says completed, and the endpoint answered 500',
    () => changed(good, 'received', at('s-la', 2), (one) => [{ ...one, answered: 500 }]),
  ],
  [
    'receipts',
    'a receipt names another version',
    () =>
      changed(good, 'receipts', first, (record) => [
        { ...record, receipts: record.receipts.map((one) => (one.number === 2 ? { ...one, version: 1 } : one)) },
      ]),
  ],
  ['signed', 'a signature is wrong', () => changed(good, 'received', first, (one) => [{ ...one, signature: 'bad' }])],
];

/** Changes of any good history with at least one event at the AMK LA, each with what must find it. */
export const mutations: readonly (readonly [
  string,
  (records: readonly HistoryRecord[], pick: number) => readonly HistoryRecord[],
])[] = [
  [
    'reliable',
    // The final page lists the event, and no receiver ever got it.
    (records, pick) => {
      const numbers = [
        ...new Set(records.flatMap((record) => (record.record === 'received' ? [record.webhookId] : []))),
      ];
      const lost = numbers[pick % numbers.length];
      return records.filter((record) => !(record.record === 'received' && record.webhookId === lost));
    },
  ],
  [
    'atomic',
    (records, pick) => {
      const answered = records.filter(
        (record): record is RecordOf<'send'> => record.record === 'send' && record.outcome === 'ok',
      );
      const lost = answered[pick % answered.length]?.version;
      return changed(records, 'log', first, (log) => [
        { ...log, entries: log.entries.filter(({ version }) => version !== lost) },
      ]);
    },
  ],
  [
    'unique',
    (records, pick) => {
      const all = records.filter((record): record is Received => record.record === 'received');
      const one = all[pick % all.length];
      return records.map((record) =>
        record === one && one.event !== undefined
          ? { ...one, event: { ...one.event, number: one.event.number + 1 } }
          : record,
      );
    },
  ],
  [
    'versions',
    (records, pick) => {
      const all = records.filter(
        (record): record is RecordOf<'send'> => record.record === 'send' && record.outcome === 'ok',
      );
      const one = all[pick % all.length];
      return records.flatMap((record) =>
        record === one
          ? [one, { ...one, start: one.end + 1, end: one.end + 2, version: (one.version ?? 0) + 100 }]
          : [record],
      );
    },
  ],
  [
    'receipts',
    (records, pick) => {
      const numbers = [
        ...new Set(records.flatMap((record) => (record.record === 'received' ? [record.webhookId] : []))),
      ];
      const refused = numbers[pick % numbers.length];
      return records.map((record) =>
        record.record === 'received' && record.webhookId === refused ? { ...record, answered: 500 } : record,
      );
    },
  ],
];
