import { evolve, fold } from '../../core/mission/evolve.ts';
import type { StoredEntry } from '../../core/mission/mission-log.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import { idleAfterMilliseconds } from '../../core/mission/idle.ts';
import { deadlineOf, type MissionState } from '../../core/mission/state.ts';
import { uuidOf } from '../../schemas/identifiers.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import { partyOf } from '../support/messages.ts';
import type { Sending } from './run.ts';
import type { World } from './world.ts';

/** What must hold whatever happened: of the log, of what came to the endpoints, and of what people were told. */
export interface Finding {
  readonly invariant: Invariant;
  readonly words: string;
}

export const invariants = {
  'log = 2xx':
    'The log holds exactly the messages whose senders were answered 2xx, each once, at the number they were told',
  'numbers of the log': 'The entries of a mission are numbered 1, 2, 3 … without a gap',
  'state = fold': 'The state that an entry carries is the fold of the log up to it',
  'numbers of subscriptions':
    'A subscription numbers its notifications 1, 2, 3 … without a gap, each entry once, in the order of the log, each naming the one before it unless the mission has rested',
  order:
    'What comes to an endpoint of a mission comes for the first time in the order of the log, but for what was given up or tried again',
  content: 'What comes to an endpoint is the entry that its number stands for',
  'nobody missed': 'A subscription that was there before an entry it wants has a notification of it',
  'told or a human told': 'Whoever must know an entry has it, or people have been told to phone',
  receipts: 'A receipt says delivered only if the endpoint has taken the notification; nothing is left pending',
  'settled is settled':
    'What an endpoint has taken, or the hub has given up, is not sent again unless somebody has it tried again',
  'told is noted': 'An entry names those who were told of it',
  'no false alarm': 'Nobody is told to phone a party that has the message in another way',
  'one probe': 'Of an open circuit one probe is sent at a time',
  'dead letters':
    'The dead letters are the notifications that were given up, of each people were told, and only they are tried again',
  'deadlines once': 'A deadline that passed is told once, one that was kept is not, and none is forgotten',
  'hub messages once': 'The hub says one thing once',
  handshake: 'A circuit closes, and a subscription becomes active, only with a handshake that the endpoint has taken',
  'off is off': 'A subscription that has ended gets nothing of what is said afterwards',
  listed: 'The fan-out finds the subscriptions that have not ended, as they were set last, and no others',
  worklists: 'A worklist shows every Task of its owner as it is in the newest entry',
  'few calls': 'An endpoint that is down is called a few times a minute, however much is owed to it',
  'nothing owed': 'When the faults are over everything owed is paid within bounded time',
  forgotten: 'A mission in which nothing is said leaves the heads of the subscriptions',
} as const;

export type Invariant = keyof typeof invariants;

export interface Case {
  readonly world: World;
  readonly sendings: readonly Sending[];
  /** When the last fault was over. */
  readonly calmFrom: number;
  /** Endpoints that stay dead. */
  readonly dead: ReadonlySet<string>;
  readonly phase: 'paid' | 'forgotten';
}

/** Everything the hub keeps, read once. */
interface Facts extends Case {
  readonly logs: ReadonlyMap<string, readonly StoredEntry[]>;
  readonly subscriptions: readonly Subscription[];
  readonly notes: ReadonlyMap<string, readonly Notification[]>;
}

type Report = (invariant: Invariant, words: string) => void;

const second = 1_000;
/** No request lasts longer, nor anything that it sent. */
const crossingWithin = 25 * second;
/** A deadline is told within this, when nothing is wrong: a look every two seconds, a turn every thirty after a death, and clocks that differ. */
const overdueWithin = 90 * second;
/** A sweeper's clock may run ahead by so much. */
const mostSkew = 5 * second;
/** A delivery that read the subscription before it ended may still call; no function lives longer. */
const deliverLimit = 31 * second;
/** Calls to an endpoint that is down, in any minute: those that open the circuit, of several missions at once, and probes. */
const mostCalls = 24;
/** Notifications sent to an endpoint that is down, one after another: five open the circuit, a few more are under way then. */
const mostInVain = 14;

const short = (entry: { readonly mission: string; readonly number: number; readonly event: string }): string =>
  `${entry.mission.slice(0, 4)}#${entry.number} ${entry.event}`;

