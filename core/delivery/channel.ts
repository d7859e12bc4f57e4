import type { CallFailure, CallResult } from '../../schemas/call-result.ts';
import type { Subscription } from './subscription.ts';

/** What an endpoint answered. Without `status` no HTTP answer came, and `failure` is the reason. */
export interface Answer {
  readonly status?: number;
  readonly failure?: CallFailure;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number;
}

/** Longest the hub waits for an answer, seconds; a subscriber may ask for less (backport-timeout). */
const longestCallSeconds = 10;

/** Seconds that an endpoint has for its answer. */
export const callSeconds = ({ timeout }: Pick<Subscription, 'timeout'>): number =>
  Math.min(timeout ?? longestCallSeconds, longestCallSeconds);

/** A call of an endpoint. */
export interface Call {
  readonly webhookId: string;
  readonly body: string;
  /** Of the entry. */
  readonly correlationId?: string;
  /** Seconds for all of it: name, connection, and answer. */
  readonly seconds: number;
}

export interface Channel {
  /** POSTs one signed notification. An endpoint that fails is an answer: this does not throw. */
  post(subscription: Subscription, call: Call): Promise<Answer>;
}

export const isDelivered = ({ status }: Answer): boolean => status !== undefined && status >= 200 && status < 300;

/** Client errors about the endpoint (address, access, method), not about the content of the notification. */
const aboutEndpoint: readonly number[] = [401, 402, 403, 404, 405, 407, 410, 421, 426, 451];

/** Client errors after which a client may retry. */
const aboutTheMoment: readonly number[] = [408, 425, 429];

/**
 * The endpoint rejects the call whatever it contains: a redirect, or a client error about the endpoint. A partner that deploys a
 * release or renews its credentials answers so for a minute, so it is tried again for a time.
 */
export const isRejected = ({ status }: Answer): boolean =>
  status !== undefined && ((status >= 300 && status < 400) || aboutEndpoint.includes(status));

/** The same request would fail again: any other client error, or a call that the hub may not make. */
export const isFinal = (answer: Answer): boolean => {
  const { status, failure } = answer;
  if (failure !== undefined) return failure === 'refused-address' || failure === 'off';
  return (
    status !== undefined && status >= 400 && status < 500 && !aboutTheMoment.includes(status) && !isRejected(answer)
  );
};

export const resultOf = ({ status, failure }: Answer): CallResult =>
  status === undefined ? (failure ?? 'connection') : `HTTP ${status}`;
