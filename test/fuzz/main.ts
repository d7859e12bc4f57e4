import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { commandLine } from '../../commands/cli/command-line.ts';
import type { Batch } from './batch-worker.ts';
import { type Target, targets, type FuzzResult } from './run.ts';

/**
 * `npm run fuzz -- --inputs 100000 [--seed 7] [--target handlers] [--path "…"]`: broken and hostile inputs to the readers of bodies,
 * to the functions, to the authorizer and to a complete hub on this machine. Ends with 1 if an invariant is broken. The invariants are in
 * docs/limits.md.
 */

const { values, whole, wrongUse } = commandLine({
  usage: `Usage: npm run fuzz [-- [--inputs <how many>] [--seed <one>] [--target ${targets.join('|')}] [--path <of a failure>]]`,
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    target: { type: 'string' },
    path: { type: 'string' },
  },
});

/** Out of a thousand inputs: the nearer to the network, the slower. */
const shares: Readonly<Record<Target, number>> = { parser: 700, handlers: 250, authorizer: 40, hub: 10 };

/** Inputs of a batch, each on tables of its own: embedded tables that are written to for long fill their memory. */
const batchSize = 5_000;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** What a thread sends: how many inputs it has tried, or the result of all. */
type WorkerMessage = { readonly count: number } | { readonly tried: FuzzResult };

const play = (batch: Batch, progress: (count: number) => void): Promise<FuzzResult> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData: batch });
    worker.on('message', (message: WorkerMessage) => {
      if ('count' in message) return progress(message.count);
      resolve(message.tried);
      void worker.terminate();
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('a thread of the run ended without a result')));
  });

const inputs = whole('inputs', values.inputs);
const seed = values.seed === undefined ? randomInt(2 ** 30) : whole('seed', values.seed, 0);
const wanted = targets.filter((one) => values.target === undefined || one === values.target);
if (wanted.length === 0) wrongUse(`There is no target "${values.target}".`);

print(`seed ${seed}`);
const sumOfShares = wanted.reduce((sum, one) => sum + shares[one], 0);
let holds = true;
for (const target of wanted) {
  const share = Math.max(1, Math.round((inputs * shares[target]) / sumOfShares));
  const sum = { inputs: 0, accepted: 0, seconds: 0, slowest: 0 };
  for (let batch = 0; batch * batchSize < share && holds; batch += 1) {
    const before = batch * batchSize;
    const tried = await play(
      { target, inputs: Math.min(batchSize, share - before), seed: seed + batch, path: values.path },
      (count) => print(`${target}: ${before + count} of ${share}`),
    );
    sum.inputs += tried.inputs;
    sum.accepted += tried.accepted;
    sum.seconds += tried.seconds;
    sum.slowest = Math.max(sum.slowest, tried.slowest);
    if (tried.failure === undefined) continue;
    print(tried.failure);
    holds = false;
  }
  print(
    `${target}: ${sum.inputs} inputs in ${Math.round(sum.seconds)} s, ${sum.accepted} accepted, the slowest ${Math.round(sum.slowest)} ms with all that is checked`,
  );
}
print(holds ? 'every invariant holds' : 'an invariant is broken');
process.exitCode = holds ? 0 : 1;
