import { readFile } from 'node:fs/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { loadDirectory, saveDirectory } from '../adapters/dynamodb/directory-store.ts';
import { readDirectory } from '../schemas/directory.ts';
import { localCredentials } from './credentials.ts';
import type { MadeTables } from './host.ts';

const sample = new URL('../directory/sample.json', import.meta.url);

/** A hub without a directory knows nobody: a new table gets the sample, one that has a directory keeps it. */
export const loadSampleDirectory = async ({ endpoint, region, tableNames: [name] }: MadeTables): Promise<void> => {
  if (name === undefined) return;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region, credentials: localCredentials }));
  try {
    const table = { client, name };
    if ((await loadDirectory(table)).length > 0) return;
    const reading = readDirectory(JSON.parse(await readFile(sample, 'utf8')));
    if ('faults' in reading) throw new Error(`directory/sample.json cannot be used: ${reading.faults.join('; ')}`);
    await saveDirectory(table, reading.parties);
  } finally {
    client.destroy();
  }
};
