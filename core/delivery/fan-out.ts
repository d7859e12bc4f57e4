import { defined } from '../../schemas/defined.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import { unreachableMessage, writeHubMessage } from '../mission/hub-messages.ts';
import type { MissionLog, NumberedNotification } from '../mission/mission-log.ts';
import type { Overview, Worklist } from '../mission/projections.ts';
import type { Directory } from '../mission/directory.ts';
import { Unavailable } from '../mission/errors.ts';
import type { DeliveryQueue, NotificationJob } from './delivery-queue.ts';
import type { EventNumbers } from './event-numbers.ts';
import type { Notifications } from './notifications.ts';
import type { Subscriber, Subscriptions } from './subscription.ts';
import { fanOutResultOf } from './idle-missions.ts';
import { type Entry, isFinal, rolesIn } from '../mission/state.ts';

/** Milliseconds after which a notification that is not settled is looked after by the sweeper. */
export const deliveryGraceMilliseconds = 15_000;

export interface FanOutPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<Subscriptions, 'subscribers'>;
  readonly eventNumbers: EventNumbers;
  readonly notifications: Pick<Notifications, 'write'>;
  readonly worklist: Worklist;
  readonly overview: Overview;
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
  | 'correlationId'
  | 'activeSince'
>;

const wants = ({ filter, organisation }: Subscriber, entry: PendingFanOut): boolean =>
  (filter.events?.some((event) => [entry.event, eventCodeOf(knownMessageType(entry.event))].includes(event)) ?? true) &&
  (filter.urgencies?.includes(entry.state.urgency) ?? true) &&
  (filter.missions?.includes(entry.mission) ?? true) &&
  (filter.roles === undefined || rolesIn(entry.state, organisation).some((role) => filter.roles?.includes(role)));

export const jobOf = (
  subscription: string,
  number: number,
  previous: number | undefined,
  entry: Pick<Entry, 'mission' | 'number' | 'state' | 'correlationId'>,
  redrivenAt?: string,
): NotificationJob => ({
  kind: 'notification',
  subscription,
  number,
  mission: entry.mission,
  entry: entry.number,
  request: entry.state.request.entry,
  ...defined({ previous, redrivenAt, correlationId: entry.correlationId }),
});

type Numbered = { readonly told: NumberedNotification; readonly order: NotificationJob };

const notify = async (
  { notifications, now }: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
  numbered: { readonly number: number; readonly previous?: number },
): Promise<Numbered> => {
  const { number, previous } = numbered;
  const at = now();
  await notifications.write(
    {
      subscription: subscriber.id,
      number,
      organisation: subscriber.organisation,
      mission: entry.mission,
      entry: entry.number,
      writtenAt: new Date(at).toISOString(),
      status: 'pending',
      attempts: 0,
      ...(previous === undefined ? {} : { previous }),
    },
    new Date(at + deliveryGraceMilliseconds).toISOString(),
  );
  return {
    told: { subscription: subscriber.id, number, organisation: subscriber.organisation },
    order: jobOf(subscriber.id, number, previous, entry),
  };
};

/** Throws `Unavailable` for who was held up: whoever owes the entry then finds nothing in the way. */
const numberAsOf = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
  asOf: number,
): Promise<{ readonly number: number; readonly previous?: number } | 'passed' | 'full'> => {
  const numbered = await ports.eventNumbers.number(subscriber.id, entry.mission, entry.number, asOf);
  if (typeof numbered === 'string' || 'number' in numbered) return numbered;
  const { forgotThrough } = numbered;
  // What lies in the past is passed in time. A mark in the future was set by a clock that has been put back since: it would keep out everybody.
  if (forgotThrough <= ports.now() || asOf > forgotThrough)
    throw new Unavailable('the mission may have been told and forgotten meanwhile');
  return numberAsOf(ports, subscriber, entry, forgotThrough + 1);
};

const numberAndNotify = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
  asOf: number,
): Promise<Numbered | 'passed' | 'full'> => {
  const numbered = await numberAsOf(ports, subscriber, entry, asOf);
  return typeof numbered === 'string' ? numbered : notify(ports, subscriber, entry, numbered);
};

/** Who wanted the entry when it was numbered is told of it, whatever its filter says by now: no number stands for nothing. */
const notifyIfNumbered = async (
  ports: FanOutPorts,
  subscriber: Subscriber,
  entry: PendingFanOut,
): Promise<Numbered | 'passed'> => {
  const numbered = await ports.eventNumbers.numbered(subscriber.id, entry.mission, entry.number);
  return numbered === undefined ? 'passed' : notify(ports, subscriber, entry, numbered);
};

