import { inBatches } from '../../schemas/in-batches.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import { deadlineOf, taskOf, type TaskState } from '../mission/state.ts';
import { isDue, longestWaitMilliseconds } from './due.ts';
import type { Obligation, Obligations, PlannedObligation } from './obligations.ts';
import type { Subscriptions } from './subscription.ts';

/**
 * A process whose clock is ahead plans its work too late: after the clock is right again, nobody would be called until then. The
 * sweeper finds such work, because no work of the hub is planned so far ahead.
 */

export interface ReplanPorts {
  readonly obligations: Pick<Obligations, 'dueAfter' | 'postpone'>;
  readonly missions: Pick<MissionLog, 'last'>;
  readonly subscriptions: Pick<Subscriptions, 'read'>;
  readonly now: () => number;
}

/** Clocks of two processes may differ by this, milliseconds. */
const usualSkew = 60_000;

/** Obligations that are checked in one pass, those farthest ahead first. */
const batch = 200;
const sideBySide = 8;

/** When a clock that was ahead has opened or changed the Task, milliseconds; nothing if none has. */
const futureChange = ({ openedAt, changedAt }: TaskState, now: number): number | undefined => {
  const changed = Math.max(Date.parse(openedAt), Date.parse(changedAt));
  return changed - now > usualSkew ? changed : undefined;
};

/** Whether a person is waited for past a deadline. A deadline from a clock that was ahead has passed: people are alerted early rather than late. */
export const hasPassed = (deadline: string, task: TaskState, now: number): boolean =>
  Date.parse(deadline) <= now || (task.status !== 'on-hold' && futureChange(task, now) !== undefined);

/** When the obligation should be due, milliseconds; nothing if it is planned rightly, or is gone. */
const rightTime = async (
  { obligation, dueAt }: PlannedObligation,
  { missions, subscriptions }: ReplanPorts,
  now: number,
): Promise<number | undefined> => {
  switch (obligation.kind) {
    case 'fan-out':
    case 'delivery':
      return now;
    case 'contact': {
      const subscription = await subscriptions.read(obligation.subscription);
      if (subscription === undefined || subscription.status === 'off') return undefined;
      const { status, heartbeat = 0 } = subscription;
      const longest = status === 'active' ? heartbeat * 1000 + usualSkew : longestWaitMilliseconds;
      return isDue(dueAt, now, longest) ? now : undefined;
    }
    case 'deadline': {
      const last = await missions.last(obligation.mission);
      const task = last === undefined ? undefined : taskOf(last.state, obligation.task);
      const deadline = task === undefined ? undefined : deadlineOf(task);
      if (task === undefined || deadline === undefined) return undefined;
      // A deferred decision is due at the time that its sender gave.
      const changed = task.status === 'on-hold' ? undefined : futureChange(task, now);
      const expected = Date.parse(deadline) + (changed === undefined ? 0 : now - changed);
      const right = Math.max(expected, now);
      return Date.parse(dueAt) - right > longestWaitMilliseconds ? right : undefined;
    }
    case 'unknown':
      return undefined;
  }
};

/** Moves what a clock that was ahead has planned too late to its right time. Returns what was moved. A failure leaves it to the next run. */
export const replan = async (ports: ReplanPorts): Promise<readonly Obligation[]> => {
  const now = ports.now();
  const planned = await ports.obligations.dueAfter(new Date(now + longestWaitMilliseconds).toISOString(), batch);
  const moved = await inBatches(planned, sideBySide, async (one) => {
    const time = await rightTime(one, ports, now);
    if (time === undefined) return [];
    await ports.obligations.postpone(one.obligation, new Date(time).toISOString());
    return [one.obligation];
  });
  return moved.flat();
};
