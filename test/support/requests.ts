import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { publishedTypes } from '../../schemas/published-types.ts';
import { scopes } from '../../schemas/scopes.ts';

/** Requests as API Gateway hands them to a function, after the authorizer has let them in. */

export interface Calling {
  /** Organisation numbers as the token says them. */
  readonly parent: string;
  readonly supplier?: string;
  readonly client?: string;
  /** Scopes of the hub; all of them if nothing is said. */
  readonly scope?: string;
}

export interface Asking {
  readonly method?: string;
  /** Below `/fhir/`: `Task/…`, `ServiceRequest/…/$history`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const anonymous = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp: '127.0.0.1',
  user: null,
  userAgent: null,
  userArn: null,
};

let count = 0;

const open: readonly string[] = [...publishedTypes, 'metadata'];

/** The route of the template that a path falls into. */
export const resourceOf = (path: string): string => {
  const [type = '', id, operation] = path.split('/');
  const first = type === 'Subscription' || open.includes(type) ? type : '{type}';
  const parts = [first, ...(id === undefined ? [] : ['{id}']), ...(operation === undefined ? [] : ['{operation}'])];
  return ['/fhir', ...parts].join('/');
};

export const requestOf = (
  { parent, supplier, client = 'test', scope = Object.keys(scopes).join(' ') }: Calling,
  { method = 'GET', path, query, headers = {}, body }: Asking,
): APIGatewayProxyEvent => {
  const [type = '', id, operation] = path.split('/');
  const resource = resourceOf(path);
  count += 1;
  return {
    body: body ?? null,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/fhir+json' }), ...headers },
    multiValueHeaders: {},
    httpMethod: method,
    isBase64Encoded: false,
    path: `/fhir/${path}`,
    pathParameters: {
      ...(resource.includes('{type}') ? { type } : {}),
      ...(id === undefined ? {} : { id }),
      ...(operation === undefined ? {} : { operation }),
    },
    queryStringParameters: query ?? null,
    multiValueQueryStringParameters:
      query === undefined ? null : Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    stageVariables: null,
    resource,
    requestContext: {
      accountId: '0',
      apiId: 'a',
      protocol: 'HTTP/1.1',
      httpMethod: method,
      path: `/fhir/${path}`,
      stage: 'live',
      requestId: `request-${count}`,
      requestTimeEpoch: 0,
      resourceId: 'r',
      resourcePath: resource,
      authorizer: { parent, client, scope, audience: 'test', ...(supplier === undefined ? {} : { supplier }) },
      identity: anonymous,
    },
  };
};

export const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'test',
  functionVersion: '1',
  invokedFunctionArn: 'arn',
  memoryLimitInMB: '1024',
  awsRequestId: 'test',
  logGroupName: 'g',
  logStreamName: 's',
  getRemainingTimeInMillis: () => 30_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};

/** A function behind the API, called as API Gateway would. */
export type ApiHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

export const ask = (handler: ApiHandler, calling: Calling, asking: Asking): Promise<APIGatewayProxyResult> =>
  handler(requestOf(calling, asking), context);
