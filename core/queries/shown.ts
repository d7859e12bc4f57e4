import { parseAddress } from '../../schemas/identifiers.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import type { WorklistItem } from '../mission/projections.ts';
import { type MissionState, rolesIn, type TaskState } from '../mission/state.ts';

/** What answers show of missions, for the access log. */

/** What an answer shows of a mission; `parts` as in `Shown`. */
export const shownOf = (state: MissionState, { organisation }: Caller, parts: readonly string[]): Shown => ({
  mission: state.mission,
  exercise: state.exercise,
  relation: rolesIn(state, organisation),
  parts,
});

/** The part of the mission that a Task shows: the entry that opened it. */
export const partOfTask = ({ id }: Pick<TaskState, 'id'>): string => String(parseAddress(id)?.entry);

/** What a list of Tasks shows of their missions. */
export const shownTasks = (items: readonly WorklistItem[], { organisation }: Caller): readonly Shown[] =>
  [...Map.groupBy(items, ({ mission }) => mission)].map(([mission, ofIt]) => ({
    mission,
    exercise: ofIt.some(({ exercise }) => exercise),
    relation: [
      ...(ofIt.some(({ coordinator }) => coordinator === organisation) ? ['coordinator' as const] : []),
      ...(ofIt.some(({ task }) => task.owner === organisation) ? ['performer' as const] : []),
    ],
    parts: ofIt.map(({ task }) => partOfTask(task)),
  }));
