import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { fhirJson, missionTopic } from '../../schemas/names.ts';
import type { Subscription, SubscriptionStatus } from '../delivery/subscription.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { statusParameters } from '../fhir/notification.ts';
import { searchset } from '../fhir/searchset.ts';
import { subscriptionResource } from '../fhir/subscription.ts';
import { pageOf, parameterPath, type Search, unknownParameter } from './search.ts';

/** What a party can read of its own subscriptions. A subscription that is off can be read by its id only. */

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];

const oneOf = (search: Search, name: string): readonly string[] | undefined => search.get(name)?.split(',');

const unknownStatus = (asked: readonly string[]): Refusal | undefined =>
  asked.every((one) => statuses.some((status) => status === one))
    ? undefined
    : refuse('unknown-search', 'http.status', `status is ${statuses.join(', ')}`);

const matched = ['_id', 'url', 'status', 'criteria', 'type', 'payload'];
const searchParameters = [...matched, '_count', '_cursor', '_format'];

/** Those of the subscriptions that match the criteria of R4 that the hub supports: joined by AND, their values by OR. */
export const matchingSubscriptions = (
  own: readonly Subscription[],
  search: Search,
): { readonly outcome: 'found'; readonly matches: readonly Subscription[] } | Refusal => {
  const unknown = unknownStatus(oneOf(search, 'status') ?? []);
  if (unknown !== undefined) return unknown;
  const has = (name: string, value: string): boolean => oneOf(search, name)?.includes(value) ?? true;
  // A string search finds what begins with the words, whatever their case (R4 3.1.1.4.8).
  const begins = (search.get('criteria') ?? '').toLowerCase();
  const matches = own.filter(
    ({ id, endpoint, status }) =>
      has('_id', id) &&
      // A URL can have a comma.
      (search.get('url') === endpoint || has('url', endpoint)) &&
      has('status', status) &&
      has('type', 'rest-hook') &&
      has('payload', fhirJson) &&
      missionTopic.toLowerCase().startsWith(begins),
  );
  return { outcome: 'found', matches };
};

/** The criteria in `If-None-Exist` of a conditional create (R4 HTTP, 3.1.0.8.1). */
export const readIfNoneExist = (text: string): Search | Refusal => {
  const at = 'http.If-None-Exist';
  const given = [...new URLSearchParams(text.replace(/^(?:Subscription)?\?/, ''))];
  const search = new Map(given);
  if (given.length === 0 || given.some(([name, value]) => !matched.includes(name) || value === ''))
    return refuse('unknown-search', at, `give one or more of ${matched.join(', ')}, each with a value`);
  return search.size === given.length ? search : refuse('unknown-search', at, 'give each parameter once');
};

/** `GET Subscription?…`. */
export const searchSubscriptions = (
  own: readonly Subscription[],
  search: Search,
  view: Viewpoint,
): { readonly outcome: 'found'; readonly resource: unknown } | Refusal => {
  const unknown = unknownParameter(
    search,
    searchParameters,
    `subscriptions are searched by ${searchParameters.join(', ')}`,
  );
  if (unknown !== undefined) return unknown;
  const result = matchingSubscriptions(own, search);
  if (isRefusal(result)) return result;
  const found = result.matches;
  const page = pageOf(found, 'Subscription', search);
  if (isRefusal(page)) return page;
  const listed = page.items.map((one) => ({
    resource: subscriptionResource(one),
    path: `Subscription/${one.id}`,
  }));
  return { outcome: 'found', resource: searchset(page.self, page.next, listed, view, found.length) };
};

/** Input of an operation: the values of each parameter. */
export type OperationInput = ReadonlyMap<string, readonly string[]>;

const statusParametersTaken = ['id', 'status', '_format'];

/** Input of `$status`: `id` and `status` are joined by AND, their values by OR. */
export const readStatusQuery = (
  input: OperationInput,
): { readonly outcome: 'read'; readonly ids?: readonly string[]; readonly statuses?: readonly string[] } | Refusal => {
  const unknown = [...input.keys()].find((name) => !statusParametersTaken.includes(name));
  if (unknown !== undefined) return refuse('unknown-search', parameterPath(unknown), '$status takes id and status');
  const given = (name: string): readonly string[] | undefined => input.get(name)?.flatMap((text) => text.split(','));
  const ids = given('id');
  const asked = given('status');
  return (
    unknownStatus(asked ?? []) ?? {
      outcome: 'read',
      ...(ids === undefined ? {} : { ids }),
      ...(asked === undefined ? {} : { statuses: asked }),
    }
  );
};

/** The answer of `$status`: one status for each subscription. `path`: the request, below the base URL. */
export const statusBundle = (path: string, subscriptions: readonly Subscription[], view: Viewpoint): unknown =>
  searchset(
    path,
    undefined,
    subscriptions.map((subscription) => ({
      resource: statusParameters({ kind: 'query-status', subscription }, [], view),
      path: `Subscription/${subscription.id}/$status`,
    })),
    view,
    subscriptions.length,
  );
