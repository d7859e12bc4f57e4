import { GetCommand, PutCommand } from './commands.ts';
import type { Access, AccessHead, AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import { holds, keys, newestOf, queryUntil, rangeOf, scanAll, type Table } from './table.ts';
import { reach } from '../transient-faults.ts';

const partition = 'AUDIT#';
const recordKey = 'RECORD#';
const linkKey = 'LIST#';

/** Stands in for an access that was made unreadable: its digest shows that, and reading continues. */
const unreadable: Access = {
  at: '',
  organisation: '',
  role: 'hub',
  client: '',
  reading: 'mission',
  outcome: 'refused',
  missions: [],
  request: '',
};

const accessIn = (text: string): Access => {
  try {
    const { missions, ...rest } = JSON.parse(text);
    return Array.isArray(missions) ? { ...rest, missions } : unreadable;
  } catch {
    return unreadable;
  }
};

/** The item is taken as it is: its digest shows whether it was changed. */
const storedRecord = ({ pk, sk, previous, digest, access }: Record<string, unknown>): AccessRecord => ({
  chain: String(pk).slice(partition.length),
  number: Number(String(sk).slice(recordKey.length)),
  previous: String(previous),
  digest: String(digest),
  access: accessIn(String(access)),
});

/**
 * The access log on DynamoDB: in partitions of its own, so that the functions that read may put items there and nowhere
 * else. A record is added by one conditional put; a second put stores it as the newest one of its chain.
 */
export const accessLog = (table: Table): AccessLog => {
  const { client, name: TableName } = table;
  return {
    async last(chain) {
      const item = await newestOf(table, keys.access(chain, 0).pk, recordKey);
      return item === undefined ? undefined : storedRecord(item);
    },

    async append({ chain, number, previous, digest, access }) {
      const isMine = await holds(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: { ...keys.access(chain, number), at: access.at, previous, digest, access: JSON.stringify(access) },
            // The SDK repeats a put whose answer was lost; the record that it finds then is this one.
            ConditionExpression: 'attribute_not_exists(pk) OR digest = :digest',
            ExpressionAttributeValues: { ':digest': digest },
          }),
        ),
      );
      if (!isMine) return 'taken';
      await holds(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: { ...keys.accessHead(chain), number, digest },
            // A slower writer must not move the head back.
            ConditionExpression: 'attribute_not_exists(pk) OR #number < :number',
            ExpressionAttributeNames: { '#number': 'number' },
            ExpressionAttributeValues: { ':number': number },
          }),
        ),
      );
      return 'appended';
    },

    range(chain, from, limit) {
      const { pk, sk } = keys.access(chain, from);
      return queryUntil(
        table,
        {
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :end',
          ExpressionAttributeValues: { ':pk': pk, ':from': sk, ':end': `${recordKey}~` },
        },
        limit,
        storedRecord,
      );
    },

    async head(chain): Promise<AccessHead | undefined> {
      const { Item } = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.accessHead(chain), ConsistentRead: true })),
      );
      return Item === undefined ? undefined : { number: Number(Item['number']), digest: String(Item['digest']) };
    },

    async link(mission, chain) {
      await reach(() => client.send(new PutCommand({ TableName, Item: keys.accessLink(mission, chain) })));
    },

    async chainsNaming(mission) {
      const items = await rangeOf(table, keys.accessLink(mission, ''), keys.accessLink(mission, '~'));
      return items.map(({ sk }) => String(sk).slice(linkKey.length));
    },
  };
};

/** Segments of the table that are read side by side. */
const segments = 8;

/** All chains, in order. Reads the whole table: for operators, not for functions. */
export const accessChains = async (table: Table): Promise<readonly string[]> => {
  const chains = new Set<string>();
  await scanAll(
    table,
    segments,
    {
      ConsistentRead: true,
      FilterExpression: 'begins_with(pk, :audit) AND NOT begins_with(sk, :link)',
      ProjectionExpression: 'pk',
      ExpressionAttributeValues: { ':audit': partition, ':link': linkKey },
    },
    ({ pk }) => chains.add(String(pk).slice(partition.length)),
  );
  return [...chains].sort();
};
