import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How the hub on this machine is reached, for the commands of people on call (`--local`): a file in its data folder. */
const fileIn = (dataDir: string): string => join(dataDir, 'hub.env');

export const writeHubEnv = (dataDir: string, values: Readonly<Record<string, string>>): Promise<void> =>
  writeFile(
    fileIn(dataDir),
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );

/** Puts it into this process's environment; says so and is `false` if no hub was started with that folder. */
export const readHubEnv = (dataDir: string): boolean => {
  const file = fileIn(dataDir);
  try {
    process.loadEnvFile(file);
    return true;
  } catch {
    console.error(`${file} is not there: no hub was started with this data folder.`);
    return false;
  }
};
