import middy from '@middy/core';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { type FaultCode, type Refusal, refuse } from '../../../schemas/faults.ts';
import type { LogMessageName } from '../../../schemas/telemetry/log-messages.ts';
import { correlationOf } from './correlation-id.ts';
import { kindOf, log, loggedAs } from '../telemetry/log.ts';
import { type Request, claim } from './request.ts';
import { type Answer, answerRefusal, tooManyRequests } from './response.ts';
import { type Honoured, unlessKnown, unsupportedOption } from './conditions.ts';
import { notAcceptable } from './content-negotiation.ts';

/** The refusal of a client over its rate limit: the authorizer counts, but cannot answer 429. */
const overRateLimit = (request: Request): Refusal | undefined => {
  const seconds = claim(request, 'limited');
  return seconds === undefined
    ? undefined
    : tooManyRequests('made as many requests as it may in this window', Number(seconds));
};

/** The faults for errors inside the hub, each with its log message. That the hub is closed is known, and not logged. */
const failures = {
  closed: undefined,
  'storage-unavailable': 'STORAGE_UNAVAILABLE',
  timeout: 'TOO_LATE',
  internal: 'UNEXPECTED',
} as const satisfies Partial<Record<FaultCode, LogMessageName | undefined>>;

const faultOf = (error: unknown): keyof typeof failures => {
  if (error instanceof HubClosed) return 'closed';
  if (error instanceof Unavailable) return 'storage-unavailable';
  // middy throws this shortly before the function's time is over.
  return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'internal';
};

/** Adds what every answer has: the correlation id, the hub's own id of the request, and that no browser may guess its type. */
const complete = (request: Request, response: Answer): Answer => {
  response.headers = {
    ...response.headers,
    'x-correlation-id': correlationOf(request),
    'x-request-id': request.requestContext.requestId,
    'x-content-type-options': 'nosniff',
  };
  // HEAD: the headers of the read, without its body (RFC 9110, 9.3.2).
  if (request.httpMethod === 'HEAD') response.body = '';
  return response;
};

/** Milliseconds before its timeout at which a function answers 504. If Lambda stopped it, nothing would be logged, and API Gateway would answer 502. */
const timeoutEarlyInMillis = 500;

/** The handler, with the fields of its request on every line that it logs. */
const withRequestFields =
  <Rest extends readonly unknown[], Result>(handle: (event: Request, ...rest: Rest) => Result) =>
  (event: Request, ...rest: Rest): Result =>
    loggedAs(
      {
        correlationId: correlationOf(event),
        requestId: event.requestContext.requestId,
        route: `${event.httpMethod} ${event.resource}`,
      },
      () => handle(event, ...rest),
    );

/**
 * Wraps the handler of a function behind the API: correlation id, rate limit, content negotiation, conditions, failures as
 * `OperationOutcome`. `handle` returns an answer or a refusal. An error that it throws becomes 503, 504 or 500, without details.
 * `HEAD` reaches it as `GET`. `honours`: the conditions of a change that it acts on; others are refused.
 */
export const fhirHandler = (
  handle: (request: Request, correlationId: string) => Promise<Answer | Refusal>,
  { honours = () => [] }: { readonly honours?: (request: Request) => readonly Honoured[] } = {},
) =>
  withRequestFields(
    middy<Request, Answer>({ timeoutEarlyInMillis })
      .onError((failed) => {
        const { error, event } = failed;
        const code = faultOf(error);
        const failure = failures[code];
        if (failure !== undefined) log(failure, kindOf(error));
        const elsewhere = error instanceof HubClosed ? error.elsewhere : undefined;
        failed.response = complete(event, answerRefusal(refuse(code, undefined, elsewhere), correlationOf(event)));
      })
      .after(({ event, response }) => {
        if (response !== null && response !== undefined) complete(event, response);
      })
      .handler(async (event) => {
        const correlationId = correlationOf(event);
        const request = event.httpMethod === 'HEAD' ? { ...event, httpMethod: 'GET' } : event;
        const result =
          overRateLimit(event) ??
          notAcceptable(request) ??
          unsupportedOption(request, honours(request)) ??
          (await handle(request, correlationId));
        return 'outcome' in result ? answerRefusal(result, correlationId) : unlessKnown(request, result);
      }),
  );
