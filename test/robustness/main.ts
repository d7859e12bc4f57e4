import { randomInt } from 'node:crypto';
import { commandLine, exitCodeOf } from '../../commands/cli/command-line.ts';
import { checkHistory } from './check/check.ts';
import { readHistory } from './history.ts';
import { findPlanted } from './planted.ts';
import { reportOf } from './report.ts';
import { run } from './run.ts';

/**
 * `npm run verify -- --minutes 30 [--seed 7]` plays traffic under faults against a hub of its own and checks what was seen;
 * `--check <file>` checks a history again; `--planted` runs hubs without one of their guards and checks that each is found.
 * Exits with 1 if a property is violated, or a planted fault is not found. docs/verification.md explains the output.
 */

const usage = `Usage: npm run verify -- [--minutes <number>] [--seed <number>] [--history <file>] | --check <file> | --planted [--only <part of the name>]`;

const { values, whole } = commandLine({
  usage,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    history: { type: 'string' },
    check: { type: 'string' },
    planted: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const check = (file: string): number => {
  const records = readHistory(file);
  const violations = checkHistory(records);
  print(reportOf(records, violations));
  return violations.length === 0 ? 0 : 1;
};

const verify = async (): Promise<number> => {
  const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : whole('seed', values.seed);
  const file = values.history ?? `.luftbro/verify/${seed}.jsonl`;
  print(`seed ${seed}, history in ${file}`);
  const { records, violations } = await run({
    seed,
    duration: whole('minutes', values.minutes) * 60_000,
    drainLimit: 240_000,
    file,
    root: process.cwd(),
    onProgress: (seconds, { calls, faults, notifications }) => {
      const kills = (faults['kill'] ?? 0) + (faults['kill while it starts'] ?? 0);
      print(
        `${seconds} s: ${calls.ok} ok, ${calls.refused} refused, ${calls.unknown} unknown, ${notifications} notifications, ${kills} kills`,
      );
    },
  });
  print(reportOf(records, violations));
  return violations.length === 0 ? 0 : 1;
};

const planted = async (): Promise<number> => {
  let missed = 0;
  await findPlanted(
    { seed: whole('seed', values.seed ?? '1'), only: values.only },
    ({ fault, found, others, isMissing }) => {
      if (found === undefined) missed += 1;
      const also = others.length === 0 ? '' : ` (also: ${others.join(', ')})`;
      const result =
        isMissing === true
          ? 'NOT IN THE SOURCES'
          : found === undefined
            ? `NOT FOUND${also}`
            : `${found.property}: ${found.says}${also}`;
      print(`${fault.what}\n  ${result}`);
    },
  );
  print(missed === 0 ? 'every planted fault was found' : `${missed} planted faults were not found`);
  return missed === 0 ? 0 : 1;
};

const main = async (): Promise<number> => {
  if (values.planted) return planted();
  if (values.check !== undefined) return check(values.check);
  return verify();
};

// `exit` handlers end the hub and remove its data.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

process.exitCode = await exitCodeOf(main(), (why) => why);
