import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/sqlite/database.ts';
import { openDatabase } from '../../../adapters/sqlite/open.ts';
import { storesOf } from '../../../adapters/sqlite/stores.ts';
import { Unavailable } from '../../../core/mission/errors.ts';
import { canMountDisk, type SmallDisk, smallDisk } from '../../support/small-disk.ts';

describe.skipIf(!canMountDisk)('A database on a full disk (skipped where no tmpfs can be mounted)', () => {
  let disk: SmallDisk;
  let database: Database;
  const open = (): Database => openDatabase(join(disk.folder, 'hub.db'), { by: 'hub' });
  beforeEach(() => {
    disk = smallDisk(24);
    database = open();
  });
  afterEach(() => {
    database.close();
    disk.remove();
  });

  /** Records of the access log side by side; the chains of those that were stored, and the errors of the others. */
  const append = async (count: number) => {
    const { accesses } = storesOf(database);
    const stored: string[] = [];
    const errors: unknown[] = [];
    await Promise.all(
      Array.from({ length: count }, async () => {
        const chain = randomUUID();
        const access = {
          at: '2026-02-01T11:00:00.000Z',
          organisation: '999999999',
          role: 'local-amk' as const,
          client: randomBytes(20_000).toString('hex'),
          reading: 'mission' as const,
          outcome: 'shown' as const,
          missions: [],
          request: 'r',
        };
        try {
          await accesses.append({ chain, number: 1, previous: '', digest: 'd', access });
          stored.push(chain);
        } catch (error) {
          errors.push(error);
        }
      }),
    );
    return { stored, errors };
  };

  const missing = async (chains: readonly string[]): Promise<readonly string[]> => {
    const { accesses } = storesOf(database);
    const lost: string[] = [];
    for (const chain of chains) if ((await accesses.last(chain)) === undefined) lost.push(chain);
    return lost;
  };

  test('throws Unavailable, reads on, and writes again by itself when there is room', async () => {
    const answered = [...(await append(8)).stored];
    expect(answered).toHaveLength(8);
    await disk.fill(300_000);
    const failures: unknown[] = [];
    for (let round = 0; round < 50 && failures.length === 0; round += 1) {
      const { stored, errors } = await append(4);
      answered.push(...stored);
      failures.push(...errors);
    }
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect(failure).toBeInstanceOf(Unavailable);
    expect((await append(4)).errors).toHaveLength(4);
    expect(await missing(answered)).toEqual([]);
    await disk.empty();
    const { stored, errors } = await append(8);
    expect(errors).toEqual([]);
    answered.push(...stored);
    expect(await missing(answered)).toEqual([]);
    database.close();
    database = open();
    expect(await missing(answered)).toEqual([]);
  });

  test('keeps what it answered if its process ends while the disk is full, and opens on it', async () => {
    const { stored } = await append(8);
    await disk.fill();
    expect((await append(2)).errors).toHaveLength(2);
    // No room for the checkpoint of a close: the commits stay in the WAL.
    database.close();
    database = open();
    expect(await missing(stored)).toEqual([]);
    expect((await append(1)).errors).toHaveLength(1);
    await disk.empty();
    expect((await append(1)).stored).toHaveLength(1);
  });
});
