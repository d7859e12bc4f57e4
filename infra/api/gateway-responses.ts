import { type CfnCondition, Fn } from 'aws-cdk-lib';
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { dpopChallenge, gatewayFaults } from '../../schemas/api/gateway-faults.ts';
import { faults, operationOutcome, retryAfterOf } from '../../schemas/faults.ts';

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
  for (const [name, given] of Object.entries(gatewayFaults)) {
    if ('never' in given) continue;
    const { fault, status, retryAfter = retryAfterOf(fault), challenges } = given;
    const responseHeaders = {
      ...headersOfAll,
      ...(challenges === undefined ? {} : { 'WWW-Authenticate': challenge }),
      ...(retryAfter === undefined ? {} : { 'Retry-After': `'${retryAfter}'` }),
    };
    api.addGatewayResponse(name, {
      type: ResponseType.of(name),
      ...(status === 'as-is' ? {} : { statusCode: String(status ?? faults[fault].status) }),
      responseHeaders,
      // API Gateway fills in the request id, which is also in its logs and in those of the functions.
      templates: { 'application/json': JSON.stringify(operationOutcome([{ code: fault }], '$context.requestId')) },
    });
  }
};
