import { createHash } from 'node:crypto';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { decide } from '../../core/mission/decide.ts';
import { evolve } from '../../core/mission/evolve.ts';
import { fanOut, jobOf } from '../../core/delivery/fan-out.ts';
import { entriesLike } from '../../core/mission/known-messages.ts';
import { entryAfter } from '../../core/mission/log-entry.ts';
import type { StoredEntry, NumberedNotification } from '../../core/mission/mission-log.ts';
import type { MissionState } from '../../core/mission/state.ts';
import { sweep } from '../../core/delivery/sweep.ts';
import { fingerprintOf } from '../../schemas/identifiers.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { manualClock } from '../memory/clock.ts';
import { memoryHub } from '../memory/hub.ts';
import { subscriptionStore } from '../memory/subscription-store.ts';
import { directory, missionOpenedBy, missionRequest, missionUpdate, parties, sentBy } from '../support/messages.ts';
import { steppedPorts } from './ports.ts';
import type { Step } from './process.ts';
import { untilAllWait } from './scheduler.ts';

/**
 * Runs every order of the port calls of two messages of one mission and a pass of the sweeper, with a crash at every point,
 * on the real code. A state is what is stored and what each process has read; a state that is reached again is not explored
 * again. Each path is replayed from the start, because running code cannot be copied.
 */

export interface Bounds {
  /** How many processes may crash. */
  readonly crashes: number;
  /** Every order of every two calls. Otherwise calls that no other process can see run at once, and parallel calls of a process run in the order in which they were made. */
  readonly wide: boolean;
  /** The search stops after so many states, and reports that it is incomplete. */
  readonly maxStates: number;
}

export interface Explored {
  readonly states: number;
  readonly paths: number;
  /** Distinct contents of the store when all processes have ended or crashed. */
  readonly ends: number;
  readonly isComplete: boolean;
  /** What does not hold, and the choices that lead there. */
  readonly broken: readonly { readonly detail: string; readonly path: readonly string[] }[];
}

const { amk, la } = parties;
const request = missionRequest({ id: 'opening' });
const mission = missionOpenedBy(request);
const messages = [
  missionUpdate({ id: 'first', mission, urgency: 'urgent' }),
  missionUpdate({ id: 'second', mission, describes: false }),
];
const knownIds = ['opening', 'first', 'second'];
const subscribed = ['one', 'two'];
const endOfTime = '2099-01-01T00:00:00.000Z';

const digest = (value: unknown): string =>
  createHash('md5')
    .update(JSON.stringify(value) ?? 'undefined')
    .digest('base64');

const isEntry = (value: unknown): value is StoredEntry =>
  typeof value === 'object' && value !== null && 'messageId' in value;

