import type { MissionLog } from '../../core/mission/mission-log.ts';
import type { DeliveryJob } from '../../core/delivery/delivery-queue.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { EventNumbers } from '../../core/delivery/event-numbers.ts';
import type { Notifications } from '../../core/delivery/notifications.ts';
import type { Subscription, Subscriptions, SubscriptionStatus } from '../../core/delivery/subscription.ts';
import type { NotificationStatus } from '../../core/delivery/notifications.ts';
import type { Entry } from '../../core/mission/state.ts';
import { memoryQueue } from '../memory/delivery-queue.ts';
import { memoryHub } from '../memory/hub.ts';
import { subscriptionStore } from '../memory/subscription-store.ts';
import { memorySubscriptions } from '../memory/subscriptions.ts';
import type { Dice } from './dice.ts';
import { type Endpoints, endpointsIn } from './endpoints.ts';
import { fairWeather, isDown, noFaults, type Tally, type Weather } from './faults.ts';
import type { Kept } from './ports.ts';
import { type Process, startProcess, type Surroundings } from './process.ts';
import { type Scheduler, schedulerFrom } from './scheduler.ts';

/** What happened, as nobody in the system sees it: the truth that the invariants are judged by. Times are nobody's clock. */
export interface Journal {
  readonly appended: { readonly at: number; readonly entry: Entry }[];
  readonly contacts: {
    readonly at: number;
    readonly subscription: string;
    readonly from: SubscriptionStatus;
    readonly to: SubscriptionStatus;
  }[];
  /** Subscriptions whose creation began, whether or not anybody was promised them. */
  readonly begun: Set<string>;
  readonly created: { readonly at: number; readonly subscription: Subscription }[];
  /** Debts of entries as they were cleared. */
  readonly cleared: { readonly at: number; readonly mission: string; readonly entry: number }[];
  readonly numbered: {
    readonly at: number;
    readonly subscription: string;
    readonly mission: string;
    readonly entry: number;
    readonly number: number;
  }[];
  readonly turnedOff: { readonly at: number; readonly subscription: string }[];
  readonly changed: { readonly at: number; readonly subscription: string }[];
  /** Changes that began, whether or not they came to an end. */
  readonly changing: { readonly at: number; readonly subscription: string; isWhole: boolean }[];
  /** Those whose filter became another. */
  readonly refiltered: { readonly at: number; readonly subscription: string }[];
  /** Receipts as they were settled: what the endpoint took, and what was given up. */
  readonly settled: { readonly at: number; readonly name: string }[];
  /** What was tried again, and what it was before. */
  readonly redriven: {
    readonly at: number;
    readonly subscription: string;
    readonly number: number;
    readonly was: NotificationStatus | undefined;
  }[];
}

export interface World extends Surroundings {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly hub: ReturnType<typeof memoryHub>;
  /** What processes reach, with the queue's own troubles and with everything noted. */
  readonly kept: Kept;
  /** The same for a process that writes in two steps and may die between them. */
  readonly keptFor: (process: Process) => Kept;
  readonly endpoints: Endpoints;
  readonly journal: Journal;
  readonly tally: Tally;
  readonly setWeather: (weather: Weather) => void;
  readonly start: (name: string, limit: number) => Process;
  /** Hands out what the queue holds, from now on. */
  readonly serve: (
    work: (process: Process, order: DeliveryJob) => Promise<'done' | { readonly seconds: number }>,
  ) => void;
  /** The time at which something is owed next, if anything is. */
  readonly nextDue: () => number | undefined;
}

/** SQS hides what it has handed out for this long, seconds: six times the time a delivery may take (infra/compute/delivery-queue.ts). */
const visibility = 180;
const deliverLimit = 30_000;

