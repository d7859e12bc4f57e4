import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { guards } from './guards.ts';
import { simulate } from './run.ts';

/** The same seeds each time, so that what breaks has been changed; `npm run simulate` plays thousands, SIMULATION_FROM others. */
const from = Number(process.env['SIMULATION_FROM'] ?? 1);
const most = Number(process.env['SIMULATION_SEEDS'] ?? 300);
/** After so long it is enough, if it was `least` seeds. */
const longestMilliseconds = 20_000;
const least = Math.min(most, 20);

test('Whatever dies, is lost, repeated or late, the log is what was answered, and everybody is told or a human is', async () => {
  const started = Date.now();
  let played = 0;
  let faults = 0;
  while (played < least || (played < most && Date.now() - started < longestMilliseconds)) {
    const { seed, findings, tally } = await simulate(from + played);
    expect(findings, `npm run simulate -- --seed ${seed} --verbose`).toEqual([]);
    faults += Object.values(tally).reduce((sum, count) => sum + count, 0);
    played += 1;
  }
  process.stdout.write(`${played} seeds of the simulation from ${from}, ${faults} faults; SIMULATION_FROM=${from}\n`);
  expect(faults).toBeGreaterThan(played);
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
