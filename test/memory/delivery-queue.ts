import type { Clock } from '../../core/mission/clock.ts';
import type { DeliveryJob, DeliveryQueue, NotificationJob } from '../../core/delivery/delivery-queue.ts';

/** A job that was received: it is invisible until it is removed or its visibility timeout is over. */
export interface Received {
  readonly order: DeliveryJob;
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
  lose(which: (order: DeliveryJob) => boolean): void;
}

interface Waiting {
  readonly order: DeliveryJob;
  readonly receives: number;
  readonly receipt: number;
  readonly visibleAt: number;
}

/** SQS drops what has the same deduplication id as something sent within five minutes. */
const deduplicationMilliseconds = 300_000;

const groupOf = (order: DeliveryJob): string =>
  `${order.subscription}/${order.kind === 'notification' ? order.mission : 'contact'}`;
const nameOf = (order: DeliveryJob): string =>
  order.kind === 'notification'
    ? `${order.subscription}/${order.number}/${order.redrivenAt ?? ''}`
    : `${order.subscription}/${order.kind}/${order.due}`;

/** A FIFO queue in memory with the rules of SQS: order within a group, groups independent, a job that is not removed comes back. */
export const memoryQueue = (clock: Clock, visibilitySeconds = 30): MemoryQueue => {
  let queue: readonly Waiting[] = [];
  let receipts = 0;
  const sentAt = new Map<string, number>();

  return {
    send: async (orders) => {
      for (const order of orders) {
        const before = sentAt.get(nameOf(order));
        if (before !== undefined && clock.now() - before < deduplicationMilliseconds) continue;
        sentAt.set(nameOf(order), clock.now());
        receipts += 1;
        queue = [
          ...queue,
          { order: structuredClone(order), receives: 0, receipt: receipts, visibleAt: Number.NEGATIVE_INFINITY },
        ];
      }
    },
    receive: () => {
      const busy = new Set(queue.filter(({ visibleAt }) => visibleAt > clock.now()).map(({ order }) => groupOf(order)));
      const next = queue.find(({ order }) => !busy.has(groupOf(order)));
      if (next === undefined) return undefined;
      receipts += 1;
      const taken: Waiting = {
        order: next.order,
        receives: next.receives + 1,
        receipt: receipts,
        visibleAt: clock.now() + visibilitySeconds * 1000,
      };
      queue = queue.map((one) => (one === next ? taken : one));
      return { order: structuredClone(taken.order), receives: taken.receives, receipt: taken.receipt };
    },
    remove: (receipt) => {
      queue = queue.filter((one) => one.receipt !== receipt);
    },
    hide: (receipt, seconds) => {
      queue = queue.map((one) => (one.receipt === receipt ? { ...one, visibleAt: clock.now() + seconds * 1000 } : one));
    },
    waiting: () => queue.map(({ order }) => structuredClone(order)),
    notifications: () => queue.flatMap(({ order }) => (order.kind === 'notification' ? [structuredClone(order)] : [])),
    lose: (which) => {
      queue = queue.filter(({ order }) => !which(order));
    },
  };
};