export const worldOf = (start: number, dice: Dice, trace: Surroundings['trace']): World => {
  const scheduler = schedulerFrom(start);
  const tally = noFaults();
  let current: Weather = fairWeather;
  const weather = (): Weather => current;
  const count: Surroundings['count'] = (kind, times = 1) => {
    tally[kind] += times;
  };
  const surroundings: Surroundings = { scheduler, weather, count, trace };
  const clock = {
    now: () => scheduler.now(),
    iso: () => new Date(scheduler.now()).toISOString(),
    advance: () => undefined,
  };
  const store = subscriptionStore();
  const hub = memoryHub(clock, store);
  const queue = memoryQueue(clock, visibility);
  const endpoints = endpointsIn(surroundings, dice.fork());
  const processDice = dice.fork();
  const queueDice = dice.fork();
  const journal: Journal = {
    appended: [],
    contacts: [],
    begun: new Set(),
    cleared: [],
    numbered: [],
    created: [],
    turnedOff: [],
    changed: [],
    changing: [],
    refiltered: [],
    redriven: [],
    settled: [],
  };

  let version = 0;
  let known: { readonly version: number; readonly due: number | undefined } | undefined;
  const touch = (): void => {
    version += 1;
  };
  const nextDue = (): number | undefined => {
    if (known?.version !== version) {
      const dues = [
        ...hub.missions.pending(),
        ...hub.subscriptions.pending(),
        ...hub.notifications.pending(),
        ...hub.worklist.pending(),
      ].map(({ dueAt }) => dueAt);
      const least = dues.reduce<string | undefined>(
        (one, due) => (one === undefined || due < one ? due : one),
        undefined,
      );
      known = { version, due: least === undefined ? undefined : Date.parse(least) };
    }
    return known.due;
  };

  const started: World['start'] = (name, limit) => startProcess(surroundings, name, limit, processDice);

  let work: Parameters<World['serve']>[0] | undefined;
  let invocations = 0;
  const pollIn = (milliseconds: number): void => scheduler.after(milliseconds, poll);
  const handOut = (order: DeliveryJob, receipt: number, receives: number): void => {
    if (work === undefined) return;
    invocations += 1;
    const name =
      order.kind === 'notification' ? `${order.subscription}.${order.number}` : `${order.subscription} ${order.kind}`;
    const process = started(`deliver#${invocations}(${name}, receive ${receives})`, deliverLimit);
    scheduler.woken();
    const put = async (outcome: 'done' | { readonly seconds: number }): Promise<void> => {
      process.finish();
      await process
        .step(
          { place: 'queue', name: outcome === 'done' ? 'queue.delete' : 'queue.return', writes: true },
          async () => {
            if (outcome === 'done') queue.remove(receipt);
            else if (queueDice.chance(current.queueTrouble / 4)) {
              count('orders lost by the queue');
              queue.remove(receipt);
            } else {
              queue.hide(receipt, outcome.seconds);
              pollIn(outcome.seconds * 1000 + queueDice.below(1_000));
            }
            pollIn(1);
          },
        )
        .catch(() => undefined);
    };
    void work(process, order).then(put);
  };
  const poll = (): void => {
    if (isDown(current.queueDown, scheduler.now())) {
      pollIn(10_000);
      return;
    }
    for (let received = queue.receive(); received !== undefined; received = queue.receive()) {
      const { order, receipt, receives } = received;
      pollIn(visibility * 1000 + 1);
      handOut(order, receipt, receives);
      if (queueDice.chance(current.queueTrouble)) {
        count('orders handed out twice');
        const again = (): void => handOut(order, receipt, receives);
        scheduler.after(queueDice.between(1, 20_000), again);
      }
    }
  };
  const take = (order: DeliveryJob): void => {
    void queue.send([order]);
    pollIn(queueDice.between(1, 40));
  };
  const send = async (orders: readonly DeliveryJob[]): Promise<void> => {
    const { queueTrouble } = current;
    const isShuffled = orders.length > 1 && queueDice.chance(queueTrouble);
    if (isShuffled) count('orders reordered');
    for (const order of isShuffled ? queueDice.shuffled(orders) : orders) {
      if (queueDice.chance(queueTrouble / 4)) {
        count('orders lost by the queue');
      } else if (queueDice.chance(queueTrouble)) {
        count('orders delayed');
        scheduler.after(queueDice.between(1_000, 120_000), () => take(order));
      } else take(order);
    }
  };

  const noted = async <Result>(call: () => Promise<Result>, note?: (result: Result) => void): Promise<Result> => {
    touch();
    const result = await call();
    note?.(result);
    return result;
  };
  const missions: MissionLog = {
    ...hub.missions,
    append: (entry, dueAt) =>
      noted(
        () => hub.missions.append(entry, dueAt),
        (result) => {
          if (result === 'appended') {
            trace(() => `the log has ${entry.mission.slice(0, 4)}#${entry.number} ${entry.event} by ${entry.sender}`);
            journal.appended.push({ at: scheduler.now(), entry });
          }
        },
      ),
    completeFanOut: (mission, entry, ...rest) =>
      noted(
        () => hub.missions.completeFanOut(mission, entry, ...rest),
        () => journal.cleared.push({ at: scheduler.now(), mission, entry }),
      ),
  };
  const notingSubscriptions = (subscriptions: Subscriptions): Subscriptions => ({
    ...subscriptions,
    create: (subscription, dueAt) => {
      journal.begun.add(subscription.id);
      return noted(
        () => subscriptions.create(subscription, dueAt),
        () => {
          journal.created.push({ at: scheduler.now(), subscription });
        },
      );
    },
    turnOff: (subscription) =>
      noted(
        () => subscriptions.turnOff(subscription),
        () => {
          journal.turnedOff.push({ at: scheduler.now(), subscription });
        },
      ),
    change: (changed, dueAt) => {
      const at = scheduler.now();
      const change = { at, subscription: changed.id, isWhole: false };
      journal.changing.push(change);
      return noted(
        () => subscriptions.change(changed, dueAt),
        (written) => {
          change.isWhole = true;
          if (written) journal.changed.push({ at, subscription: changed.id });
        },
      );
    },
  });
  const endpointHealth: EndpointHealthStore = {
    save: async (seen, health) => {
      touch();
      const before = await hub.subscriptions.read(seen.id);
      const written = await hub.endpointHealth.save(seen, health);
      if (written && before !== undefined) {
        trace(() => `${seen.id} was ${before.status}, is ${health.status}, ${health.failures} failures`);
        journal.contacts.push({ at: scheduler.now(), subscription: seen.id, from: before.status, to: health.status });
      }
      return written;
    },
    countFailure: (...args) => noted(() => hub.endpointHealth.countFailure(...args)),
    claimProbe: (...args) => noted(() => hub.endpointHealth.claimProbe(...args)),
  };
  const eventNumbers: EventNumbers = {
    number: (subscription, mission, entry, knownSince) =>
      noted(
        () => hub.eventNumbers.number(subscription, mission, entry, knownSince),
        (given) => {
          if (typeof given === 'object' && 'number' in given)
            journal.numbered.push({ at: scheduler.now(), subscription, mission, entry, number: given.number });
        },
      ),
    numbered: (...args) => noted(() => hub.eventNumbers.numbered(...args)),
  };
  const notifications: Notifications = {
    ...hub.notifications,
    write: (...args) => noted(() => hub.notifications.write(...args)),
    record: (subscription, number, attempt) =>
      noted(
        () => hub.notifications.record(subscription, number, attempt),
        () => {
          if (attempt.status !== 'pending')
            journal.settled.push({ at: scheduler.now(), name: `${subscription}.${number}` });
        },
      ),
  };
  const { worklist, overview, obligations, idleMissions, deadLetters } = hub;
  const kept: Kept = {
    missions,
    subscriptions: notingSubscriptions(hub.subscriptions),
    endpointHealth,
    eventNumbers,
    notifications,
    worklist: { ...worklist, put: (...args) => noted(() => worklist.put(...args)) },
    overview,
    obligations: { ...obligations, postpone: (...args) => noted(() => obligations.postpone(...args)) },
    idleMissions,
    deadLetters: {
      ...deadLetters,
      redrive: async (subscription, number, at, dueAt) => {
        touch();
        const was = (await hub.notifications.read(subscription, number))?.status;
        const isMine = await deadLetters.redrive(subscription, number, at, dueAt);
        if (isMine) journal.redriven.push({ at: scheduler.now(), subscription, number, was });
        return isMine;
      },
    },
    queue: { send },
  };
  return {
    ...surroundings,
    dice,
    hub,
    endpoints,
    journal,
    tally,
    setWeather: (next) => {
      current = next;
    },
    start: started,
    serve: (how) => {
      work = how;
    },
    nextDue,
    kept,
    keptFor: (process) => {
      const between = (): Promise<void> =>
        process.step({ place: 'table', name: 'between two writes', writes: false }, async () => undefined);
      return { ...kept, subscriptions: notingSubscriptions(memorySubscriptions(store, between)) };
    },
  };
};
