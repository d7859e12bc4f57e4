import { mayReadTask } from '../../mission/access-rules.ts';
import { taskOf, type TaskState } from '../../mission/state.ts';
import { momentText } from '../../mission/text.ts';
import type { EntryContext } from './history-entry.ts';

export interface TaskChange {
  readonly task: TaskState;
  /** What changed: `received → rejected`. */
  readonly text: string;
}

const changeText = (task: TaskState, earlier: TaskState | undefined): string | undefined => {
  const due = `to be acknowledged by a person by ${momentText(task.acknowledgeBy)}`;
  if (earlier === undefined) return `opened, ${task.status}; ${due}`;
  const changes = [
    earlier.status === task.status ? undefined : `${earlier.status} → ${task.status}`,
    earlier.cancelRequested !== true && task.cancelRequested === true
      ? `the crew is asked how the flight ends; ${due}`
      : undefined,
    task.overdue !== undefined && task.overdue !== earlier.overdue
      ? `overdue since ${momentText(task.overdue)}`
      : undefined,
    earlier.acknowledgedAt !== undefined && task.acknowledgedAt === undefined && task.cancelRequested !== true
      ? `acknowledgement required again; ${due}`
      : undefined,
  ].filter((change) => change !== undefined);
  return changes.length === 0 ? undefined : changes.join('; ');
};

/** What the entry changed of the Tasks that the reader may read. */
export const taskChanges = ({ entry, before, reader }: EntryContext): readonly TaskChange[] =>
  entry.state.tasks
    .filter(
      (task) =>
        task.changedBy === entry.number &&
        (reader.leads || mayReadTask(task, entry.state, reader.organisation, reader.role)),
    )
    .flatMap((task) => {
      const text = changeText(task, before === undefined ? undefined : taskOf(before, task.id));
      return text === undefined ? [] : [{ task, text }];
    });
