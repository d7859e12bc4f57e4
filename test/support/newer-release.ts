import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import { tableClient } from '../../adapters/dynamodb/client.ts';
import { GetCommand, PutCommand, ScanCommand } from '../../adapters/dynamodb/commands.ts';
import type { Key, Table } from '../../adapters/dynamodb/table.ts';
import { pack, unpack } from '../../adapters/packed.ts';
import { localCredentials } from '../../local/aws/credentials.ts';
import { foldVersion } from '../../core/mission/evolve.ts';
import type { LocalHub } from './backup.ts';

/** What a release that comes after this one might write: what stands in the table, with more in each place. */

/** In no release: a field, an attribute, and what stands in it. */
export const newName = 'ofNewerRelease';
const more = { [newName]: { more: ['than', 'is', 'known'] } };

/** An event of no catalogue. */
export const newEvent = 'patient-transfer';

export type Stored = NonNullable<ScanCommandOutput['Items']>[number];

/** The table of a hub that runs. */
export const tableOf = ({ tables: { endpoint, region, tableNames } }: LocalHub): Table => ({
  name: tableNames[0] ?? '',
  client: tableClient(new DynamoDBClient({ endpoint, region, credentials: localCredentials })),
});

export const itemsOf = async ({ client, name: TableName }: Table): Promise<readonly Stored[]> => {
  const { Items, LastEvaluatedKey } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
  if (LastEvaluatedKey !== undefined) throw new Error('the table is larger than one page');
  return Items;
};

export const itemAt = async ({ client, name: TableName }: Table, { pk, sk }: Key): Promise<Stored> =>
  (await client.send(new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }))).Item ?? {};

export const putItem = async ({ client, name: TableName }: Table, Item: Stored): Promise<void> => {
  await client.send(new PutCommand({ TableName, Item }));
};

const repacked = (item: Stored, change: (value: ReturnType<typeof unpack>) => unknown): Stored => ({
  ...item,
  packed: pack(change(unpack(item['packed']))),
});

const withMore = (value: object): object => ({ ...value, ...more });
const eachWithMore = (text: string): string => JSON.stringify(JSON.parse(text).map(withMore));

/** A state of another fold has another form: nothing that this release could mistake for its own. */
const unlikeState = { ...more, tasks: { of: 'another form' } };

export const inNewerFold = (item: Stored): Stored => ({
  ...repacked(item, (entry) => ({ ...entry, ...more, facts: withMore(entry.facts), state: unlikeState })),
  fold: foldVersion + 1,
});

/** An item as a newer release would have written it. */
export const newer = (item: Stored): Stored => {
  const { pk, sk } = item;
  const known = { ...item, ...more };
  if (sk.startsWith('ENTRY#'))
    return {
      ...inNewerFold(known),
      ...(item['notified'] === undefined ? {} : { notified: eachWithMore(item['notified']) }),
    };
  if (sk.startsWith('TASK#')) return repacked(known, (listed) => ({ ...listed, ...more, task: withMore(listed.task) }));
  if (sk === 'READINESS')
    return repacked(known, (state) => ({ ...state, ...more, readiness: withMore(state.readiness) }));
  if (pk.startsWith('SUBSCRIPTION#') && sk === 'HEAD')
    return repacked(known, (settings) => ({ ...settings, ...more, filter: withMore(settings.filter) }));
  if (pk === 'DIRECTORY')
    return {
      ...repacked(known, (parties) => [
        ...parties.map(withMore),
        { organisation: '319000097', name: 'Kystvakten', role: 'coast-guard', ...more },
      ]),
      places: pack(withMore(unpack(item['places']))),
    };
  if (pk === 'GUIDELINES') return repacked(known, (versions) => versions.map(withMore));
  if (pk.startsWith('PARTY#'))
    return Object.fromEntries(
      Object.entries(known).map(([name, value]) => [
        name,
        typeof value === 'string' && name.startsWith('subscription ')
          ? JSON.stringify(withMore(JSON.parse(value)))
          : value,
      ]),
    );
  return known;
};
