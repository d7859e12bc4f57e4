import { availableParallelism } from 'node:os';
import { commandLine } from '../../commands/cli/command-line.ts';
import { defined } from '../../schemas/defined.ts';
import { explore } from './exhaustive.ts';
import { messagesOfOneMission } from './exhaustive-messages.ts';
import { entriesOfTwoMissions } from './exhaustive-numbering.ts';
import { tryGuards, type Verdict } from './guard-check.ts';
import { addTo, failureReport, figure, noTotals, runReport, totalsReport } from './report.ts';
import { simulate } from './run.ts';
import { runSeeds } from './seeds.ts';
import type { Storage } from './stores.ts';

/**
 * `npm run simulate -- --seeds 10000 [--from 1]` runs many seeds under faults, `--seed 7 [--verbose]` one seed with its whole
 * trace, `--exhaustive` every order of a few port calls, `--guards` the simulation without each guard in turn. Exits with 1
 * if an invariant is broken, or if the removal of a guard is not detected. docs/simulation.md explains the output.
 */

const usage = `Usage: npm run simulate -- [--sqlite] [--seeds <count>] [--from <first>] [--workers <threads>] [--until-broken] | --seed <one> [--verbose] | --guards [--only <part of the name>] [--quick] | --exhaustive [--crashes <count>] [--wide] [--states <limit>]`;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const { values, whole } = commandLine({
  usage,
  options: {
    sqlite: { type: 'boolean', default: false },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    exhaustive: { type: 'boolean', default: false },
    crashes: { type: 'string', default: '1' },
    wide: { type: 'boolean', default: false },
    states: { type: 'string', default: '1000000' },
    guards: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
    'until-broken': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

/** What the simulated hub stores its data on. */
const storage: Storage = values.sqlite ? 'sqlite' : 'memory';

const secondsSince = (started: number): number => Math.round((performance.now() - started) / 1000);

const runOne = async (seed: number): Promise<boolean> => {
  const result = await simulate(seed, { storage, ...(values.verbose ? { print } : {}) });
  print(runReport(result));
  return result.violations.length === 0;
};

const runMany = async (from: number, seeds: number): Promise<boolean> => {
  const started = performance.now();
  const totals = noTotals();
  let printedAt = started;
  await runSeeds({ from, seeds, workers: whole('workers', values.workers), storage }, (result) => {
    addTo(totals, result);
    if (result.violations.length > 0) {
      print(failureReport(result));
      if (values['until-broken']) process.exit(1);
    }
    if (performance.now() - printedAt < 10_000) return;
    printedAt = performance.now();
    print(
      `${figure(totals.runs)} of ${figure(seeds)} seeds, ${totals.failedSeeds.length} broken, ${secondsSince(started)} s`,
    );
  });
  print(totalsReport(totals, from, seeds, secondsSince(started)));
  return totals.failedSeeds.length === 0 && totals.runs === seeds;
};

const outcomeOf = ({ by, seeds, unknown }: Verdict): string => {
  if (by === undefined) return (unknown ?? 'not detected').toUpperCase();
  return seeds === undefined ? by : `${by} after ${seeds} seeds`;
};

const runWithoutGuards = async (): Promise<boolean> => {
  let [tried, detected] = [0, 0];
  const choice = {
    seeds: whole('seeds', values.seeds ?? '3000'),
    isQuick: values.quick,
    ...defined({ only: values.only }),
  };
  await tryGuards(choice, (verdict) => {
    const { guard, by, place, of, took } = verdict;
    tried += 1;
    if (by !== undefined) detected += 1;
    print(`${place} of ${of}, ${Math.round(took / 1000)} s | ${guard.what} | ${guard.file} | ${outcomeOf(verdict)}`);
  });
  print(`the removal of ${detected} of ${tried} guards is detected`);
  return detected === tried;
};

const scenes = [
  { what: 'three entries of two missions that are numbered', begin: entriesOfTwoMissions },
  { what: 'two messages of a mission and a pass of the sweeper', begin: messagesOfOneMission },
];

const runExhaustive = async (): Promise<boolean> => {
  let holds = true;
  for (const { what, begin } of scenes) {
    const started = performance.now();
    const { states, paths, ends, isComplete, broken } = await explore(begin, {
      crashes: whole('crashes', values.crashes, 0),
      wide: values.wide,
      maxStates: whole('states', values.states),
    });
    print(
      `${what}, ${values.crashes} crashes: ${figure(states)} states, ${figure(paths)} paths, ${figure(ends)} ends in ${secondsSince(started)} s${isComplete ? '' : ', incomplete'}`,
    );
    for (const { detail, path } of broken) print([`${detail}, after`, ...path.map((step) => `  ${step}`)].join('\n'));
    if (broken.length > 0) {
      holds = false;
      break;
    }
    print('every invariant holds');
  }
  return holds;
};

const run = async (): Promise<boolean> => {
  if (values.guards) return runWithoutGuards();
  if (values.exhaustive) return runExhaustive();
  return values.seed === undefined
    ? runMany(whole('from', values.from, 0), whole('seeds', values.seeds ?? '1000'))
    : runOne(whole('seed', values.seed, 0));
};

process.exitCode = (await run()) ? 0 : 1;
