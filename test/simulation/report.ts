import { type FailpointCounts, failpointNames, zeroCounts } from './failpoints.ts';
import type { RunResult } from './run.ts';
import { invariants } from './validate/invariants.ts';

/** The printed report of one or many runs. */

/** Digits in groups of three. */
export const figure = (count: number): string => count.toLocaleString('en').replaceAll(',', ' ');

/** What a failed run broke, and how to repeat it. */
export const failureReport = ({ seed, violations }: RunResult): string =>
  [
    `seed ${seed} breaks:`,
    ...violations.map(({ invariant, detail }) => `  ${invariant} (${invariants[invariant]}): ${detail}`),
    `  replay: npm run simulate -- --seed ${seed} --verbose`,
  ].join('\n');

export const runReport = (result: RunResult): string => {
  const { seed, violations, entries, arrivals, virtualMinutes } = result;
  return violations.length === 0
    ? `seed ${seed}: ${entries} entries, ${arrivals} arrivals at endpoints in ${virtualMinutes} virtual minutes, every invariant holds`
    : failureReport(result);
};

export interface Totals {
  runs: number;
  failedSeeds: readonly number[];
  entries: number;
  arrivals: number;
  virtualMinutes: number;
  readonly counts: FailpointCounts;
}

export const noTotals = (): Totals => ({
  runs: 0,
  failedSeeds: [],
  entries: 0,
  arrivals: 0,
  virtualMinutes: 0,
  counts: zeroCounts(),
});

export const addTo = (totals: Totals, { seed, violations, entries, arrivals, virtualMinutes, counts }: RunResult) => {
  totals.runs += 1;
  totals.entries += entries;
  totals.arrivals += arrivals;
  totals.virtualMinutes += virtualMinutes;
  for (const name of failpointNames) totals.counts[name] += counts[name];
  if (violations.length > 0) totals.failedSeeds = [...totals.failedSeeds, seed];
};

export const totalsReport = (totals: Totals, from: number, seeds: number, seconds: number): string => {
  const { runs, failedSeeds, entries, arrivals, virtualMinutes, counts } = totals;
  return [
    `${figure(runs)} seeds from ${from} in ${seconds} s: ${figure(entries)} entries, ${figure(arrivals)} arrivals at endpoints, ${figure(Math.round(virtualMinutes / 60))} virtual hours`,
    ...failpointNames.map((name) => `${figure(counts[name]).padStart(12)} ${name}`),
    ...(runs < seeds ? [`only ${runs} of ${seeds} seeds were run`] : []),
    failedSeeds.length === 0
      ? 'every invariant holds'
      : `${failedSeeds.length} seeds break an invariant: ${failedSeeds.slice(0, 20).join(', ')}`,
  ].join('\n');
};
