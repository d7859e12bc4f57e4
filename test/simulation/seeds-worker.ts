/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { parentPort, workerData } from 'node:worker_threads';
import { type Outcome, simulate } from './run.ts';

/** Plays the seeds that fall to this worker, and says what became of each. */

/** Every `step`-th seed from `from`, up to and without `to`. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const { from, to, step }: Share = workerData;
const report = (outcome: Outcome): void => parentPort?.postMessage(outcome);
for (let seed = from; seed < to; seed += step) report(await simulate(seed));
