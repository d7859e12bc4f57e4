import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../support/random.ts';
import { partsIn } from './messages.ts';
import { hasNext, logEntriesIn, messageIdIn, notificationIn, parse, receiptsIn, statusIn } from './answers.ts';
import { calledAs, type Answer, type Caller } from './client.ts';
import { type Client, parties } from './parties.ts';
import type { Subscribed } from './subscriptions.ts';

/** Reads of parties while the traffic runs, and the complete reading at its end. */

const get = (caller: Caller, client: Client, path: string): Promise<Answer> =>
  caller.call(client, { method: 'GET', path });

/** A mission, and the party that reads all of it. */
export interface KnownMission {
  readonly mission: string;
  readonly coordinator: Client;
}

interface EventsPage {
  /** The number to ask for next. */
  readonly next: number;
  readonly more: boolean;
  /** The mission of each event that names it. */
  readonly missions: readonly string[];
}

/** One page of `$events`; undefined without an answer. */
export const readEvents = async (
  caller: Caller,
  { id, client }: Pick<Subscribed, 'id' | 'client'>,
  asked: { readonly since: number; readonly reader?: string; readonly content?: string },
): Promise<EventsPage | undefined> => {
  const { since, reader, content = 'id-only' } = asked;
  const answer = await get(caller, client, `/Subscription/${id}/$events?eventsSinceNumber=${since}&content=${content}`);
  const isOk = answer.outcome === 'ok';
  const { events, last, next } = isOk ? notificationIn(answer.text) : { events: [], last: undefined, next: undefined };
  caller.write({
    record: 'events',
    ...calledAs(answer),
    subscription: id,
    since,
    ...(reader === undefined ? {} : { reader }),
    events: [...events],
    ...(last === undefined ? {} : { last }),
    more: next !== undefined,
  });
  if (!isOk) return undefined;
  return {
    next: (events.at(-1)?.number ?? since - 1) + 1,
    more: next !== undefined,
    missions: events.flatMap(({ mission }) => mission ?? []),
  };
};

export const readStatus = async (
  caller: Caller,
  { id, client }: Pick<Subscribed, 'id' | 'client'>,
): Promise<number | undefined> => {
  const answer = await get(caller, client, `/Subscription/${id}/$status`);
  const { state, last } = answer.outcome === 'ok' ? statusIn(answer.text) : { state: undefined, last: undefined };
  caller.write({
    record: 'status',
    ...calledAs(answer),
    subscription: id,
    ...(state === undefined ? {} : { state }),
    ...(last === undefined ? {} : { last }),
  });
  return last;
};

/** All pages of a search; undefined if a page is refused or unknown. */
const searched = async <Row>(
  caller: Caller,
  client: Client,
  path: string,
  rowsIn: (text: string) => readonly Row[],
): Promise<{ readonly answer: Answer; readonly rows: readonly Row[] }> => {
  const rows: Row[] = [];
  let answer = await get(caller, client, path);
  const { start } = answer;
  for (;;) {
    if (answer.outcome !== 'ok') return { answer: { ...answer, start }, rows: [] };
    rows.push(...rowsIn(answer.text));
    const next = hasNext(parse(answer.text));
    if (next === undefined) return { answer: { ...answer, start }, rows };
    answer = await get(caller, client, next.slice(next.indexOf('/fhir/') + '/fhir'.length));
  }
};

export const readReceipts = async (caller: Caller, client: Client, mission: string) => {
  const { answer, rows } = await searched(
    caller,
    client,
    `/Communication?part-of=ServiceRequest/${mission}&_count=100`,
    receiptsIn,
  );
  caller.write({ record: 'receipts', ...calledAs(answer), mission, receipts: [...rows] });
  return answer.outcome === 'ok' ? rows : undefined;
};

const readLog = async (caller: Caller, client: Client, mission: string) => {
  const { answer, rows } = await searched(
    caller,
    client,
    `/ServiceRequest/${mission}/$history?_count=100`,
    logEntriesIn,
  );
  const entries = rows.toSorted((one, other) => one.version - other.version);
  caller.write({ record: 'log', ...calledAs(answer), mission, entries });
  return answer.outcome === 'ok' ? entries : undefined;
};

