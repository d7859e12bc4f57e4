import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { setting } from '../../adapters/settings.ts';
import { TokenRefused, tokenVerifier } from '../../adapters/tokens/verify-token.ts';
import { kindOf, log } from '../edge/log.ts';

const verify = tokenVerifier(setting('TOKEN_ISSUER'), setting('TOKEN_AUDIENCE'));

const bearer = (request: APIGatewayRequestAuthorizerEvent): string | undefined => {
  const header = Object.entries(request.headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
};

/** Every method of this API and stage: what a caller may do there is decided by role and mission, not here. */
const wholeApi = (methodArn: string): string => `${methodArn.split('/').slice(0, 2).join('/')}/*`;

/** Lets a request in if its bearer token is good, and tells the functions which organisation calls. */
export const handler = async (request: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
  const token = bearer(request);
  // API Gateway answers 401 to exactly this error.
  if (token === undefined) throw new Error('Unauthorized');
  try {
    const { organisation, parent, client, scope } = await verify(token);
    return {
      principalId: organisation,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: wholeApi(request.methodArn) }],
      },
      context: { organisation, parent, client, scope },
    };
  } catch (error) {
    if (error instanceof TokenRefused) {
      log('info', 'TOKEN_REFUSED', kindOf(error));
      throw new Error('Unauthorized', { cause: error });
    }
    log('error', 'ISSUER_UNREACHABLE', kindOf(error));
    throw error;
  }
};
