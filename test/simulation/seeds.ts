import { Worker } from 'node:worker_threads';
import type { RunResult } from './run.ts';
import type { SeedShare } from './seeds-worker.ts';
import type { Storage } from './stores.ts';

/** Many seeds on several threads. */

const isRunResult = (value: unknown): value is RunResult =>
  typeof value === 'object' && value !== null && 'seed' in value && 'violations' in value;

const runShare = (share: SeedShare, onResult: (result: RunResult) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seeds-worker.ts', import.meta.url), { workerData: share });
    worker.on('message', (value: unknown) => {
      if (isRunResult(value)) onResult(value);
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });

export const runSeeds = async (
  {
    from,
    seeds,
    workers,
    storage,
  }: { readonly from: number; readonly seeds: number; readonly workers: number; readonly storage: Storage },
  onResult: (result: RunResult) => void,
): Promise<void> => {
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      runShare({ from: from + index, to: from + seeds, step: workers, storage }, onResult),
    ),
  );
};
