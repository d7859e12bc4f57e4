import type { Precondition, Versions } from '../../../core/subscriptions/precondition.ts';
import { defined } from '../../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../../schemas/faults.ts';
import { headerOf } from './headers.ts';
import type { Request } from './request.ts';
import type { Answer } from './response.ts';

/**
 * Headers that change what a request means: conditions (RFC 9110, 13; R4 HTTP, conditional interactions) and preferences
 * (RFC 7240; R4 HTTP, 3.1.0.1.13). A function acts on those that it lists. Any other one is refused: a caller who relies on a
 * condition that the hub ignores would overwrite, or create twice, without learning it.
 */

/** Headers that a function can act on; `return` is the preference. */
export type Honoured = 'if-match' | 'if-none-match' | 'if-none-exist' | 'return';

/** The headers, as a partner writes them. */
const refusedOnChange = {
  'if-match': 'If-Match',
  'if-none-exist': 'If-None-Exist',
  'if-none-match': 'If-None-Match',
  'if-unmodified-since': 'If-Unmodified-Since',
  'x-http-method-override': 'X-HTTP-Method-Override',
} as const;

/** A read has no condition but `If-None-Match` and `If-Modified-Since`. */
const refusedOnRead = {
  'if-match': 'If-Match',
  'if-none-exist': 'If-None-Exist',
  'if-unmodified-since': 'If-Unmodified-Since',
  'x-http-method-override': 'X-HTTP-Method-Override',
} as const;

/** The preferences of the request, names in lower case; one without a value has an empty one. The first of a name counts (RFC 7240, 2). */
export const preferencesOf = (request: Request): ReadonlyMap<string, string> =>
  new Map(
    (headerOf(request, 'prefer') ?? '')
      .split(',')
      .map((one): readonly [string, string] => {
        const [name = '', value = ''] = (one.split(';')[0] ?? '').split('=');
        return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
      })
      .filter(([name]) => name !== '')
      .toReversed(),
  );

const isRead = ({ httpMethod }: Request): boolean => httpMethod === 'GET';

/** A preference that would change the kind of the answer. Preferences that the hub does not know are ignored, as RFC 7240 requires. */
const refusedPreference = (request: Request, honoured: readonly Honoured[]): Refusal | undefined => {
  const preferences = preferencesOf(request);
  if (preferences.has('respond-async'))
    return refuse('unsupported-option', 'http.Prefer', 'the hub answers at once: leave out respond-async');
  const wanted = preferences.get('return');
  return isRead(request) || wanted === undefined || wanted === 'representation' || honoured.includes('return')
    ? undefined
    : refuse(
        'unsupported-option',
        'http.Prefer',
        'the answer has the result: leave out return, or give representation',
      );
};

/** The refusal of a condition or preference that neither the hub nor this function (`honoured`) acts on. */
export const unsupportedOption = (request: Request, honoured: readonly Honoured[]): Refusal | undefined => {
  const names = Object.entries(isRead(request) ? refusedOnRead : refusedOnChange);
  const found = names.find(
    ([name]) => !honoured.some((one) => one === name && !isRead(request)) && headerOf(request, name) !== undefined,
  );
  if (found === undefined) return refusedPreference(request, honoured);
  const [, written] = found;
  return refuse('unsupported-option', `http.${written}`, `${written} has no effect at this address: leave it out`);
};

/** The version in `If-Match`. `undefined`: without the header, or `*`, which every version matches. */
export const expectedVersionOf = (request: Request): number | undefined | Refusal => {
  const ifMatch = headerOf(request, 'if-match')?.trim();
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch)?.[1];
  return version === undefined
    ? refuse('wrong-field', 'http.If-Match', 'give one version, as ETag has it: W/"3"')
    : Number(version);
};

/** A list of entity tags, weak or strong: versions are compared without regard to that. */
const versionsIn = (text: string, header: string): Versions | Refusal => {
  if (text.trim() === '*') return 'any';
  const tags = text.split(',').map((tag) => /^(?:W\/)?"([\x21\x23-\x7e]{1,64})"$/.exec(tag.trim())?.[1]);
  const versions = tags.filter((tag) => tag !== undefined);
  return versions.length === tags.length
    ? versions
    : refuse('wrong-field', `http.${header}`, 'give the version as ETag has it: W/"3.1f0c9a2b"');
};

/** `If-Match` and `If-None-Match` of a change (RFC 9110, 13.1). */
export const preconditionOf = (request: Request): Precondition | Refusal => {
  const [match, noneMatch] = [headerOf(request, 'if-match'), headerOf(request, 'if-none-match')];
  const ifMatch = match === undefined ? undefined : versionsIn(match, 'If-Match');
  if (typeof ifMatch === 'object' && isRefusal(ifMatch)) return ifMatch;
  const ifNoneMatch = noneMatch === undefined ? undefined : versionsIn(noneMatch, 'If-None-Match');
  if (typeof ifNoneMatch === 'object' && isRefusal(ifNoneMatch)) return ifNoneMatch;
  return defined({ ifMatch, ifNoneMatch });
};

const returns = ['minimal', 'representation', 'OperationOutcome'] as const;

/** What the client wants as the body of the answer to a change (R4 HTTP, 3.1.0.1.10). */
export const returnPreferenceOf = (request: Request): (typeof returns)[number] | undefined => {
  const wanted = preferencesOf(request).get('return')?.toLowerCase();
  return returns.find((known) => known.toLowerCase() === wanted);
};

/** Weak comparison (RFC 9110, 8.8.3.2). */
const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');

const hasTag = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));

/**
 * Whether the answer is what the caller has. `Last-Modified` has whole seconds, and two entries of a mission can have the same
 * one: so only a time after that second shows that nothing has changed since.
 */
const isKnown = (request: Request, { statusCode, headers = {} }: Answer): boolean => {
  if (!isRead(request) || statusCode !== 200) return false;
  const { etag, 'last-modified': changed } = headers;
  const ifNoneMatch = headerOf(request, 'if-none-match');
  // With it, If-Modified-Since does not count (RFC 9110, 13.1.3).
  if (ifNoneMatch !== undefined) return typeof etag === 'string' && hasTag(ifNoneMatch, etag);
  const since = Date.parse(headerOf(request, 'if-modified-since') ?? '');
  return typeof changed === 'string' && Date.parse(changed) < since;
};

/** 304 instead of an answer that the caller has already. The read was made, and is recorded like any other. */
export const unlessKnown = (request: Request, answer: Answer): Answer =>
  isKnown(request, answer) ? { ...answer, statusCode: 304, body: '' } : answer;
