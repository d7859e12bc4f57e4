import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../adapters/sqlite/open.ts';
import { storesOf } from '../../../adapters/sqlite/stores.ts';
import { temporaryFolder } from '../../support/sqlite.ts';

const writer = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

/** Runs the writers until `stop` resolves, which is called with their first answer, and kills them. Returns the lines that they have printed. */
const linesOf = async (started: ChildProcess, stop: () => Promise<void>): Promise<readonly string[]> => {
  let printed = '';
  const ready = new Promise<void>((resolve) => {
    started.stdout?.on('data', (data: Buffer) => {
      printed += data.toString();
      if (printed.includes('answered')) resolve();
    });
  });
  const ended = once(started, 'close');
  await Promise.race([ready, ended]);
  await stop();
  started.kill('SIGKILL');
  await ended;
  // A line that was cut off is no answer.
  return printed.split('\n').slice(0, -1);
};

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

describe('What a database has answered', () => {
  let path: string;
  let folder: string;
  let remove: () => void;
  beforeEach(() => {
    ({ folder, remove } = temporaryFolder());
    path = join(folder, 'hub.db');
  });
  afterEach(() => remove());

  test('is stored when its process is killed amid grouped commits', async () => {
    const rounds = 6;
    let answered = 0;
    const known = new Map<string, string>();
    for (let round = 0; round < rounds; round += 1) {
      const child = spawn(process.execPath, [writer, path, '16'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const lines = await linesOf(child, () => setTimeout(100 + 50 * round));
      for (const line of lines) {
        const [what, mission, number, seal] = line.split('\t');
        if (what === 'answered') known.set(`${mission} ${number}`, seal ?? '');
      }
      // It opens: the lock of the killed process is gone, and the check finds no damage.
      const database = openDatabase(path, { by: 'hub' });
      const { missions } = storesOf(database);
      const found = new Map<string, string>();
      for (let index = 0; index < 16; index += 1) {
        const entries = await missions.entries(`mission-${index}`, 1, Number.MAX_SAFE_INTEGER);
        expect(entries.map(({ number }) => number)).toEqual(entries.map((_entry, at) => at + 1));
        for (const { number, seal, fanOutPending } of entries) {
          found.set(`mission-${index} ${number}`, seal);
          // Both rows of an entry, or none.
          expect(fanOutPending).toBe(true);
        }
      }
      for (const [entry, seal] of known) expect(found.get(entry), entry).toBe(seal);
      database.close();
      expect(known.size).toBeGreaterThan(answered);
      answered = known.size;
    }
    process.stdout.write(
      `${answered} entries were answered by writers that were killed ${rounds} times: none is lost\n`,
    );
  });

  test.skipIf(!canTrace)(
    'is on the disk before the answer: every answer follows an fsync of all that was written (skipped without strace)',
    async () => {
      const trace = join(folder, 'trace');
      const calls = [
        '-f',
        '-y',
        '-qq',
        '-e',
        'trace=pwrite64,write,fdatasync,fsync',
        '-e',
        'signal=none',
        '-s',
        '64',
        '-o',
        trace,
      ];
      const run = spawnSync('strace', [...calls, process.execPath, writer, path, '8', '50'], { encoding: 'utf8' });
      expect(run.stdout.split('\n').filter((line) => line.startsWith('answered'))).toHaveLength(400);
      const notSynced = new Set<string>();
      let [answers, syncs] = [0, 0];
      for (const line of readFileSync(trace, 'utf8').split('\n')) {
        const [, call, file = '', rest = ''] = /(\w+)\(\d+<([^>]*)>(.*)/.exec(line) ?? [];
        // SQLite makes the index of the WAL from the WAL, so it need not be on the disk.
        if (call === 'pwrite64' && !file.endsWith('-shm')) notSynced.add(file);
        else if (call === 'fdatasync' || call === 'fsync') {
          expect(line).toMatch(/= 0$/);
          notSynced.delete(file);
          syncs += 1;
        } else if (call === 'write' && rest.includes('answered')) {
          expect([...notSynced], line).toEqual([]);
          answers += 1;
        }
      }
      expect(answers).toBe(400);
      // Eight writers share each.
      expect(syncs).toBeLessThan(answers / 4);
      process.stdout.write(`${answers} answers, ${syncs} times fsync\n`);
    },
  );
});
