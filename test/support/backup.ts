import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFirstData } from '../../local/first-data.ts';
import { type Host, startHost } from '../../local/host.ts';
import { placesIn } from '../../local/data-folder.ts';
import { type Ran, runHub, type Running } from './commands.ts';

/** Hubs whose data folders outlive them, and the command that copies one hub's table into another. */

/** Runs `npm run hub -- backup …`. */
export const backup = (args: readonly string[], running?: Running): Promise<Ran> =>
  runHub(['backup', ...args], running);

/** Folders of one test file, removed together. */
export const scratch = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  return {
    path: (name: string): string => join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};

export interface LocalHub extends Host {
  readonly dataDir: string;
}

/** A hub on a data folder; with `before`, at its address and with its key, so that partners keep their tokens. */
export const hubOn = async (dataDir: string, before?: LocalHub): Promise<LocalHub> => {
  if (before !== undefined && before.dataDir !== dataDir)
    await copyFile(placesIn(before.dataDir).issuerKey, placesIn(dataDir).issuerKey);
  const host = await startHost({
    dataDir,
    port: portOf(before?.origin),
    issuerPort: portOf(before?.issuerUrl),
    afterTables: loadFirstData({}),
  });
  return { ...host, dataDir };
};

const portOf = (url: string | undefined): number => (url === undefined ? 0 : Number(new URL(url).port));
