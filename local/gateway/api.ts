import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { z } from 'zod';
import { createAuthorizers } from './authorizer.ts';
import type { HostedFunction } from '../aws/function-pool.ts';
import type { Functions } from '../aws/functions.ts';
import { createGatewayResponses } from './gateway-responses.ts';
import type { Log } from '../log.ts';
import {
  type Answer,
  authorizerEvent,
  proxyAnswer,
  proxyEvent,
  type Received,
  type Target,
} from '../../adapters/http/proxy-events.ts';
import { createRoutes } from './routes.ts';
import { afterRunning } from '../aws/running-time.ts';
import type { Stack } from '../aws/stack.ts';

/** The stack's REST API: turns a request into an event for a function, and the function's result into the response. */

const restApiSchema = z.strictObject({
  Name: z.string(),
  Description: z.unknown().optional(),
  BinaryMediaTypes: z.array(z.literal('*/*')).optional(),
  // The host has one address.
  EndpointConfiguration: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

const stageSchema = z.strictObject({
  StageName: z.string(),
  RestApiId: z.string(),
  DeploymentId: z.unknown(),
  // Throttling protects an account from its partners; here tests send fast.
  MethodSettings: z.unknown().optional(),
  // The functions' log lines about requests are in the log of the host.
  AccessLogSetting: z.unknown().optional(),
  TracingEnabled: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

// API Gateway's and Lambda's limits.
const largestBody = 10 * 1024 * 1024;
const largestPayload = 6 * 1024 * 1024;

interface ApiSettings {
  readonly stack: Stack;
  readonly functions: Functions;
  readonly log: Log;
}

export const createApi = ({ stack, functions, log }: ApiSettings): RequestListener => {
  const gateway = createGatewayResponses(stack);
  const authorize = createAuthorizers(stack, functions);
  const [api, ...otherApis] = stack.resources('AWS::ApiGateway::RestApi', restApiSchema);
  const [stage, ...otherStages] = stack.resources('AWS::ApiGateway::Stage', stageSchema);
  if (api === undefined || stage === undefined || otherApis.length + otherStages.length > 0)
    throw new Error('The embedded host serves one REST API with one stage.');
  const routes = createRoutes(stack, api.ref);

  const answer = async (request: IncomingMessage, requestId: string): Promise<Answer> => {
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    const parts = url === null ? undefined : decodedParts(url.pathname);
    if (url === null || parts === undefined) return gateway.answer('BAD_REQUEST_PARAMETERS', requestId);

    const httpMethod = request.method ?? 'GET';
    const route = routes.match(httpMethod, parts);
    // Where there is no such route, API Gateway takes every `Authorization` header for a signature of AWS.
    if (route?.method === undefined)
      return gateway.answer(
        request.headers.authorization === undefined ? 'MISSING_AUTHENTICATION_TOKEN' : 'INVALID_SIGNATURE',
        requestId,
      );
    const { method } = route;

    const body = await readBody(request);
    if (body === undefined) return gateway.answer('REQUEST_TOO_LARGE', requestId);

    const received: Received = {
      requestId,
      receivedAt: new Date(),
      httpMethod,
      path: url.pathname,
      query: url.searchParams,
      rawHeaders: request.rawHeaders,
      sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
      host: request.headers.host ?? 'localhost',
      body,
      isBinary: api.properties.BinaryMediaTypes !== undefined,
    };
    const target: Target = {
      apiId: api.ref,
      accountId: stack.accountId,
      region: stack.region,
      stage: stage.ref,
      ...route,
    };

    let authorizer: Readonly<Record<string, string>> = {};
    if (method.authorizerId !== undefined) {
      const authorized = await authorize(method.authorizerId, authorizerEvent(received, target));
      if (authorized.outcome === 'refused') return gateway.answer(authorized.type, requestId);
      authorizer = authorized.context;
    }

    const event = proxyEvent(received, target, authorizer);
    if (Buffer.byteLength(JSON.stringify(event)) > largestPayload)
      return gateway.answer('REQUEST_TOO_LARGE', requestId);

    const invoked = await within(method.timeoutMilliseconds, functions.byArn(method.functionArn), event);
    if (invoked === undefined) return gateway.answer('INTEGRATION_TIMEOUT', requestId);
    if (invoked.outcome === 'failed' || Buffer.byteLength(invoked.payload) > largestPayload)
      return gateway.answer('INTEGRATION_FAILURE', requestId);
    const proxied = proxyAnswer(JSON.parse(invoked.payload));
    if (proxied === undefined) {
      log.event(
        'ERROR',
        `The function for ${httpMethod} ${route.resourcePath} did not answer as a proxy integration must`,
        { requestId },
      );
      return gateway.answer('INTEGRATION_FAILURE', requestId);
    }
    return proxied;
  };

  return (request, response) => {
    const requestId = randomUUID();
    answer(request, requestId)
      .catch((error: unknown) => {
        // The caller closed the connection: there is nobody to answer.
        if (error === request.errored)
          log.event('INFO', 'The caller disconnected before its request was complete', { requestId });
        else log.event('ERROR', 'The embedded host failed', { requestId, error: String(error) });
        return gateway.answer('INTEGRATION_FAILURE', requestId);
      })
      .then((given) => respond(request, response, given, requestId))
      .catch((error: unknown) => {
        log.event('WARN', 'The answer could not be sent', { requestId, error: String(error) });
        response.destroy();
      });
  };
};

const decodedParts = (pathname: string): readonly string[] | undefined => {
  try {
    const parts = pathname.split('/').slice(1).map(decodeURIComponent);
    return parts.at(-1) === '' ? parts.slice(0, -1) : parts;
  } catch {
    return undefined;
  }
};

/** The body, or `undefined` if it is larger than API Gateway accepts. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** The result, or `undefined` if it is late: an event that no instance has started by then is dropped. */
const within = async (milliseconds: number, fn: HostedFunction, event: unknown) => {
  const givenUp = new AbortController();
  const late = Promise.withResolvers<undefined>();
  const inTime = afterRunning(milliseconds, () => {
    givenUp.abort();
    late.resolve(undefined);
  });
  try {
    return await Promise.race([fn.invoke(event, givenUp.signal), late.promise]);
  } finally {
    inTime();
  }
};

const respond = (
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  requestId: string,
): void => {
  response.statusCode = status;
  for (const [name, value] of headers) response.appendHeader(name, value);
  response.setHeader('x-amzn-requestid', requestId);
  response.setHeader('content-length', Buffer.byteLength(body));
  if (!request.complete) {
    // The rest of a body that is too large has not arrived yet.
    response.setHeader('connection', 'close');
    request.resume();
  }
  response.end(body);
};
