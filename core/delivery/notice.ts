import type { Role } from '../../schemas/codes.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import type { MissionState } from '../mission/state.ts';
import type { Notification } from './notifications.ts';
import type { Subscription } from './subscription.ts';

/** One event of a notification: the receipt, the entry, and the entries that describe the mission. */
export interface NotifiedEvent {
  readonly notification: Notification;
  readonly entry: StoredEntry;
  /** The entries of `sourceNumbers`. */
  readonly sources: readonly StoredEntry[];
  /** The entry that announced the patient to the hospital before, for the hospital that the entry diverts the patient to. */
  readonly announced?: StoredEntry;
  /** The mission now, when an event is read again: it shows no more than the reader may read now. Absent: as of the entry. */
  readonly current?: MissionState;
}

/** Content of a notification Bundle. */
export type Notice =
  | {
      readonly kind: 'handshake' | 'heartbeat' | 'query-status';
      readonly subscription: Subscription;
      /** Number of the newest event of the subscription; 0 before the first. */
      readonly newest: number;
    }
  | {
      readonly kind: 'event-notification' | 'query-event';
      readonly subscription: Subscription;
      /** Absent: the newest event of the notice. */
      readonly newest?: number;
      readonly role: Role;
      readonly events: readonly NotifiedEvent[];
      /** Events of missions that only a newer release can read. */
      readonly unreadable?: readonly Notification[];
    };
