import type { Clock } from '../../core/mission/clock.ts';
import type { DeliveryJob, DeliveryQueue, Lane } from '../../core/delivery/delivery-queue.ts';
import { memoryQueue } from '../memory/delivery-queue.ts';
import { isDown } from './failpoints.ts';
import type { Process, RunContext } from './process.ts';
import type { SeededRandom } from '../support/random.ts';

/** A lane of deliveries with the faults of its queue: jobs handed out twice, late, in another order, or lost. */

/** SQS hides a received job for this long, seconds: twice the time limit of a delivery (infra/compute/delivery-queue.ts). */
const visibility = 60;
/** Milliseconds. */
const deliverLimit = 30_000;

/** Deliveries at the same time, as in the stage dev (infra/stage.ts): each lane has workers of its own. */
const workers: Readonly<Record<Lane, number>> = { quick: 10, slow: 6 };

export type JobResult = 'done' | { readonly seconds: number };
type Consumer = (
  process: Process,
  job: DeliveryJob,
  from: { readonly lane: Lane; readonly receives: number },
) => Promise<JobResult>;

export interface SimulatedQueue extends DeliveryQueue {
  /** From now on jobs are handed out to this consumer. */
  readonly consume: (consumer: Consumer) => void;
}

export const simulatedQueue = (
  { scheduler, failpoints, count }: RunContext,
  lane: Lane,
  clock: Clock,
  start: (name: string, limit: number) => Process,
  random: SeededRandom,
  onRemoved: (job: DeliveryJob) => void,
): SimulatedQueue => {
  const queue = memoryQueue(clock, lane, visibility);
  let consumer: Consumer | undefined;
  let invocations = 0;
  const running = new Set<Process>();
  const isBusy = (): boolean => {
    for (const process of running) if (!process.isAlive()) running.delete(process);
    return running.size >= workers[lane];
  };
  const pollIn = (milliseconds: number): void => scheduler.after(milliseconds, poll);

  const handOut = (job: DeliveryJob, receipt: number, receives: number): void => {
    if (consumer === undefined) return;
    invocations += 1;
    const name = job.kind === 'notification' ? `${job.subscription}.${job.number}` : `${job.subscription} ${job.kind}`;
    const process = start(`deliver#${lane}${invocations}(${name}, receive ${receives})`, deliverLimit);
    running.add(process);
    scheduler.resumed();
    const complete = async (result: JobResult): Promise<void> => {
      process.finish();
      running.delete(process);
      await process
        .step({ place: 'queue', name: result === 'done' ? 'queue.delete' : 'queue.return', writes: true }, async () => {
          if (result === 'done') {
            queue.remove(receipt);
            onRemoved(job);
          } else if (random.chance(failpoints().queueFault / 4)) {
            count('delivery jobs lost by the queue');
            queue.remove(receipt);
          } else {
            queue.hide(receipt, result.seconds);
            pollIn(result.seconds * 1000 + random.below(1_000));
          }
          pollIn(1);
        })
        .catch(() => undefined);
    };
    void consumer(process, job, { lane, receives }).then(complete);
  };

  const poll = (): void => {
    if (isDown(failpoints().queueDown, scheduler.now())) {
      pollIn(10_000);
      return;
    }
    for (;;) {
      if (isBusy()) {
        // A worker is free when its job is done, or when it has crashed.
        pollIn(1_000);
        return;
      }
      const received = queue.receive();
      if (received === undefined) return;
      const { job, receipt, receives } = received;
      pollIn(visibility * 1000 + 1);
      handOut(job, receipt, receives);
      if (random.chance(failpoints().queueFault)) {
        count('delivery jobs handed out twice');
        scheduler.after(random.between(1, 20_000), () => handOut(job, receipt, receives));
      }
    }
  };

  const take = (job: DeliveryJob): void => {
    void queue.send([job]);
    pollIn(random.between(1, 40));
  };

  return {
    consume: (next) => {
      consumer = next;
    },
    send: async (jobs) => {
      const { queueFault } = failpoints();
      const isShuffled = jobs.length > 1 && random.chance(queueFault);
      if (isShuffled) count('delivery jobs reordered');
      for (const job of isShuffled ? random.shuffled(jobs) : jobs) {
        if (random.chance(queueFault / 4)) count('delivery jobs lost by the queue');
        else if (random.chance(queueFault)) {
          count('delivery jobs delayed');
          scheduler.after(random.between(1_000, 120_000), () => take(job));
        } else take(job);
      }
    },
  };
};
