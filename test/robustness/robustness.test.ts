import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { effort } from '../support/effort.ts';
import { reportOf } from './report.ts';
import { run } from './run.ts';

const seed = Number(process.env['VERIFY_SEED'] ?? Date.now() % 2 ** 31);

test.skipIf(effort.robustnessSeconds === 0)(
  `keeps every property under traffic and kills (VERIFY_SEED=${seed})`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'luftbro-robustness-'));
    try {
      const { records, violations } = await run({
        seed,
        duration: effort.robustnessSeconds * 1000,
        drainLimit: 240_000,
        file: join(folder, 'history.jsonl'),
        root: process.cwd(),
      });
      const report = reportOf(records, violations);
      process.stdout.write(`${report}\n`);
      expect(violations, report).toEqual([]);
      // The history shows something: messages were accepted, some outcomes were unknown, and the hub was killed.
      const sends = records.filter(({ record }) => record === 'send');
      expect(sends.length).toBeGreaterThan(20);
      expect(records.some((record) => record.record === 'fault' && record.target === 'hub')).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  900_000,
);
