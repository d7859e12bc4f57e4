import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { faults } from '../verification/faults.ts';
import { guardsOf } from '../verification/fault.ts';
import { type Guard, guards, type NamedTest } from './guards.ts';

export interface Verdict {
  readonly guard: Guard;
  /** The invariant or test that failed without the guard; absent if none did. */
  readonly by?: string;
  /** The seed that broke the invariant; seeds begin at 1. */
  readonly seeds?: number;
  /** The line of the guard is not in the file. */
  readonly isMissing?: boolean;
}

const run = (folder: string, file: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const add = (chunk: Buffer): void => {
      text += chunk.toString();
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('close', (code) => resolve(`${text}\nexit ${code}`));
  });

const brokenBy = (output: string): { readonly by?: string; readonly seeds?: number } => {
  const seed = /seed (\d+) breaks:\n {2}(.+?) \(/.exec(output);
  if (seed !== null) return { by: `invariant "${seed[2]}"`, seeds: Number(seed[1]) };
  if (output.endsWith('exit 0')) return {};
  const found = /^(.+), after\n {2}process/m.exec(output);
  if (found !== null) return { by: `exhaustive search: ${found[1]}` };
  if (output.includes('SyntaxError')) throw new Error(`without the guard the code does not run: ${output}`);
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

/** Titles with placeholders are those of a table: all of its tests run. */
const named = ({ file, title }: NamedTest): readonly string[] =>
  /[%$]/.test(title) ? [file] : [file, '-t', RegExp.escape(title)];

const check = async (folder: string, { detectedBy }: Guard, seeds: number): Promise<string> => {
  if (typeof detectedBy === 'object') return run(folder, vitest, ['run', ...named(detectedBy), '--bail', '1']);
  switch (detectedBy) {
    case 'contract':
      return run(folder, vitest, ['run', 'test/integration/dynamodb-contract.test.ts', '--bail', '1']);
    case 'unit tests':
      return run(folder, vitest, ['run', 'test/unit/core', '--bail', '1']);
    case 'exhaustive search':
      return run(folder, 'test/simulation/main.ts', ['--exhaustive']);
    default:
      return run(folder, 'test/simulation/main.ts', ['--seeds', String(seeds), '--until-broken', '--workers', '1']);
  }
};

const notCopied = new Set(['node_modules', '.git', 'coverage', '.luftbro']);

/** Removes each guard in turn, in a copy of the sources. */
export const tryGuards = async (
  seeds: number,
  only: string | undefined,
  onVerdict: (verdict: Verdict) => void,
): Promise<void> => {
  const root = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-guards-'));
  try {
    for (const name of await readdir(root))
      if (!notCopied.has(name)) await cp(join(root, name), join(folder, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const chosen = [...guards, ...guardsOf(faults)].filter(
      ({ file, what }) => only === undefined || `${file} ${what}`.includes(only),
    );
    const intact = chosen.some(({ detectedBy }) => detectedBy === undefined)
      ? await run(folder, 'test/simulation/main.ts', ['--seeds', '60', '--until-broken', '--workers', '1'])
      : 'exit 0';
    if (!intact.endsWith('exit 0')) throw new Error(`with all guards in place: ${intact}`);
    for (const guard of chosen) {
      const path = join(folder, guard.file);
      const text = await readFile(path, 'utf8');
      if (text.split(guard.find).length !== 2) {
        onVerdict({ guard, isMissing: true });
        continue;
      }
      await writeFile(
        path,
        text.replace(guard.find, () => guard.replace),
      );
      const output = await check(folder, guard, seeds);
      await writeFile(path, text);
      const verdict = brokenBy(output);
      // A seed that breaks with the guard in place proves nothing about the guard.
      const same =
        verdict.seeds === undefined
          ? ''
          : await run(folder, 'test/simulation/main.ts', ['--seed', String(verdict.seeds)]);
      if (same !== '' && !same.endsWith('exit 0')) throw new Error(`with all guards in place: ${same}`);
      onVerdict({ guard, ...verdict });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
