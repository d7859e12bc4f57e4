import { digestOf } from '../../schemas/identifiers.ts';

/** Content of the delivery queues: ids and numbers, no patient data. */
export type DeliveryJob = NotificationJob | EndpointJob;

export interface NotificationJob {
  readonly kind: 'notification';
  readonly subscription: string;
  /** Of the subscription. */
  readonly organisation: string;
  readonly number: number;
  readonly mission: string;
  readonly entry: number;
  /** Other entries that the notification is composed of, as far as known, so that one read fetches all. */
  readonly sources: readonly number[];
  readonly previous?: number;
  /** Distinguishes it from the job that was given up. */
  readonly redrivenAt?: string;
  /** No attempt is made before this time, ISO 8601: a job in another queue cannot be delayed by itself. */
  readonly notBefore?: string;
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

/**
 * Two queues with workers of their own, so that no quick endpoint waits for a slow one (ADR 44). `quick`: first attempts, two
 * seconds at most each, only to endpoints that are quick. `slow`: everything that takes patience.
 */
export type Lane = 'quick' | 'slow';

export type DeliveryLanes = Readonly<Record<Lane, DeliveryQueue>>;

/** Calls that the quick lane makes to the endpoints of one party at the same time. Must be below its number of workers. */
export const quickCallsPerParty = 8;

/**
 * The group of a job: a queue hands out one job of a group at a time, in order. In the quick lane a party has as many groups as calls,
 * so a party whose endpoints all become slow at once leaves workers to the others. In the slow lane a job is retried in
 * place, so each subscription and mission has a group of its own. In both, the jobs of a subscription and mission share a group.
 */
export const groupOf = (lane: Lane, job: DeliveryJob): string => {
  if (job.kind !== 'notification') return `${job.subscription}.contact`;
  const own = `${job.subscription}.${job.mission}`;
  if (lane === 'slow') return own;
  return `${job.organisation}.${Number.parseInt(digestOf(own).slice(0, 8), 16) % quickCallsPerParty}`;
};

/** Jobs of the same name are one job: the same notification, unless it was redriven; the same due time of a handshake or heartbeat. */
export const nameOf = (job: DeliveryJob): string =>
  (job.kind === 'notification'
    ? [job.subscription, job.number, ...(job.redrivenAt === undefined ? [] : [job.redrivenAt])]
    : [job.subscription, job.kind, job.due]
  ).join('.');
