import { expect, test } from 'vitest';
import { simulate } from './run.ts';

/** The same seeds each time, so that what breaks has been changed; `npm run simulate` plays thousands, SIMULATION_FROM others. */
const from = Number(process.env['SIMULATION_FROM'] ?? 1);
const most = Number(process.env['SIMULATION_SEEDS'] ?? 300);
const longestMilliseconds = 20_000;

test('Whatever dies, is lost, repeated or late, the log is what was answered, and everybody is told or a human is', async () => {
  const started = Date.now();
  let played = 0;
  let faults = 0;
  while (played < most && Date.now() - started < longestMilliseconds) {
    const { seed, findings, tally } = await simulate(from + played);
    expect(findings, `npm run simulate -- --seed ${seed} --verbose`).toEqual([]);
    faults += Object.values(tally).reduce((sum, count) => sum + count, 0);
    played += 1;
  }
  process.stdout.write(`${played} seeds of the simulation from ${from}, ${faults} faults; SIMULATION_FROM=${from}\n`);
  expect(played).toBeGreaterThan(10);
  expect(faults).toBeGreaterThan(played);
}, 120_000);

test('The same seed gives the same run', async () => {
  const lines = async (): Promise<readonly string[]> => {
    const said: string[] = [];
    await simulate(from, (line) => said.push(line));
    return said;
  };
  const once = await lines();
  expect(once.length).toBeGreaterThan(100);
  expect(await lines()).toEqual(once);
}, 30_000);
