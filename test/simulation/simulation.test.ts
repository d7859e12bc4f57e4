import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { effort, replay } from '../support/effort.ts';
import { guards } from './guards.ts';
import { simulate } from './run.ts';

/** The same seeds each time, so that a failure comes from a change; `npm run simulate` plays other and more seeds. */
const { simulationFrom: from } = replay;
const { simulationSeeds: seeds } = effort;

test('Whatever dies, is lost, repeated or late, the log is what was answered, and everybody is told or a human is', {
  timeout: 30_000 + seeds * 500,
}, async () => {
  let faults = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { findings, tally } = await simulate(seed);
    expect(findings, `npm run simulate -- --seed ${seed} --verbose`).toEqual([]);
    faults += Object.values(tally).reduce((sum, count) => sum + count, 0);
  }
  process.stdout.write(`${seeds} seeds of the simulation from ${from}, ${faults} faults\n`);
  expect(faults).toBeGreaterThan(seeds);
});

test('The same seed gives the same run', async () => {
  const lines = async (): Promise<readonly string[]> => {
    const said: string[] = [];
    await simulate(from, (line) => said.push(line));
    return said;
  };
  const once = await lines();
  expect(once.length).toBeGreaterThan(100);
  expect(await lines()).toEqual(once);
});

test.each(guards)('One place in $file is the guard: $what', async ({ file, find }) => {
  expect((await readFile(file, 'utf8')).split(find)).toHaveLength(2);
});

test('docs/simulation.md says of each guard where it is and what misses it, and of nothing else', async () => {
  const table = (await readFile('docs/simulation.md', 'utf8')).matchAll(
    /^\| (.+) \| `(\S+\.ts)` \| (?:test ".+"|.+ after \d+ seeds) \|$/gm,
  );
  const said = Array.from(table, ([, what, file]) => `${what}: ${file}`);
  expect(said).toEqual(guards.map(({ what, file }) => `${what}: ${file}`));
});
