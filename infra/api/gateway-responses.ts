import { type CfnCondition, Fn } from 'aws-cdk-lib';
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { type FaultCode, faults, operationOutcome, retryAfterOf } from '../../schemas/faults.ts';

interface GatewayFault {
  readonly type: ResponseType;
  readonly fault: FaultCode;
  /** Absent: the fault's own. `as-is`: the status that API Gateway chose, for the types that cover several. */
  readonly status?: number | 'as-is';
  /** Seconds for `Retry-After`. Absent: the fault's own, if it has one. */
  readonly retryAfter?: number;
  /** Adds `WWW-Authenticate`. */
  readonly challenges?: true;
}

const gatewayFaults: readonly GatewayFault[] = [
  { type: ResponseType.UNAUTHORIZED, fault: 'unauthenticated', challenges: true },
  { type: ResponseType.ACCESS_DENIED, fault: 'unknown-caller' },
  // API Gateway's name for "no such route".
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, fault: 'unknown-address' },
  { type: ResponseType.REQUEST_TOO_LARGE, fault: 'too-large' },
  { type: ResponseType.THROTTLED, fault: 'too-many-requests' },
  // The firewall refuses by rate only. It also counts what it refuses, over a minute, and evaluates every few seconds.
  { type: ResponseType.WAF_FILTERED, fault: 'too-many-requests', retryAfter: 15 },
  { type: ResponseType.AUTHORIZER_FAILURE, fault: 'identity-unavailable' },
  { type: ResponseType.INTEGRATION_FAILURE, fault: 'internal', status: 502, retryAfter: 2 },
  { type: ResponseType.INTEGRATION_TIMEOUT, fault: 'timeout' },
  { type: ResponseType.DEFAULT_4XX, fault: 'bad-request', status: 'as-is' },
  { type: ResponseType.DEFAULT_5XX, fault: 'internal', status: 'as-is', retryAfter: 2 },
];

/** RFC 9449, 7.1. Algorithms of HelseID's security profile. */
const dpopChallenge = 'DPoP algs="ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512"';

/** As in the hub's own answers, without the caller's correlation id: API Gateway cannot check that it holds no person's number. */
const headersOfAll = {
  'Content-Type': "'application/fhir+json'",
  'Cache-Control': "'no-store'",
  'X-Content-Type-Options': "'nosniff'",
  'X-Correlation-Id': 'context.requestId',
  'X-Request-Id': 'context.requestId',
};

/** Makes API Gateway's own answers FHIR, from the same catalogue of faults as the hub's refusals. */
export const addGatewayResponses = (api: RestApi, bearerIsAccepted: CfnCondition): void => {
  const challenge = Fn.conditionIf(
    bearerIsAccepted.logicalId,
    `'${dpopChallenge}, Bearer'`,
    `'${dpopChallenge}'`,
  ).toString();
  for (const { type, fault, status, retryAfter = retryAfterOf(fault), challenges } of gatewayFaults) {
    const responseHeaders = {
      ...headersOfAll,
      ...(challenges === undefined ? {} : { 'WWW-Authenticate': challenge }),
      ...(retryAfter === undefined ? {} : { 'Retry-After': `'${retryAfter}'` }),
    };
    api.addGatewayResponse(type.responseType, {
      type,
      ...(status === 'as-is' ? {} : { statusCode: String(status ?? faults[fault].status) }),
      responseHeaders,
      // API Gateway fills in the request id, which is also in its logs and in those of the functions.
      templates: { 'application/json': JSON.stringify(operationOutcome([{ code: fault }], '$context.requestId')) },
    });
  }
};