const groupBy = <Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> =>
  Map.groupBy(items, keyOf);

const logIsAnswered = ({ logs, sendings }: Facts, report: Report): void => {
  const inLog = new Map<string, StoredEntry[]>();
  for (const entry of [...logs.values()].flat()) {
    const key = `${entry.sender} ${entry.messageId}`;
    inLog.set(key, [...(inLog.get(key) ?? []), entry]);
  }
  const answered = new Set<string>();
  for (const { name, said, replies, isContested } of sendings) {
    const key = `${said.sender.organisation} ${said.message.id}`;
    const entries = inLog.get(key) ?? [];
    const taken = replies.filter(({ reply }) => reply.status === 200);
    const final = replies.filter(({ reply }) => reply.status < 500);
    if (final.length === 0) report('log = 2xx', `${name} has no answer`);
    if (taken.length > 0) answered.add(key);
    if (entries.length > 1) report('log = 2xx', `${name} is in the log ${entries.length} times`);
    for (const { reply } of taken)
      if (entries[0]?.number !== reply.entry || entries[0]?.digest !== said.message.digest)
        report('log = 2xx', `${name} was answered 200 for entry ${reply.entry}, but the log has ${entries[0]?.number}`);
    const refused = final.find(({ reply }) => reply.status !== 200);
    if (refused !== undefined && taken.length > 0 && !isContested && replies.length <= 1)
      report('log = 2xx', `${name} was answered both ways`);
  }
  for (const [key, [entry]] of inLog)
    if (entry !== undefined && entry.sender !== 'luftbro' && !answered.has(key))
      report('log = 2xx', `${short(entry)} is in the log, but nobody was answered 2xx`);
};

const logIsWhole = ({ logs, world }: Facts, report: Report): void => {
  const written = new Map<string, number>();
  for (const { entry } of world.journal.appended) written.set(entry.mission, (written.get(entry.mission) ?? 0) + 1);
  for (const [mission, log] of logs) {
    if (log.length !== written.get(mission) || log.some(({ number }, index) => number !== index + 1))
      report('numbers of the log', `${mission}: ${log.map(({ number }) => number).join()}`);
    let state: MissionState | undefined;
    for (const entry of log) {
      state = evolve(state, entry);
      if (JSON.stringify(state) !== JSON.stringify(entry.state)) report('state = fold', short(entry));
    }
    const whole = fold(log);
    if (JSON.stringify(whole) !== JSON.stringify(state)) report('state = fold', mission);
  }
};

/**
 * Numbers that stand for nothing, or come late, and may: two paid the entry at once, the subscription was made or changed
 * between their looks, and the one that numbered it died or froze (docs/simulation.md, "Known limits").
 */
const numbersInDispute = ({ journal }: World): ReadonlySet<string> => {
  const nameOf = (mission: string, entry: number): string => `${mission}#${entry}`;
  const createdAt = new Map(journal.created.map(({ at, subscription }) => [subscription.id, at]));
  const appendedAt = new Map(journal.appended.map(({ at, entry }) => [nameOf(entry.mission, entry.number), at]));
  const clearedAt = new Map(journal.cleared.toReversed().map(({ at, mission, entry }) => [nameOf(mission, entry), at]));
  const never = Number.POSITIVE_INFINITY;
  return new Set(
    journal.numbered.flatMap(({ at, subscription, number, mission, entry }) => {
      const isNew = (createdAt.get(subscription) ?? never) >= (appendedAt.get(nameOf(mission, entry)) ?? 0);
      const isPaid = at >= (clearedAt.get(nameOf(mission, entry)) ?? never);
      return isNew || isPaid ? [`${subscription}.${number}`] : [];
    }),
  );
};

/** After a rest the numbering of a mission begins anew, when nobody has to wait any more for what was told before. Clocks differ. */
const hasRested = (before: Notification, { writtenAt }: Notification): boolean => {
  const isSettled =
    before.redrivenAt !== undefined || Date.parse(before.completedAt ?? '') < Date.parse(writtenAt) + 10 * second;
  return isSettled && Date.parse(before.writtenAt) + idleAfterMilliseconds - 10 * second < Date.parse(writtenAt);
};

