import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  type Answer,
  authorizerEvent,
  proxyAnswer,
  proxyEvent,
  type Received,
  type Target,
} from '../adapters/http/proxy-events.ts';
import { type OwnAnswer, ownAnswer } from './own-answers.ts';
import { type FoundRoute, routeOf } from './routes.ts';
import type { wireHub } from './wiring.ts';

/** The API of a standalone hub: a request becomes the event that the function of its route gets from API Gateway. */

type Handlers = Pick<ReturnType<typeof wireHub>, 'authorize' | 'answering'>;

/** Bytes of a body, and of an answer: API Gateway's and Lambda's. */
const largestBody = 10 * 1024 * 1024;
const largestPayload = 6 * 1024 * 1024;

/** Milliseconds for a request; a function answers 504 by itself half a second earlier. */
const requestMilliseconds = 10_000;

/** What the events have of an API that is none of AWS. */
const standalone = { apiId: 'standalone', accountId: '', region: '', stage: 'hub', resourceId: '' };

/** What a function reads of its context. */
const contextOf = (functionName: string, requestId: string) => {
  const end = performance.now() + requestMilliseconds;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '',
    invokedFunctionArn: '',
    memoryLimitInMB: '',
    awsRequestId: requestId,
    logGroupName: '',
    logStreamName: '',
    getRemainingTimeInMillis: () => Math.max(0, end - performance.now()),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
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

/** The body, or nothing if it is too large. */
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

export const createApi = (
  { authorize, answering }: Handlers,
  options: { readonly bearerIsAccepted: boolean },
): RequestListener => {
  /** The context of a request whose token is good, or what the API answers. */
  const authorized = async (
    received: Received,
    target: Target,
  ): Promise<Readonly<Record<string, string>> | Extract<OwnAnswer, 'UNAUTHORIZED' | 'AUTHORIZER_FAILURE'>> => {
    const names = received.rawHeaders.filter((_text, index) => index % 2 === 0);
    if (!names.some((name) => name.toLowerCase() === 'authorization')) return 'UNAUTHORIZED';
    try {
      const { context = {}, principalId } = await authorize(authorizerEvent(received, target));
      const claims = Object.entries(context ?? {}).flatMap(([name, value]) =>
        value === null || value === undefined ? [] : [[name, String(value)] as const],
      );
      return { ...Object.fromEntries(claims), principalId };
    } catch (error) {
      return error instanceof Error && error.message === 'Unauthorized' ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE';
    }
  };

  const answerOf = async (
    route: FoundRoute,
    received: Received,
    target: Target,
    requestId: string,
  ): Promise<Answer | OwnAnswer> => {
    const claims = route.isOpen ? {} : await authorized(received, target);
    if (typeof claims === 'string') return claims;
    const given = await answering[route.to](proxyEvent(received, target, claims), contextOf(route.to, requestId));
    const answer = proxyAnswer(given);
    return answer === undefined || Buffer.byteLength(answer.body) > largestPayload ? 'INTEGRATION_FAILURE' : answer;
  };

  const handle = async (request: IncomingMessage, requestId: string): Promise<Answer | OwnAnswer> => {
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    const parts = url === null ? undefined : decodedParts(url.pathname);
    if (url === null || parts === undefined) return 'BAD_REQUEST_PARAMETERS';
    const httpMethod = request.method ?? 'GET';
    const route = routeOf(httpMethod, parts);
    if (route === undefined) return 'MISSING_AUTHENTICATION_TOKEN';
    const body = await readBody(request);
    if (body === undefined) return 'REQUEST_TOO_LARGE';
    const received: Received = {
      requestId,
      receivedAt: new Date(),
      httpMethod,
      path: url.pathname,
      query: url.searchParams,
      rawHeaders: request.rawHeaders,
      sourceIp: request.socket.remoteAddress ?? '',
      host: request.headers.host ?? 'localhost',
      body,
      isBinary: true,
    };
    const target: Target = { ...standalone, resourcePath: route.path, pathParameters: route.pathParameters };
    return answerOf(route, received, target, requestId);
  };

  return (request, response) => {
    const requestId = randomUUID();
    handle(request, requestId)
      .catch((): OwnAnswer => 'INTEGRATION_FAILURE')
      .then((given) =>
        respond(request, response, typeof given === 'string' ? ownAnswer(given, requestId, options) : given, requestId),
      )
      .catch(() => response.destroy());
  };
};
