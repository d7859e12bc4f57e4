import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFirstData } from '../../local/first-data.ts';
import { startHost } from '../../local/host.ts';
import type { Hub } from './partners.ts';

/** A whole hub on free ports and with a data folder of its own. */
export interface RunningHub extends Hub {
  readonly dataDir: string;
  readonly close: () => Promise<void>;
}

export const startHub = async (given: { readonly guideline?: string } = {}): Promise<RunningHub> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  const { url, issuerUrl, close } = await startHost({
    dataDir,
    port: 0,
    issuerPort: 0,
    afterTables: loadFirstData(given),
  });
  return {
    url,
    issuerUrl,
    dataDir,
    close: async () => {
      await close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
