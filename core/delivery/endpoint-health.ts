import type { FailedCall, Subscription, SubscriptionStatus } from './subscription.ts';

/** Health of an endpoint as the hub has seen it. `$status` shows the status by which the hub acts. */
export interface EndpointHealth {
  readonly status: Exclude<SubscriptionStatus, 'off'>;
  readonly failures: number;
  readonly failingSince?: string;
  readonly rejectedSince?: string;
  readonly failedCall?: FailedCall;
  readonly retryAt?: string;
  readonly quickAnswersNeeded?: number;
  /** When the next handshake or heartbeat is due. */
  readonly dueAt?: string;
}

/** Consecutive failures of an endpoint, and the time of the first one, ISO 8601. */
export interface FailureCount {
  readonly failures: number;
  readonly failingSince: string;
  /** Time of the first of those that were rejections, up to the last; absent if the last was none. */
  readonly rejectedSince?: string;
}

/** Storage of endpoint health. Every call throws `Unavailable` if the storage cannot be reached. */
export interface EndpointHealthStore {
  /** `false`: status, outage or agreement differ from what the caller has seen. A subscription that is `off` stays `off`. */
  save(
    seen: Pick<Subscription, 'id' | 'status' | 'revision' | 'failingSince'>,
    health: EndpointHealth,
  ): Promise<boolean>;
  /**
   * Counts one more failed call of an active endpoint. Concurrent failures are counted each.
   * Nothing if the subscription is not active any more, or its agreement was changed.
   */
  countFailure(
    seen: Pick<Subscription, 'id' | 'revision'>,
    failed: FailedCall,
    options: { readonly isRejection: boolean },
  ): Promise<FailureCount | undefined>;
  /**
   * Saves how quick an active endpoint is. `false`: its agreement was changed, it is not active any more, or another call has saved
   * its own since.
   */
  saveSpeed(
    seen: Pick<Subscription, 'id' | 'revision' | 'quickAnswersNeeded'>,
    quickAnswersNeeded: number | undefined,
  ): Promise<boolean>;
  /** Claims the one probe of an open circuit. `false`: another caller has claimed it. The circuit stays open until `until`. */
  claimProbe(seen: Pick<Subscription, 'id' | 'revision' | 'retryAt'>, until: string): Promise<boolean>;
}
