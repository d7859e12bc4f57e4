import type { UnreachedReason } from './codes.ts';

/** What a call to an endpoint came to, without its address and without anything of its answer but the status. */

/** Why no HTTP answer came, in words that follow "the last call". */
const failureWords = {
  timeout: 'got no answer in time',
  'refused-connection': 'was refused a connection',
  connection: 'failed: the connection broke or could not be made',
  name: 'failed: the name of the host was not found (DNS)',
  tls: 'failed: no TLS connection (certificate or protocol)',
  'refused-address': 'was not made: the hub may not call the address',
  off: 'was not made: the subscription was ended',
} as const;

export type CallFailure = keyof typeof failureWords;

/** A failure, or the HTTP status. */
export type CallResult = CallFailure | `HTTP ${number}`;

/** A call and its time, ISO 8601. */
export interface CallReport {
  readonly result: CallResult;
  readonly at: string;
}

const isFailure = (result: CallResult): result is CallFailure => Object.hasOwn(failureWords, result);

/** The result in words: `got HTTP 401`. */
export const callWords = (result: CallResult): string => (isFailure(result) ? failureWords[result] : `got ${result}`);

const failureReasons = {
  timeout: 'timed-out',
  'refused-connection': 'connection-refused',
  connection: 'connection-failed',
  name: 'name-not-found',
  tls: 'tls-failed',
  'refused-address': 'address-refused',
  off: 'subscription-ended',
} as const satisfies Record<CallFailure, UnreachedReason>;

/** Statuses with a code of their own. */
const statusReasons: Readonly<Record<string, UnreachedReason>> = {
  'HTTP 401': 'http-401',
  'HTTP 403': 'http-403',
  'HTTP 404': 'http-404',
  'HTTP 405': 'http-405',
  'HTTP 410': 'http-410',
  'HTTP 429': 'http-429',
  'HTTP 500': 'http-500',
  'HTTP 502': 'http-502',
  'HTTP 503': 'http-503',
  'HTTP 504': 'http-504',
};

/** The code of `unreached-reason`. */
export const reasonCodeOf = (result: CallResult): UnreachedReason => {
  if (isFailure(result)) return failureReasons[result];
  const reason = statusReasons[result];
  if (reason !== undefined) return reason;
  switch (result.at('HTTP '.length)) {
    case '3':
      return 'http-redirect';
    case '4':
      return 'http-4xx';
    case '5':
      return 'http-5xx';
    default:
      return 'http-other';
  }
};
