import { type Page, placeOfTask, type Worklist, type WorklistItem } from '../../core/mission/projections.ts';
import { deadlineOf, isFinal } from '../../core/mission/state.ts';
import type { Database } from './database.ts';
import { json, text } from './rows.ts';

/** Worklists on SQLite: one row per Task, with its deadline. A projection: the fan-out of the entry that changed the Task updates it. */
export const worklist = (database: Database): Worklist => {
  const putTask = database.statement(
    `INSERT INTO tasks (mission, task, owner, asker, list, place, entry, item, due_at)
     VALUES ($mission, $task, $owner, $asker, $list, $place, $entry, $item, $dueAt)
     ON CONFLICT DO UPDATE SET owner = excluded.owner, asker = excluded.asker, list = excluded.list,
       place = excluded.place, entry = excluded.entry, item = excluded.item, due_at = excluded.due_at
     WHERE entry < excluded.entry`,
  );

  /** Open Tasks longest waiting first, closed ones newest first. A cursor is the place of the last Task of the page. */
  const listOf = (party: 'owner' | 'asker'): Worklist['list'] => {
    const select = `SELECT item, place FROM tasks WHERE ${party} = $organisation AND list = $list`;
    const open = database.statement(`${select} AND place > $from ORDER BY place LIMIT $limit`);
    const closed = database.statement(`${select} AND ($from = '' OR place < $from) ORDER BY place DESC LIMIT $limit`);
    return async (organisation, list, limit, from = ''): Promise<Page<WorklistItem>> => {
      const statement = list === 'open' ? open : closed;
      const rows = statement.all({ organisation, list, from, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        items: page.map(({ item }): WorklistItem => json(item)),
        ...(last === undefined ? {} : { next: text(last['place']) }),
      };
    };
  };

  return {
    async put(task, state) {
      const { mission, exercise, urgency, coordinator } = state;
      const item: WorklistItem = { task, mission, exercise, urgency, coordinator };
      const values = {
        mission,
        task: task.id,
        owner: task.owner,
        asker: task.asker,
        list: isFinal(task) ? 'closed' : 'open',
        place: placeOfTask(task),
        entry: state.version,
        item: JSON.stringify(item),
        dueAt: deadlineOf(task),
      };
      await database.write(() => putTask.run(values));
    },
    list: listOf('owner'),
    asked: listOf('asker'),
  };
};
