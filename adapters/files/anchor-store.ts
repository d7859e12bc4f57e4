import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Unavailable } from '../../core/mission/errors.ts';
import type { AnchorStore } from '../../core/audit/anchors.ts';

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Anchors in a folder, synced before the call returns. A file that is there is the same, since its name has its digest. */
export const anchorStore = (folder: string): AnchorStore => ({
  async add({ name, text }) {
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(join(folder, name), 'wx', 0o400);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isThere(error)) throw new Unavailable('anchor', { cause: error });
    }
  },
});