/** What is read across missions follows from the entries; each brings its part up to date. */
const project = async (
  { worklist, overview }: FanOutPorts,
  { number, event, facts, state }: PendingFanOut,
): Promise<void> => {
  // A list shows urgency and coordinator beside the Task: when they change, every open Task is noted anew.
  const concernsAll = facts.urgency !== undefined || knownMessageType(event).mission === 'forwards';
  const changed = state.tasks.filter((task) => task.changedBy === number || (concernsAll && !isFinal(task)));
  await Promise.all([
    ...changed.map((task) => worklist.put(task, state)),
    ...(state.readiness === undefined ? [] : [overview.putReadiness(state)]),
    ...(facts.incident === undefined ? [] : [overview.link(state)]),
  ]);
};

/** Recipients without any subscription that works: no machine will tell them, so people must. Said once per party and mission. */
const warnOfUnreachable = async (
  ports: FanOutPorts,
  entry: PendingFanOut,
  subscribers: readonly Subscriber[],
  unnumbered: ReadonlySet<string>,
): Promise<readonly Entry[]> => {
  const reachable = new Set(
    subscribers.filter(({ id }) => !unnumbered.has(id)).map(({ organisation }) => organisation),
  );
  const missed = entry.recipients.filter((organisation) => !reachable.has(organisation));
  const warnings: Entry[] = [];
  for (const organisation of missed) {
    const code = subscribers.some((one) => one.organisation === organisation) ? 'subscription-full' : 'no-subscription';
    const message = unreachableMessage(entry, organisation, { code }, ports.directory);
    const said =
      message === undefined
        ? undefined
        : await writeHubMessage(ports, message, defined({ correlationId: entry.correlationId }));
    if (said?.outcome === 'accepted' && said.fanOutPending) warnings.push(said.entry);
  }
  return warnings;
};

/**
 * Pays one entry's debt: number and write each notification, send them in one batch, note the Tasks, and last clear the debt.
 * Returns what the hub had to say about it: entries of its own, which owe in their turn.
 */
const completeEntry = async (
  ports: FanOutPorts,
  entry: PendingFanOut,
  begunBefore: boolean,
  asOf: number,
): Promise<readonly Entry[]> => {
  const [subscribers] = await Promise.all([
    entry.recipients.length === 0 ? [] : ports.subscriptions.subscribers(entry.recipients),
    project(ports, entry),
  ]);
  const wanting = subscribers.filter((subscriber) => wants(subscriber, entry));
  const others = begunBefore ? subscribers.filter((subscriber) => !wanting.includes(subscriber)) : [];
  const outcomes = await Promise.allSettled([
    ...wanting.map((subscriber) => numberAndNotify(ports, subscriber, entry, asOf)),
    ...others.map((subscriber) => notifyIfNumbered(ports, subscriber, entry)),
  ]);
  const paid = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' && typeof outcome.value === 'object' ? [outcome.value] : [],
  );
  if (paid.length > 0) await ports.queue.send(paid.map(({ order }) => order));
  // Those who could be told are on their way; for the others the debt stays.
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const unnumbered = new Set(
    wanting.flatMap(({ id }, index) => {
      const outcome = outcomes[index];
      return outcome?.status === 'fulfilled' && outcome.value === 'full' ? [id] : [];
    }),
  );
  const reached = new Set(wanting.filter(({ id }) => !unnumbered.has(id)).map(({ organisation }) => organisation));
  const withoutSubscription = entry.recipients.filter((organisation) => !reached.has(organisation));
  const notified = paid.map((one) => one.told);
  const warnings = await warnOfUnreachable(ports, entry, subscribers, unnumbered);
  await ports.missions.completeFanOut(entry.mission, entry.number, {
    notified,
    withoutSubscription,
    ...fanOutResultOf(entry, ports.now()),
  });
  return warnings;
};

/**
 * Makes everybody who must know an owed notification, numbered and on its way.
 * Helping: unpaid debts of the mission's earlier entries are paid first, in order, so that numbers follow the log whoever dies where.
 * `begunBefore`: somebody may have begun to pay this entry and not have ended. `asOf`: milliseconds at which it was known to owe.
 */
export const fanOut = async (
  ports: FanOutPorts,
  entry: PendingFanOut & Pick<Entry, 'pendingFrom' | 'receivedAt'>,
  begunBefore = true,
  asOf = Date.parse(entry.receivedAt),
): Promise<void> => {
  const warnings: Entry[] = [];
  if (entry.pendingFrom < entry.number) {
    const earlier = await ports.missions.entries(entry.mission, entry.pendingFrom, entry.number - 1);
    for (const debt of earlier)
      if (debt.fanOutPending) warnings.push(...(await completeEntry(ports, debt, true, asOf)));
  }
  warnings.push(...(await completeEntry(ports, entry, begunBefore, asOf)));
  // What the hub itself says asks nothing and is warned of by nothing, so this ends.
  for (const warning of warnings) await fanOut(ports, warning);
};