/** The result of a read, shortened to what distinguishes it: an entry by its number, its message and its fan-out. */
const summaryOf = (result: unknown): string => {
  if (Array.isArray(result)) return result.map(summaryOf).join();
  if (!isEntry(result)) return JSON.stringify(result) ?? '';
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

interface Pending {
  readonly name: string;
  /** Applies the effect of the call and resolves it. */
  readonly go: () => Promise<void>;
}

interface Actor {
  readonly name: string;
  pending: readonly Pending[];
  history: string;
  isCrashed: boolean;
}

const opening = decide(undefined, request, { ...sentBy(amk), now: manualClock().iso() });
if (opening.outcome === 'refused') throw new Error('the mission is refused');
/** Every further entry drops the fingerprints of one before it. */
const window = 1;
const firstEntry = entryAfter(undefined, opening.entry, window);

/** The mission with its first entry, fanned out, and two subscriptions of one party. */
const prepare = async () => {
  const clock = manualClock();
  const store = subscriptionStore();
  const hub = memoryHub(clock, store, window);
  await hub.missions.append(firstEntry, endOfTime);
  const notified: NumberedNotification[] = [];
  for (const id of subscribed) {
    const { organisation } = la;
    await hub.subscriptions.create(sampleSubscription(id, organisation), endOfTime);
    await hub.eventNumbers.number(id, mission, 1, clock.now());
    const written = { subscription: id, number: 1, organisation, mission, entry: 1, writtenAt: clock.iso() };
    await hub.notifications.write({ ...written, status: 'pending', attempts: 0 }, endOfTime);
    notified.push({ subscription: id, number: 1, organisation });
  }
  await hub.queue.send(notified.map((one) => jobOf(one, firstEntry)));
  for (const task of firstEntry.state.tasks) await hub.worklist.put(task, firstEntry.state);
  await hub.missions.completeFanOut(mission, 1, { notified, withoutSubscription: [], fanOutCompletedAt: clock.iso() });
  clock.advance(1_000);
  return { clock, store, hub };
};

const begin = async () => {
  const { clock, store, hub } = await prepare();
  const answered = new Map<string, number>();
  const actor = (name: string): { readonly actor: Actor; readonly step: Step } => {
    const own: Actor = { name, pending: [], history: '', isCrashed: false };
    const step: Step = (call, effect) =>
      new Promise((resolve, reject) => {
        const pending: Pending = {
          name: call.name,
          go: async () => {
            own.pending = own.pending.filter((one) => one !== pending);
            const result = await effect();
            own.history = `${own.history}\n${call.name} ${summaryOf(result)}`;
            resolve(result);
          },
        };
        if (own.isCrashed) reject(new Error('crashed'));
        else own.pending = [...own.pending, pending];
      });
    return { actor: own, step };
  };
  const senders = messages.map((message, index) => {
    const { actor: own, step } = actor(`message ${index + 1}`);
    const ports = { ...steppedPorts(hub, step), directory, now: hub.now };
    const work = async (): Promise<void> => {
      const accepted = await acceptMessage(ports.missions, message, sentBy(amk), hub.now);
      if (accepted.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(accepted.faults)}`);
      answered.set(message.id, accepted.entry.number);
      if (accepted.fanOutPending) await fanOut(ports, accepted.entry, { mayHaveStarted: accepted.repeated });
    };
    void work();
    return own;
  });
  const { actor: sweeper, step } = actor('sweeper');
  // Late enough to find the obligations of the two messages.
  const later = (): number => hub.now() + 12_000;
  void sweep(
    { ...steppedPorts(hub, step), directory, now: later },
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
    // Its times depend on the process that wrote a notification; no code reads them before the end.
    sorted(hub.missions.pending().map(({ obligation }) => obligation)),
    [...store.heads.values()].map(({ subscription, given }) => [subscription.lastNumber, [...given]]),
    sorted([...store.items.values()].map(({ notification: { writtenAt: _time, ...notification } }) => notification)),
    sorted(hub.queue.waiting()),
  ];
  return { clock, hub, actors: [...senders, sweeper], answered, contents };
};
type Scene = Awaited<ReturnType<typeof begin>>;

type Choice = { readonly actor: number; readonly call: number } | { readonly crashes: number };

const textOf = (choice: Choice, { actors }: Scene): string =>
  'crashes' in choice
    ? `${actors[choice.crashes]?.name} crashes`
    : `${actors[choice.actor]?.name}: ${actors[choice.actor]?.pending[choice.call]?.name}`;

/**
 * Calls whose order does not matter and that no other process can see: subscriptions do not change, a notification is the
 * same whichever process writes it, and the queue has no reader. Around such a call only a crash of its caller is tried.
 */
const unseenCalls: readonly string[] = [
  'subscriptions.subscribers',
  'notifications.read',
  'notifications.write',
  'queue.send',
  'worklist.put',
  'overview.link',
  'overview.putReadiness',
  'obligations.postpone',
];

const choicesIn = ({ actors }: Scene, crashesLeft: number, { wide }: Bounds): readonly Choice[] => {
  const unseen = actors.findIndex(
    ({ pending: [next], isCrashed }) => !isCrashed && next !== undefined && unseenCalls.includes(next.name),
  );
  if (unseen !== -1 && !wide) return [{ actor: unseen, call: 0 }, ...(crashesLeft > 0 ? [{ crashes: unseen }] : [])];
  const calls = actors.flatMap(({ pending, isCrashed }, actor): Choice[] =>
    isCrashed ? [] : pending.slice(0, wide ? pending.length : 1).map((_pending, call) => ({ actor, call })),
  );
  const crashes = actors.flatMap(({ pending, isCrashed }, actor): Choice[] =>
    crashesLeft > 0 && !isCrashed && pending.length > 0 ? [{ crashes: actor }] : [],
  );
  return [...calls, ...crashes];
};

const make = async (choice: Choice, { actors }: Scene): Promise<void> => {
  if ('crashes' in choice) {
    const crashing = actors[choice.crashes];
    if (crashing === undefined) return;
    crashing.isCrashed = true;
    crashing.pending = [];
    crashing.history = 'crashed';
    return;
  }
  await actors[choice.actor]?.pending[choice.call]?.go();
  await untilAllWait();
};

const stateOf = async (scene: Scene, crashesLeft: number): Promise<string> =>
  digest([
    await scene.contents(),
    crashesLeft,
    scene.actors.map(({ history, pending }) => [history, pending.map(({ name }) => name)]),
  ]);

/** Sweeps until no obligation is left, and returns what does not hold then. */
const completeAll = async ({ clock, hub, answered }: Scene): Promise<readonly string[]> => {
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
  for (const id of subscribed) wrong.push(...(await wrongIn(hub, id, log)));
  const last = log.at(-1);
  for (const { sender, messageId, number } of log) {
    const alike = last === undefined ? [] : await entriesLike(hub.missions, last, { id: messageId }, sender);
    if (!alike.some((entry) => entry.number === number)) wrong.push(`${messageId} is not known`);
  }
  return wrong;
};

const wrongIn = async (hub: Scene['hub'], id: string, log: readonly StoredEntry[]): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const notifications = await hub.notifications.range(id, 1, 100);
  const lastNumber = (await hub.subscriptions.read(id))?.lastNumber;
  const numbers = log.map((_entry, index) => index + 1).join();
  if (notifications.map(({ number }) => number).join() !== numbers || lastNumber !== log.length)
    wrong.push(`${id} has ${notifications.map(({ number }) => number).join()} of ${lastNumber}`);
  if (notifications.map(({ entry }) => entry).join() !== numbers) wrong.push(`${id} is not in the order of the log`);
  for (const { number, previous, entry } of notifications) {
    if ((previous ?? 0) !== number - 1) wrong.push(`${id}.${number} names ${previous} before it`);
    if (!hub.queue.notifications().some((job) => job.subscription === id && job.number === number))
      wrong.push(`${id}.${number} was never sent to the queue`);
    if (log[entry - 1]?.notified.some((one) => one.subscription === id && one.number === number) !== true)
      wrong.push(`${id}.${number} is not listed in its entry`);
  }
  return wrong;
};

export const explore = async (bounds: Bounds): Promise<Explored> => {
  const seen = new Set<string>();
  const ends = new Map<string, true>();
  const broken: { readonly detail: string; readonly path: readonly string[] }[] = [];
  const open: (readonly Choice[])[] = [[]];
  let paths = 0;
  for (let prefix = open.pop(); prefix !== undefined && seen.size < bounds.maxStates; prefix = open.pop()) {
    paths += 1;
    const scene = await begin();
    const path: Choice[] = [];
    const texts: string[] = [];
    let crashesLeft = bounds.crashes;
    const take = async (choice: Choice): Promise<void> => {
      texts.push(textOf(choice, scene));
      path.push(choice);
      if ('crashes' in choice) crashesLeft -= 1;
      await make(choice, scene);
    };
    for (const choice of prefix) await take(choice);
    for (;;) {
      const state = await stateOf(scene, crashesLeft);
      if (seen.has(state)) break;
      seen.add(state);
      const [first, ...others] = choicesIn(scene, crashesLeft, bounds);
      if (first === undefined) {
        const end = digest([await scene.contents(), [...scene.answered]]);
        if (ends.has(end)) break;
        ends.set(end, true);
        for (const wrong of await completeAll(scene)) broken.push({ detail: wrong, path: texts });
        break;
      }
      for (const other of others) open.push([...path, other]);
      await take(first);
    }
    if (broken.length > 0) break;
  }
  return { states: seen.size, paths, ends: ends.size, isComplete: open.length === 0 && broken.length === 0, broken };
};
