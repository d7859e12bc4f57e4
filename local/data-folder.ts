import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';

/** How the commands of people on call find a hub: the one on this machine by a file in its data folder, a deployed one by name. */
export const ownDataDir = fileURLToPath(new URL('../.luftbro', import.meta.url));
/** What lies in a data folder. */
export const placesIn = (dataDir: string) => ({
  tables: join(dataDir, 'tables'),
  issuerKey: join(dataDir, 'issuer-key.json'),
  log: join(dataDir, 'hub.log'),
  env: join(dataDir, 'hub.env'),
});

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
    console.error(`${file} does not exist: no hub was started with this data folder.`);
    return undefined;
  }
  return process.env['TableName'];
};
