import type { APIGatewayProxyResult } from 'aws-lambda';
import { fhirJson } from '../../../schemas/names.ts';
import { operationOutcome, type Refusal, refuse, retryAfterOf, statusOf } from '../../../schemas/faults.ts';
import { log } from '../telemetry/log.ts';

export type Answer = APIGatewayProxyResult;
export const answer = (statusCode: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  statusCode,
  headers: { 'content-type': `${fhirJson}; charset=utf-8`, 'cache-control': 'no-store', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

export const etag = (version: number): string => `W/"${version}"`;
export const refusal = (refused: Refusal, correlationId: string): Answer => {
  const [{ code }] = refused.faults;
  const retryAfter = refused.retryAfter ?? retryAfterOf(code);
  log('REQUEST_REFUSED', { fault: code, status: statusOf(refused) });
  return answer(statusOf(refused), operationOutcome(refused.faults, correlationId), {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(refused.version === undefined ? {} : { etag: etag(refused.version) }),
  });
};

/** The refusal of a client that has used up a budget, until it has it anew. */
export const tooManyRequests = (what: string, seconds: number): Refusal => ({
  ...refuse('too-many-requests', 'http.Authorization', `this client of yours has ${what}`),
  retryAfter: seconds,
});
