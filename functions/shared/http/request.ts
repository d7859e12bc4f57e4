import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { PartyDirectory } from '../../../adapters/party-directory.ts';
import type { Party } from '../../../core/mission/state.ts';
import type { OperationValues } from '../../../core/queries/operation-values.ts';
import { parameterPath } from '../../../core/queries/search/read-search.ts';
import { defined } from '../../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../../schemas/faults.ts';
import { refuseAll } from '../../../schemas/fhir/zod-faults.ts';
import { maxBodyBytes, readJson } from '../../../schemas/json/strict-json.ts';
import { type Scope, scopeFor } from '../../../schemas/scopes.ts';
import { headerOf } from './headers.ts';
import { foreignParameter, mediaTypeOf } from './media-types.ts';

/** What the functions read of a request: claims of the token, query parameters, body. Each is checked here, once. */

export type Request = APIGatewayProxyEvent;

/** A claim of the token, as the authorizer has verified it. */
export const claim = (
  request: Request,
  name: 'parent' | 'child' | 'supplier' | 'client' | 'scope' | 'audience' | 'limited',
): string | undefined => {
  const value: unknown = request.requestContext.authorizer?.[name];
  return typeof value === 'string' ? value : undefined;
};

/** The calling party: the token names it, and the directory must know it. */
export const callerOf = (request: Request, directory: PartyDirectory): Party | Refusal => {
  const parent = claim(request, 'parent');
  if (parent === undefined) return refuse('unknown-caller', 'http.Authorization');
  const caller = directory.callerOf({
    parent,
    ...defined({ child: claim(request, 'child'), supplier: claim(request, 'supplier') }),
  });
  return typeof caller === 'string' ? refuse(caller, 'http.Authorization') : caller;
};

/** The system that calls for a party, as its token names it. */
export const systemOf = (request: Request): { readonly client: string; readonly supplier?: string } => ({
  client: claim(request, 'client') ?? 'unknown',
  ...defined({ supplier: claim(request, 'supplier') }),
});

/** The refusal of a token that has none of the scopes. */
export const requireScope = (request: Request, ...anyOf: readonly Scope[]): Refusal | undefined => {
  const given = claim(request, 'scope')?.split(' ') ?? [];
  if (anyOf.some((scope) => given.includes(scope))) return undefined;
  const audience = claim(request, 'audience') ?? '';
  return refuse('missing-scope', 'http.Authorization', anyOf.map((scope) => scopeFor(audience, scope)).join(' or '));
};

/** Query parameters of an operation, each given once: of two values for one name, two readers could take different ones. */
export const queryOf = (request: Request): OperationValues | Refusal => {
  const given = Object.entries(request.multiValueQueryStringParameters ?? {});
  const repeated = given.find(([, values]) => values !== undefined && values.length > 1)?.[0];
  return repeated === undefined
    ? new Map(given.flatMap(([name, values]) => (values?.[0] === undefined ? [] : [[name, values[0]]])))
    : refuse('unknown-search', parameterPath(repeated), 'is given once');
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const utf8TextOf = (bytes: Buffer): string | Refusal => {
  try {
    return utf8.decode(bytes);
  } catch {
    return refuse('not-utf-8');
  }
};

const jsonTypes: readonly string[] = ['application/fhir+json', 'application/json'];

/** The body as text: of one of these media types (JSON, if none are given), UTF-8, not compressed. */
export const bodyOf = (request: Request, types: readonly string[] = jsonTypes): string | Refusal => {
  const mediaType = mediaTypeOf(headerOf(request, 'content-type') ?? '');
  if (!types.includes(mediaType.type))
    return refuse('wrong-content-type', 'http.Content-Type', types === jsonTypes ? undefined : types.join(', '));
  const foreign = foreignParameter(mediaType);
  if (foreign !== undefined)
    return refuse('wrong-content-type', 'http.Content-Type', `${foreign} is another one than the hub reads`);
  const encoding = headerOf(request, 'content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return refuse('wrong-content-type', 'http.Content-Encoding');
  const { body, isBase64Encoded } = request;
  // Checked before it is decoded: four characters of base64 are three bytes.
  if ((body ?? '').length > (isBase64Encoded ? Math.ceil(maxBodyBytes / 3) * 4 : maxBodyBytes))
    return refuse('too-large');
  return isBase64Encoded ? utf8TextOf(Buffer.from(body ?? '', 'base64')) : (body ?? '');
};

/** The body as JSON, with one meaning (`schemas/json/strict-json.ts`). */
export const jsonBodyOf = (request: Request): { readonly outcome: 'read'; readonly value: unknown } | Refusal => {
  const text = bodyOf(request);
  if (typeof text !== 'string') return text;
  const json = readJson(text);
  return json.ok ? { outcome: 'read', value: json.value } : refuseAll([json.fault]);
};

interface ChangeParameters {
  readonly except?: (name: string, value: string) => boolean;
  readonly advice: string;
}

/** The refusal of a change whose address has a parameter: only `_format` and `_pretty` mean the same with and without it. */
export const refuseParameters = (
  request: Request,
  { except = () => false, advice }: ChangeParameters,
): Refusal | undefined => {
  const query = queryOf(request);
  if (isRefusal(query)) return query;
  const unknown = [...query].find(([name, value]) => !['_format', '_pretty'].includes(name) && !except(name, value));
  return unknown === undefined ? undefined : refuse('unsupported-option', parameterPath(unknown[0]), advice);
};
