import type { APIGatewayProxyEvent, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { z } from 'zod';

/** Converts between HTTP and the events and results of a Lambda function behind a REST API. */

/** An answer as it goes to the caller. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Buffer;
}

export interface Received {
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly httpMethod: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly rawHeaders: readonly string[];
  readonly sourceIp: string;
  readonly host: string;
  readonly body: Buffer;
  /** The API accepts bodies as bytes: they reach the function in base64. */
  readonly isBinary: boolean;
}

export interface Target {
  readonly apiId: string;
  readonly accountId: string;
  readonly region: string;
  readonly stage: string;
  readonly resourceId: string;
  readonly resourcePath: string;
  readonly pathParameters: Readonly<Record<string, string>>;
}

export const proxyEvent = (
  received: Received,
  target: Target,
  authorizer: Readonly<Record<string, string>>,
): APIGatewayProxyEvent => ({
  ...commonEvent(received, target),
  body: received.body.length === 0 ? null : received.body.toString(received.isBinary ? 'base64' : 'utf8'),
  isBase64Encoded: received.isBinary && received.body.length > 0,
  requestContext: { ...requestContext(received, target), authorizer: { ...authorizer } },
});

export const authorizerEvent = (received: Received, target: Target): APIGatewayRequestAuthorizerEvent => ({
  type: 'REQUEST',
  methodArn: `arn:aws:execute-api:${target.region}:${target.accountId}:${target.apiId}/${target.stage}/${received.httpMethod}${received.path}`,
  ...commonEvent(received, target),
  requestContext: { ...requestContext(received, target), authorizer: undefined },
});

const commonEvent = (
  { httpMethod, path, query, rawHeaders, sourceIp }: Received,
  { resourcePath, pathParameters }: Target,
) => {
  const multiValueHeaders = group([...pairs(rawHeaders), ['X-Forwarded-For', sourceIp], ['X-Forwarded-Proto', 'http']]);
  const multiValueQuery = group([...query]);
  return {
    resource: resourcePath,
    path,
    httpMethod,
    headers: lastOfEach(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: orNull(lastOfEach(multiValueQuery)),
    multiValueQueryStringParameters: orNull(multiValueQuery),
    pathParameters: orNull({ ...pathParameters }),
    stageVariables: null,
  };
};

const requestContext = (received: Received, { apiId, accountId, stage, resourceId, resourcePath }: Target) => ({
  accountId,
  apiId,
  protocol: 'HTTP/1.1',
  httpMethod: received.httpMethod,
  path: received.path,
  stage,
  domainName: received.host,
  requestId: received.requestId,
  extendedRequestId: received.requestId,
  requestTime: received.receivedAt.toUTCString(),
  requestTimeEpoch: received.receivedAt.getTime(),
  resourceId,
  resourcePath,
  identity: {
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
    sourceIp: received.sourceIp,
    user: null,
    userAgent: pairs(received.rawHeaders).find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? null,
    userArn: null,
  },
});

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const proxyResult = z.object({
  statusCode: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{3}$/)
        .transform(Number),
    ])
    .refine((status) => status >= 100 && status <= 599),
  headers: z.record(z.string(), scalar).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(scalar)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

// The server sets the headers of the connection.
const ofTheConnection = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);
// API Gateway renames these headers in responses.
const remapped = new Set(['date', 'server', 'www-authenticate']);

/** The function's answer, or `undefined` if it is not a valid answer of a proxy integration. */
export const proxyAnswer = (payload: unknown): Answer | undefined => {
  const parsed = proxyResult.safeParse(payload);
  if (!parsed.success) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = parsed.data;
  const several = new Map(
    Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name.toLowerCase(), values]),
  );
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!several.has(name.toLowerCase())) several.set(name.toLowerCase(), [value]);
  }
  if (!several.has('content-type')) several.set('content-type', ['application/json']);
  return {
    status: statusCode,
    headers: [...several]
      .filter(([name]) => !ofTheConnection.has(name))
      .flatMap(([name, values]) =>
        values.map((value) => [remapped.has(name) ? `x-amzn-remapped-${name}` : name, value] as const),
      ),
    body: isBase64Encoded === true ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
  };
};

type Pair = readonly [name: string, value: string];

const pairs = (rawHeaders: readonly string[]): readonly Pair[] =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : []));

/** Groups values by name. Names come from the caller and may be `__proto__` or `constructor`. */
const group = (all: readonly Pair[]): Record<string, string[]> =>
  Object.fromEntries(
    [...Map.groupBy(all, ([name]) => name)].map(([name, same]) => [name, same.map(([, value]) => value)]),
  );

const lastOfEach = (groups: Readonly<Record<string, readonly string[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1) ?? '']));

const orNull = <Value extends object>(value: Value): Value | null => (Object.keys(value).length === 0 ? null : value);
