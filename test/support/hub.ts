import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFirstData } from '../../local/first-data.ts';
import { startHost } from '../../local/host.ts';
import { deployHub, deployment } from './deployed-hub.ts';
import type { Hub } from './partners.ts';
import { isStandalone, startStandalone } from './standalone-hub.ts';

/** A new hub without missions or subscriptions. */
export interface RunningHub extends Hub {
  /** Options and environment by which a command of the project finds this hub: `--table` and `--queue`, or `--local`. */
  readonly command: { readonly options: readonly string[]; readonly env: Readonly<Record<string, string>> };
  /** The log of its functions. */
  readonly log: () => Promise<string>;
  readonly close: () => Promise<void>;
}

export interface HubOptions {
  /** A file with a version of the guideline, besides the bundled one. */
  readonly guideline?: string;
  /** Further values of stack parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * Embedded, on free ports and with a data folder of its own; or deployed, in a run of `npm run test:deployed`; or standalone, with
 * `LUFTBRO_HUB=standalone`.
 */
export const startHub = async (options: HubOptions = {}): Promise<RunningHub> => {
  const place = await deployment();
  if (place !== undefined) return deployHub(place, options);
  if (isStandalone()) return startStandalone(options);
  const { guideline, parameters = {} } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  const { url, issuerUrl, logFile, close } = await startHost({
    dataDir,
    port: 0,
    issuerPort: 0,
    afterTables: loadFirstData({ guideline }),
    parameters,
  });
  return {
    url,
    issuerUrl,
    command: { options: ['--local', '--data-dir', dataDir], env: {} },
    log: () => readFile(logFile, 'utf8'),
    close: async () => {
      await close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
