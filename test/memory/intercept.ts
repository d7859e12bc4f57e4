import type { SweepPorts } from '../../core/delivery/sweep.ts';

/** Replaces every call to a port: it makes the call, delays it, or fails. */
export type Interceptor = <Result>(name: string, call: () => Promise<Result>) => Promise<Result>;

/** The same ports, with every call made by the interceptor. */
export const withInterceptor = (ports: SweepPorts, intercept: Interceptor): SweepPorts => {
  const {
    missions,
    subscriptions,
    places,
    notifications,
    worklist,
    overview,
    missionLists,
    directory,
    lanes,
    obligations,
    now,
  } = ports;
  return {
    now,
    directory,
    missions: {
      window: missions.window,
      keepFingerprint: (...args) => intercept('missions.keepFingerprint', () => missions.keepFingerprint(...args)),
      entriesKept: (...args) => intercept('missions.entriesKept', () => missions.entriesKept(...args)),
      last: (...args) => intercept('missions.last', () => missions.last(...args)),
      entry: (...args) => intercept('missions.entry', () => missions.entry(...args)),
      entries: (...args) => intercept('missions.entries', () => missions.entries(...args)),
      append: (...args) => intercept('missions.append', () => missions.append(...args)),
      completeFanOut: (...args) => intercept('missions.completeFanOut', () => missions.completeFanOut(...args)),
    },
    subscriptions: {
      ...subscriptions,
      hindered: (...args) => intercept('subscriptions.hindered', () => subscriptions.hindered(...args)),
      subscribers: (...args) => intercept('subscriptions.subscribers', () => subscriptions.subscribers(...args)),
    },
    places: {
      read: (...args) => intercept('places.read', () => places.read(...args)),
      claim: (...args) => intercept('places.claim', () => places.claim(...args)),
      settle: (...args) => intercept('places.settle', () => places.settle(...args)),
      backOff: (...args) => places.backOff(...args),
    },
    notifications: {
      newest: (...args) => intercept('notifications.newest', () => notifications.newest(...args)),
      taken: (...args) => intercept('notifications.taken', () => notifications.taken(...args)),
      append: (...args) => intercept('notifications.append', () => notifications.append(...args)),
      read: (...args) => intercept('notifications.read', () => notifications.read(...args)),
      readAll: (...args) => intercept('notifications.readAll', () => notifications.readAll(...args)),
      noteWait: (...args) => intercept('notifications.noteWait', () => notifications.noteWait(...args)),
    },
    worklist: {
      put: (...args) => intercept('worklist.put', () => worklist.put(...args)),
      list: (...args) => intercept('worklist.list', () => worklist.list(...args)),
      asked: (...args) => intercept('worklist.asked', () => worklist.asked(...args)),
    },
    overview: {
      ...overview,
      putReadiness: (...args) => intercept('overview.putReadiness', () => overview.putReadiness(...args)),
      link: (...args) => intercept('overview.link', () => overview.link(...args)),
    },
    missionLists: {
      ...missionLists,
      put: (...args) => intercept('missionLists.put', () => missionLists.put(...args)),
      linkCase: (...args) => intercept('missionLists.linkCase', () => missionLists.linkCase(...args)),
    },
    lanes: {
      quick: { send: (...args) => intercept('quickLane.send', () => lanes.quick.send(...args)) },
      slow: { send: (...args) => intercept('slowLane.send', () => lanes.slow.send(...args)) },
    },
    obligations: {
      due: (...args) => intercept('obligations.due', () => obligations.due(...args)),
      dueAfter: (...args) => intercept('obligations.dueAfter', () => obligations.dueAfter(...args)),
      undelivered: () => intercept('obligations.undelivered', () => obligations.undelivered()),
      postpone: (...args) => intercept('obligations.postpone', () => obligations.postpone(...args)),
    },
  };
};

export class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * A process that crashes at the given calls, counted over all its restarts: either before the call or after it.
 * After a crash every call fails until the process is restarted (`restart`).
 */
export const crashingProcess = (crashes: ReadonlySet<number>, when: 'before the call' | 'after the call') => {
  let calls = 0;
  let isDown = false;
  const intercept: Interceptor = async (name, call) => {
    if (isDown) throw new Crash(name);
    calls += 1;
    const last = crashes.has(calls);
    if (last) isDown = true;
    if (last && when === 'before the call') throw new Crash(name);
    const result = await call();
    if (last) throw new Crash(name);
    return result;
  };
  return {
    intercept,
    calls: () => calls,
    restart: () => {
      isDown = false;
    },
  };
};
