import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { loadDirectory, saveDirectory } from '../adapters/dynamodb/directory-store.ts';
import { readDirectory } from '../schemas/directory.ts';
import { localCredentials } from './credentials.ts';
import type { MadeTables } from './tables.ts';

const sample = fileURLToPath(new URL('../directory/sample.json', import.meta.url));

/**
 * A hub without a directory knows nobody. A file that is named replaces the directory at every start;
 * otherwise a new table gets the sample, and one that has a directory keeps it.
 */
export const loadFirstDirectory =
  (file: string | undefined) =>
  async ({ endpoint, region, tableNames: [name] }: MadeTables): Promise<void> => {
    if (name === undefined) return;
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region, credentials: localCredentials }));
    try {
      const table = { client, name };
      if (file === undefined && (await loadDirectory(table)).parties.length > 0) return;
      const source = file ?? sample;
      const reading = readDirectory(JSON.parse(await readFile(source, 'utf8')));
      if ('faults' in reading)
        throw new Error(`${source} cannot be used as directory:\n  ${reading.faults.join('\n  ')}`);
      await saveDirectory(table, reading.directory);
    } finally {
      client.destroy();
    }
  };
