import type { IncidentList, Overview } from '../../core/mission/projections.ts';
import type { MissionState } from '../../core/mission/state.ts';
import type { Database } from './database.ts';
import { json, text } from './rows.ts';

const organisationOf = (list: IncidentList): string => (list.list === 'all' ? '' : list.organisation);

/** Readiness and incidents across missions. Projections: the fan-out of the entry that changed them updates them. */
export const overview = (database: Database): Overview => {
  const putState = database.statement(
    `INSERT INTO readiness (mission, operator, entry, state) VALUES ($mission, $operator, $entry, $state)
     ON CONFLICT DO UPDATE SET operator = excluded.operator, entry = excluded.entry, state = excluded.state
     WHERE entry < excluded.entry`,
  );
  const ofOperator = database.statement('SELECT state FROM readiness WHERE operator = $operator ORDER BY mission');
  const insertLink = database.statement(
    `INSERT INTO incident_missions (system, value, exercise, list, organisation, opened_at, mission)
     VALUES ($system, $value, $exercise, $list, $organisation, $openedAt, $mission)
     ON CONFLICT DO NOTHING`,
  );
  const linked = database.statement(
    `SELECT mission, opened_at FROM incident_missions
     WHERE system = $system AND value = $value AND exercise = $exercise AND list = $list AND organisation = $organisation
     ORDER BY opened_at, mission LIMIT $limit`,
  );

  return {
    async putReadiness(state) {
      const { mission, requester: operator, version: entry } = state;
      const values = { mission, operator, entry, state: JSON.stringify(state) };
      await database.write(() => putState.run(values));
    },

    async readinessOf(operator) {
      return ofOperator.all({ operator }).map(({ state }): MissionState => json(state));
    },

    async link({ incident, exercise, mission, openedAt }, { parties, shares }) {
      if (incident === undefined) return;
      const { system, value } = incident;
      const lists: readonly IncidentList[] = [
        { list: 'all' },
        ...parties.map((organisation) => ({ list: 'of-party' as const, organisation })),
        ...shares.map((organisation) => ({ list: 'shared-with' as const, organisation })),
      ];
      await database.write(() => {
        for (const list of lists) {
          const of = { list: list.list, organisation: organisationOf(list) };
          insertLink.run({ system, value, exercise, ...of, openedAt, mission });
        }
      });
    },

    async missionsOf({ system, value }, exercise, list, limit) {
      const of = { list: list.list, organisation: organisationOf(list) };
      return linked
        .all({ system, value, exercise, ...of, limit })
        .map((row) => ({ mission: text(row['mission']), openedAt: text(row['opened_at']) }));
    },
  };
};
