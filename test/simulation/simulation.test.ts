import { expect, test } from 'vitest';
import { effort, replay } from '../support/effort.ts';
import { simulate } from './run.ts';
import type { Storage } from './stores.ts';

/** The same seeds each time, so that a failure comes from a change; `npm run simulate` plays other and more seeds. */
const { simulationFrom: from } = replay;
const { simulationSeeds: seeds } = effort;

const expectInvariants = async (storage: Storage, count: number): Promise<void> => {
  let faults = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const { violations, counts } = await simulate(seed, { storage });
    const option = storage === 'sqlite' ? '--sqlite ' : '';
    expect(violations, `npm run simulate -- ${option}--seed ${seed} --verbose`).toEqual([]);
    faults += Object.values(counts).reduce((sum, number) => sum + number, 0);
  }
  process.stdout.write(`${count} seeds of the simulation on ${storage} from ${from}, ${faults} faults\n`);
  expect(faults).toBeGreaterThan(count);
};

test('keeps every invariant under crashes, lost, repeated and late calls', { timeout: 30_000 + seeds * 500 }, () =>
  expectInvariants('memory', seeds),
);

// The use cases are the same: fewer seeds show that the adapters are.
test('keeps every invariant on SQLite too', { timeout: 30_000 + seeds * 500 }, () =>
  expectInvariants('sqlite', Math.ceil(seeds / 4)),
);

test('repeats a run from its seed', async () => {
  const lines = async (): Promise<readonly string[]> => {
    const printed: string[] = [];
    await simulate(from, { print: (line) => printed.push(line) });
    return printed;
  };
  const once = await lines();
  expect(once.length).toBeGreaterThan(100);
  expect(await lines()).toEqual(once);
});
