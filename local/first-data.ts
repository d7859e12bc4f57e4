import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { tableClient } from '../adapters/dynamodb/client.ts';
import { loadDirectory, saveDirectory } from '../adapters/dynamodb/directory-store.ts';
import { saveGuideline } from '../adapters/dynamodb/guideline-store.ts';
import type { Table } from '../adapters/dynamodb/table.ts';
import { readGuideline } from '../schemas/guideline.ts';
import { readDirectory } from '../schemas/directory/read-directory.ts';
import { localCredentials } from './aws/credentials.ts';
import { requireStateFile } from './state-file.ts';
import type { MadeTables } from './aws/tables.ts';

const sample = fileURLToPath(new URL('sample/directory.json', import.meta.url));

/** Files to load at the start. */
interface FirstData {
  readonly directory?: string | undefined;
  readonly guideline?: string | undefined;
}

const readJson = (file: string): Promise<unknown> =>
  requireStateFile(file, z.unknown(), 'Repair the file, or start without it.');

/**
 * Loads the directory, without which a hub is closed. A given file replaces the directory; otherwise a new table gets the sample, and
 * a table with a directory keeps it.
 */
const directoryFrom = async (file: string | undefined, table: Table): Promise<void> => {
  if (file === undefined && (await loadDirectory(table)).parties.length > 0) return;
  const source = file ?? sample;
  const reading = readDirectory(await readJson(source));
  if ('faults' in reading)
    throw new Error(`${source} cannot be used as a directory:\n  ${reading.faults.join('\n  ')}`);
  await saveDirectory(table, reading.directory);
};

/** Loads a version of the guideline in addition to the one of the release. */
const guidelineFrom = async (file: string, table: Table): Promise<void> => {
  const reading = readGuideline(await readJson(file));
  if ('faults' in reading) throw new Error(`${file} cannot be used as a guideline:\n  ${reading.faults.join('\n  ')}`);
  if ((await saveGuideline(table, reading.guideline)) === 'known-with-other-content')
    throw new Error(
      `${file}: version ${reading.guideline.version} is loaded with other content; give it a new version`,
    );
};

/** Loads the first data into the stack's only table, before any function runs. */
export const loadFirstData =
  ({ directory, guideline }: FirstData) =>
  async ({ endpoint, region, tableNames: [name] }: MadeTables): Promise<void> => {
    if (name === undefined) return;
    const client = tableClient(new DynamoDBClient({ endpoint, region, credentials: localCredentials }));
    try {
      await directoryFrom(directory, { client, name });
      if (guideline !== undefined) await guidelineFrom(guideline, { client, name });
    } finally {
      client.destroy();
    }
  };
