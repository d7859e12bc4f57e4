import { taskKinds } from '../../../schemas/codes.ts';
import { parseAddress } from '../../../schemas/identifiers.ts';
import type { TaskState } from '../../mission/state.ts';
import type { EntryContext } from './history-entry.ts';

/** How organisations and Tasks are named in the text of a history. */

export const nameOf = (organisation: string | undefined, { view }: EntryContext): string =>
  organisation === undefined ? 'nobody' : (view.directory.partyOf(organisation)?.name ?? organisation);

export const phoneOf = (organisation: string, context: EntryContext): string => {
  const phone = context.view.directory.partyOf(organisation)?.phone;
  return `${nameOf(organisation, context)}: ${phone ?? 'no number in the directory'}`;
};

export const senderOf = (context: EntryContext): string => nameOf(context.entry.sender, context);

export const taskNumber = (task: TaskState): string => `Task ${parseAddress(task.id)?.entry ?? task.openedBy}`;

export const taskName = (task: TaskState | undefined, context: EntryContext): string =>
  task === undefined ? 'a Task' : `${taskNumber(task)} (${taskKinds[task.kind]}, ${nameOf(task.owner, context)})`;
