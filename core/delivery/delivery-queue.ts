/** Content of the delivery queue: ids and numbers, no patient data. */
export type DeliveryJob = NotificationJob | EndpointJob;

export interface NotificationJob {
  readonly kind: 'notification';
  readonly subscription: string;
  readonly number: number;
  readonly mission: string;
  readonly entry: number;
  /** Other entries that the notification is composed of, as far as known, so that one read fetches all. */
  readonly sources: readonly number[];
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
