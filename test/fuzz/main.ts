import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { commandLine } from '../../commands/cli/command-line.ts';
import type { Batch } from './batch-worker.ts';
import { type Target, targets, type Tried } from './run.ts';

/**
 * `npm run fuzz -- --inputs 100000 [--seed 7] [--target door] [--path "…"]`: broken and hostile inputs to the readers of bodies,
 * to the functions and to a whole hub on this machine. Ends with 1 if an invariant is broken. What is asked of all is in
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
const shares: Readonly<Record<Target, number>> = { parser: 700, door: 250, tokens: 40, http: 10 };

/** Inputs of a batch, each on tables of its own: embedded tables that are written to for long fill their memory. */
const batchSize = 5_000;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** What a thread sends: how many it has tried, or what came of all. */
type Said = { readonly count: number } | { readonly tried: Tried };

const play = (batch: Batch, progress: (count: number) => void): Promise<Tried> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData: batch });
    worker.on('message', (said: Said) => {
      if ('count' in said) return progress(said.count);
      resolve(said.tried);
      void worker.terminate();
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('a thread of the run ended without a word')));
  });

const inputs = whole('inputs', values.inputs);
const seed = values.seed === undefined ? randomInt(2 ** 30) : whole('seed', values.seed, 0);
const wanted = targets.filter((one) => values.target === undefined || one === values.target);
if (wanted.length === 0) wrongUse(`There is no target "${values.target}".`);

say(`seed ${seed}`);
const sumOfShares = wanted.reduce((sum, one) => sum + shares[one], 0);
let holds = true;
for (const target of wanted) {
  const share = Math.max(1, Math.round((inputs * shares[target]) / sumOfShares));
  const sum = { inputs: 0, accepted: 0, seconds: 0, slowest: 0 };
  for (let batch = 0; batch * batchSize < share && holds; batch += 1) {
    const before = batch * batchSize;
    const tried = await play(
      { target, inputs: Math.min(batchSize, share - before), seed: seed + batch, path: values.path },
      (count) => say(`${target}: ${before + count} of ${share}`),
    );
    sum.inputs += tried.inputs;
    sum.accepted += tried.accepted;
    sum.seconds += tried.seconds;
    sum.slowest = Math.max(sum.slowest, tried.slowest);
    if (tried.failure === undefined) continue;
    say(tried.failure);
    holds = false;
  }
  say(
    `${target}: ${sum.inputs} inputs in ${Math.round(sum.seconds)} s, ${sum.accepted} accepted, the slowest ${Math.round(sum.slowest)} ms with all that is checked`,
  );
}
say(holds ? 'everything holds' : 'something does not hold');
process.exitCode = holds ? 0 : 1;
