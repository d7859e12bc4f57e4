import type { Subscription } from './subscription.ts';

/** What an endpoint answered. Without `status` no HTTP answer came, and `failure` is the reason. */
export interface Answer {
  readonly status?: number;
  readonly failure?: 'timeout' | 'connection' | 'name' | 'tls' | 'redirect' | 'refused-address' | 'off';
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number;
}

export interface Channel {
  /** POSTs one signed notification. An endpoint that fails is an answer: this does not throw. `correlationId`: of the entry. */
  post(subscription: Subscription, webhookId: string, body: string, correlationId?: string): Promise<Answer>;
}

export const isDelivered = ({ status }: Answer): boolean => status !== undefined && status >= 200 && status < 300;

/** The same request would fail again: a client error, except those after which a client may retry (408, 425, 429). */
export const isPermanent = ({ status, failure }: Answer): boolean =>
  failure === 'redirect' ||
  failure === 'refused-address' ||
  failure === 'off' ||
  (status !== undefined && status >= 300 && status < 500 && ![408, 425, 429].includes(status));

/** A rejection that is about the endpoint (address, access, method), not about the content of the notification. */
export const isAboutEndpoint = ({ status, failure }: Answer): boolean =>
  failure !== undefined || (status !== undefined && (status < 400 || [401, 403, 404, 405, 410].includes(status)));

export const answerText = ({ status, failure }: Answer): string =>
  status === undefined ? (failure ?? 'connection') : `HTTP ${status}`;
