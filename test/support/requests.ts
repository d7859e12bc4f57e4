import type {
  APIGatewayProxyEvent,
  APIGatewayProxyResult,
  APIGatewayRequestAuthorizerEvent,
  Context,
} from 'aws-lambda';
import { authorizerEvent, proxyEvent } from '../../adapters/http/proxy-events.ts';
import { defined } from '../../schemas/defined.ts';
import { publishedTypes } from '../../schemas/published/types.ts';
import { scopes } from '../../schemas/scopes.ts';

/** Requests as API Gateway sends them to a function, after the authorizer has accepted them. */

/** The claims that the authorizer read in the token. */
export interface Calling {
  /** Organisation number of the legal entity. */
  readonly parent: string;
  readonly supplier?: string;
  readonly client?: string;
  /** Scopes of the hub; without it, all of them. */
  readonly scope?: string;
  /** Seconds to wait, if the client is over its rate limit. */
  readonly limited?: string;
}

export interface Asking {
  readonly method?: string;
  /** Below `/fhir/`: `Task/…`, `ServiceRequest/…/$history`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const gateway = { apiId: 'a', accountId: '0', region: 'eu-north-1', stage: 'live', resourceId: 'r' };
const connection = { sourceIp: '127.0.0.1', host: 'hub.example' };

let count = 0;

const open: readonly string[] = [...publishedTypes, 'metadata', 'check-token'];

/** The route of the template that a path falls into. */
export const resourceOf = (path: string): string => {
  const [type = '', id, operation, version] = path.split('/');
  const first = type === 'Subscription' || open.includes(type) ? type : '{type}';
  // A route of its own, except below `Subscription/{id}`.
  const second = id === '_search' && first !== 'Subscription' ? id : '{id}';
  const isHistory = operation === '_history' && first === '{type}';
  const third = isHistory ? [operation, ...(version === undefined ? [] : ['{version}'])] : ['{operation}'];
  const parts = [first, ...(id === undefined ? [] : [second]), ...(operation === undefined ? [] : third)];
  return ['/fhir', ...parts].join('/');
};

export const requestOf = (
  { parent, supplier, client = 'test', scope = Object.keys(scopes).join(' '), limited }: Calling,
  { method = 'GET', path, query, headers = {}, body }: Asking,
): APIGatewayProxyEvent => {
  const [type = '', id, operation, version] = path.split('/');
  const resourcePath = resourceOf(path);
  count += 1;
  return proxyEvent(
    {
      ...connection,
      requestId: `request-${count}`,
      receivedAt: new Date(),
      httpMethod: method,
      path: `/fhir/${path}`,
      query: new URLSearchParams(query),
      rawHeaders: [
        ...(body === undefined || Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
          ? []
          : ['Content-Type', 'application/fhir+json']),
        ...Object.entries(headers).flat(),
      ],
      body: Buffer.from(body ?? ''),
      isBinary: false,
    },
    {
      ...gateway,
      resourcePath,
      pathParameters: {
        ...(resourcePath.includes('{type}') ? { type } : {}),
        ...defined({
          id: resourcePath.includes('{id}') ? id : undefined,
          operation: resourcePath.includes('{operation}') ? operation : undefined,
          version: resourcePath.includes('{version}') ? version : undefined,
        }),
      },
    },
    { parent, client, scope, audience: 'test', ...defined({ supplier, limited }) },
  );
};

/** A request as API Gateway sends it to the authorizer. */
export const authorizerRequest = (
  method: string,
  path: string,
  rawHeaders: readonly string[],
): APIGatewayRequestAuthorizerEvent =>
  authorizerEvent(
    {
      ...connection,
      requestId: 'request',
      receivedAt: new Date(),
      httpMethod: method,
      path,
      query: new URLSearchParams(),
      rawHeaders,
      body: Buffer.alloc(0),
      isBinary: true,
    },
    { ...gateway, resourcePath: '/fhir/{type}', pathParameters: { type: path.slice(path.lastIndexOf('/') + 1) } },
  );

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
