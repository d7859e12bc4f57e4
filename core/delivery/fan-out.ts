import { defined } from '../../schemas/defined.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Directory } from '../mission/directory.ts';
import { unreachableMessage, writeHubMessage } from '../mission/hub-messages.ts';
import { listsOf, type MissionLists } from '../mission/mission-lists.ts';
import type { MissionLog, NumberedNotification } from '../mission/mission-log.ts';
import type { IncidentLink, Overview, Worklist } from '../mission/projections.ts';
import { sourceNumbers } from '../mission/sources.ts';
import { type Entry, isFinal, partiesOf, rolesIn } from '../mission/state.ts';
import type { DeliveryLanes, NotificationJob } from './delivery-queue.ts';
import type { Notification } from './notifications.ts';
import { isNumbered, type NumberingPorts, numberNotification } from './number-notification.ts';
import type { Subscriber, Subscriptions } from './subscription.ts';
import { type Unreached, unreachedBy } from './unreached.ts';

/** Milliseconds after which the sweeper checks a notification that is still pending. */
export const deliveryGraceMilliseconds = 15_000;

export interface FanOutPorts extends NumberingPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<Subscriptions, 'subscribers' | 'hindered'>;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly missionLists: MissionLists;
  readonly directory: Directory;
  readonly lanes: DeliveryLanes;
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
  organisation,
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
}

const notify = async (
  ports: FanOutPorts,
  { id, organisation }: Subscriber,
  entry: PendingFanOut,
): Promise<Notified | 'passed'> => {
  const at = ports.now();
  const notification = await numberNotification(
    ports,
    {
      subscription: id,
      organisation,
      mission: entry.mission,
      entry: entry.number,
      writtenAt: new Date(at).toISOString(),
    },
    new Date(at + deliveryGraceMilliseconds).toISOString(),
  );
  return notification === 'passed'
    ? 'passed'
    : {
        notified: { subscription: id, number: notification.number, organisation },
        job: jobOf(notification, entry),
      };
};

/** A subscriber that wanted the entry when it was numbered is notified, whatever its filter is now: every claim becomes a number. */
const notifyIfNumbered = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
): Promise<Notified | 'passed'> => {
  const of = { subscription: subscriber.id, mission: entry.mission, entry: entry.number };
  return (await isNumbered(ports, of)) ? notify(ports, subscriber, entry) : 'passed';
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

/** What became of one subscriber of an entry: a failure keeps no other from being notified. */
type Result = Notified | 'passed' | { readonly failure: unknown };

const attempt = (work: Promise<Notified | 'passed'>): Promise<Result> =>
  work.catch((failure: unknown) => ({ failure }));

const partition = (results: readonly Result[]) => ({
  notified: results.flatMap((result) => (typeof result === 'object' && 'notified' in result ? [result] : [])),
  failures: results.flatMap((result) => (typeof result === 'object' && 'failure' in result ? [result] : [])),
});

const organisationsOf = (subscribers: readonly Subscriber[]): ReadonlySet<string> =>
  new Set(subscribers.map(({ organisation }) => organisation));

/** Sends the jobs. Those to slow endpoints take no time of the quick lane. */
const sendJobs = async (
  { lanes }: FanOutPorts,
  jobs: readonly NotificationJob[],
  hindered: ReadonlyMap<string, 'error' | 'slow'>,
): Promise<void> => {
  const isSlow = ({ subscription }: NotificationJob): boolean => hindered.get(subscription) === 'slow';
  const [slow, quick] = [jobs.filter(isSlow), jobs.filter((job) => !isSlow(job))];
  await Promise.all([
    ...(quick.length > 0 ? [lanes.quick.send(quick)] : []),
    ...(slow.length > 0 ? [lanes.slow.send(slow)] : []),
  ]);
};

/** Alerts people about recipients that no subscription can notify: they must be phoned. Written once per party and mission. */
const warnOfUnreachable = async (
  ports: FanOutPorts,
  entry: PendingFanOut,
  subscribers: readonly Subscriber[],
): Promise<readonly Entry[]> => {
  const reachable = organisationsOf(subscribers);
  const missed = entry.recipients.filter((organisation) => !reachable.has(organisation));
  const warnings: Entry[] = [];
  for (const organisation of missed) {
    const message = unreachableMessage(entry, organisation, { code: 'no-subscription' }, ports.directory);
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
  { mayHaveStarted }: Required<FanOutOptions>,
): Promise<Completion> => {
  const [subscribers] = await Promise.all([
    entry.recipients.length === 0 ? [] : ports.subscriptions.subscribers(entry.recipients),
    project(ports, entry),
  ]);
  const wanting = subscribers.filter((subscriber) => wants(subscriber, entry));
  const others = mayHaveStarted ? subscribers.filter((subscriber) => !wanting.includes(subscriber)) : [];
  // It is read meanwhile. If it fails, every job takes the quick lane, and the fan-out is repeated for the warnings of the answer.
  const hindered: Promise<ReadonlyMap<string, 'error' | 'slow'>> =
    wanting.length === 0 ? Promise.resolve(new Map()) : ports.subscriptions.hindered(wanting.map(({ id }) => id));
  const hinderedIfKnown = hindered.catch(() => new Map<string, 'error' | 'slow'>());
  const { notified, failures } = partition(
    await Promise.all([
      ...wanting.map((subscriber) => attempt(notify(ports, subscriber, entry))),
      ...others.map((subscriber) => attempt(notifyIfNumbered(ports, subscriber, entry))),
    ]),
  );
  // Whatever failed for one subscriber, the others get their notifications now.
  await sendJobs(
    ports,
    notified.map(({ job }) => job),
    await hinderedIfKnown,
  );
  const [failed] = failures;
  if (failed !== undefined) return { outcome: 'pending', failure: failed.failure };

  const reached = organisationsOf(wanting);
  const warnings = await warnOfUnreachable(ports, entry, subscribers);
  await ports.missions.completeFanOut(entry.mission, entry.number, {
    notified: notified.map((one) => one.notified),
    withoutSubscription: entry.recipients.filter((organisation) => !reached.has(organisation)),
    fanOutCompletedAt: new Date(ports.now()).toISOString(),
  });
  const unreached = unreachedBy(entry, { subscribers, wanting, hindered: await hindered }, ports.directory);
  return { outcome: 'complete', warnings, unreached };
};

/** The defaults are right for every caller; only the caller that has just appended the entry knows better. */
export interface FanOutOptions {
  /** Another fan-out of the entry may have started without completing it. */
  readonly mayHaveStarted?: boolean;
}

/**
 * Notifies everybody whom an entry concerns: each notification is numbered, written, and on its way. Returns the parties of the
 * entry that no machine can notify now.
 * Pending fan-outs of earlier entries of the mission are completed first, so the numbers follow the log wherever a process crashes.
 * Throws what kept a subscriber from being notified: the fan-out stays pending, and the sweeper retries it.
 */
export const fanOut = async (
  ports: FanOutPorts,
  entry: PendingFanOut & Pick<Entry, 'pendingFrom'>,
  { mayHaveStarted = true }: FanOutOptions = {},
): Promise<readonly Unreached[]> => {
  const earlier =
    entry.pendingFrom < entry.number
      ? await ports.missions.entries(entry.mission, entry.pendingFrom, entry.number - 1)
      : [];
  const warnings: Entry[] = [];
  let unreached: readonly Unreached[] = [];
  for (const [pending, options] of [
    ...earlier.filter(({ fanOutPending }) => fanOutPending).map((one) => [one, { mayHaveStarted: true }] as const),
    [entry, { mayHaveStarted }] as const,
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
