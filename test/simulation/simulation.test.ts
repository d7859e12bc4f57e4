import { expect, test } from 'vitest';
import { effort, replay } from '../support/effort.ts';
import { simulate } from './run.ts';

/** The same seeds each time, so that a failure comes from a change; `npm run simulate` plays other and more seeds. */
const { simulationFrom: from } = replay;
const { simulationSeeds: seeds } = effort;

test('keeps every invariant under crashes, lost, repeated and late calls', {
  timeout: 30_000 + seeds * 500,
}, async () => {
  let faults = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { violations, counts } = await simulate(seed);
    expect(violations, `npm run simulate -- --seed ${seed} --verbose`).toEqual([]);
    faults += Object.values(counts).reduce((sum, count) => sum + count, 0);
  }
  process.stdout.write(`${seeds} seeds of the simulation from ${from}, ${faults} faults\n`);
  expect(faults).toBeGreaterThan(seeds);
});

test('repeats a run from its seed', async () => {
  const lines = async (): Promise<readonly string[]> => {
    const printed: string[] = [];
    await simulate(from, (line) => printed.push(line));
    return printed;
  };
  const once = await lines();
  expect(once.length).toBeGreaterThan(100);
  expect(await lines()).toEqual(once);
});
