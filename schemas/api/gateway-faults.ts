import type { FaultCode } from '../faults.ts';

/** What the API answers by itself, before or instead of a function. */

interface GatewayFault {
  readonly fault: FaultCode;
  /** Absent: the fault's own. `as-is`: the status that API Gateway chose, for the types that cover several. */
  readonly status?: number | 'as-is';
  /** Seconds for `Retry-After`. Absent: the fault's own, if it has one. */
  readonly retryAfter?: number;
  /** Adds `WWW-Authenticate`. */
  readonly challenges?: true;
}

/** A type that this API cannot answer, and why: its default covers it. */
interface Never {
  readonly never: string;
}

/** No method uses IAM, so a signature is only looked at where there is no such route. */
const noSuchRoute: GatewayFault = { fault: 'unknown-address' };

/** Every type of answer that API Gateway gives by itself; a test compares the names with those that CDK knows. */
export const gatewayFaults: Readonly<Record<string, GatewayFault | Never>> = {
  UNAUTHORIZED: { fault: 'unauthenticated', challenges: true },
  // The authorizer, or the policy of a private API.
  ACCESS_DENIED: { fault: 'unknown-caller' },
  // API Gateway's name for "no such route".
  MISSING_AUTHENTICATION_TOKEN: noSuchRoute,
  // The same if the request has an `Authorization` header that is no AWS signature: a token.
  INVALID_SIGNATURE: noSuchRoute,
  EXPIRED_TOKEN: noSuchRoute,
  RESOURCE_NOT_FOUND: noSuchRoute,
  BAD_REQUEST_PARAMETERS: { fault: 'bad-request' },
  REQUEST_TOO_LARGE: { fault: 'too-large' },
  THROTTLED: { fault: 'too-many-requests' },
  // The firewall refuses by rate only. It also counts what it refuses, over a minute, and evaluates every few seconds.
  WAF_FILTERED: { fault: 'too-many-requests', retryAfter: 15 },
  AUTHORIZER_FAILURE: { fault: 'identity-unavailable' },
  // The authorizer cannot be called: it is throttled, or does not start.
  AUTHORIZER_CONFIGURATION_ERROR: { fault: 'identity-unavailable' },
  INTEGRATION_FAILURE: { fault: 'internal', status: 502, retryAfter: 2 },
  INTEGRATION_TIMEOUT: { fault: 'timeout' },
  API_CONFIGURATION_ERROR: { fault: 'internal', retryAfter: 2 },
  DEFAULT_4XX: { fault: 'bad-request', status: 'as-is' },
  DEFAULT_5XX: { fault: 'internal', status: 'as-is', retryAfter: 2 },
  BAD_REQUEST_BODY: { never: 'the functions validate bodies' },
  UNSUPPORTED_MEDIA_TYPE: { never: 'the functions get every media type' },
  INVALID_API_KEY: { never: 'no method asks for an API key' },
  QUOTA_EXCEEDED: { never: 'there is no usage plan' },
};

/** RFC 9449, 7.1. Algorithms of HelseID's security profile. */
export const dpopChallenge = 'DPoP algs="ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512"';
