import type { SweepPorts } from '../../core/delivery/sweep.ts';

/** Runs before every call to a port: it passes the call on, delays it, or makes it fail. */
export type Gate = <Result>(name: string, call: () => Promise<Result>) => Promise<Result>;

/** The same ports, with every call through the gate. */
export const gated = (ports: SweepPorts, gate: Gate): SweepPorts => {
  const {
    missions,
    subscriptions,
    eventNumbers,
    notifications,
    worklist,
    overview,
    directory,
    queue,
    obligations,
    now,
  } = ports;
  return {
    now,
    directory,
    missions: {
      last: (...args) => gate('missions.last', () => missions.last(...args)),
      entry: (...args) => gate('missions.entry', () => missions.entry(...args)),
      entries: (...args) => gate('missions.entries', () => missions.entries(...args)),
      append: (...args) => gate('missions.append', () => missions.append(...args)),
      completeFanOut: (...args) => gate('missions.completeFanOut', () => missions.completeFanOut(...args)),
    },
    subscriptions: {
      ...subscriptions,
      subscribers: (...args) => gate('subscriptions.subscribers', () => subscriptions.subscribers(...args)),
    },
    eventNumbers: {
      ...eventNumbers,
      number: (...args) => gate('eventNumbers.number', () => eventNumbers.number(...args)),
    },
    notifications: {
      write: (...args) => gate('notifications.write', () => notifications.write(...args)),
      read: (...args) => gate('notifications.read', () => notifications.read(...args)),
    },
    worklist: {
      put: (...args) => gate('worklist.put', () => worklist.put(...args)),
      list: (...args) => gate('worklist.list', () => worklist.list(...args)),
    },
    overview: {
      ...overview,
      putReadiness: (...args) => gate('overview.putReadiness', () => overview.putReadiness(...args)),
      link: (...args) => gate('overview.link', () => overview.link(...args)),
    },
    queue: { send: (...args) => gate('queue.send', () => queue.send(...args)) },
    obligations: {
      due: (...args) => gate('obligations.due', () => obligations.due(...args)),
      postpone: (...args) => gate('obligations.postpone', () => obligations.postpone(...args)),
    },
  };
};

export class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * A process that crashes at the given calls, counted over all its restarts: either before the call or after it.
 * After a crash every call fails until the process is restarted (`revive`).
 */
export const mortal = (deaths: ReadonlySet<number>, dies: 'before the call' | 'after the call') => {
  let calls = 0;
  let dead = false;
  const gate: Gate = async (name, call) => {
    if (dead) throw new Crash(name);
    calls += 1;
    const last = deaths.has(calls);
    if (last) dead = true;
    if (last && dies === 'before the call') throw new Crash(name);
    const result = await call();
    if (last) throw new Crash(name);
    return result;
  };
  return {
    gate,
    calls: () => calls,
    revive: () => {
      dead = false;
    },
  };
};
