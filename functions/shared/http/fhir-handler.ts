import middy from '@middy/core';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { type FaultCode, type Refusal, refuse } from '../../../schemas/faults.ts';
import type { LogMessageName } from '../../../schemas/telemetry/log-messages.ts';
import { correlationOf } from './correlation-id.ts';
import { kindOf, log, logger } from '../telemetry/log.ts';
import { type Request, claim } from './request.ts';
import { type Answer, refusal, tooManyRequests } from './response.ts';
import { notAcceptable } from './content-negotiation.ts';

/** The authorizer has counted, but cannot answer so. */
const overBudget = (request: Request): Refusal | undefined => {
  const seconds = claim(request, 'limited');
  return seconds === undefined ? undefined : tooManyRequests('used up what it may ask in a while', Number(seconds));
};

/** What went wrong inside, and the message that says so in the log; that the hub is closed is known. */
const failures = {
  closed: undefined,
  'storage-unavailable': 'STORAGE_UNAVAILABLE',
  timeout: 'TOO_LATE',
  internal: 'UNEXPECTED',
} as const satisfies Partial<Record<FaultCode, LogMessageName | undefined>>;

const faultOf = (error: unknown): keyof typeof failures => {
  if (error instanceof HubClosed) return 'closed';
  if (error instanceof Unavailable) return 'storage-unavailable';
  // middy answers itself before the function's time is over.
  return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'internal';
};

/** Names the answer: by the id that all that follows is found by, and by the hub's own for this request. */
const identified = (request: Request, answered: Answer): Answer => {
  answered.headers = {
    ...answered.headers,
    'x-correlation-id': correlationOf(request),
    'x-request-id': request.requestContext.requestId,
  };
  return answered;
};

/** So long before its time is over a function says that it is late: what is cut off says nothing, and API Gateway 502. */
const timeoutEarlyInMillis = 500;

/** Wraps a handler: `handle` returns an answer or a refusal; what it throws becomes 503 or 500 with nothing from inside. */
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
      failed.response = identified(event, refusal(refuse(code, undefined, elsewhere), correlationOf(event)));
    })
    .after(({ event, response }) => {
      if (response !== null && response !== undefined) identified(event, response);
    })
    .handler(async (event) => {
      const correlationId = correlationOf(event);
      const result = overBudget(event) ?? notAcceptable(event) ?? (await handle(event, correlationId));
      return 'outcome' in result ? refusal(result, correlationId) : result;
    });
