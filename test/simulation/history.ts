import { type DeliveryQueue, type Lane, nameOf } from '../../core/delivery/delivery-queue.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { Notifications, NotificationStatus } from '../../core/delivery/notifications.ts';
import type { Places } from '../../core/delivery/places.ts';
import type { Subscription, Subscriptions, SubscriptionStatus } from '../../core/delivery/subscription.ts';
import type { MissionLog } from '../../core/mission/mission-log.ts';
import type { Entry } from '../../core/mission/state.ts';
import type { HubPorts } from './ports.ts';
import type { RunContext } from './process.ts';

/** The effects of a run in the order in which they happened. Validation reads it. All times are the scheduler's. */
export interface History {
  readonly appended: { readonly at: number; readonly entry: Entry }[];
  readonly statusChanges: {
    readonly at: number;
    readonly subscription: string;
    readonly from: SubscriptionStatus;
    readonly to: SubscriptionStatus;
  }[];
  /** Subscriptions whose creation began, whether or not its result was known to anybody. */
  readonly creating: Set<string>;
  readonly created: { readonly at: number; readonly subscription: Subscription }[];
  readonly fanOutCompleted: { readonly at: number; readonly mission: string; readonly entry: number }[];
  readonly numbered: {
    readonly at: number;
    readonly subscription: string;
    readonly mission: string;
    readonly entry: number;
    readonly number: number;
  }[];
  readonly turnedOff: { readonly at: number; readonly subscription: string }[];
  readonly changed: { readonly at: number; readonly subscription: string }[];
  /** Changes that began, whether or not they were completed. */
  readonly changing: { readonly at: number; readonly subscription: string }[];
  /** Changes of a filter that were requested. */
  readonly filterChanges: { readonly at: number; readonly subscription: string }[];
  /** Notifications when they were recorded as delivered or failed. */
  readonly completed: { readonly at: number; readonly name: string }[];
  /** Dead letters that were redriven, and their status before. */
  readonly redriven: {
    readonly at: number;
    readonly subscription: string;
    readonly number: number;
    readonly was: NotificationStatus | undefined;
  }[];
  /** Slots that deliveries took. */
  readonly slotsTaken: {
    readonly at: number;
    readonly process: string;
    readonly organisation: string;
    /** By so much its clock is ahead, milliseconds. */
    readonly clockError: number;
    /** When it ends, as its holder has planned it. */
    readonly until: number;
    /** When the delivery gave it back, whether or not the storage was reached. */
    freedAt?: number;
  }[];
  /** When a process looked for a slot, also if it did not learn the result. */
  readonly slotsWanted: { readonly at: number; readonly organisation: string; readonly clockError: number }[];
  /** How quick an endpoint was found to be. */
  readonly speedChanges: { readonly at: number; readonly subscription: string; readonly isSlow: boolean }[];
  /** Jobs that a lane was given. */
  readonly jobsSent: { readonly at: number; readonly lane: Lane; readonly job: string }[];
  /** Jobs that a delivery removed from a lane. */
  readonly jobsDone: { readonly at: number; readonly lane: Lane; readonly job: string }[];
}

export const emptyHistory = (): History => ({
  appended: [],
  statusChanges: [],
  creating: new Set(),
  created: [],
  fanOutCompleted: [],
  numbered: [],
  turnedOff: [],
  changed: [],
  changing: [],
  filterChanges: [],
  completed: [],
  redriven: [],
  slotsTaken: [],
  slotsWanted: [],
  speedChanges: [],
  jobsSent: [],
  jobsDone: [],
});

type Recorder = Pick<RunContext, 'scheduler' | 'trace'> & {
  readonly history: History;
  /** Called before every call that may change what is due. */
  readonly onWrite: () => void;
};

const recordingAfter =
  ({ onWrite }: Pick<Recorder, 'onWrite'>) =>
  async <Result>(call: () => Promise<Result>, record?: (result: Result) => void): Promise<Result> => {
    onWrite();
    const result = await call();
    record?.(result);
    return result;
  };

export const recordedSubscriptions = (subscriptions: Subscriptions, recorder: Recorder): Subscriptions => {
  const { history, scheduler } = recorder;
  const recorded = recordingAfter(recorder);
  return {
    ...subscriptions,
    create: (subscription, dueAt) => {
      history.creating.add(subscription.id);
      return recorded(
        () => subscriptions.create(subscription, dueAt),
        () => {
          history.created.push({ at: scheduler.now(), subscription });
        },
      );
    },
    turnOff: (subscription, at, seen) =>
      recorded(
        () => subscriptions.turnOff(subscription, at, seen),
        () => {
          history.turnedOff.push({ at: scheduler.now(), subscription });
        },
      ),
    completeListing: (id) => recorded(() => subscriptions.completeListing(id)),
    change: (changed, dueAt) => {
      const at = scheduler.now();
      history.changing.push({ at, subscription: changed.id });
      return recorded(
        () => subscriptions.change(changed, dueAt),
        (written) => {
          if (written) history.changed.push({ at, subscription: changed.id });
        },
      );
    },
  };
};