const numbersAreWhole = ({ world, subscriptions, notes }: Facts, report: Report): void => {
  const written = new Set([...notes.values()].flat().map(({ subscription, number }) => `${subscription}.${number}`));
  const disputed = numbersInDispute(world);
  for (const { id, lastNumber, status } of subscriptions) {
    const own = notes.get(id) ?? [];
    // Who ended the subscription between numbering and writing reads neither.
    const mayLack = (number: number | undefined): boolean => status === 'off' || disputed.has(`${id}.${number}`);
    for (let number = 1; number <= lastNumber; number += 1)
      if (!written.has(`${id}.${number}`) && !mayLack(number))
        report('numbers of subscriptions', `${id} has numbered ${lastNumber}, but ${number} stands for nothing`);
    for (const { number } of own)
      if (number > lastNumber)
        report('numbers of subscriptions', `${id} has numbered ${lastNumber}, but written ${number}`);
    for (const [mission, ofMission] of groupBy(own, (note) => note.mission)) {
      for (const [index, note] of ofMission.entries()) {
        const before = ofMission[index - 1];
        if (before !== undefined && before.entry >= note.entry)
          report(
            'numbers of subscriptions',
            `${id}.${note.number} is ${mission.slice(0, 4)}#${note.entry}, after #${before.entry}`,
          );
        const isAnew = note.previous === undefined && before !== undefined && hasRested(before, note);
        if (note.previous !== before?.number && !isAnew && !mayLack(note.previous))
          report(
            'numbers of subscriptions',
            `${id}.${note.number} names ${note.previous} before it, but it is ${before?.number}`,
          );
      }
    }
  }
};

interface Heard {
  readonly kind?: unknown;
  readonly mission?: unknown;
  readonly entry?: unknown;
  readonly messageId?: unknown;
}

const arrivalsAreRight = ({ world, logs, notes }: Facts, report: Report): void => {
  const givenUp = new Set<string>(
    [...notes.values()]
      .flat()
      .flatMap((note) =>
        note.status === 'failed' || note.redrivenAt !== undefined ? [`${note.subscription}.${note.number}`] : [],
      ),
  );
  const disputed = numbersInDispute(world);
  const seen = new Set<string>();
  const last = new Map<string, number>();
  for (const { subscription, webhookId, body } of world.endpoints.arrivals) {
    const heard: Heard = JSON.parse(body);
    if (heard.kind !== 'event-notification') continue;
    const number = Number(webhookId.slice(webhookId.lastIndexOf('.') + 1));
    const note = notes.get(subscription)?.find((one) => one.number === number);
    const entry = logs.get(String(heard.mission))?.[Number(heard.entry) - 1];
    if (
      note === undefined ||
      note.mission !== heard.mission ||
      note.entry !== heard.entry ||
      entry?.messageId !== heard.messageId ||
      webhookId !== `${subscription}.${number}`
    )
      report('content', `${webhookId} came as ${body}, and stands for ${note?.mission}#${note?.entry}`);
    if (seen.has(webhookId)) continue;
    seen.add(webhookId);
    if (givenUp.has(webhookId) || disputed.has(webhookId)) continue;
    const room = `${subscription} ${String(heard.mission)}`;
    const before = last.get(room) ?? 0;
    if (number < before) report('order', `${webhookId} came for the first time after ${subscription}.${before}`);
    last.set(room, Math.max(before, number));
  }
};

const wants = ({ filter }: Subscription, entry: StoredEntry): boolean =>
  (filter.events?.includes(entry.event) ?? true) &&
  (filter.urgencies?.includes(entry.state.urgency) ?? true) &&
  (filter.missions?.includes(entry.mission) ?? true);

const mustBeReached: readonly unknown[] = ['local-amk', 'amk-la', 'operator', 'hospital'];

