import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../adapters/dynamodb/table.ts';
import { localCredentials } from '../local/credentials.ts';
import { readHubEnv } from '../local/hub-env.ts';
import { createStack } from '../local/stack.ts';
import { startTables, TablesInUse } from '../local/tables.ts';
import { readAssembly } from '../local/template.ts';

/** The table that a command works on: a deployed hub's, or that of the hub on this machine, running or not. */
export interface Place {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** The same for the adapters. */
  readonly table: Table;
  /** Nobody else can write to it meanwhile. */
  readonly isOurs: boolean;
  readonly close: () => Promise<void>;
}

const placeOf = (client: DynamoDBClient, tableName: string) => ({
  client,
  tableName,
  table: { client: DynamoDBDocumentClient.from(client), name: tableName },
});

export const deployedPlace = (tableName: string): Place => {
  const client = new DynamoDBClient({ maxAttempts: 8 });
  return { ...placeOf(client, tableName), isOurs: false, close: async () => client.destroy() };
};

const region = 'eu-north-1';

/** The tables in a data folder, made if they are not there. They are opened here unless a hub runs on them. */
export const localPlace = async (
  dataDir: string,
  assemblyFolder: string,
  mayMake: boolean,
): Promise<Place | undefined> => {
  const folder = join(dataDir, 'tables');
  if (!mayMake && !existsSync(folder)) {
    console.error(`${folder} is not there: no hub was started with this data folder.`);
    return undefined;
  }
  const { stackName, template } = await readAssembly(assemblyFolder);
  try {
    const tables = await startTables({ folder, region, log: () => {} });
    const stack = createStack({
      name: stackName,
      region,
      template,
      // Neither is of any account to a table.
      parameters: { TokenIssuer: 'http://localhost' },
      queueUrl: (name) => `http://localhost/${name}`,
    });
    const [tableName = ''] = await tables.create(stack);
    const client = new DynamoDBClient({ endpoint: tables.endpoint, region, credentials: localCredentials });
    return {
      ...placeOf(client, tableName),
      isOurs: true,
      close: async () => {
        client.destroy();
        await tables.close();
      },
    };
  } catch (error) {
    if (!(error instanceof TablesInUse)) throw error;
    const tableName = readHubEnv(dataDir) ? process.env['TableName'] : undefined;
    return tableName === undefined ? undefined : deployedPlace(tableName);
  }
};
