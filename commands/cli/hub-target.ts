import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { WrongUse } from './command-line.ts';

/** How the commands of people on call find a hub: the one on this machine by a file in its data folder, a deployed one by name. */

export const ownDataDir = fileURLToPath(new URL('../../.luftbro', import.meta.url));

/** What lies in a data folder. */
export const placesIn = (dataDir: string) => ({
  tables: join(dataDir, 'tables'),
  issuerKey: join(dataDir, 'issuer-key.json'),
  log: join(dataDir, 'hub.log'),
  env: join(dataDir, 'hub.env'),
});

/** `--local [--data-dir <folder>]` or `--table <name>`. */
export const hubOptions = {
  local: { type: 'boolean', default: false },
  'data-dir': { type: 'string', default: ownDataDir },
  table: { type: 'string' },
} as const;

interface HubGiven {
  readonly values: { readonly local: boolean; readonly 'data-dir': string; readonly table?: string | undefined };
  readonly wrongUse: WrongUse;
}

/** The table of the deployed hub that was named; `undefined` if it is the hub on this machine. */
export const deployedTable = ({ values: { local, table }, wrongUse }: HubGiven): string | undefined => {
  if (local) return table === undefined ? undefined : wrongUse('Say --local or --table, not both.');
  return table ?? wrongUse('Say which hub: --local, or --table <name>.');
};

/** The table of the hub that was said. Says so and is `undefined` if it is none. */
export const tableGiven = (given: HubGiven): string | undefined =>
  deployedTable(given) ?? readHubEnv(given.values['data-dir']);

export const writeHubEnv = (dataDir: string, values: Readonly<Record<string, string>>): Promise<void> =>
  writeFile(
    placesIn(dataDir).env,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );

/**
 * Points this process to the hub on this machine, whatever its environment said before, and returns the name of the hub's
 * table. Says so and is `undefined` if no hub was started with that folder.
 */
export const readHubEnv = (dataDir: string): string | undefined => {
  const file = placesIn(dataDir).env;
  try {
    Object.assign(process.env, parseEnv(readFileSync(file, 'utf8')));
  } catch {
    console.error(`${file} is not there: no hub was started with this data folder.`);
    return undefined;
  }
  return process.env['TableName'];
};
