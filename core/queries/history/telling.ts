import { type Role, taskKinds } from '../../../schemas/codes.ts';
import type { MessageType } from '../../../schemas/messages/message-type.ts';
import type { Guideline } from '../../../schemas/guideline.ts';
import type { Notification } from '../../delivery/notifications.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import type { StoredEntry } from '../../mission/mission-log.ts';
import type { MissionState, TaskState } from '../../mission/state.ts';
import { parseAddress } from '../../../schemas/identifiers.ts';

/** One entry of the log with what is needed to tell of it. */
export interface HistoryEntry {
  readonly entry: StoredEntry;
  /** The mission before it. */
  readonly before?: MissionState;
  /** The receipts of it that the reader may see. */
  readonly notifications: readonly Notification[];
  /** Whether the reader may read the message itself. */
  readonly readable: boolean;
}

export interface HistoryReader {
  readonly organisation: string;
  readonly role: Role;
  /** Asked for the mission, coordinates it, or coordinated it when this was written. */
  readonly leads: boolean;
}

/** Everything that the sentences about one entry draw on. */
export interface Telling extends HistoryEntry {
  readonly type: MessageType;
  readonly reader: HistoryReader;
  readonly guideline: Guideline;
  /** Of the guideline that the mission was requested under; entries of the first release do not say it. */
  readonly version?: string;
  readonly view: Viewpoint;
  /** Names, words and call signs are told. */
  readonly persons: boolean;
  /** The Task that the entry answers, as of after it; and the one it opened. */
  readonly task?: TaskState;
  readonly opened?: TaskState;
}

export const nameOf = (organisation: string | undefined, { view }: Telling): string =>
  organisation === undefined ? 'nobody' : (view.directory.partyOf(organisation)?.name ?? organisation);
export const phoneOf = (organisation: string, telling: Telling): string =>
  `${nameOf(organisation, telling)}: ${telling.view.directory.partyOf(organisation)?.phone ?? 'the directory has no number'}`;
export const senderOf = (telling: Telling): string => nameOf(telling.entry.sender, telling);
export const taskNumber = (task: TaskState): string => `Task ${parseAddress(task.id)?.entry ?? task.openedBy}`;
export const taskName = (task: TaskState | undefined, telling: Telling): string =>
  task === undefined
    ? 'what was asked'
    : `${taskNumber(task)} (${taskKinds[task.kind]}, ${nameOf(task.owner, telling)})`;
