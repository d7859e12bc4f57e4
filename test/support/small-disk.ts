import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own, small enough to be filled: a tmpfs. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all that is free, but for so many bytes. */
  readonly fill: (butFor?: number) => Promise<void>;
  readonly empty: () => Promise<void>;
  readonly remove: () => void;
}

const mounted = (folder: string, megabytes: number): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status === 0;

/** Whether this process may mount a tmpfs: as root on Linux. */
export const canMountDisk = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'luftbro-disk-'));
  const can = mounted(folder, 1);
  if (can) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return can;
})();

export const smallDisk = (megabytes: number): SmallDisk => {
  const folder = mkdtempSync(join(tmpdir(), 'luftbro-disk-'));
  if (!mounted(folder, megabytes)) throw new Error('no tmpfs can be mounted');
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: async (butFor = 0) => {
      const file = await open(filler, 'w');
      try {
        const { bavail, bsize } = statfsSync(folder);
        const block = Buffer.alloc(64 * 1024);
        for (let left = bavail * bsize - butFor; left > 0; left -= block.length)
          await file.write(block, 0, Math.min(block.length, left));
      } catch {
        // Full earlier than expected: something else was written meanwhile.
      } finally {
        await file.close();
      }
    },
    empty: () => rm(filler, { force: true }),
    remove: () => {
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
