import { defined } from '../../schemas/defined.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Directory } from '../mission/directory.ts';
import { Unavailable } from '../mission/errors.ts';
import { unreachableMessage, writeHubMessage } from '../mission/hub-messages.ts';
import { listsOf, type MissionLists } from '../mission/mission-lists.ts';
import type { MissionLog, NumberedNotification } from '../mission/mission-log.ts';
import type { IncidentLink, Overview, Worklist } from '../mission/projections.ts';
import { sourceNumbers } from '../mission/sources.ts';
import { type Entry, isFinal, partiesOf, rolesIn } from '../mission/state.ts';
import type { DeliveryQueue, NotificationJob } from './delivery-queue.ts';
import type { EventNumber, EventNumbers } from './event-numbers.ts';
import { fanOutResultOf } from './idle-missions.ts';
import type { Notification, Notifications } from './notifications.ts';
import type { Subscriber, Subscriptions } from './subscription.ts';
import { type Unreached, unreachedBy } from './unreached.ts';

/** Milliseconds after which the sweeper checks a notification that is still pending. */
export const deliveryGraceMilliseconds = 15_000;

export interface FanOutPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<Subscriptions, 'subscribers'>;
  readonly eventNumbers: EventNumbers;
  readonly notifications: Pick<Notifications, 'write'>;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly missionLists: MissionLists;
  readonly directory: Directory;
  readonly queue: DeliveryQueue;
  readonly now: () => number;
}

type PendingFanOut = Pick<
  Entry,
  | 'mission'
  | 'number'
  | 'event'
  | 'sender'
  | 'exercise'
  | 'recipients'
  | 'facts'
  | 'state'
  | 'owner'
  | 'joins'
  | 'shares'
  | 'correlationId'
  | 'activeSince'
>;

const wants = ({ filter, organisation }: Subscriber, entry: PendingFanOut): boolean =>
  (filter.events?.some((event) => [entry.event, eventCodeOf(knownMessageType(entry.event))].includes(event)) ?? true) &&
  (filter.urgencies?.includes(entry.state.urgency) ?? true) &&
  (filter.missions?.includes(entry.mission) ?? true) &&
  (filter.roles === undefined || rolesIn(entry.state, organisation).some((role) => filter.roles?.includes(role)));

export const jobOf = (
  {
    subscription,
    number,
    previous,
    redrivenAt,
    organisation,
  }: Pick<Notification, 'subscription' | 'number' | 'previous' | 'redrivenAt' | 'organisation'>,
  entry: Pick<Entry, 'mission' | 'number' | 'state' | 'owner' | 'joins' | 'correlationId'>,
): NotificationJob => ({
  kind: 'notification',
  subscription,
  number,
  mission: entry.mission,
  entry: entry.number,
  sources: sourceNumbers(entry, organisation).filter((source) => source !== entry.number),
  ...defined({ previous, redrivenAt, correlationId: entry.correlationId }),
});

/** A notification that is written, and the job that delivers it. */
interface Notified {
  readonly notified: NumberedNotification;
  readonly job: NotificationJob;
  /** The subscription was in error when the notification was numbered. */
  readonly inError: boolean;
}

const notify = async (
  { notifications, now }: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
  { number, previous, inError }: EventNumber,
): Promise<Notified> => {
  const at = now();
  const { organisation } = subscriber;
  const numbered = { subscription: subscriber.id, number, organisation, ...defined({ previous }) };
  await notifications.write(
    {
      ...numbered,
      mission: entry.mission,
      entry: entry.number,
      writtenAt: new Date(at).toISOString(),
      status: 'pending',
      attempts: 0,
    },
    new Date(at + deliveryGraceMilliseconds).toISOString(),
  );
  return {
    notified: { subscription: subscriber.id, number, organisation },
    job: jobOf(numbered, entry),
    inError: inError === true,
  };
};

/** Throws `Unavailable` for a fan-out that was paused (Lambda freeze, laptop sleep): the sweeper retries it, and gets a number. */
const assignNumber = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
  knownSince: number,
): Promise<EventNumber | 'passed' | 'full'> => {
  const numbered = await ports.eventNumbers.number(subscriber.id, entry.mission, entry.number, knownSince);
  if (typeof numbered === 'string' || 'number' in numbered) return numbered;
  const { forgotThrough } = numbered;
  // A mark in the past is passed in time. A mark in the future was set by a clock that has been put back since: it would refuse every fan-out.
  if (forgotThrough <= ports.now() || knownSince > forgotThrough)
    throw new Unavailable('the mission may have been notified and removed meanwhile');
  return assignNumber(ports, subscriber, entry, forgotThrough + 1);
};

