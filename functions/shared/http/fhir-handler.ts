import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { PartyDirectory } from '../../../adapters/dynamodb/directory-store.ts';
import type { Spender } from '../../../adapters/dynamodb/rate-limits.ts';
import { HubClosed, Unavailable } from '../../../core/mission/mission-log.ts';
import type { Party } from '../../../core/mission/state.ts';
import { defined } from '../../../schemas/defined.ts';
import {
  type FaultCode,
  operationOutcome,
  type Refusal,
  refuse,
  retryAfterOf,
  statusOf,
} from '../../../schemas/faults.ts';
import type { LogMessageName } from '../../../schemas/telemetry/log-messages.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { type Scope, scopeFor } from '../../../schemas/scopes.ts';
import { maxBodyBytes } from '../../../schemas/json/strict-json.ts';
import { correlationOf, headerIn } from './correlation-id.ts';
import { kindOf, log, logger } from '../telemetry/log.ts';

/** What every HTTP door of the hub does: correlation id in and out, FHIR media type, failures as `OperationOutcome`. */

export type Request = APIGatewayProxyEvent;
export type Answer = APIGatewayProxyResult;

export const headerOf = (request: Request, wanted: string): string | undefined => headerIn(request, wanted);

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

/** What the authorizer read in the token. */
const said = (
  request: Request,
  what: 'parent' | 'child' | 'supplier' | 'client' | 'scope' | 'audience' | 'limited',
): string | undefined => {
  const value: unknown = request.requestContext.authorizer?.[what];
  return typeof value === 'string' ? value : undefined;
};

/** The party that calls, from what the token says and what the directory says of that. */
export const callerOf = (request: Request, directory: PartyDirectory): Party | Refusal => {
  const parent = said(request, 'parent');
  if (parent === undefined) return refuse('unknown-caller', 'http.Authorization');
  const caller = directory.callerOf({
    parent,
    ...defined({ child: said(request, 'child'), supplier: said(request, 'supplier') }),
  });
  return typeof caller === 'string' ? refuse(caller, 'http.Authorization') : caller;
};

/** The system that calls for a party, as its token names it. */
export const systemOf = (request: Request): { readonly client: string; readonly supplier?: string } => ({
  client: said(request, 'client') ?? 'unknown',
  ...defined({ supplier: said(request, 'supplier') }),
});

/** The refusal of a token that lacks a scope. */
export const lacking = (request: Request, scope: Scope): Refusal | undefined =>
  said(request, 'scope')?.split(' ').includes(scope) === true
    ? undefined
    : refuse('missing-scope', 'http.Authorization', scopeFor(said(request, 'audience') ?? '', scope));

/** Whose budget a request is paid from. The child of a legal entity is left out: the issuer takes a client's word for it. */
export const spenderOf = (request: Request): Spender => ({
  parent: said(request, 'parent') ?? 'unknown',
  client: said(request, 'client') ?? 'unknown',
});

/** The refusal of a client that has used up a budget, until it has it anew. */
export const tooMany = (what: string, seconds: number): Refusal => ({
  ...refuse('too-many-requests', 'http.Authorization', `this client of yours has ${what}`),
  retryAfter: seconds,
});

/** The authorizer has counted, but cannot answer so. */
const overBudget = (request: Request): Refusal | undefined => {
  const seconds = said(request, 'limited');
  return seconds === undefined ? undefined : tooMany('used up what it may ask in a while', Number(seconds));
};

/** A parameter's name as it may be repeated to who gave it. */
const named = (parameter: string): string => `http.${/^[\w:.-]{1,40}$/.test(parameter) ? parameter : 'query'}`;

/** Query parameters, each given once: of two values of one name each reader would take another. */
export const queryOf = (request: Request): ReadonlyMap<string, string> | Refusal => {
  const given = Object.entries(request.multiValueQueryStringParameters ?? {});
  const repeated = given.find(([, values]) => values !== undefined && values.length > 1)?.[0];
  return repeated === undefined
    ? new Map(given.flatMap(([name, values]) => (values?.[0] === undefined ? [] : [[name, values[0]]])))
    : refuse('unknown-search', named(repeated), 'is given once; several values stand in one, separated by commas');
};

const jsonTypes = /^(?:\*\/\*|application\/\*|application\/(?:fhir\+)?json|text\/json|json)$/;
const pageTypes = /^(?:text\/\*|text\/html|application\/xhtml\+xml|html)$/;

/** Whether one of the media types of `Accept` is served, those with `q=0` left out (RFC 9110, 12.4.2). */
const accepts = (accept: string, served: RegExp): boolean =>
  accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return served.test(type) && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });

/** The page for people that some addresses have; whether this one has is not known here. */
const mayBePage = ({ resource }: Request): boolean =>
  /\/(?:Provenance|\{type\}(?:\/\{id\}\/\{operation\})?)$/.test(resource);

/**
 * The refusal to answer a reader in what it cannot read (R4 HTTP, content negotiation): `_format` beats `Accept`. Whatever
 * changes something is not refused for the form of its answer.
 */
const notAcceptable = (request: Request): Refusal | undefined => {
  if (request.httpMethod !== 'GET') return undefined;
  // In a query a plus sign is a blank.
  const format = request.queryStringParameters?.['_format']?.replace(' ', '+');
  const asked = format ?? headerOf(request, 'accept') ?? '';
  const isServed =
    asked.trim() === '' || accepts(asked, jsonTypes) || (mayBePage(request) && accepts(asked, pageTypes));
  return isServed ? undefined : refuse('not-acceptable', format === undefined ? 'http.Accept' : 'http._format');
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decoded = (bytes: Buffer): string | Refusal => {
  try {
    return utf8.decode(bytes);
  } catch {
    return refuse('not-utf-8');
  }
};

const isJsonType = (type: string): boolean => /^application\/(fhir\+)?json\s*(;|$)/i.test(type);
const charsetOf = (type: string): string => /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';

/** The body as text: JSON by its media type, UTF-8, not compressed. */
export const bodyOf = (request: Request): string | Refusal => {
  const type = headerOf(request, 'content-type')?.trim() ?? '';
  if (!isJsonType(type) || !['utf-8', 'utf8'].includes(charsetOf(type)))
    return refuse('wrong-content-type', 'http.Content-Type');
  const encoding = headerOf(request, 'content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return refuse('wrong-content-type', 'http.Content-Encoding');
  const { body, isBase64Encoded } = request;
  // Before anything is made of it: four characters are three bytes.
  if ((body ?? '').length > (isBase64Encoded ? Math.ceil(maxBodyBytes / 3) * 4 : maxBodyBytes))
    return refuse('too-large');
  return isBase64Encoded ? decoded(Buffer.from(body ?? '', 'base64')) : (body ?? '');
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
export const fhirDoor = (handle: (request: Request, correlationId: string) => Promise<Answer | Refusal>) =>
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
