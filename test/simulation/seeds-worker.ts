/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { parentPort, workerData } from 'node:worker_threads';
import { type RunResult, simulate } from './run.ts';
import type { Storage } from './stores.ts';

/** Runs this worker's share of the seeds and posts each result. */

/** Every `step`-th seed from `from`, up to, not including, `to`. */
export interface SeedShare {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly storage: Storage;
}

const { from, to, step, storage }: SeedShare = workerData;
const post = (result: RunResult): void => parentPort?.postMessage(result);
for (let seed = from; seed < to; seed += step) post(await simulate(seed, { storage }));
