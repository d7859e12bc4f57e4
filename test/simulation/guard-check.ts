import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { faults } from '../verification/faults.ts';
import { guardsOf } from '../verification/fault.ts';
import { type Guard, guards, type NamedTest, withoutGuard } from './guards.ts';

export interface Verdict {
  readonly guard: Guard;
  /** The invariant or test that failed without the guard; absent if none did. */
  readonly by?: string;
  /** The seed that broke the invariant; seeds begin at 1. */
  readonly seeds?: number;
  /** Why nothing is known of the guard. */
  readonly unknown?: 'not found in the code' | 'without it no test runs or ends';
  /** Of this guard among those that are removed, from 1. */
  readonly place: number;
  readonly of: number;
  /** Milliseconds. */
  readonly took: number;
}

/** Milliseconds. Without its guard code may run without end, and no limit of a test ends a loop that never waits. */
const longestRun = 30 * 60_000;

const run = (folder: string, file: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: longestRun,
      killSignal: 'SIGKILL',
    });
    let text = '';
    const add = (chunk: Buffer): void => {
      text += chunk.toString();
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('close', (code, signal) => resolve(`${text}\nexit ${code ?? signal}`));
  });

const brokenBy = (output: string): Pick<Verdict, 'by' | 'seeds' | 'unknown'> => {
  const seed = /seed (\d+) breaks:\n {2}(.+?) \(/.exec(output);
  if (seed !== null) return { by: `invariant "${seed[2]}"`, seeds: Number(seed[1]) };
  if (output.endsWith('exit 0')) return {};
  const found = /^(.+), after\n {2}process/m.exec(output);
  if (found !== null) return { by: `exhaustive search: ${found[1]}` };
  if (/SyntaxError|Failed Suites|No test files found|exit SIGKILL$/.test(output))
    return { unknown: 'without it no test runs or ends' };
  const test = /(?:FAIL|×)\s+(?:\S+\.test\.ts > )?(.+)/.exec(stripVTControlCharacters(output));
  return {
    by: `test "${
      test?.[1]
        ?.split(' > ')
        .at(-1)
        ?.replace(/ \d+ms$/, '') ??
      output.trim().split('\n')[0] ??
      ''
    }"`,
  };
};

const vitest = join('node_modules', 'vitest', 'vitest.mjs');

/** Tests of a title, which may be that of a table: its placeholders stand for any text. */
const patternOf = ({ title }: NamedTest): string =>
  title
    .split(/%[sdifjoOc#$]|\$[\w.]+/)
    .map((part) => RegExp.escape(part))
    .join('.*');

/** The test that detects the removal of a guard; none if the simulation or the search does. */
const testOf = ({ detectedBy }: Guard): NamedTest | undefined =>
  typeof detectedBy === 'object' ? detectedBy : undefined;

const runTests = (folder: string, tests: readonly NamedTest[]): Promise<string> =>
  run(folder, vitest, [
    'run',
    ...new Set(tests.map(({ file }) => file)),
    '-t',
    [...new Set(tests.map(patternOf))].join('|'),
    '--bail',
    '1',
  ]);

const check = async (folder: string, guard: Guard, seeds: number): Promise<string> => {
  const test = testOf(guard);
  if (test !== undefined) return runTests(folder, [test]);
  return guard.detectedBy === 'exhaustive search'
    ? run(folder, 'test/simulation/main.ts', ['--exhaustive'])
    : run(folder, 'test/simulation/main.ts', ['--seeds', String(seeds), '--until-broken', '--workers', '1']);
};

/** What fails with all guards in place shows nothing about a guard. Throws if something does. */
const requireIntact = async (folder: string, chosen: readonly Guard[]): Promise<void> => {
  const tests = chosen.flatMap((guard) => testOf(guard) ?? []);
  const [whole, some] = [true, false].map((isWhole) => tests.filter((one) => (patternOf(one) === '.*') === isWhole));
  for (const named of [whole, some]) {
    if (named === undefined || named.length === 0) continue;
    const intact = await runTests(folder, named);
    if (!intact.endsWith('exit 0')) throw new Error(`with all guards in place: ${intact}`);
  }
  if (!chosen.some(({ detectedBy }) => detectedBy === undefined)) return;
  const intact = await run(folder, 'test/simulation/main.ts', ['--seeds', '60', '--until-broken', '--workers', '1']);
  if (!intact.endsWith('exit 0')) throw new Error(`with all guards in place: ${intact}`);
};

const notCopied = new Set(['node_modules', '.git', 'coverage', '.luftbro']);

export interface Choice {
  /** Part of the name or file of the guards that are removed; all if absent. */
  readonly only?: string;
  /** Only guards that tests detect: each takes seconds. The simulation and the search may take minutes. */
  readonly isQuick: boolean;
  /** Of the simulation, for each guard. */
  readonly seeds: number;
}

const isChosen = (guard: Guard, { only, isQuick }: Choice): boolean =>
  (only === undefined || `${guard.file} ${guard.what}`.includes(only)) && (!isQuick || testOf(guard) !== undefined);

/** Removes each guard in turn, in a copy of the sources. */
export const tryGuards = async (choice: Choice, onVerdict: (verdict: Verdict) => void): Promise<void> => {
  const root = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-guards-'));
  try {
    for (const name of await readdir(root))
      if (!notCopied.has(name)) await cp(join(root, name), join(folder, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const chosen = [...guards, ...guardsOf(faults)].filter((guard) => isChosen(guard, choice));
    await requireIntact(folder, chosen);
    for (const [index, guard] of chosen.entries()) {
      const started = performance.now();
      const report = (found: Pick<Verdict, 'by' | 'seeds' | 'unknown'>): void =>
        onVerdict({ guard, ...found, place: index + 1, of: chosen.length, took: performance.now() - started });
      const path = join(folder, guard.file);
      const text = await readFile(path, 'utf8');
      const changed = withoutGuard(text, guard);
      if (changed === undefined) {
        report({ unknown: 'not found in the code' });
        continue;
      }
      await writeFile(path, changed);
      const output = await check(folder, guard, choice.seeds);
      await writeFile(path, text);
      const found = brokenBy(output);
      // A seed that breaks with the guard in place proves nothing about the guard.
      const same =
        found.seeds === undefined ? '' : await run(folder, 'test/simulation/main.ts', ['--seed', String(found.seeds)]);
      if (same !== '' && !same.endsWith('exit 0')) throw new Error(`with all guards in place: ${same}`);
      report(found);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