const numberAndNotify = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
  knownSince: number,
): Promise<Notified | 'passed' | 'full'> => {
  const numbered = await assignNumber(ports, subscriber, entry, knownSince);
  return typeof numbered === 'string' ? numbered : notify(ports, subscriber, entry, numbered);
};

/** A subscriber that wanted the entry when it was numbered is notified, whatever its filter is now: every number has an event. */
const notifyIfNumbered = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
): Promise<Notified | 'passed'> => {
  const numbered = await ports.eventNumbers.numbered(subscriber.id, entry.mission, entry.number);
  return numbered === undefined ? 'passed' : notify(ports, subscriber, entry, numbered);
};

/** What is to be linked for a large event: all parties if the message states it, otherwise those that are new. */
const incidentLinks = ({ facts, state, owner, joins = [], shares = [] }: PendingFanOut): readonly IncidentLink[] => {
  if (state.incident === undefined) return [];
  const added = [...(owner === undefined ? [] : [owner]), ...joins];
  const parties = facts.incident === undefined ? added : partiesOf(state);
  return parties.length + shares.length === 0 ? [] : [{ parties, shares }];
};

/** The lists of missions that an entry changes: those of a mission that it opens or forwards, or that has ended. */
const changedLists = ({ number, event, state }: PendingFanOut): ReturnType<typeof listsOf> => {
  const isListed = state.readiness === undefined;
  const isChanged = number === 1 || state.status !== 'active' || knownMessageType(event).mission === 'forwards';
  return isListed && isChanged ? listsOf(state) : [];
};

/** Updates the projections that are read across missions: worklists, readiness, incidents, lists of missions. */
const project = async ({ worklist, overview, missionLists }: FanOutPorts, entry: PendingFanOut): Promise<void> => {
  const { number, event, facts, state } = entry;
  // A worklist shows urgency and coordinator beside the Task: when they change, every open Task is written again.
  const concernsAll = facts.urgency !== undefined || knownMessageType(event).mission === 'forwards';
  const changed = state.tasks.filter((task) => task.changedBy === number || (concernsAll && !isFinal(task)));
  await Promise.all([
    ...changed.map((task) => worklist.put(task, state)),
    ...(state.readiness === undefined ? [] : [overview.putReadiness(state)]),
    ...incidentLinks(entry).map((organisations) => overview.link(state, organisations)),
    ...changedLists(entry).map((list) => missionLists.put(list, state)),
    ...(facts.caseNumbers ?? []).map((caseNumber) => missionLists.linkCase(caseNumber, state)),
  ]);
};

/** What became of one subscriber of an entry. */
interface Result {
  readonly subscriber: Subscriber;
  /** Its filter matches the entry. */
  readonly wanting: boolean;
  readonly outcome: Notified | 'passed' | 'full' | { readonly failure: unknown };
}

/** Notifies the subscribers of an entry at the same time; a failure is the outcome of its subscriber. */
const notifyAll = (
  plan: readonly Pick<Result, 'subscriber' | 'wanting'>[],
  work: (planned: Pick<Result, 'subscriber' | 'wanting'>) => Promise<Notified | 'passed' | 'full'>,
): Promise<readonly Result[]> =>
  Promise.all(
    plan.map(async (planned) => ({
      ...planned,
      outcome: await work(planned).catch((failure: unknown) => ({ failure })),
    })),
  );

const partition = (results: readonly Result[]) => ({
  notified: results.flatMap(({ outcome }) => (typeof outcome === 'object' && 'notified' in outcome ? [outcome] : [])),
  /** Subscriptions that have no room for the mission. */
  full: new Set(results.flatMap(({ subscriber, outcome }) => (outcome === 'full' ? [subscriber.id] : []))),
  failures: results.flatMap(({ outcome }) => (typeof outcome === 'object' && 'failure' in outcome ? [outcome] : [])),
});

const organisationsOf = (subscribers: readonly Subscriber[], full: ReadonlySet<string>): ReadonlySet<string> =>
  new Set(subscribers.filter(({ id }) => !full.has(id)).map(({ organisation }) => organisation));

/** Alerts people about recipients that no subscription can notify: they must be phoned. Written once per party and mission. */
const warnOfUnreachable = async (
  ports: FanOutPorts,
  entry: PendingFanOut,
  subscribers: readonly Subscriber[],
  full: ReadonlySet<string>,
): Promise<readonly Entry[]> => {
  const reachable = organisationsOf(subscribers, full);
  const missed = entry.recipients.filter((organisation) => !reachable.has(organisation));
  const warnings: Entry[] = [];
  for (const organisation of missed) {
    const code = subscribers.some((one) => one.organisation === organisation) ? 'subscription-full' : 'no-subscription';
    const message = unreachableMessage(entry, organisation, { code }, ports.directory);
    const written =
      message === undefined
        ? undefined
        : await writeHubMessage(ports, message, defined({ correlationId: entry.correlationId }));
    if (written?.outcome === 'accepted' && written.fanOutPending) warnings.push(written.entry);
  }
  return warnings;
};

