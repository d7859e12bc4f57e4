import { type Query, readSearch, type Search } from '../../../core/queries/search/read-search.ts';
import { isRefusal, type Refusal, refuse } from '../../../schemas/faults.ts';
import type { SearchType } from '../../../schemas/searches.ts';
import { preferencesOf } from './conditions.ts';
import { bodyOf, type Request } from './request.ts';

/** Searches by HTTP: `GET [type]?…`, and `POST [type]/_search` with a form (R4 http.html 3.1.0.1.9). */

/** Whether the request is a search by POST. */
export const isPostedSearch = ({ httpMethod, path }: Pick<Request, 'httpMethod' | 'path'>): boolean =>
  httpMethod === 'POST' && path.endsWith('/_search');

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
};

/** The parameters of a form (WHATWG URL 5.1). Text that is not encoded correctly is refused, not guessed. */
const formIn = (text: string): Query | Refusal => {
  const pairs: (readonly [string, string])[] = [];
  for (const pair of text.split('&').filter((one) => one !== '')) {
    const at = pair.indexOf('=');
    const name = decoded(at === -1 ? pair : pair.slice(0, at));
    const value = decoded(at === -1 ? '' : pair.slice(at + 1));
    if (name === undefined || value === undefined)
      return refuse(
        'bad-request',
        'http.body',
        'the form is not encoded as application/x-www-form-urlencoded in UTF-8',
      );
    pairs.push([name, value]);
  }
  return pairs;
};

const formType = 'application/x-www-form-urlencoded';

/** The parameters of the query, then those of the form. */
const queryOf = (request: Request): Query | Refusal => {
  const query = Object.entries(request.multiValueQueryStringParameters ?? {}).flatMap(([name, values = []]) =>
    values.map((value): readonly [string, string] => [name, value]),
  );
  // R4 allows a search by POST without a body: all of its parameters are in the query.
  if (!isPostedSearch(request) || (request.body ?? '') === '') return query;
  const body = bodyOf(request, [formType]);
  if (typeof body !== 'string') return body;
  const form = formIn(body);
  return isRefusal(form) ? form : [...query, ...form];
};

/** The search of a request. `Prefer: handling=lenient` ignores what the hub does not know, and the answer says so. */
export const searchOf = <Type extends SearchType>(
  type: Type,
  request: Request,
  { base, now }: { readonly base: string; readonly now: () => number },
): Search<Type> | Refusal => {
  const query = queryOf(request);
  if ('outcome' in query) return query;
  const lenient = preferencesOf(request).get('handling') === 'lenient';
  return readSearch(type, query, { base, now: now(), lenient });
};
