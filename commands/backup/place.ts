import { existsSync } from 'node:fs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { localCredentials, localRegion as region } from '../../local/aws/credentials.ts';
import { placesIn, readHubEnv } from '../../local/data-folder.ts';
import { createStack } from '../../local/aws/stack.ts';
import { startTables, type TableServer, TablesInUse } from '../../local/aws/tables.ts';
import { readAssembly } from '../../local/aws/template.ts';

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

/** The table of a data folder, whatever stack made it. Says so and is undefined unless there is one, and one only. */
const tableThere = (names: readonly string[], folder: string): string | undefined => {
  const [name, ...others] = names;
  if (name === undefined) {
    console.error(`${folder} holds no table: no hub was started with this data folder.`);
    return undefined;
  }
  if (others.length === 0) return name;
  console.error(
    `${folder} holds the tables of several stacks (${names.join(', ')}). Start the hub whose table is meant with this data folder, and give the command again while it runs.`,
  );
  return undefined;
};

/** The table that `npm start` will use, made if it is not there. Says so and is undefined if another stack's is there. */
const tableToFill = async (
  names: readonly string[],
  tables: TableServer,
  folder: string,
  assemblyFolder: string,
): Promise<string | undefined> => {
  const { stackName, template } = await readAssembly(assemblyFolder);
  const stack = createStack({
    name: stackName,
    region,
    template,
    // Neither is of any account to a table.
    parameters: { TokenIssuer: 'http://localhost' },
    queueUrl: (name) => `http://localhost/${name}`,
  });
  const foreign = names.filter((name) => !name.startsWith(`${stackName}-`));
  if (foreign.length > 0) {
    console.error(
      `${folder} holds ${foreign.join(', ')}, but the stack that was synthesised last is ${stackName}. Synthesise the stack of that table (npm run synth), or name another --data-dir.`,
    );
    return undefined;
  }
  const [tableName] = await tables.create(stack);
  return tableName;
};

/** The table in a data folder; made, for `restore` only, if there is none. It is opened here unless a hub runs on it. */
export const localPlace = async (
  dataDir: string,
  assemblyFolder: string,
  mayMake: boolean,
): Promise<Place | undefined> => {
  const { tables: folder } = placesIn(dataDir);
  if (!mayMake && !existsSync(folder)) {
    console.error(`${folder} is not there: no hub was started with this data folder.`);
    return undefined;
  }
  try {
    const tables = await startTables({ folder, region, log: () => {} });
    const client = new DynamoDBClient({ endpoint: tables.endpoint, region, credentials: localCredentials });
    const close = async (): Promise<void> => {
      client.destroy();
      await tables.close();
    };
    try {
      const { TableNames = [] } = await client.send(new ListTablesCommand());
      const tableName = mayMake
        ? await tableToFill(TableNames, tables, folder, assemblyFolder)
        : tableThere(TableNames, folder);
      if (tableName !== undefined) return { ...placeOf(client, tableName), isOurs: true, close };
    } catch (error) {
      await close();
      throw error;
    }
    await close();
    return undefined;
  } catch (error) {
    if (!(error instanceof TablesInUse)) throw error;
    const tableName = readHubEnv(dataDir);
    return tableName === undefined ? undefined : deployedPlace(tableName);
  }
};