type Completion =
  /** `warnings`: messages that the hub wrote about the entry; their own fan-outs are pending. */
  | { readonly outcome: 'complete'; readonly warnings: readonly Entry[]; readonly unreached: readonly Unreached[] }
  /** Some subscribers could not be notified: the fan-out of the entry stays pending. */
  | { readonly outcome: 'pending'; readonly failure: unknown };

/**
 * Completes the fan-out of one entry: numbers and writes each notification, sends the jobs in one batch, updates the
 * projections, alerts people about unreachable recipients, and last marks the fan-out complete.
 */
const completeEntry = async (
  ports: FanOutPorts,
  entry: PendingFanOut,
  { mayHaveStarted, knownSince }: Required<FanOutOptions>,
): Promise<Completion> => {
  const [subscribers] = await Promise.all([
    entry.recipients.length === 0 ? [] : ports.subscriptions.subscribers(entry.recipients),
    project(ports, entry),
  ]);
  const wanting = subscribers.filter((subscriber) => wants(subscriber, entry));
  const others = mayHaveStarted ? subscribers.filter((subscriber) => !wanting.includes(subscriber)) : [];
  const results = await notifyAll(
    [
      ...wanting.map((subscriber) => ({ subscriber, wanting: true })),
      ...others.map((subscriber) => ({ subscriber, wanting: false })),
    ],
    (planned) =>
      planned.wanting
        ? numberAndNotify(ports, planned.subscriber, entry, knownSince)
        : notifyIfNumbered(ports, planned.subscriber, entry),
  );
  const { notified, full, failures } = partition(results);
  // Whatever failed for one subscriber, the others get their notifications now.
  if (notified.length > 0) await ports.queue.send(notified.map(({ job }) => job));
  const [failed] = failures;
  if (failed !== undefined) return { outcome: 'pending', failure: failed.failure };

  const reached = organisationsOf(wanting, full);
  const warnings = await warnOfUnreachable(ports, entry, subscribers, full);
  await ports.missions.completeFanOut(entry.mission, entry.number, {
    notified: notified.map((one) => one.notified),
    withoutSubscription: entry.recipients.filter((organisation) => !reached.has(organisation)),
    ...fanOutResultOf(entry, ports.now()),
  });
  const inError = new Set(notified.flatMap((one) => (one.inError ? [one.notified.subscription] : [])));
  const unreached = unreachedBy(entry, { subscribers, wanting, full, inError }, ports.directory);
  return { outcome: 'complete', warnings, unreached };
};

/** The defaults are right for every caller; only the caller that has just appended the entry knows better. */
export interface FanOutOptions {
  /** Another fan-out of the entry may have started without completing it. */
  readonly mayHaveStarted?: boolean;
  /** When the fan-out was known to be pending, milliseconds. */
  readonly knownSince?: number;
}

/**
 * Notifies everybody whom an entry concerns: each notification is numbered, written, and on its way. Returns the parties of the
 * entry that no machine can notify now.
 * Pending fan-outs of earlier entries of the mission are completed first, so the numbers follow the log wherever a process crashes.
 * Throws what kept a subscriber from being notified: the fan-out stays pending, and the sweeper retries it.
 */
export const fanOut = async (
  ports: FanOutPorts,
  entry: PendingFanOut & Pick<Entry, 'pendingFrom' | 'receivedAt'>,
  { mayHaveStarted = true, knownSince = Date.parse(entry.receivedAt) }: FanOutOptions = {},
): Promise<readonly Unreached[]> => {
  const earlier =
    entry.pendingFrom < entry.number
      ? await ports.missions.entries(entry.mission, entry.pendingFrom, entry.number - 1)
      : [];
  const warnings: Entry[] = [];
  let unreached: readonly Unreached[] = [];
  for (const [pending, options] of [
    ...earlier
      .filter(({ fanOutPending }) => fanOutPending)
      .map((one) => [one, { mayHaveStarted: true, knownSince }] as const),
    [entry, { mayHaveStarted, knownSince }] as const,
  ]) {
    const completion = await completeEntry(ports, pending, options);
    if (completion.outcome === 'pending') throw completion.failure;
    warnings.push(...completion.warnings);
    // The last one is the entry itself.
    unreached = completion.unreached;
  }
  // A warning requests nothing, and no warning follows from it: the recursion ends.
  for (const warning of warnings) await fanOut(ports, warning);
  return unreached;
};
