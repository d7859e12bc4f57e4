import type { APIGatewayProxyResult } from 'aws-lambda';
import { operationOutcome, type Refusal, refuse, retryAfterOf, statusOf } from '../../../schemas/faults.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { log } from '../telemetry/log.ts';

export type Answer = APIGatewayProxyResult;

export const answer = (statusCode: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  statusCode,
  headers: { 'content-type': `${fhirJson}; charset=utf-8`, 'cache-control': 'no-store', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

export const etag = (version: number | string): string => `W/"${version}"`;

/** The answer to a refused request: an `OperationOutcome`, and `Retry-After` if the same request may succeed later. */
export const answerRefusal = (refusal: Refusal, correlationId: string): Answer => {
  const [{ code }] = refusal.faults;
  const retryAfter = refusal.retryAfter ?? retryAfterOf(code);
  log('REQUEST_REFUSED', { fault: code, status: statusOf(refusal) });
  return answer(statusOf(refusal), operationOutcome(refusal.faults, correlationId), {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(refusal.allow === undefined ? {} : { allow: refusal.allow.join(', ') }),
    ...(refusal.version === undefined ? {} : { etag: etag(refusal.version) }),
  });
};

/** The refusal of a client over its rate limit. `seconds` until the next window begins. */
export const tooManyRequests = (what: string, seconds: number): Refusal => ({
  ...refuse('too-many-requests', 'http.Authorization', `this client of yours has ${what}`),
  retryAfter: seconds,
});
