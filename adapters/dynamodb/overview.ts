import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Overview } from '../../core/mission/projections.ts';
import type { MissionState } from '../../core/mission/state.ts';
import { holds, keys, pack, queryAll, rangeOf, type Table, unpack } from './table.ts';
import { reach } from '../transient-faults.ts';

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
              packed: pack({ ...state, messageFingerprints: '', bundleFingerprints: '' }),
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

    async link({ incident, exercise, mission }) {
      if (incident === undefined) return;
      await reach(() => client.send(new PutCommand({ TableName, Item: keys.incident(incident, exercise, mission) })));
    },

    async missionsOf(incident, exercise) {
      const items = await rangeOf(table, keys.incident(incident, exercise, ''), keys.incident(incident, exercise, '~'));
      return items.map(({ sk }) => String(sk).slice('MISSION#'.length));
    },
  };
};