const everybodyIsTold = ({ world, logs, subscriptions, notes }: Facts, report: Report): void => {
  const { journal } = world;
  const createdAt = new Map(journal.created.map(({ at, subscription }) => [subscription.id, at]));
  const endedAt = new Map(journal.turnedOff.map(({ at, subscription }) => [subscription, at]));
  // What those want who changed their filter in the middle depends on when they were asked.
  const changed = new Set(journal.refiltered.map(({ subscription }) => subscription));
  const appendedAt = new Map(journal.appended.map(({ at, entry }) => [`${entry.mission}#${entry.number}`, at]));
  const noteOf = new Map(
    [...notes.values()].flat().map((note) => [`${note.subscription} ${note.mission}#${note.entry}`, note]),
  );
  const ofParty = groupBy(subscriptions, ({ organisation }) => organisation);
  for (const [mission, log] of logs) {
    const said = log.flatMap(({ event, facts, number }) =>
      facts.undelivered === undefined ? [] : [{ event, number, ...facts.undelivered }],
    );
    const ids = new Set(log.map(({ messageId }) => messageId));
    for (const entry of log) {
      const at = appendedAt.get(`${mission}#${entry.number}`) ?? 0;
      if (entry.fanOutPending) report('nothing owed', `${short(entry)} owes its fan-out`);
      for (const organisation of entry.recipients) {
        const own = ofParty.get(organisation) ?? [];
        const found = own.flatMap(({ id }) => noteOf.get(`${id} ${mission}#${entry.number}`) ?? []);
        for (const subscription of own) {
          const { id } = subscription;
          const stood = (createdAt.get(id) ?? Number.POSITIVE_INFINITY) < at && !endedAt.has(id);
          if (
            stood &&
            !changed.has(id) &&
            wants(subscription, entry) &&
            !noteOf.has(`${id} ${mission}#${entry.number}`)
          )
            report('nobody missed', `${id} was not told of ${short(entry)}`);
        }
        const isExempt =
          knownMessageType(entry.event).relation === 'hub' ||
          entry.state.readiness !== undefined ||
          !mustBeReached.includes(partyOf(organisation)?.role);
        if (isExempt || found.some(({ status }) => status === 'delivered')) continue;
        const isSaid = said.some((one) => one.organisation === organisation && one.entry === entry.number);
        const isSaidOnce =
          found.length === 0 &&
          entry.withoutSubscription.includes(organisation) &&
          ids.has(uuidOf('party-unreachable', mission, organisation, 'no-subscription'));
        const stands =
          found.length === 0 &&
          log.some(({ number, state }) => number >= entry.number && state.unreachable?.[organisation] !== undefined);
        const isUnwanted =
          found.length === 0 &&
          entry.withoutSubscription.includes(organisation) &&
          own.some((one) => changed.has(one.id) || !wants(one, entry));
        if (!isSaid && !isSaidOnce && !stands && !isUnwanted)
          report(
            'told or a human told',
            `${organisation} does not have ${short(entry)} (${found.map(({ number, status }) => `${number} ${status}`).join()}), and nobody knows`,
          );
      }
    }
  }
};

const receiptsAreTrue = async ({ world, notes, logs }: Facts, report: Report): Promise<void> => {
  const taken = new Set(world.endpoints.arrivals.filter((one) => one.taken).map(({ webhookId }) => webhookId));
  const dead = new Set<string>();
  let from: string | undefined;
  do {
    const page = await world.hub.deadLetters.list(1_000, from);
    for (const { subscription, number } of page.items) dead.add(`${subscription}.${number}`);
    from = page.next;
  } while (from !== undefined);
  for (const { subscription, number, was } of world.journal.redriven)
    if (was !== 'failed') report('dead letters', `${subscription}.${number} was ${was} when it was tried again`);
  for (const note of [...notes.values()].flat()) {
    const name = `${note.subscription}.${note.number}`;
    if (note.status === 'pending') report('receipts', `${name} is pending`);
    if (note.status === 'delivered' && !taken.has(name)) report('receipts', `${name} is delivered, but nobody has it`);
    if ((note.status === 'failed') !== dead.has(name)) report('dead letters', `${name} is ${note.status}`);
    if (note.status !== 'failed') continue;
    const log = logs.get(note.mission) ?? [];
    const entry = log[note.entry - 1];
    const isExempt =
      entry === undefined ||
      knownMessageType(entry.event).relation === 'hub' ||
      entry.state.readiness !== undefined ||
      !mustBeReached.includes(partyOf(note.organisation)?.role) ||
      [...notes.values()]
        .flat()
        .some(
          (one) =>
            one.organisation === note.organisation &&
            one.mission === note.mission &&
            one.entry === note.entry &&
            one.status === 'delivered',
        );
    const isSaid = log.some(
      ({ event, facts }) =>
        event === 'delivery-failed' &&
        facts.undelivered?.organisation === note.organisation &&
        facts.undelivered.entry === note.entry,
    );
    if (!isExempt && !isSaid) report('dead letters', `${name} was given up, and nobody was told`);
  }
};

