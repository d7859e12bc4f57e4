import { acceptMessage } from '../../core/mission/accept-message.ts';
import { decide } from '../../core/mission/decide.ts';
import { evolve } from '../../core/mission/evolve.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import { entriesLike } from '../../core/mission/known-messages.ts';
import { entryAfter } from '../../core/mission/log-entry.ts';
import type { StoredEntry } from '../../core/mission/mission-log.ts';
import type { MissionState } from '../../core/mission/state.ts';
import { sweep } from '../../core/delivery/sweep.ts';
import { fingerprintOf } from '../../schemas/identifiers.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type ManualClock, manualClock } from '../memory/clock.ts';
import { type MemoryHub, memoryHub } from '../memory/hub.ts';
import { subscriptionStore } from '../memory/subscription-store.ts';
import { directory, missionOpenedBy, missionRequest, missionUpdate, parties, sentBy } from '../support/messages.ts';
import { openActor, type Scene } from './exhaustive.ts';
import { type HubPorts, steppedPorts } from './ports.ts';
import type { Step } from './process.ts';
import { untilAllWait } from './scheduler.ts';

/**
 * Two messages of one mission and a pass of the sweeper, for a mission with a subscription. Of the calls that number a
 * notification only the put is a step; `exhaustive-numbering.ts` takes all of them apart.
 */

const { amk, la } = parties;
const request = missionRequest({ id: 'opening' });
const mission = missionOpenedBy(request);
const messages = [
  missionUpdate({ id: 'first', mission, urgency: 'urgent' }),
  missionUpdate({ id: 'second', mission, describes: false }),
];
const knownIds = ['opening', 'first', 'second'];
const subscribed = 'one';
const endOfTime = '2099-01-01T00:00:00.000Z';

const isEntry = (value: unknown): value is StoredEntry =>
  typeof value === 'object' && value !== null && 'messageId' in value;

/** The result of a read, shortened to what distinguishes it: an entry by its number, its message and its fan-out. */
const summaryOf = (result: unknown): string => {
  if (Array.isArray(result)) return result.map(summaryOf).join();
  // Times depend on the process that wrote a notification; no code reads them before the end.
  if (!isEntry(result))
    return JSON.stringify(result, (name, value: unknown) => (name === 'writtenAt' ? undefined : value)) ?? '';
  const { number, messageId, fanOutPending, pendingFrom, notified, withoutSubscription } = result;
  return [
    number,
    messageId,
    fanOutPending,
    pendingFrom,
    ...notified.map((one) => `${one.subscription}.${one.number}`),
    ...withoutSubscription,
  ].join(' ');
};

const opening = decide(undefined, request, { ...sentBy(amk), now: manualClock().iso() });
if (opening.outcome === 'refused') throw new Error('the mission is refused');
/** Every further entry drops the fingerprints of one before it. */
const window = 1;
const firstEntry = entryAfter(undefined, opening.entry, window);

/** The mission with its first entry, fanned out, and a subscription. */
const prepare = async () => {
  const clock = manualClock();
  const store = subscriptionStore();
  const hub = memoryHub(clock, store, window);
  await hub.missions.append(firstEntry, endOfTime);
  await hub.subscriptions.create(sampleSubscription(subscribed, la.organisation), endOfTime);
  await fanOut(hub, firstEntry);
  clock.advance(1_000);
  return { clock, store, hub };
};

/** The ports of a process: each call is a step, but for those around the put of a notification. */
const portsOf = (hub: MemoryHub, step: Step) => {
  const stepped = steppedPorts(hub, step);
  const notifications: HubPorts['notifications'] = {
    ...stepped.notifications,
    newest: (...args) => hub.notifications.newest(...args),
    taken: (...args) => hub.notifications.taken(...args),
  };
  return { ...stepped, places: hub.places, notifications, directory };
};

/** Calls that no other process can see: subscriptions do not change, and the queue has no reader. */
const unseenCalls: readonly string[] = [
  'subscriptions.subscribers',
  'subscriptions.hindered',
  'notifications.read',
  'quick lane: send',
  'slow lane: send',
  'worklist.put',
  'overview.link',
  'overview.putReadiness',
  'obligations.postpone',
];

