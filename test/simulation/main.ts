import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { commandLine } from '../../commands/cli/command-line.ts';
import { explore } from './exhaustive.ts';
import { noFaults, faultKinds, type Tally } from './faults.ts';
import { tryGuards } from './guards.ts';
import { invariants } from './invariants.ts';
import { type Outcome, simulate } from './run.ts';
import type { Share } from './seeds-worker.ts';

/**
 * `npm run simulate -- --seeds 10000 [--from 1]` plays stories under faults; `--seed 7 [--verbose]` plays one, with all that
 * happens; `--exhaustive` goes through
 * every order of a few handlers' calls; `--guards` takes away each guard in the code in turn. Ends with 1 if an invariant is broken, or no guard is missed.
 */

const usage = `Usage: npm run simulate -- [--seeds <how many>] [--from <first>] [--workers <threads>] [--until-broken] | --seed <one> [--verbose] | --guards [--only <words>] | --exhaustive [--deaths <how many>] [--wide] [--states <most>]`;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const { values, whole } = commandLine({
  usage,
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    exhaustive: { type: 'boolean', default: false },
    deaths: { type: 'string', default: '1' },
    wide: { type: 'boolean', default: false },
    states: { type: 'string', default: '1000000' },
    guards: { type: 'boolean', default: false },
    only: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    'until-broken': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const wordsOf = ({ seed, findings }: Outcome): string =>
  [
    `seed ${seed} breaks:`,
    ...findings.map(({ invariant, words }) => `  ${invariant} (${invariants[invariant]}): ${words}`),
    `  replay: npm run simulate -- --seed ${seed} --verbose`,
  ].join('\n');

const playOne = async (seed: number): Promise<boolean> => {
  const outcome = await simulate(seed, values.verbose ? say : undefined);
  say(
    outcome.findings.length === 0
      ? `seed ${seed}: ${outcome.entries} entries, ${outcome.notifications} arrivals at endpoints in ${outcome.virtualMinutes} virtual minutes, everything holds`
      : wordsOf(outcome),
  );
  return outcome.findings.length === 0;
};

interface Sum {
  played: number;
  failed: readonly Outcome[];
  entries: number;
  notifications: number;
  virtualMinutes: number;
  readonly tally: Tally;
}

const add = (sum: Sum, outcome: Outcome): void => {
  sum.played += 1;
  sum.entries += outcome.entries;
  sum.notifications += outcome.notifications;
  sum.virtualMinutes += outcome.virtualMinutes;
  for (const kind of faultKinds) sum.tally[kind] += outcome.tally[kind];
  if (outcome.findings.length > 0) sum.failed = [...sum.failed, outcome];
};

const isOutcome = (value: unknown): value is Outcome =>
  typeof value === 'object' && value !== null && 'seed' in value && 'findings' in value;

const share = (part: Share, onOutcome: (outcome: Outcome) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seeds-worker.ts', import.meta.url), { workerData: part });
    worker.on('message', (value: unknown) => {
      if (isOutcome(value)) onOutcome(value);
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });

/** The counts of a table, as people read them. */
const figure = (count: number): string => count.toLocaleString('en').replaceAll(',', ' ');

const playAll = async (from: number, seeds: number): Promise<boolean> => {
  const started = performance.now();
  const sum: Sum = { played: 0, failed: [], entries: 0, notifications: 0, virtualMinutes: 0, tally: noFaults() };
  const workers = whole('workers', values.workers);
  let said = started;
  const onOutcome = (outcome: Outcome): void => {
    add(sum, outcome);
    if (outcome.findings.length > 0) {
      say(wordsOf(outcome));
      if (values['until-broken']) process.exit(1);
    }
    if (performance.now() - said < 10_000) return;
    said = performance.now();
    say(
      `${figure(sum.played)} of ${figure(seeds)} seeds, ${sum.failed.length} broken, ${Math.round((said - started) / 1000)} s`,
    );
  };
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      share({ from: from + index, to: from + seeds, step: workers }, onOutcome),
    ),
  );
  say(
    `${figure(sum.played)} seeds from ${from} in ${Math.round((performance.now() - started) / 1000)} s: ${figure(sum.entries)} entries, ${figure(sum.notifications)} arrivals at endpoints, ${figure(Math.round(sum.virtualMinutes / 60))} virtual hours`,
  );
  for (const kind of faultKinds) say(`${figure(sum.tally[kind]).padStart(12)} ${kind}`);
  if (sum.played < seeds) say(`only ${sum.played} of ${seeds} seeds were played`);
  say(
    sum.failed.length === 0
      ? 'everything holds'
      : `${sum.failed.length} seeds break something: ${sum.failed
          .slice(0, 20)
          .map(({ seed }) => seed)
          .join(', ')}`,
  );
  return sum.failed.length === 0 && sum.played === seeds;
};

const withoutGuards = async (): Promise<boolean> => {
  let missed = 0;
  let tried = 0;
  await tryGuards(whole('seeds', values.seeds ?? '3000'), values.only, ({ guard, by, seeds, lost }) => {
    tried += 1;
    if (by !== undefined) missed += 1;
    const after = seeds === undefined ? '' : ` after ${seeds} seeds`;
    say(
      `${guard.what} | ${guard.file} | ${lost === true ? 'NOT FOUND IN THE CODE' : by === undefined ? 'NOTHING MISSES IT' : `${by}${after}`}`,
    );
  });
  say(`${missed} of ${tried} guards are missed when they are taken away`);
  return missed === tried;
};

const playEverything = async (): Promise<boolean> => {
  const started = performance.now();
  const { states, paths, ends, isComplete, broken } = await explore({
    deaths: whole('deaths', values.deaths, 0),
    wide: values.wide,
    mostStates: whole('states', values.states),
  });
  say(
    `two messages of a mission and a pass of the sweeper, ${values.deaths} deaths: ${figure(states)} states, ${figure(paths)} paths, ${figure(ends)} ends in ${Math.round((performance.now() - started) / 1000)} s${isComplete ? '' : ', not all of them'}`,
  );
  for (const { words, path } of broken) say([`${words}, after`, ...path.map((step) => `  ${step}`)].join('\n'));
  if (broken.length === 0) say('everything holds');
  return broken.length === 0;
};

const asked = async (): Promise<boolean> => {
  if (values.guards) return withoutGuards();
  if (values.exhaustive) return playEverything();
  return values.seed === undefined
    ? playAll(whole('from', values.from, 0), whole('seeds', values.seeds ?? '1000'))
    : playOne(whole('seed', values.seed, 0));
};

process.exitCode = (await asked()) ? 0 : 1;
