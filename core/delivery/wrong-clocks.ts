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

/** Planned work that one pass looks at. More is not expected: it is heartbeats, deferred decisions, and what a wrong clock has planned. */
const mostPlanned = 10_000;

/** Fan-outs and deliveries that one pass moves. */
const mostMoved = 200;

/** Of contacts, and of deadlines, that one pass reads: each costs a read, and most are planned rightly. */
const inOneTurn = 12;
const sideBySide = 8;

const minute = 60_000;

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

/** A number that is the same in every pass. */
const hashOf = (id: string): number =>
  Array.from(id).reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521, 0);

/** Some of the items: in one pass of each minute about `inOneTurn`, and each of them once in a round of passes. */
const inTurn = <Item>(items: readonly Item[], idOf: (item: Item) => string, now: number): readonly Item[] => {
  const turns = Math.ceil(items.length / inOneTurn);
  const turn = Math.floor(now / minute) % turns;
  return items.filter((item) => hashOf(idOf(item)) % turns === turn);
};

/**
 * What one pass checks. No fan-out and no delivery is planned so far ahead, so each of them is moved. Heartbeats and deferred
 * decisions are: they are checked in turn, and never hide the others.
 */
const toCheck = (planned: readonly PlannedObligation[], now: number): readonly PlannedObligation[] => {
  const surelyWrong = planned.filter(({ obligation: { kind } }) => kind === 'fan-out' || kind === 'delivery');
  const contacts = planned.flatMap(({ obligation, dueAt }) =>
    obligation.kind === 'contact' ? [{ obligation, dueAt }] : [],
  );
  const deadlines = planned.flatMap(({ obligation, dueAt }) =>
    obligation.kind === 'deadline' ? [{ obligation, dueAt }] : [],
  );
  return [
    ...surelyWrong.slice(0, mostMoved),
    ...inTurn(deadlines, ({ obligation }) => obligation.task, now),
    ...inTurn(contacts, ({ obligation }) => obligation.subscription, now),
  ];
};

/** Moves what a clock that was ahead has planned too late to its right time. Returns what was moved. A failure leaves it to the next run. */
export const replan = async (ports: ReplanPorts): Promise<readonly Obligation[]> => {
  const now = ports.now();
  const planned = await ports.obligations.dueAfter(new Date(now + longestWaitMilliseconds).toISOString(), mostPlanned);
  const moved = await inBatches(toCheck(planned, now), sideBySide, async (one) => {
    const time = await rightTime(one, ports, now);
    if (time === undefined) return [];
    await ports.obligations.postpone(one.obligation, new Date(time).toISOString());
    return [one.obligation];
  });
  return moved.flat();
};
