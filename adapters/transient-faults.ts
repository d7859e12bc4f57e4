import { Unavailable } from '../core/mission/errors.ts';

/** Network faults of Node.js and libuv: no answer came, or it was cut off. */
const networkCodes: readonly unknown[] = [
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
];

/** Time limits of the SDK, throttling, and faults of AWS, by the names that the SDK gives them. */
const transientNames: readonly string[] = [
  'AbortError',
  'BandwidthLimitExceeded',
  'InternalFailure',
  'InternalServerError',
  'InternalServerErrorException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
];

/**
 * Refusals of access, also by the key of the table or the queue: DynamoDB names both alike. They end when an operator enables the key
 * or restores the right, and until then the caller must send again.
 */
const isRefusal = (name: string): boolean => /^(?:AccessDenied(?:Exception)?|K(?:ms|MS\.?)\w+)$/.test(name);

/** Whether a fault of this name, as AWS gives it, may be gone when the same call is made again. */
export const isTransientName = (name: string): boolean => transientNames.includes(name) || isRefusal(name);

const statusOf = (error: Error): number | undefined =>
  '$metadata' in error &&
  typeof error.$metadata === 'object' &&
  error.$metadata !== null &&
  'httpStatusCode' in error.$metadata &&
  typeof error.$metadata.httpStatusCode === 'number'
    ? error.$metadata.httpStatusCode
    : undefined;

/**
 * Whether the same call may succeed later: network faults, throttling, HTTP 5xx, and refusals of access. Anything else is a fault of the hub, such as
 * a `TypeError` or a wrong request; it is not retried.
 */
export const isTransient = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (isTransientName(error.name)) return true;
  const status = statusOf(error);
  if (status !== undefined) return status >= 500;
  return ('code' in error && networkCodes.includes(error.code)) || isTransient(error.cause);
};

/** Runs a call to AWS. Throws `Unavailable` if the same call may succeed later. */
export const reach = async <T>(call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    if (isTransient(error)) throw new Unavailable(error instanceof Error ? error.name : 'unknown', { cause: error });
    throw error;
  }
};
