import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Figures, number } from './figures.ts';
import { percentile } from './statistics.ts';

/** Entries a second that SQLite takes, with and without grouped commits. */

const appender = fileURLToPath(new URL('./sqlite-process.ts', import.meta.url));

const shape = z.object({
  entries: z.number(),
  bytes: z.number(),
  milliseconds: z.number(),
  cpuMicroseconds: z.number(),
  waits: z.array(z.number()),
});

type Grouping = 'turn' | 'none';
interface Run {
  readonly writers: number;
  readonly grouping: Grouping;
  readonly entries: number;
}

/** Runs the writers in a process of their own, below a command such as `strace`. */
const run = ({ writers, grouping, entries }: Run, below: readonly string[] = []) => {
  const folder = mkdtempSync(join(tmpdir(), 'luftbro-bench-'));
  try {
    const result = join(folder, 'result.json');
    const own = [process.execPath, appender, join(folder, 'hub.db'), `${writers}`, grouping, `${entries}`, result];
    const [command = '', ...rest] = [...below, ...own];
    const report = spawnSync(command, rest, { encoding: 'utf8' }).stderr;
    return { ...shape.parse(JSON.parse(readFileSync(result, 'utf8'))), report };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const canTrace = ((): boolean => {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** fsync and fdatasync for each entry, counted by `strace` in a run of its own, because counting makes it slow. */
const syncsPerEntry = (of: Run): number => {
  if (!canTrace) return Number.NaN;
  const { report, entries } = run(of, ['strace', '-f', '-c', '-e', 'trace=fdatasync,fsync']);
  const counts = [...report.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*f(?:data)?sync$/gm)];
  return counts.reduce((sum, [, calls]) => sum + Number(calls), 0) / entries;
};

const rowOf = ({ writers, grouping }: Omit<Run, 'entries'>, seconds: number, rounds: number) => {
  const few = { writers, grouping, entries: 960 };
  const first = run(few);
  const entries = Math.max(few.entries, Math.round((first.entries / first.milliseconds) * 1000 * seconds));
  const runs = Array.from({ length: rounds }, () => run({ writers, grouping, entries }));
  const best = runs.reduce((one, other) =>
    one.milliseconds / one.entries <= other.milliseconds / other.entries ? one : other,
  );
  return {
    bytes: best.bytes,
    cells: [
      `${writers}`,
      grouping === 'turn' ? 'grouped' : 'one each',
      number((best.entries / best.milliseconds) * 1000),
      number(percentile(best.waits, 0.5)),
      number(percentile(best.waits, 0.99)),
      number(best.cpuMicroseconds / best.entries),
      number(syncsPerEntry(few)),
    ],
  };
};

/** `seconds`: about how long each run takes. */
export const sqliteTable = ({ seconds, rounds }: { readonly seconds: number; readonly rounds: number }): Figures => {
  const rows = [1, 8, 64].flatMap((writers) =>
    (['turn', 'none'] as const).map((grouping) => rowOf({ writers, grouping }, seconds, rounds)),
  );
  return {
    title: 'Entries on SQLite',
    columns: ['writers', 'commits', 'entries/s', 'p50 ms', 'p99 ms', 'CPU µs/entry', 'fsync/entry'],
    rows: rows.map(({ cells }) => cells),
    notes: [
      `Each writer appends messages of ${number((rows[0]?.bytes ?? 0) / 1000)} kB to a mission of its own, one after another, for some ${seconds} s; the best of ${rounds} runs.`,
      'An append is answered after fsync.',
      'Most of the CPU is that of packing the entry.',
      'A disk with a slower fsync gains more by grouping.',
    ],
  };
};