const deadlinesAreTold = ({ world, logs, calmFrom }: Facts, report: Report): void => {
  const appendedAt = new Map(world.journal.appended.map(({ at, entry }) => [`${entry.mission}#${entry.number}`, at]));
  const now = world.scheduler.now();
  for (const [mission, log] of logs) {
    const told = new Map<string, number>();
    for (const [index, entry] of log.entries()) {
      const at = appendedAt.get(`${mission}#${entry.number}`) ?? 0;
      const before = log[index - 1]?.state;
      const { task: id, deadline, answer } = entry.facts;
      const isOverdue =
        entry.event === 'acknowledgement-overdue' && answer === 'overdue' && id !== undefined && deadline !== undefined;
      if (isOverdue) {
        const key = `${id} ${deadline}`;
        told.set(key, (told.get(key) ?? 0) + 1);
        if ((told.get(key) ?? 0) > 1) report('deadlines once', `${short(entry)}: ${key} is told twice`);
        if (at + mostSkew < Date.parse(deadline)) report('deadlines once', `${short(entry)}: ${key} is told too early`);
        const task = before?.tasks.find((one) => one.id === id);
        if (task === undefined || deadlineOf(task) !== deadline)
          report('deadlines once', `${short(entry)}: ${key} does not stand`);
      }
      for (const task of before?.tasks ?? []) {
        const due = deadlineOf(task);
        if (due === undefined || (isOverdue && task.id === id)) continue;
        const opened = appendedAt.get(`${mission}#${task.changedBy}`) ?? 0;
        const late = Math.max(Date.parse(due), calmFrom, opened) + overdueWithin;
        const after = entry.state.tasks.find((one) => one.id === task.id);
        if (at > late && (after === undefined || deadlineOf(after) !== due))
          report('deadlines once', `${short(entry)} keeps ${task.id} ${due}, which had passed long ago`);
      }
    }
    const last = log.at(-1);
    for (const task of last?.state.tasks ?? []) {
      const due = deadlineOf(task);
      if (due !== undefined && Math.max(Date.parse(due), calmFrom) + overdueWithin < now)
        report('deadlines once', `${mission.slice(0, 4)}: nobody was told that ${task.id} is overdue since ${due}`);
    }
  }
};

const hubSaysOnce = ({ logs }: Facts, report: Report): void => {
  for (const log of logs.values()) {
    const said = new Set<string>();
    for (const [index, { event, facts, number, mission, messageId }] of log.entries()) {
      if (facts.undelivered === undefined) continue;
      const { organisation, entry, outage } = facts.undelivered;
      // That a party has no subscription is said once in a mission, whatever else was said of it.
      if (messageId === uuidOf('party-unreachable', mission, organisation, 'no-subscription')) continue;
      const what = `${event} ${organisation} ${event === 'party-unreachable' ? (outage ?? entry) : entry}`;
      if (said.has(what)) report('hub messages once', `${mission.slice(0, 4)}#${number}: ${what}`);
      said.add(what);
      const stood = log[index - 1]?.state.unreachable?.[organisation] !== undefined;
      if (event === 'party-unreachable' && outage === undefined && stood)
        report('hub messages once', `${mission.slice(0, 4)}#${number}: ${organisation} was unreachable already`);
    }
  }
};

const handshakesAreSeen = ({ world }: Facts, report: Report): void => {
  const { journal, endpoints } = world;
  for (const [subscription, contacts] of groupBy(journal.contacts, (one) => one.subscription)) {
    let since = 0;
    const changes = journal.changed.filter((one) => one.subscription === subscription).map(({ at }) => at);
    for (const { at, from, to } of contacts) {
      if (from === 'active' && to !== 'active') since = at;
      if (from === 'active' || to !== 'active') continue;
      const begun = Math.max(since, ...changes.filter((changed) => changed < at));
      const isSeen = endpoints.arrivals.some(
        (arrival) =>
          arrival.webhookId === `${subscription}.0` && arrival.taken && arrival.at > begun && arrival.at <= at,
      );
      if (!isSeen)
        report('handshake', `${subscription} became active at ${new Date(at).toISOString()} without a handshake`);
    }
  }
};

