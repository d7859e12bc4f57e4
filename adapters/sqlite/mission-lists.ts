import { type MissionLists, type MissionRow, placeOfMission, rowOf } from '../../core/mission/mission-lists.ts';
import type { Database } from './database.ts';
import { json, text } from './rows.ts';

/**
 * Lists of missions on SQLite: one row for each organisation and part. A projection: the fan-out of the entries that open, forward
 * or end a mission, or come after its end, updates it.
 */
export const missionLists = (database: Database): MissionLists => {
  const putRow = database.statement(
    `INSERT INTO mission_lists (organisation, part, place, entry, is_open, mission, row)
     VALUES ($organisation, $part, $place, $entry, $isOpen, $mission, $row)
     ON CONFLICT DO UPDATE SET entry = excluded.entry, is_open = excluded.is_open, row = excluded.row
     WHERE entry < excluded.entry`,
  );
  const select = `SELECT row FROM mission_lists WHERE organisation = $organisation AND part = $part`;
  const newestFirst = `AND ($from IS NULL OR place < $from) ORDER BY place DESC LIMIT $limit`;
  const all = database.statement(`${select} ${newestFirst}`);
  const open = database.statement(`${select} AND is_open = 1 ${newestFirst}`);
  const insertCase = database.statement(
    `INSERT INTO case_missions (system, value, exercise, place, mission)
     VALUES ($system, $value, $exercise, $place, $mission)
     ON CONFLICT DO NOTHING`,
  );
  const ofCase = database.statement(
    `SELECT mission FROM case_missions WHERE system = $system AND value = $value AND exercise = $exercise
     ORDER BY place DESC LIMIT $limit`,
  );

  return {
    async put({ organisation, part }, state) {
      const row = rowOf(state);
      const values = {
        organisation,
        part,
        place: placeOfMission(row),
        entry: state.version,
        isOpen: row.ended === undefined,
        mission: row.mission,
        row: JSON.stringify(row),
      };
      await database.write(() => putRow.run(values));
    },

    async list({ organisation, part }, which, limit, from) {
      const rows = (which === 'all' ? all : open).all({ organisation, part, from, limit: limit + 1 });
      const items = rows.slice(0, limit).map(({ row }): MissionRow => json(row));
      const last = rows.length > limit ? items.at(-1) : undefined;
      return { items, ...(last === undefined ? {} : { next: placeOfMission(last) }) };
    },

    async linkCase({ system, value }, state) {
      const { mission, exercise } = state;
      const link = { system, value, exercise, place: placeOfMission(state), mission };
      await database.write(() => insertCase.run(link));
    },

    async missionsOfCase({ system, value }, exercise, limit) {
      return ofCase.all({ system, value, exercise, limit }).map(({ mission }) => text(mission));
    },
  };
};
