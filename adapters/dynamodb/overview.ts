import { PutCommand } from './commands.ts';
import type { IncidentList, Overview } from '../../core/mission/projections.ts';
import type { MissionState } from '../../core/mission/state.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { holds, keys, queryAll, queryUntil, type Table } from './table.ts';
import { pack, unpack } from '../packed.ts';
import { reach } from '../transient-faults.ts';

/** Links of a mission that are written at the same time. */
const linksAtOnce = 10;

const listOf = (operator: string): string => `${operator}#readiness`;

/** Readiness and incidents across missions. Projections: the fan-out of the entry that changed them updates them. */
export const overview = (table: Table): Overview => {
  const { client, name: TableName } = table;
  return {
    async putReadiness(state) {
      await holds(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: {
              ...keys.readiness(state.mission),
              worklist: listOf(state.requester),
              place: state.mission,
              entry: state.version,
              packed: pack(state),
            },
            ConditionExpression: 'attribute_not_exists(pk) OR #entry < :entry',
            ExpressionAttributeNames: { '#entry': 'entry' },
            ExpressionAttributeValues: { ':entry': state.version },
          }),
        ),
      );
    },

    async readinessOf(operator) {
      const items = await queryAll(table, {
        IndexName: 'worklist',
        KeyConditionExpression: 'worklist = :list',
        ExpressionAttributeValues: { ':list': listOf(operator) },
      });
      return items.map((item): MissionState => unpack(item['packed']));
    },

    async link({ incident, exercise, mission, openedAt }, { parties, shares }) {
      if (incident === undefined) return;
      const lists: readonly IncidentList[] = [
        { list: 'all' },
        ...parties.map((organisation) => ({ list: 'of-party' as const, organisation })),
        ...shares.map((organisation) => ({ list: 'shared-with' as const, organisation })),
      ];
      await inBatches(lists, linksAtOnce, (list) =>
        reach(() =>
          client.send(
            new PutCommand({ TableName, Item: keys.incident(incident, exercise, list, `${openedAt}#${mission}`) }),
          ),
        ),
      );
    },

    async missionsOf(incident, exercise, list, limit) {
      const from = keys.incident(incident, exercise, list, '');
      return queryUntil(
        table,
        {
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: { ':pk': from.pk, ':from': from.sk, ':to': `${from.sk}~` },
        },
        limit,
        ({ sk }) => {
          const [openedAt = '', mission = ''] = String(sk).split('#').slice(-2);
          return { mission, openedAt };
        },
      );
    },
  };
};
