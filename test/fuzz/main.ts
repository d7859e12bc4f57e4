import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzz, type Target, targets } from './run.ts';

/**
 * `npm run fuzz -- --inputs 100000 [--seed 7] [--target door] [--path "…"]`: broken and hostile inputs to the readers of bodies,
 * to the functions and to a whole hub on this machine. Ends with 1 if an invariant is broken. What is asked of all is in
 * docs/abuse.md.
 */

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    target: { type: 'string' },
    path: { type: 'string' },
  },
});

/** Out of a thousand inputs: the nearer to the network, the slower. */
const shares: Readonly<Record<Target, number>> = { parser: 700, door: 250, tokens: 40, http: 10 };

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const inputs = Number(values.inputs);
const seed = values.seed === undefined ? randomInt(2 ** 31 - 1) : Number(values.seed);
const wanted = targets.filter((one) => values.target === undefined || one === values.target);
if (!Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed) || wanted.length === 0) {
  say(`npm run fuzz -- [--inputs <how many>] [--seed <one>] [--target ${targets.join('|')}] [--path <of a failure>]`);
  process.exit(2);
}

say(`seed ${seed}`);
const whole = wanted.reduce((sum, one) => sum + shares[one], 0);
for (const target of wanted) {
  const share = Math.max(1, Math.round((inputs * shares[target]) / whole));
  const tried = await fuzz({
    target,
    inputs: share,
    seeds: [seed],
    ...(values.path === undefined ? {} : { path: values.path }),
    progress: (count) => say(`${target}: ${count} of ${share}`),
  });
  say(
    `${target}: ${tried.inputs} inputs in ${Math.round(tried.seconds)} s, ${tried.accepted} accepted, the slowest ${tried.slowest.toFixed(0)} ms${tried.failure === undefined ? '' : `\n${tried.failure}`}`,
  );
  if (tried.failure !== undefined) process.exitCode = 1;
}
say(process.exitCode === 1 ? 'something does not hold' : 'everything holds');
