import { existsSync } from 'node:fs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { tableClient } from '../../adapters/dynamodb/client.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { localCredentials, localRegion as region } from '../../local/aws/credentials.ts';
import { placesIn, readHubEnv } from '../../local/data-folder.ts';
import { createStack } from '../../local/aws/stack.ts';
import { startTables, type TableServer, TablesInUse } from '../../local/aws/tables.ts';
import { readAssembly } from '../../local/aws/template.ts';

/** The table that an action works on: of a deployed hub, or of the hub on this machine, running or not. */
export interface Place {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** The same table for the adapters. */
  readonly table: Table;
  /** No other process can write to the table meanwhile. */
  readonly isExclusive: boolean;
  readonly close: () => Promise<void>;
}

const placeOf = (client: DynamoDBClient, tableName: string) => ({
  client,
  tableName,
  table: { client: tableClient(client), name: tableName },
});

export const deployedPlace = (tableName: string): Place => {
  const client = new DynamoDBClient({ maxAttempts: 8 });
  return { ...placeOf(client, tableName), isExclusive: false, close: async () => client.destroy() };
};

/** The table of a data folder, of any stack. Prints why and returns `undefined` unless there is exactly one. */
const tableThere = (names: readonly string[], folder: string): string | undefined => {
  const [name, ...others] = names;
  if (name === undefined) {
    console.error(`${folder} holds no table: no hub was started with this data folder.`);
    return undefined;
  }
  if (others.length === 0) return name;
  console.error(
    `${folder} holds the tables of several stacks (${names.join(', ')}). Start the hub of one of them with this data folder, and run the command again while it runs.`,
  );
  return undefined;
};

/** The table that `npm start` will use, created if there is none. Prints why and returns `undefined` if there is another stack's. */
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
    // A table depends on neither.
    parameters: { TokenIssuer: 'http://localhost' },
    queueUrl: (name) => `http://localhost/${name}`,
  });
  const foreign = names.filter((name) => !name.startsWith(`${stackName}-`));
  if (foreign.length > 0) {
    console.error(
      `${folder} holds ${foreign.join(', ')}, but the last synthesised stack is ${stackName}. Synthesise the stack of that table (npm run synth), or give another --data-dir.`,
    );
    return undefined;
  }
  const [tableName] = await tables.create(stack);
  return tableName;
};

/**
 * The table in a data folder. With `mayCreate`, it is created if there is none. It is opened in this process, unless a hub runs
 * on it.
 */
export const localPlace = async (
  dataDir: string,
  assemblyFolder: string,
  { mayCreate }: { readonly mayCreate: boolean },
): Promise<Place | undefined> => {
  const { tables: folder } = placesIn(dataDir);
  if (!mayCreate && !existsSync(folder)) {
    console.error(`${folder} does not exist: no hub was started with this data folder.`);
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
      const tableName = mayCreate
        ? await tableToFill(TableNames, tables, folder, assemblyFolder)
        : tableThere(TableNames, folder);
      if (tableName !== undefined) return { ...placeOf(client, tableName), isExclusive: true, close };
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
