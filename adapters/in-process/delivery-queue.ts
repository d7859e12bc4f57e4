import type { Clock } from '../../core/mission/clock.ts';
import {
  type DeliveryJob,
  type DeliveryQueue,
  groupOf,
  type Lane,
  nameOf,
} from '../../core/delivery/delivery-queue.ts';
import { earliestFirst } from './earliest-first.ts';

/** A job that was received: hidden, and its group with it, until it is removed or its time is over. */
export interface ReceivedJob {
  readonly job: DeliveryJob;
  /** How often it has been received, this time included. */
  readonly receives: number;
  readonly receipt: number;
}

export interface InProcessQueue extends DeliveryQueue {
  /** The first job of the group that has been ready for longest; nothing if no group is ready. */
  readonly receive: () => ReceivedJob | undefined;
  /** The job is done. A receipt that was superseded by a later one changes nothing. */
  readonly remove: (receipt: number) => void;
  /** Hides a received job for this many seconds from now. */
  readonly hide: (receipt: number, seconds: number) => void;
  /** When the next hidden job is ready again, in milliseconds since the epoch; nothing if none is hidden. */
  readonly nextReadyAt: () => number | undefined;
  /** Jobs that are not removed yet. */
  readonly size: () => number;
}

interface Waiting {
  readonly job: DeliveryJob;
  receives: number;
}

/** Jobs of one group, in order. Only the first one can be received. */
interface Group {
  readonly name: string;
  readonly jobs: Waiting[];
  /** Of the first job; 0: it is not received. */
  receipt: number;
  hiddenUntil: number;
}

/** A job of the same name is dropped within this time, as by SQS: the sweeper sends a pending notification again and again. */
const sameNameMilliseconds = 300_000;

/**
 * The delivery queue of one process. It stores nothing. What a job is about is pending in the database, with the time at which the
 * sweeper sends it again: a queue that is lost with its process is filled from there, and no second store can disagree.
 */
export const deliveryQueue = (
  clock: Clock,
  lane: Lane,
  visibilitySeconds: number,
  onReady: () => void = () => {},
): InProcessQueue => {
  const groups = new Map<string, Group>();
  /** Groups whose first job can be received, in the order in which they became ready. */
  const ready = new Set<Group>();
  const hidden = earliestFirst<Group>();
  const received = new Map<number, Group>();
  const sentAt = new Map<string, number>();
  let receipts = 0;
  let size = 0;

  const makeReady = (group: Group): void => {
    received.delete(group.receipt);
    group.receipt = 0;
    ready.add(group);
    onReady();
  };

  /** Groups whose time is over are ready. A group may be in `hidden` with an earlier time than it has now: that one is passed over. */
  const showDue = (): void => {
    for (let first = hidden.first(); first !== undefined && first.time <= clock.now(); first = hidden.first()) {
      hidden.removeFirst();
      if (first.item.receipt !== 0 && first.item.hiddenUntil === first.time) makeReady(first.item);
    }
  };

  const hideUntil = (group: Group, time: number): void => {
    group.hiddenUntil = time;
    hidden.add(time, group);
  };

  const isNew = (name: string): boolean => {
    const now = clock.now();
    for (const [old, at] of sentAt) {
      if (now - at < sameNameMilliseconds) break;
      sentAt.delete(old);
    }
    if (sentAt.has(name)) return false;
    sentAt.set(name, now);
    return true;
  };

  return {
    async send(jobs) {
      for (const job of jobs) {
        if (!isNew(nameOf(job))) continue;
        const name = groupOf(lane, job);
        const group: Group = groups.get(name) ?? { name, jobs: [], receipt: 0, hiddenUntil: 0 };
        groups.set(name, group);
        group.jobs.push({ job, receives: 0 });
        size += 1;
        if (group.jobs.length === 1) makeReady(group);
      }
    },

    receive() {
      showDue();
      const [group] = ready;
      const first = group?.jobs[0];
      if (group === undefined || first === undefined) return undefined;
      ready.delete(group);
      receipts += 1;
      group.receipt = receipts;
      received.set(receipts, group);
      hideUntil(group, clock.now() + visibilitySeconds * 1000);
      first.receives += 1;
      return { job: first.job, receives: first.receives, receipt: receipts };
    },

    remove(receipt) {
      const group = received.get(receipt);
      if (group === undefined) return;
      received.delete(receipt);
      group.receipt = 0;
      group.jobs.shift();
      size -= 1;
      if (group.jobs.length > 0) makeReady(group);
      else groups.delete(group.name);
    },

    hide(receipt, seconds) {
      const group = received.get(receipt);
      if (group !== undefined) hideUntil(group, clock.now() + seconds * 1000);
    },

    nextReadyAt: () => hidden.first()?.time,

    size: () => size,
  };
};