const offIsOff = ({ world, notes }: Facts, report: Report): void => {
  const appendedAt = new Map(world.journal.appended.map(({ at, entry }) => [`${entry.mission}#${entry.number}`, at]));
  for (const { at, subscription } of world.journal.turnedOff) {
    const late = world.endpoints.calls.find(
      (call) => call.subscription === subscription && call.at > at + deliverLimit,
    );
    if (late !== undefined)
      report('off is off', `${late.webhookId} was sent ${Math.round((late.at - at) / 1000)} s after the end`);
    for (const note of notes.get(subscription) ?? []) {
      const said = appendedAt.get(`${note.mission}#${note.entry}`) ?? 0;
      const name = `${subscription}.${note.number}`;
      if (said > at && world.endpoints.arrivals.some(({ webhookId }) => webhookId === name))
        report('off is off', `${name} was said after the end`);
    }
  }
};

const listIsRight = async ({ world, subscriptions }: Facts, report: Report): Promise<void> => {
  const { journal } = world;
  const parties = [...new Set(subscriptions.map(({ organisation }) => organisation))];
  const listed = new Map((await world.hub.subscriptions.subscribers(parties)).map((one) => [one.id, one]));
  const promised = new Set(world.journal.created.map(({ subscription }) => subscription.id));
  for (const { id, status, filter } of subscriptions) {
    if (!promised.has(id)) continue;
    const found = listed.get(id);
    // A change that died between its two writes, with the end between them (docs/simulation.md, "Known limits").
    const endedAt = journal.turnedOff.find(({ subscription }) => subscription === id)?.at ?? 0;
    const isCrossed = journal.changing.some(
      ({ at, subscription, isWhole }) =>
        !isWhole && subscription === id && at <= endedAt && at > endedAt - crossingWithin,
    );
    if (status === 'off' && found !== undefined && !isCrossed) report('listed', `${id} has ended and is still found`);
    if (status !== 'off' && JSON.stringify(found?.filter) !== JSON.stringify(filter))
      report('listed', `${id} wants ${JSON.stringify(filter)}, but the fan-out finds ${JSON.stringify(found?.filter)}`);
  }
};

const worklistsAreRight = async ({ world, logs }: Facts, report: Report): Promise<void> => {
  const tasks = [...logs.values()].flatMap((log) => log.at(-1)?.state.tasks ?? []);
  const shown = new Map<string, string>();
  for (const owner of new Set(tasks.map((task) => task.owner)))
    for (const open of [true, false])
      for (const { task } of (await world.hub.worklist.list(owner, open, 1_000)).items)
        shown.set(task.id, JSON.stringify(task));
  for (const task of tasks)
    if (shown.get(task.id) !== JSON.stringify(task))
      report('worklists', `${task.id} is shown as ${shown.get(task.id)}`);
};

const settledIsQuiet = ({ world }: Facts, report: Report): void => {
  const { journal, endpoints } = world;
  const redriven = new Set(journal.redriven.map(({ subscription, number }) => `${subscription}.${number}`));
  const settledAt = new Map<string, number>();
  for (const { at, name } of journal.settled) if (!settledAt.has(name)) settledAt.set(name, at);
  for (const { at, webhookId } of endpoints.calls) {
    const settled = settledAt.get(webhookId);
    if (settled !== undefined && at > settled + deliverLimit && !redriven.has(webhookId))
      report('settled is settled', `${webhookId} was sent ${Math.round((at - settled) / 1000)} s after it was settled`);
  }
};

const toldIsNoted = ({ world, logs, notes }: Facts, report: Report): void => {
  const { journal } = world;
  const createdAt = new Map(journal.created.map(({ at, subscription }) => [subscription.id, at]));
  const unsteady = new Set([...journal.turnedOff, ...journal.refiltered].map(({ subscription }) => subscription));
  const appendedAt = new Map(journal.appended.map(({ at, entry }) => [`${entry.mission}#${entry.number}`, at]));
  for (const { subscription, number, mission, entry: entryNumber } of [...notes.values()].flat()) {
    const at = appendedAt.get(`${mission}#${entryNumber}`) ?? 0;
    if (unsteady.has(subscription) || (createdAt.get(subscription) ?? Number.POSITIVE_INFINITY) >= at) continue;
    const entry = logs.get(mission)?.[entryNumber - 1];
    if (entry?.notified.some((one) => one.subscription === subscription && one.number === number) !== true)
      report(
        'told is noted',
        `${subscription}.${number} is not among those told of ${mission.slice(0, 4)}#${entryNumber}`,
      );
  }
};

