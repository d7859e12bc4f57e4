/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { fuzz, targets, type FuzzResult } from './run.ts';

/** A thread of the fuzz run: a batch of inputs for one target, on tables of its own. */

export interface Batch {
  readonly target: (typeof targets)[number];
  readonly inputs: number;
  readonly seed: number;
  readonly path?: string | undefined;
}

const batch = z.object({
  target: z.enum(targets),
  inputs: z.int(),
  seed: z.int(),
  path: z.string().optional(),
});

const { target, inputs, seed, path } = batch.parse(workerData);
const tried: FuzzResult = await fuzz({
  target,
  inputs,
  seeds: [seed],
  ...(path === undefined ? {} : { path }),
  progress: (count) => parentPort?.postMessage({ count }),
});
parentPort?.postMessage({ tried });