export const messagesOfOneMission = async (): Promise<Scene> => {
  const { clock, store, hub } = await prepare();
  const answered = new Map<string, number>();
  const senders = messages.map((message, index) => {
    const { actor: own, step } = openActor(`message ${index + 1}`, summaryOf);
    const ports = { ...portsOf(hub, step), now: hub.now };
    const work = async (): Promise<void> => {
      const accepted = await acceptMessage(ports.missions, message, sentBy(amk), hub.now);
      if (accepted.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(accepted.faults)}`);
      answered.set(message.id, accepted.entry.number);
      if (accepted.fanOutPending) await fanOut(ports, accepted.entry, { mayHaveStarted: accepted.repeated });
    };
    void work();
    return own;
  });
  const { actor: sweeper, step } = openActor('sweeper', summaryOf);
  // Late enough to find the obligations of the two messages.
  const later = (): number => hub.now() + 12_000;
  void sweep(
    { ...portsOf(hub, step), now: later },
    () => 60_000,
    () => undefined,
  );
  await untilAllWait();

  const sorted = (items: readonly unknown[]): readonly string[] => items.map((item) => JSON.stringify(item)).sort();
  const contents = async (): Promise<unknown> => [
    (await hub.missions.entries(mission, 1, 100)).map(
      ({ number, messageId, fanOutPending, notified, withoutSubscription, pendingFrom }) => [
        number,
        messageId,
        fanOutPending,
        notified,
        withoutSubscription,
        pendingFrom,
      ],
    ),
    await Promise.all(knownIds.map((id) => hub.missions.entriesKept(mission, [fingerprintOf(amk.organisation, id)]))),
    sorted(hub.missions.pending().map(({ obligation }) => obligation)),
    [...store.places],
    sorted([...store.items.values()].map(({ notification: { writtenAt: _time, ...notification } }) => notification)),
    sorted(hub.lanes.quick.waiting()),
    [...answered],
  ];
  return {
    actors: [...senders, sweeper],
    contents,
    unseenCalls,
    wrongAtEnd: () => wrongAfterSweeps({ clock, hub, answered }),
  };
};

interface Left {
  readonly clock: ManualClock;
  readonly hub: MemoryHub;
  /** Numbers of the entries, by message. */
  readonly answered: ReadonlyMap<string, number>;
}

/** Sweeps until no obligation is left, and returns what does not hold then. */
const wrongAfterSweeps = async ({ clock, hub, answered }: Left): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const ports = { ...hub, now: hub.now };
  for (let pass = 0; pass < 5; pass += 1) {
    clock.advance(60_000);
    await sweep(
      ports,
      () => 60_000,
      (obligation, error) => wrong.push(`${JSON.stringify(obligation)}: ${String(error)}`),
    );
  }
  const log = await hub.missions.entries(mission, 1, 100);
  if (log.some(({ number }, index) => number !== index + 1)) wrong.push('the log has a gap');
  let state: MissionState | undefined;
  for (const entry of log) {
    state = evolve(state, entry);
    if (JSON.stringify(state) !== JSON.stringify(entry.state)) wrong.push(`entry ${entry.number} is not the fold`);
    if (entry.fanOutPending) wrong.push(`the fan-out of entry ${entry.number} is pending`);
  }
  const ids = log.map(({ messageId }) => messageId);
  if (new Set(ids).size !== ids.length) wrong.push(`written twice: ${ids.join()}`);
  for (const [id, number] of answered) if (ids[number - 1] !== id) wrong.push(`${id} was answered ${number}`);
  wrong.push(...(await wrongNumbers(hub, log)));
  const last = log.at(-1);
  for (const { sender, messageId, number } of log) {
    const alike = last === undefined ? [] : await entriesLike(hub.missions, last, { id: messageId }, sender);
    if (!alike.some((entry) => entry.number === number)) wrong.push(`${messageId} is not known`);
  }
  return wrong;
};

const wrongNumbers = async (hub: MemoryHub, log: readonly StoredEntry[]): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const notifications = await hub.notifications.range(subscribed, 1, 100);
  // Nothing is delivered here, so people are alerted of it: the party itself is not notified of that.
  const entries = log.filter(({ recipients }) => recipients.includes(la.organisation)).map(({ number }) => number);
  const numbers = entries.map((_entry, index) => index + 1).join();
  if (notifications.map(({ number }) => number).join() !== numbers)
    wrong.push(`numbers ${notifications.map(({ number }) => number).join()} for entries ${entries.join()}`);
  if (notifications.map(({ entry }) => entry).join() !== entries.join())
    wrong.push('numbers are not in the order of the log');
  for (const { number, previous, entry } of notifications) {
    if ((previous ?? 0) !== number - 1) wrong.push(`${number} names ${previous} before it`);
    if (!hub.lanes.quick.notifications().some((job) => job.number === number))
      wrong.push(`${number} was never sent to the queue`);
    if (log[entry - 1]?.notified.some((one) => one.number === number) !== true)
      wrong.push(`${number} is not listed in its entry`);
  }
  const { claim, number } = await hub.places.read({ subscription: subscribed, mission });
  if (claim !== undefined || number !== entries.length)
    wrong.push(`the place has ${number}, and a claim of ${claim?.entry}`);
  return wrong;
};
