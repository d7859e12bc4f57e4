import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { writeStateFile } from './state-file.ts';

/** The files of a hub on this machine, and how commands find it. */

export const ownDataDir = fileURLToPath(new URL('../.luftbro', import.meta.url));

/** The paths in a data folder. */
export const placesIn = (dataDir: string) => ({
  tables: join(dataDir, 'tables'),
  issuerKey: join(dataDir, 'issuer-key.json'),
  log: join(dataDir, 'hub.log'),
  env: join(dataDir, 'hub.env'),
  /** Another disk or a share keeps them apart from the tables that they prove. */
  anchors: process.env['LUFTBRO_ANCHORS'] ?? join(dataDir, 'anchors'),
});

/** What a command needs of the running hub. */
const needed = ['TableName', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL_SQS'];

/** Writes the addresses and names of the running hub, for `readHubEnv`. */
export const writeHubEnv = (dataDir: string, values: Readonly<Record<string, string>>): Promise<void> =>
  writeStateFile(
    placesIn(dataDir).env,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );

/**
 * Sets this process's environment to the hub on this machine, overriding any other values, and returns the name of the hub's table.
 * If no hub was started with that folder, prints that and returns `undefined`.
 */
export const readHubEnv = (dataDir: string): string | undefined => {
  const file = placesIn(dataDir).env;
  let values: NodeJS.Dict<string>;
  try {
    values = parseEnv(readFileSync(file, 'utf8'));
  } catch {
    console.error(`${file} does not exist: no hub was started with this data folder.`);
    return undefined;
  }
  const missing = needed.find((name) => values[name] === undefined || values[name] === '');
  if (missing !== undefined) {
    console.error(
      `${file} has no ${missing}: it ends in the middle, or is of another release. Start the hub again: it writes the file.`,
    );
    return undefined;
  }
  Object.assign(process.env, values);
  return values['TableName'];
};
