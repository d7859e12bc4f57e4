import type { Event, HistoryRecord, Message as SentMessage, RecordOf } from '../history.ts';
import { type Parties, partiesOf } from './parties.ts';
import { type Subscription, subscriptionsIn } from './subscriptions.ts';

/** A message and all attempts to send it. The same id of the same organisation is the same message. */
export interface Message {
  readonly id: string;
  readonly organisation: string;
  readonly sent: SentMessage;
  readonly attempts: readonly RecordOf<'send'>[];
  readonly firstStart: number;
  /** When its sender first knew that it is accepted. */
  readonly acceptedAt?: number;
  readonly outcome: 'accepted' | 'refused' | 'unknown';
}

/** Where an event was seen: at a receiver, or in a page of `$events`. */
export interface Sighting {
  readonly record: RecordOf<'received'> | RecordOf<'events'>;
  readonly subscription: string;
  readonly event: Event;
  readonly start: number;
  readonly end: number;
}

/** A version of a mission. */
export interface Entry {
  readonly mission: string;
  readonly version: number;
  /** Absent if the history does not show which message it is, and for the hub's own. */
  readonly message?: Message;
  readonly event?: string;
  /** The hub wrote it itself. */
  readonly isOfHub: boolean;
}

/** The history, arranged for the properties. */
export interface Index {
  readonly records: readonly HistoryRecord[];
  readonly messages: readonly Message[];
  /** Of each mission, in the order of versions. */
  readonly missions: ReadonlyMap<string, readonly Entry[]>;
  readonly parties: ReadonlyMap<string, Parties>;
  /** The last complete `$history` of each mission. */
  readonly logs: ReadonlyMap<string, RecordOf<'log'>>;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  /** By subscription, in the order of time. */
  readonly sightings: ReadonlyMap<string, readonly Sighting[]>;
  readonly roles: ReadonlyMap<string, string>;
  readonly end?: RecordOf<'end'>;
  readonly entryOf: (mission: string | undefined, version: number | undefined) => Entry | undefined;
  readonly of: <Kind extends HistoryRecord['record']>(kind: Kind) => readonly RecordOf<Kind>[];
}

const grouped = <Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> => {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
};

const outcomeOf = (attempts: readonly RecordOf<'send'>[]): Message['outcome'] => {
  if (attempts.some(({ outcome }) => outcome === 'ok')) return 'accepted';
  return attempts.some(({ outcome }) => outcome === 'unknown') ? 'unknown' : 'refused';
};

const messagesIn = (sends: readonly RecordOf<'send'>[]): readonly Message[] =>
  [...grouped(sends, ({ organisation, message }) => `${organisation} ${message.id}`).values()].flatMap((attempts) => {
    const [first] = attempts;
    if (first === undefined) return [];
    const accepted = attempts.filter(({ outcome }) => outcome === 'ok').map(({ end }) => end);
    return [
      {
        id: first.message.id,
        organisation: first.organisation,
        sent: first.message,
        attempts,
        firstStart: Math.min(...attempts.map(({ start }) => start)),
        ...(accepted.length === 0 ? {} : { acceptedAt: Math.min(...accepted) }),
        outcome: outcomeOf(attempts),
      },
    ];
  });

const sightingsIn = (records: readonly HistoryRecord[]): readonly Sighting[] =>
  records.flatMap((record): readonly Sighting[] => {
    if (record.record === 'received')
      return record.event === undefined
        ? []
        : [{ record, subscription: record.subscription, event: record.event, start: record.start, end: record.end }];
    if (record.record !== 'events' || record.outcome !== 'ok') return [];
    const { subscription, start, end } = record;
    return record.events.map((event) => ({ record, subscription, event, start, end }));
  });

interface Sources {
  readonly messages: readonly Message[];
  readonly logs: ReadonlyMap<string, RecordOf<'log'>>;
  readonly sightings: readonly Sighting[];
  readonly stored: readonly RecordOf<'entry'>[];
}

/** Entries from all sources: answers, `$history`, stored messages, events. Contradictions are for the properties to find. */
const missionsIn = ({ messages, logs, sightings, stored }: Sources): ReadonlyMap<string, readonly Entry[]> => {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const missions = new Map<string, Map<number, Entry>>();
  const add = (mission: string, version: number, more: Partial<Entry>): void => {
    const entries = missions.get(mission) ?? new Map<number, Entry>();
    missions.set(mission, entries);
    entries.set(version, { isOfHub: false, ...more, ...entries.get(version), mission, version });
  };
  for (const message of messages)
    for (const { outcome, mission, version } of message.attempts)
      if (outcome === 'ok' && mission !== undefined && version !== undefined)
        add(mission, version, { message, event: message.sent.event });
  for (const { mission, entries } of logs.values())
    for (const { version, event, sender } of entries) add(mission, version, { event, isOfHub: sender === undefined });
  const named = [
    ...stored.map(({ mission, version, message }) => ({ mission, version, message })),
    ...sightings.map(({ event }) => event),
  ];
  for (const { mission, version, message: id } of named) {
    if (mission === undefined || version === undefined) continue;
    const message = id === undefined ? undefined : byId.get(id);
    add(mission, version, message === undefined ? {} : { message, event: message.sent.event });
  }
  return new Map(
    [...missions].map(([mission, entries]) => [
      mission,
      [...entries.values()].toSorted((one, other) => one.version - other.version),
    ]),
  );
};

export const indexOf = (records: readonly HistoryRecord[]): Index => {
  const byKind = grouped(records, ({ record }) => record);
  const of = <Kind extends HistoryRecord['record']>(kind: Kind): readonly RecordOf<Kind>[] =>
    (byKind.get(kind) ?? []).filter((record): record is RecordOf<Kind> => record.record === kind);
  const messages = messagesIn(of('send'));
  const logs = new Map(
    of('log')
      .filter(({ outcome }) => outcome === 'ok')
      .map((log) => [log.mission, log]),
  );
  const sightings = sightingsIn(records);
  const stored = of('entry').filter(({ outcome }) => outcome === 'ok');
  const missions = missionsIn({ messages, logs, sightings, stored });
  const entries = new Map([...missions.values()].flat().map((entry) => [`${entry.mission} ${entry.version}`, entry]));
  const [end] = of('end');
  return {
    records,
    messages,
    missions,
    logs,
    sightings: grouped(
      sightings.toSorted((one, other) => one.start - other.start),
      ({ subscription }) => subscription,
    ),
    subscriptions: subscriptionsIn(of('subscription')),
    parties: new Map(
      [...missions].flatMap(([mission, all]) => {
        const parties = partiesOf(all);
        return parties === undefined ? [] : [[mission, parties] as const];
      }),
    ),
    roles: new Map(of('run').flatMap(({ parties }) => parties.map(({ organisation, role }) => [organisation, role]))),
    ...(end === undefined ? {} : { end }),
    entryOf: (mission, version) => entries.get(`${mission} ${version}`),
    of,
  };
};
