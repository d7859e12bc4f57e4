import middy from '@middy/core';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { type FaultCode, type Refusal, refuse } from '../../../schemas/faults.ts';
import type { LogMessageName } from '../../../schemas/telemetry/log-messages.ts';
import { correlationOf } from './correlation-id.ts';
import { kindOf, log, logger } from '../telemetry/log.ts';
import { type Request, claim } from './request.ts';
import { type Answer, answerRefusal, tooManyRequests } from './response.ts';
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

/** Adds the correlation id, and the hub's own id of the request. */
const addIds = (request: Request, response: Answer): Answer => {
  response.headers = {
    ...response.headers,
    'x-correlation-id': correlationOf(request),
    'x-request-id': request.requestContext.requestId,
  };
  return response;
};

/** Milliseconds before its timeout at which a function answers 504. If Lambda stopped it, nothing would be logged, and API Gateway would answer 502. */
const timeoutEarlyInMillis = 500;

/**
 * Wraps the handler of a function behind the API: correlation id, rate limit, content negotiation, failures as
 * `OperationOutcome`. `handle` returns an answer or a refusal. An error that it throws becomes 503, 504 or 500, without details.
 */
export const fhirHandler = (handle: (request: Request, correlationId: string) => Promise<Answer | Refusal>) =>
  middy<Request, Answer>({ timeoutEarlyInMillis })
    .before(({ event }) => {
      logger.resetKeys();
      logger.appendKeys({
        correlationId: correlationOf(event),
        requestId: event.requestContext.requestId,
        route: `${event.httpMethod} ${event.resource}`,
      });
    })
    .onError((failed) => {
      const { error, event } = failed;
      const code = faultOf(error);
      const failure = failures[code];
      if (failure !== undefined) log(failure, kindOf(error));
      const elsewhere = error instanceof HubClosed ? error.elsewhere : undefined;
      failed.response = addIds(event, answerRefusal(refuse(code, undefined, elsewhere), correlationOf(event)));
    })
    .after(({ event, response }) => {
      if (response !== null && response !== undefined) addIds(event, response);
    })
    .handler(async (event) => {
      const correlationId = correlationOf(event);
      const result = overRateLimit(event) ?? notAcceptable(event) ?? (await handle(event, correlationId));
      return 'outcome' in result ? answerRefusal(result, correlationId) : result;
    });