const recordedHealth = (
  { endpointHealth, subscriptions }: HubPorts,
  { history, scheduler, trace, ...recorder }: Recorder,
): EndpointHealthStore => {
  const recorded = recordingAfter(recorder);
  const isNow = (subscription: string, quickAnswersNeeded: number | undefined): void => {
    history.speedChanges.push({ at: scheduler.now(), subscription, isSlow: quickAnswersNeeded !== undefined });
  };
  return {
    save: async (seen, health) => {
      recorder.onWrite();
      const before = await subscriptions.read(seen.id);
      const written = await endpointHealth.save(seen, health);
      if (written && before !== undefined) {
        trace(() => `${seen.id} was ${before.status}, is ${health.status}, ${health.failures} failures`);
        history.statusChanges.push({
          at: scheduler.now(),
          subscription: seen.id,
          from: before.status,
          to: health.status,
        });
        isNow(seen.id, health.quickAnswersNeeded);
      }
      return written;
    },
    countFailure: (...args) => recorded(() => endpointHealth.countFailure(...args)),
    saveSpeed: (seen, quickAnswersNeeded) =>
      recorded(
        () => endpointHealth.saveSpeed(seen, quickAnswersNeeded),
        (written) => {
          if (written) isNow(seen.id, quickAnswersNeeded);
        },
      ),
    claimProbe: (...args) => recorded(() => endpointHealth.claimProbe(...args)),
  };
};

const recordedPlaces = (places: Places, recorder: Recorder): Places => {
  const recorded = recordingAfter(recorder);
  return {
    ...places,
    claim: (...args) => recorded(() => places.claim(...args)),
    settle: (...args) => recorded(() => places.settle(...args)),
  };
};

const recordedNotifications = (notifications: Notifications, recorder: Recorder): Notifications => {
  const { history, scheduler } = recorder;
  const recorded = recordingAfter(recorder);
  return {
    ...notifications,
    append: (notification, dueAt) =>
      recorded(
        () => notifications.append(notification, dueAt),
        ({ subscription, mission, entry, number }) =>
          history.numbered.push({ at: scheduler.now(), subscription, mission, entry, number }),
      ),
    noteWait: (...args) => recorded(() => notifications.noteWait(...args)),
    record: (subscription, number, attempt) =>
      recorded(
        () => notifications.record(subscription, number, attempt),
        () => {
          if (attempt.status !== 'pending')
            history.completed.push({ at: scheduler.now(), name: `${subscription}.${number}` });
        },
      ),
  };
};

const recordedMissions = (missions: MissionLog, recorder: Recorder): MissionLog => {
  const { history, scheduler, trace } = recorder;
  const recorded = recordingAfter(recorder);
  return {
    ...missions,
    append: (entry, dueAt) =>
      recorded(
        () => missions.append(entry, dueAt),
        (result) => {
          if (result !== 'appended') return;
          trace(() => `appended ${entry.mission.slice(0, 4)}#${entry.number} ${entry.event} by ${entry.sender}`);
          history.appended.push({ at: scheduler.now(), entry });
        },
      ),
    completeFanOut: (mission, entry, ...rest) =>
      recorded(
        () => missions.completeFanOut(mission, entry, ...rest),
        () => history.fanOutCompleted.push({ at: scheduler.now(), mission, entry }),
      ),
  };
};

const recordedLane = (queue: DeliveryQueue, lane: Lane, { history, scheduler }: Recorder): DeliveryQueue => ({
  send: async (jobs) => {
    await queue.send(jobs);
    for (const job of jobs) history.jobsSent.push({ at: scheduler.now(), lane, job: nameOf(job) });
  },
});

/** The same ports; every effect is recorded in the history. */
export const recordedPorts = (ports: HubPorts, recorder: Recorder): HubPorts => {
  const { worklist, obligations, deadLetters, lanes, slots } = ports;
  const { history, scheduler, onWrite } = recorder;
  const recorded = recordingAfter(recorder);
  return {
    ...ports,
    missions: recordedMissions(ports.missions, recorder),
    subscriptions: recordedSubscriptions(ports.subscriptions, recorder),
    endpointHealth: recordedHealth(ports, recorder),
    places: recordedPlaces(ports.places, recorder),
    lanes: { quick: recordedLane(lanes.quick, 'quick', recorder), slow: recordedLane(lanes.slow, 'slow', recorder) },
    notifications: recordedNotifications(ports.notifications, recorder),
    worklist: { ...worklist, put: (...args) => recorded(() => worklist.put(...args)) },
    slots: {
      ...slots,
      take: (owner, now, until) => {
        const at = scheduler.now();
        history.slotsWanted.push({ at, organisation: owner.organisation, clockError: Date.parse(now) - at });
        return slots.take(owner, now, until);
      },
    },
    obligations: { ...obligations, postpone: (...args) => recorded(() => obligations.postpone(...args)) },
    deadLetters: {
      ...deadLetters,
      redrive: async (subscription, number, at, dueAt) => {
        onWrite();
        const was = (await ports.notifications.read(subscription, number))?.status;
        const isRedriven = await deadLetters.redrive(subscription, number, at, dueAt);
        if (isRedriven) history.redriven.push({ at: scheduler.now(), subscription, number, was });
        return isRedriven;
      },
    },
  };
};