const nobodyIsAlarmed = ({ world, logs, notes }: Facts, report: Report): void => {
  const { journal } = world;
  const saidAt = new Map(journal.appended.map(({ at, entry }) => [`${entry.mission}#${entry.number}`, at]));
  const clearedAt = new Map(journal.cleared.toReversed().map(({ at, mission, entry }) => [`${mission}#${entry}`, at]));
  const all = [...notes.values()].flat();
  for (const log of logs.values())
    for (const { facts, receivedAt, mission, number, event, messageId } of log) {
      const { undelivered } = facts;
      if (undelivered === undefined) continue;
      // That a party has no subscription any more is true whatever it had before.
      if (messageId === uuidOf('party-unreachable', mission, undelivered.organisation, 'no-subscription')) continue;
      // Until the debt is cleared the entry does not say who else was told (docs/simulation.md, "Known limits").
      const cleared = clearedAt.get(`${mission}#${undelivered.entry}`) ?? Number.POSITIVE_INFINITY;
      if (cleared + deliverLimit > (saidAt.get(`${mission}#${number}`) ?? 0)) continue;
      // Nor of whom two payers were at odds.
      const told = new Set(
        log[undelivered.entry - 1]?.notified.map(({ subscription, number: noted }) => `${subscription}.${noted}`),
      );
      const has = all.find(
        (note) =>
          told.has(`${note.subscription}.${note.number}`) &&
          note.organisation === undelivered.organisation &&
          note.mission === mission &&
          note.entry === undelivered.entry &&
          note.status === 'delivered' &&
          note.redrivenAt === undefined &&
          note.completedAt !== undefined &&
          Date.parse(note.completedAt) + 60 * second < Date.parse(receivedAt),
      );
      if (has !== undefined)
        report(
          'no false alarm',
          `${mission.slice(0, 4)}#${number} ${event}: ${has.subscription}.${has.number} was taken at ${has.completedAt}`,
        );
    }
};

const probesAreSingle = ({ world, dead, calmFrom }: Facts, report: Report): void => {
  // Clocks agree when the faults are over; those of before have ended a minute later.
  const probes = world.endpoints.calls.filter(
    ({ at, endpoint, webhookId, mood }) =>
      at > calmFrom + 60 * second && dead.has(endpoint) && mood === 'down' && webhookId.endsWith('.0'),
  );
  for (const [subscription, own] of groupBy(probes, (call) => call.subscription))
    for (const [index, { at }] of own.entries()) {
      const before = own[index - 1];
      if (before !== undefined && at - before.at < 900)
        report('one probe', `${subscription}: two within ${at - before.at} ms at ${new Date(at).toISOString()}`);
    }
};

const callsAreFew = ({ world }: Facts, report: Report): void => {
  const { journal, endpoints } = world;
  const changed = new Set(journal.changed.map(({ subscription }) => subscription));
  for (const [subscription, own] of groupBy(endpoints.calls, (call) => call.subscription)) {
    const down = own.filter(({ mood }) => mood === 'down');
    for (const [index, { at }] of down.entries()) {
      const later = down[index + mostCalls];
      if (later === undefined || later.at - at > 60 * second) continue;
      report(
        'few calls',
        `${subscription}: more than ${mostCalls} calls in the minute from ${new Date(at).toISOString()}`,
      );
      break;
    }
    let inVain = 0;
    for (const { mood, webhookId, at } of own) {
      if (mood !== 'down') inVain = 0;
      else if (/\.\d+$/.test(webhookId) && !webhookId.endsWith('.0')) inVain += 1;
      if (inVain !== mostInVain || changed.has(subscription)) continue;
      report('few calls', `${subscription}: ${mostInVain} notifications in vain until ${new Date(at).toISOString()}`);
      break;
    }
  }
};

