import type { Role } from '../../../schemas/codes.ts';
import type { Guideline } from '../../../schemas/guideline.ts';
import type { CataloguedType } from '../../../schemas/messages/catalogue.ts';
import type { Notification } from '../../delivery/notifications.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import type { StoredEntry } from '../../mission/mission-log.ts';
import type { MissionState, TaskState } from '../../mission/state.ts';

/** One entry of a mission log, with what a reader may see around it. */
export interface HistoryEntry {
  readonly entry: StoredEntry;
  /** State of the mission before the entry. */
  readonly before?: MissionState;
  /** The receipts of the entry that the reader may see. */
  readonly notifications: readonly Notification[];
  /** Whether the reader may read the message itself. */
  readonly readable: boolean;
}

export interface HistoryReader {
  readonly organisation: string;
  readonly role: Role;
  /** The organisation requested the mission, coordinates it, or coordinated it when the entry was written. */
  readonly leads: boolean;
}

/** Everything that the text about one entry is composed from. */
export interface EntryContext extends HistoryEntry {
  readonly type: CataloguedType;
  readonly reader: HistoryReader;
  readonly guideline: Guideline;
  /** Version of the guideline under which the mission was requested. */
  readonly version?: string;
  readonly view: Viewpoint;
  /** Whether the reader may see names, free text and call signs. */
  readonly persons: boolean;
  /** The Task that the entry answers, in its state after the entry. */
  readonly task?: TaskState;
  /** The Task that the entry opened. */
  readonly opened?: TaskState;
}
