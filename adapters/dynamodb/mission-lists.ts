import { PutCommand, QueryCommand, type QueryCommandInput } from './commands.ts';
import {
  type MissionListName,
  type MissionLists,
  type MissionRow,
  placeOfMission,
  rowOf,
} from '../../core/mission/mission-lists.ts';
import { defined } from '../../schemas/defined.ts';
import { holds, keys, type Table } from './table.ts';
import { pack, unpack } from '../packed.ts';
import { reach } from '../transient-faults.ts';

/** Partition of the index `worklist` with the open missions of a list. */
const openListOf = ({ organisation, part }: MissionListName): string => `${organisation}#missions-${part}`;

/** No sort key is longer. A cursor is cut to it, so that the query stays valid whatever a caller sends. */
const longestCursor = 120;

/**
 * Lists of missions: one item for each organisation and part. The open ones are in the index `worklist` too. A projection: the
 * fan-out of the entries that open, forward or end a mission, or come after its end, updates it.
 */
export const missionLists = (table: Table): MissionLists => {
  const { client, name: TableName } = table;
  return {
    async put(list, state) {
      const row = rowOf(state);
      const place = placeOfMission(row);
      await holds(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: {
              ...keys.missionOfParty(list, place),
              ...(row.ended === undefined ? { worklist: openListOf(list), place } : {}),
              entry: state.version,
              packed: pack(row),
            },
            ConditionExpression: 'attribute_not_exists(pk) OR #entry < :entry',
            ExpressionAttributeNames: { '#entry': 'entry' },
            ExpressionAttributeValues: { ':entry': state.version },
          }),
        ),
      );
    },

    async list(list, which, limit, from) {
      const [partition, sort] = which === 'all' ? ['pk', 'sk'] : ['worklist', 'place'];
      const query: Omit<QueryCommandInput, 'TableName'> = {
        ...(which === 'all' ? { ConsistentRead: true } : { IndexName: 'worklist' }),
        KeyConditionExpression: `${partition} = :list${from === undefined ? '' : ` AND ${sort} < :from`}`,
        ExpressionAttributeValues: defined({
          ':list': which === 'all' ? keys.missionOfParty(list, '').pk : openListOf(list),
          ':from': from?.slice(0, longestCursor),
        }),
        ScanIndexForward: false,
        Limit: limit,
      };
      const page = await reach(() => client.send(new QueryCommand({ TableName, ...query })));
      const items = (page.Items ?? []).map((item): MissionRow => unpack(item['packed']));
      const last = page.LastEvaluatedKey === undefined ? undefined : items.at(-1);
      return last === undefined ? { items } : { items, next: placeOfMission(last) };
    },

    async linkCase(caseNumber, state) {
      const { mission, exercise } = state;
      const Item = { ...keys.case(caseNumber, exercise, placeOfMission(state)), mission };
      await reach(() => client.send(new PutCommand({ TableName, Item })));
    },

    async missionsOfCase(caseNumber, exercise, limit) {
      const { Items } = await reach(() =>
        client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :case',
            ExpressionAttributeValues: { ':case': keys.case(caseNumber, exercise, '').pk },
            ScanIndexForward: false,
            Limit: limit,
          }),
        ),
      );
      return Items.map(({ mission }) => String(mission));
    },
  };
};