const readEntry = async (caller: Caller, client: Client, mission: string, version: number): Promise<boolean> => {
  const answer = await get(caller, client, `/Bundle/${mission}.${version}`);
  const isOk = answer.outcome === 'ok';
  const message = isOk ? messageIdIn(answer.text) : undefined;
  caller.write({
    record: 'entry',
    ...calledAs(answer),
    mission,
    version,
    ...(message === undefined ? {} : { message }),
    parts: isOk ? partsIn(answer.text) : {},
  });
  return answer.outcome !== 'unknown';
};

interface Reading {
  readonly caller: Caller;
  readonly random: SeededRandom;
  readonly isOver: () => boolean;
}

/** Polls `$events` with the number after the last one it has seen. */
export const follow = async (
  { caller, random, isOver }: Reading,
  subscribed: Subscribed,
  reader: string,
): Promise<void> => {
  let since = 1;
  while (!isOver()) {
    const content = random.chance(0.2) ? 'full-resource' : 'id-only';
    since = (await readEvents(caller, subscribed, { since, reader, content }))?.next ?? since;
    await pause(random.between(200, 3_000));
  }
};

/** Status, receipts and `$events` from any number, by their owners and by a party that they do not concern. */
export const lookAround = async (
  { caller, random, isOver }: Reading,
  subscriptions: readonly Subscribed[],
  missions: readonly KnownMission[],
): Promise<void> => {
  while (!isOver()) {
    const subscribed = random.pick(subscriptions);
    const last = await readStatus(caller, subscribed);
    if (random.chance(0.5)) await readEvents(caller, subscribed, { since: random.between(1, (last ?? 0) + 2) });
    if (random.chance(0.1)) await readEvents(caller, { ...subscribed, client: 'amk-nordland' }, { since: 1 });
    const [known] = missions.slice(-random.between(1, 4));
    if (known !== undefined && random.chance(0.3)) await readReceipts(caller, known.coordinator, known.mission);
    await pause(random.between(300, 1_500));
  }
};

/** Repeats a read until it has an answer. */
const surely = async <Value>(read: () => Promise<Value | undefined>): Promise<Value | undefined> => {
  for (let attempts = 0; attempts < 100; attempts += 1) {
    const value = await read();
    if (value !== undefined) return value;
    await pause(200);
  }
  return undefined;
};

const readFinalEvents = async (caller: Caller, subscribed: Subscribed): Promise<readonly string[]> => {
  const missions: string[] = [];
  for (let since = 1, more = true; more; ) {
    const page = await surely(() => readEvents(caller, subscribed, { since, reader: 'final' }));
    if (page === undefined) break;
    missions.push(...page.missions);
    ({ next: since, more } = page);
  }
  return missions;
};

/**
 * Everything that the properties compare at the end: all events of each subscription, then the log and the receipts of each
 * mission, also of those whose sender never got an answer.
 */
export const readAll = async (
  caller: Caller,
  subscriptions: readonly Subscribed[],
  {
    missions,
    isAnswered,
  }: { readonly missions: readonly KnownMission[]; readonly isAnswered: (mission: string, version: number) => boolean },
): Promise<void> => {
  const known = new Map(missions.map((one) => [one.mission, one]));
  for (const subscribed of subscriptions)
    for (const mission of await readFinalEvents(caller, subscribed))
      if (!known.has(mission) && parties[subscribed.client].role === 'amk-la')
        known.set(mission, { mission, coordinator: subscribed.client });
  for (const { mission, coordinator } of known.values()) {
    const entries = (await surely(() => readLog(caller, coordinator, mission))) ?? [];
    await surely(() => readReceipts(caller, coordinator, mission));
    // Which message a version is: answers say it, the others are read.
    for (const { version, sender } of entries)
      if (sender !== undefined && !isAnswered(mission, version))
        await surely(async () => (await readEntry(caller, coordinator, mission, version)) || undefined);
  }
};
