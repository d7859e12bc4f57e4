import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { z } from 'zod';
import type { Functions } from '../aws/functions.ts';
import type { GatewayResponseType } from './gateway-responses.ts';
import { allows, statementShape } from '../aws/policy.ts';
import { functionArnOf } from './routes.ts';
import type { Stack } from '../aws/stack.ts';

/** Lambda authorizers of type REQUEST, called for every request. */

const authorizerSchema = z.strictObject({
  Type: z.literal('REQUEST'),
  AuthorizerUri: z.string(),
  AuthorizerResultTtlInSeconds: z.literal(0, 'decisions are not cached here'),
  IdentitySource: z.string().optional(),
  Name: z.unknown(),
  RestApiId: z.string(),
});

const decisionSchema = z.object({
  principalId: z.string(),
  policyDocument: z.object({ Statement: z.array(z.object(statementShape)) }),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

type Authorized =
  | { readonly outcome: 'allowed'; readonly context: Readonly<Record<string, string>> }
  | { readonly outcome: 'refused'; readonly type: GatewayResponseType };

export type Authorizers = (authorizerId: string, event: APIGatewayRequestAuthorizerEvent) => Promise<Authorized>;

export const createAuthorizers = (stack: Stack, functions: Functions): Authorizers => {
  const authorizers = new Map(
    stack.resources('AWS::ApiGateway::Authorizer', authorizerSchema).map(({ ref, properties }) => [
      ref,
      {
        fn: functions.byArn(functionArnOf(properties.AuthorizerUri)),
        headers: identityHeaders(properties.IdentitySource),
      },
    ]),
  );
  return async (authorizerId, event) => {
    const authorizer = authorizers.get(authorizerId);
    if (authorizer === undefined) return refused('AUTHORIZER_CONFIGURATION_ERROR');
    const sent = new Set(
      Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
        value === undefined || value === '' ? [] : [name.toLowerCase()],
      ),
    );
    if (!authorizer.headers.every((header) => sent.has(header))) return refused('UNAUTHORIZED');

    const invoked = await authorizer.fn.invoke(event);
    if (invoked.outcome === 'failed')
      return refused(invoked.errorMessage === 'Unauthorized' ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE');
    const decision = decisionSchema.safeParse(JSON.parse(invoked.payload));
    if (!decision.success) return refused('AUTHORIZER_CONFIGURATION_ERROR');
    if (!allows(decision.data.policyDocument.Statement, 'execute-api:Invoke', event.methodArn))
      return refused('ACCESS_DENIED');

    const context = Object.entries(decision.data.context ?? {}).flatMap(([key, value]) =>
      value === null ? [] : [[key, String(value)] as const],
    );
    return { outcome: 'allowed', context: { ...Object.fromEntries(context), principalId: decision.data.principalId } };
  };
};

const refused = (type: GatewayResponseType): Authorized => ({ outcome: 'refused', type });

const identityHeaders = (source = ''): readonly string[] =>
  source
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, header] = /^method\.request\.header\.(.+)$/.exec(part) ?? [];
      if (header === undefined) throw new Error(`The embedded host does not know the identity source ${part}.`);
      return header.toLowerCase();
    });
