import { AsyncLocalStorage } from 'node:async_hooks';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { InProcessQueue, ReceivedJob } from '../adapters/in-process/delivery-queue.ts';
import { groupOf, type Lane } from '../core/delivery/delivery-queue.ts';

/** The workers of a lane: they take jobs from its queue and give each to the handler of deliveries. */
export interface Workers {
  /** Looks for jobs: called when one becomes ready. */
  readonly wake: () => void;
  /** Takes no more jobs. Resolves when those under way are done. */
  readonly stop: () => Promise<void>;
}

interface WorkerSettings {
  readonly lane: Lane;
  readonly queue: InProcessQueue;
  /** Jobs at the same time. */
  readonly most: number;
  readonly deliver: (event: Pick<SQSEvent, 'Records'>) => Promise<SQSBatchResponse>;
  readonly now: () => number;
}

/** A job as the handler gets it from SQS. */
const recordOf = (lane: Lane, { job, receipt, receives }: ReceivedJob): SQSRecord => ({
  messageId: `${lane}-${receipt}`,
  receiptHandle: `${receipt}`,
  body: JSON.stringify(job),
  attributes: {
    ApproximateReceiveCount: `${receives}`,
    SentTimestamp: '',
    SenderId: '',
    ApproximateFirstReceiveTimestamp: '',
    MessageGroupId: groupOf(lane, job),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'standalone',
  eventSourceARN: lane,
  awsRegion: '',
});

/** Milliseconds after which workers look again if they know of no hidden job. */
const longestSleep = 1_000;

export const startWorkers = ({ lane, queue, most, deliver, now }: WorkerSettings): Workers => {
  // A request wakes the workers, but what they do is not part of it: their log lines must not have its fields.
  const apart = AsyncLocalStorage.snapshot();
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Set<Promise<void>>();

  const work = async (received: ReceivedJob): Promise<void> => {
    try {
      const { batchItemFailures } = await deliver({ Records: [recordOf(lane, received)] });
      // The handler has hidden a job that is not done.
      if (batchItemFailures.length === 0) queue.remove(received.receipt);
    } catch {
      // The handler has logged it. The job is ready again when its time is over.
    }
  };

  const next = (): ReceivedJob | undefined => (stopping || underWay.size >= most ? undefined : queue.receive());

  const take = (): void => {
    for (let received = next(); received !== undefined; received = next()) {
      const one = work(received).finally(() => {
        underWay.delete(one);
        take();
      });
      underWay.add(one);
    }
    clearTimeout(timer);
    if (stopping) return;
    const wait = (queue.nextReadyAt() ?? Number.POSITIVE_INFINITY) - now();
    timer = setTimeout(take, Math.max(1, Math.min(longestSleep, wait)));
  };

  let isWoken = false;
  return {
    wake: () => {
      if (isWoken) return;
      isWoken = true;
      setImmediate(() => {
        isWoken = false;
        apart(take);
      });
    },
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
};
