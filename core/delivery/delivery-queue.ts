import type { StoredEntry } from '../mission/mission-log.ts';
import type { Notification } from './notifications.ts';
import type { Subscription } from './subscription.ts';

/** Content of the delivery queue: ids and numbers, no patient data. */
export type DeliveryJob = NotificationJob | EndpointJob;

export interface NotificationJob {
  readonly kind: 'notification';
  readonly subscription: string;
  readonly number: number;
  readonly mission: string;
  readonly entry: number;
  /** Entry that probably has the mission's ServiceRequest as of `entry`, so that one read fetches both. */
  readonly request: number;
  readonly previous?: number;
  /** Distinguishes it from the job that was given up. */
  readonly redrivenAt?: string;
  /** Of the entry, so that log lines about the job have it. */
  readonly correlationId?: string;
}

/** A call to the endpoint without an event. */
export interface EndpointJob {
  readonly kind: 'handshake' | 'heartbeat';
  readonly subscription: string;
  /** When it became due: each due time has one job. */
  readonly due: string;
}

export interface DeliveryQueue {
  /** Sends all jobs or throws `Unavailable`. Sending a job twice within minutes sends it once. */
  send(jobs: readonly DeliveryJob[]): Promise<void>;
}

/** Everything that a delivery needs, in one read. */
export interface DeliveryContext {
  readonly subscription?: Subscription;
  readonly notification?: Notification;
  readonly previous?: Notification;
  readonly entry?: StoredEntry;
  readonly request?: StoredEntry;
  /** The entry that announced the patient to the hospital before, for the hospital that the entry diverts the patient to. */
  readonly announced?: StoredEntry;
}

export interface DeliveryContexts {
  load(job: NotificationJob): Promise<DeliveryContext>;
}
