import type { Clock } from '../../core/mission/clock.ts';
import {
  type DeliveryJob,
  type DeliveryQueue,
  groupOf,
  type Lane,
  nameOf,
  type NotificationJob,
} from '../../core/delivery/delivery-queue.ts';

/** A job that was received: it is invisible until it is removed or its visibility timeout is over. */
export interface Received {
  readonly job: DeliveryJob;
  /** How often it has been received. */
  readonly receives: number;
  readonly receipt: number;
}

export interface MemoryQueue extends DeliveryQueue {
  /** The oldest visible job of a group without an invisible job. */
  receive(): Received | undefined;
  remove(receipt: number): void;
  /** Keeps a received job invisible for so many seconds from now; its group waits. */
  hide(receipt: number, seconds: number): void;
  /** The jobs that are not removed yet, oldest first. */
  waiting(): readonly DeliveryJob[];
  /** Those of them that are about notifications. */
  notifications(): readonly NotificationJob[];
  /** Loses jobs, as a queue never should. */
  lose(which: (job: DeliveryJob) => boolean): void;
}

interface Waiting {
  readonly job: DeliveryJob;
  readonly receives: number;
  readonly receipt: number;
  readonly visibleAt: number;
}

/** SQS drops what has the same deduplication id as something sent within five minutes. */
const deduplicationMilliseconds = 300_000;

/** A FIFO queue in memory with the rules of SQS: order within a group, groups independent, a job that is not removed comes back. */
export const memoryQueue = (clock: Clock, lane: Lane, visibilitySeconds = 30): MemoryQueue => {
  let queue: readonly Waiting[] = [];
  let receipts = 0;
  const sentAt = new Map<string, number>();

  return {
    send: async (jobs) => {
      for (const job of jobs) {
        const before = sentAt.get(nameOf(job));
        if (before !== undefined && clock.now() - before < deduplicationMilliseconds) continue;
        sentAt.set(nameOf(job), clock.now());
        receipts += 1;
        queue = [
          ...queue,
          { job: structuredClone(job), receives: 0, receipt: receipts, visibleAt: Number.NEGATIVE_INFINITY },
        ];
      }
    },
    receive: () => {
      const busy = new Set(
        queue.filter(({ visibleAt }) => visibleAt > clock.now()).map(({ job }) => groupOf(lane, job)),
      );
      const next = queue.find(({ job }) => !busy.has(groupOf(lane, job)));
      if (next === undefined) return undefined;
      receipts += 1;
      const taken: Waiting = {
        job: next.job,
        receives: next.receives + 1,
        receipt: receipts,
        visibleAt: clock.now() + visibilitySeconds * 1000,
      };
      queue = queue.map((one) => (one === next ? taken : one));
      return { job: structuredClone(taken.job), receives: taken.receives, receipt: taken.receipt };
    },
    remove: (receipt) => {
      queue = queue.filter((one) => one.receipt !== receipt);
    },
    hide: (receipt, seconds) => {
      queue = queue.map((one) => (one.receipt === receipt ? { ...one, visibleAt: clock.now() + seconds * 1000 } : one));
    },
    waiting: () => queue.map(({ job }) => structuredClone(job)),
    notifications: () => queue.flatMap(({ job }) => (job.kind === 'notification' ? [structuredClone(job)] : [])),
    lose: (which) => {
      queue = queue.filter(({ job }) => !which(job));
    },
  };
};
