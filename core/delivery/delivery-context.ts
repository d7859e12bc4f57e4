import type { StoredEntry } from '../mission/mission-log.ts';
import type { NotificationJob } from './delivery-queue.ts';
import type { Notification } from './notifications.ts';
import type { Subscription } from './subscription.ts';

/** Everything that a delivery needs, in one read. */
export interface DeliveryContext {
  readonly subscription?: Subscription;
  readonly notification?: Notification;
  readonly previous?: Notification;
  readonly entry?: StoredEntry;
  /** The entries that the notification is composed of: those of `sourceNumbers`. */
  readonly sources: readonly StoredEntry[];
  /** The entry that announced the patient to the hospital before, for the hospital that the entry diverts the patient to. */
  readonly announced?: StoredEntry;
}

export interface DeliveryContexts {
  load(job: NotificationJob): Promise<DeliveryContext>;
}