const nothingIsOwed = ({ world, subscriptions, dead, calmFrom }: Facts, report: Report): void => {
  const { hub } = world;
  const byId = new Map(subscriptions.map((one) => [one.id, one]));
  const now = new Date(world.scheduler.now() - 10 * second).toISOString();
  const late = new Date(calmFrom).toISOString();
  for (const { dueAt, obligation } of [
    ...hub.missions.pending(),
    ...hub.subscriptions.pending(),
    ...hub.notifications.pending(),
    ...hub.worklist.pending(),
  ]) {
    const words = JSON.stringify({ ...obligation, dueAt });
    switch (obligation.kind) {
      case 'deadline':
        if (dueAt < now) report('nothing owed', words);
        break;
      case 'contact': {
        const subscription = byId.get(obligation.subscription);
        // Its creation was cut off: nobody was promised it.
        if (subscription === undefined) break;
        const isDead = dead.has(subscription.endpoint);
        if (subscription.status === 'off') report('nothing owed', words);
        if (!isDead && subscription.status !== 'active') report('nothing owed', `${words} ${subscription.status}`);
        if (!isDead && dueAt < late) report('nothing owed', words);
        break;
      }
      default:
        report('nothing owed', words);
    }
  }
  // Whose endpoint refuses a handshake for good is asked again with the next notification.
  for (const subscription of subscriptions)
    if (
      ['requested', 'error'].includes(subscription.status) &&
      subscription.retryAt !== undefined &&
      !dead.has(subscription.endpoint)
    )
      report(
        'nothing owed',
        `${subscription.id} is ${subscription.status} (${subscription.error}), but its endpoint is well`,
      );
};

/** A mission rests for ten minutes, and one that was not told to everybody then is looked at ten minutes later, and again. */
const forgottenWithin = 35 * 60 * second;

const restIsForgotten = async ({ world, logs, notes, subscriptions }: Facts, report: Report): Promise<void> => {
  // The head of one that has ended numbers nothing any more.
  const ended = new Set(subscriptions.filter(({ status }) => status === 'off').map(({ id }) => id));
  const settled = new Map<string, number>();
  for (const { at, mission } of world.journal.cleared) settled.set(mission, at);
  for (const [id, told] of notes) {
    if (ended.has(id)) continue;
    for (const { mission, entry, status, completedAt } of told) {
      const last = logs.get(mission)?.at(-1);
      const quietSince = Math.max(settled.get(mission) ?? 0, Date.parse(completedAt ?? ''));
      if (last === undefined || last.fanOutPending || status === 'pending') continue;
      if (quietSince + forgottenWithin > world.scheduler.now()) continue;
      if ((await world.hub.eventNumbers.numbered(id, mission, entry)) !== undefined)
        report('forgotten', `${short(last)} still stands in the head of ${id}`);
    }
  }
};

const read = async (one: Case): Promise<Facts> => {
  const { hub, journal } = one.world;
  const missions = new Set(journal.appended.map(({ entry }) => entry.mission));
  const logs = new Map<string, readonly StoredEntry[]>();
  for (const mission of missions) logs.set(mission, await hub.missions.entries(mission, 1, 100_000));
  const subscriptions: Subscription[] = [];
  const notes = new Map<string, readonly Notification[]>();
  for (const id of journal.begun) {
    const found = await hub.subscriptions.read(id);
    if (found === undefined) continue;
    subscriptions.push(found);
    notes.set(id, await hub.notifications.range(id, 1, 100_000));
  }
  return { ...one, logs, subscriptions, notes };
};

export const findingsOf = async (one: Case): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  const report: Report = (invariant, words) => {
    if (findings.length < 20) findings.push({ invariant, words });
  };
  const facts = await read(one);
  if (one.phase === 'forgotten') {
    await restIsForgotten(facts, report);
    return findings;
  }
  logIsAnswered(facts, report);
  logIsWhole(facts, report);
  numbersAreWhole(facts, report);
  arrivalsAreRight(facts, report);
  everybodyIsTold(facts, report);
  await receiptsAreTrue(facts, report);
  deadlinesAreTold(facts, report);
  hubSaysOnce(facts, report);
  handshakesAreSeen(facts, report);
  offIsOff(facts, report);
  await listIsRight(facts, report);
  callsAreFew(facts, report);
  probesAreSingle(facts, report);
  await worklistsAreRight(facts, report);
  settledIsQuiet(facts, report);
  toldIsNoted(facts, report);
  nobodyIsAlarmed(facts, report);
  nothingIsOwed(facts, report);
  return findings;
};
