import { z } from 'zod';
import type { Answer } from '../../adapters/http/proxy-events.ts';
import type { Stack } from '../aws/stack.ts';

/** API Gateway's own answers, with the contents that the stack defines. */

/** A fixed text in quotes, or the id of the request; the host supports nothing else of API Gateway's mappings. */
const mappingSchema = z
  .string()
  .regex(
    /^(?:'.*'|context\.requestId)$/,
    'must be a text in single quotes or context.requestId: the embedded host fills in nothing else',
  )
  .transform((given) => (given === 'context.requestId' ? {} : { fixed: given.slice(1, -1) }));

const gatewayResponseSchema = z.strictObject({
  ResponseType: z.string(),
  RestApiId: z.string(),
  StatusCode: z.string().optional(),
  ResponseParameters: z.record(z.string().startsWith('gatewayresponse.header.'), mappingSchema).default({}),
  ResponseTemplates: z.record(z.string(), z.string()).default({}),
});
type GatewayResponse = z.output<typeof gatewayResponseSchema>;

/** The types that the host answers, each with its default status. */
const statuses = {
  ACCESS_DENIED: 403,
  AUTHORIZER_CONFIGURATION_ERROR: 500,
  AUTHORIZER_FAILURE: 500,
  BAD_REQUEST_PARAMETERS: 400,
  // 504 in AWS's reference; API Gateway answers 502 for a Lambda function that fails.
  INTEGRATION_FAILURE: 502,
  INTEGRATION_TIMEOUT: 504,
  INVALID_SIGNATURE: 403,
  MISSING_AUTHENTICATION_TOKEN: 403,
  REQUEST_TOO_LARGE: 413,
  UNAUTHORIZED: 401,
} as const;
export type GatewayResponseType = keyof typeof statuses;

export interface GatewayResponses {
  readonly answer: (type: GatewayResponseType, requestId: string) => Answer;
}

export const createGatewayResponses = (stack: Stack): GatewayResponses => {
  const defined = new Map<string, GatewayResponse>(
    stack
      .resources('AWS::ApiGateway::GatewayResponse', gatewayResponseSchema)
      .map(({ properties }) => [properties.ResponseType, properties]),
  );
  return {
    answer: (type, requestId) => {
      const status = statuses[type];
      const own = defined.get(type) ?? defined.get(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
      const [template] = Object.entries(own?.ResponseTemplates ?? {});
      const [contentType, body] = template ?? ['application/json', '{"message":$context.error.messageString}'];
      const headers = new Map([
        ['content-type', contentType],
        ['x-amzn-errortype', type],
      ]);
      for (const [parameter, { fixed = requestId }] of Object.entries(own?.ResponseParameters ?? {}))
        headers.set(parameter.replace('gatewayresponse.header.', '').toLowerCase(), fixed);
      return {
        status: own?.StatusCode === undefined ? status : Number(own.StatusCode),
        headers: [...headers],
        body: fillIn(body, {
          '$context.requestId': requestId,
          '$context.error.messageString': JSON.stringify(type),
          '$context.error.responseType': type,
        }),
      };
    },
  };
};

const fillIn = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\$context(?:\.[A-Za-z]+)+/g, (variable) => values[variable] ?? '');
