import type { Answer } from '../adapters/http/proxy-events.ts';
import { dpopChallenge, gatewayFaults } from '../schemas/api/gateway-faults.ts';
import { faults, operationOutcome, retryAfterOf } from '../schemas/faults.ts';

/** What the API answers by itself, in the same form as API Gateway does. */

export type OwnAnswer =
  | 'ACCESS_DENIED'
  | 'AUTHORIZER_FAILURE'
  | 'BAD_REQUEST_PARAMETERS'
  | 'INTEGRATION_FAILURE'
  | 'INTEGRATION_TIMEOUT'
  | 'MISSING_AUTHENTICATION_TOKEN'
  | 'REQUEST_TOO_LARGE'
  | 'UNAUTHORIZED';

export const ownAnswer = (
  type: OwnAnswer,
  requestId: string,
  { bearerIsAccepted }: { readonly bearerIsAccepted: boolean },
): Answer => {
  const given = gatewayFaults[type];
  if (given === undefined || 'never' in given) throw new Error(`the API does not answer ${type}`);
  const { fault, status, retryAfter = retryAfterOf(fault), challenges } = given;
  return {
    status: typeof status === 'number' ? status : faults[fault].status,
    headers: [
      ['content-type', 'application/fhir+json'],
      ['cache-control', 'no-store'],
      ['x-content-type-options', 'nosniff'],
      ['x-correlation-id', requestId],
      ['x-request-id', requestId],
      ...(challenges === undefined
        ? []
        : ([['www-authenticate', bearerIsAccepted ? `${dpopChallenge}, Bearer` : dpopChallenge]] as const)),
      ...(retryAfter === undefined ? [] : ([['retry-after', String(retryAfter)]] as const)),
    ],
    body: JSON.stringify(operationOutcome([{ code: fault }], requestId)),
  };
};
