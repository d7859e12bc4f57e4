/** What travels through the queue: names and numbers, nothing about patients. */

import type { StoredEntry } from '../mission/mission-log.ts';
import type { Subscription } from './subscription.ts';
import type { Notification } from './notifications.ts';

export type DeliveryJob = NotificationJob | EndpointJob;
export interface NotificationJob {
  readonly kind: 'notification';
  readonly subscription: string;
  readonly number: number;
  readonly mission: string;
  readonly entry: number;
  /** Entry that probably holds the mission's ServiceRequest as of `entry`, so that one read fetches both. */
  readonly request: number;
  readonly previous?: number;
  /** Sets it apart from the order that was given up. */
  readonly redrivenAt?: string;
  /** Of the entry, so that what becomes of the order is found by it; orders of older releases lack it. */
  readonly correlationId?: string;
}

/** A word to the endpoint that tells of no event. */
export interface EndpointJob {
  readonly kind: 'handshake' | 'heartbeat';
  readonly subscription: string;
  /** When it became due: one occasion is ordered once. */
  readonly due: string;
}

export interface DeliveryQueue {
  /** Sends all orders or throws. Sending an order twice within minutes sends it once. */
  send(orders: readonly DeliveryJob[]): Promise<void>;
}

/** Everything a delivery needs, in one read. */
export interface DeliveryContext {
  readonly subscription?: Subscription;
  readonly notification?: Notification;
  readonly previous?: Notification;
  readonly entry?: StoredEntry;
  readonly request?: StoredEntry;
  /** What announced the patient to the hospital before, for the hospital that the entry diverts the patient to. */
  readonly announced?: StoredEntry;
}

export interface DeliveryContexts {
  load(order: NotificationJob): Promise<DeliveryContext>;
}

/** What an endpoint answered. `status` absent: no HTTP answer came, `failure` says why. */
export interface Answer {
  readonly status?: number;
  readonly failure?: 'timeout' | 'connection' | 'name' | 'tls' | 'redirect' | 'refused-address' | 'off';
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number;
}

export interface Channel {
  /** POSTs one signed notification. Never throws for what the endpoint does. `correlationId`: of what it tells. */
  post(subscription: Subscription, webhookId: string, body: string, correlationId?: string): Promise<Answer>;
}
