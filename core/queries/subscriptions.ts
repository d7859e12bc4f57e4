import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { fhirJson, missionTopic } from '../../schemas/names.ts';
import { searches } from '../../schemas/searches.ts';
import type { Notifications } from '../delivery/notifications.ts';
import type { Subscription, SubscriptionStatus } from '../delivery/subscription.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { statusParameters } from '../fhir/notification.ts';
import { searchset } from '../fhir/searchset.ts';
import { subscriptionResource } from '../fhir/subscription.ts';
import type { Reading, Values } from './search/conditions.ts';
import { pageOf, searchAnswer } from './search/page.ts';
import { finds, parameterPath, readSearch, type Search } from './search/read-search.ts';

/** What a party can read of its own subscriptions. A subscription that is off can be read by its id only. */

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];

const unknownStatus = (asked: readonly string[]): Refusal | undefined =>
  asked.every((one) => statuses.some((status) => status === one))
    ? undefined
    : refuse('unknown-search', 'http.status', `status is ${statuses.join(', ')}`);

const valuesOf = ({ id, endpoint, status }: Subscription): Values<'Subscription'> => ({
  _id: [{ value: id }],
  url: endpoint,
  status: [{ system: 'http://hl7.org/fhir/subscription-status', value: status }],
  criteria: missionTopic,
  type: [{ system: 'http://hl7.org/fhir/subscription-channel-type', value: 'rest-hook' }],
  payload: [{ system: 'urn:ietf:bcp:13', value: fhirJson }],
});

/** Those of the subscriptions that have what the search asks for. */
export const matchingSubscriptions = (
  own: readonly Subscription[],
  search: Search<'Subscription'>,
): readonly Subscription[] => own.filter((one) => finds(search, valuesOf(one)));

/**
 * The criteria in `If-None-Exist` of a conditional create (R4 HTTP, 3.1.0.8.1): those of a search. Clients write them alone, after
 * the type, or as the whole address of the search.
 */
export const readIfNoneExist = (text: string, reading: Reading): Search<'Subscription'> | Refusal => {
  const at = 'http.If-None-Exist';
  const address = `${reading.base}/`;
  const local = text.startsWith(address) ? text.slice(address.length) : text;
  const given = [...new URLSearchParams(local.replace(/^(?:Subscription)?\?/, ''))].filter(
    ([name]) => name !== '_format' && name !== '_pretty',
  );
  const search = readSearch('Subscription', given, { ...reading, lenient: false });
  if (isRefusal(search)) return search;
  const isCriteria = given.length > 0 && search.conditions.size === given.length;
  return isCriteria
    ? search
    : refuse('unknown-search', at, `give one or more of ${Object.keys(searches.Subscription).join(', ')}, each once`);
};

/** `GET Subscription?…`: the caller's own subscriptions. */
export const searchSubscriptions = (
  own: readonly Subscription[],
  search: Search<'Subscription'>,
  view: Viewpoint,
): { readonly outcome: 'found'; readonly resource: unknown } | Refusal => {
  const order = { placeOf: ({ id }: Subscription) => id, form: /^[\w-]{1,64}$/ };
  const page = pageOf(search, own, order, (one) => finds(search, valuesOf(one)));
  if (isRefusal(page)) return page;
  const listed = page.rows.map((one) => ({
    resource: subscriptionResource(one),
    path: `Subscription/${one.id}`,
  }));
  return { outcome: 'found', resource: searchAnswer(search, page, listed, view) };
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

/** A subscription, and the number of its newest event. */
interface Counted {
  readonly subscription: Subscription;
  readonly newest: number;
}

/** Subscriptions whose newest event is read at the same time. */
const width = 10;

/** The subscriptions, each with the number of its newest event. */
export const readNewest = (
  subscriptions: readonly Subscription[],
  { notifications }: { readonly notifications: Pick<Notifications, 'newest'> },
): Promise<readonly Counted[]> =>
  inBatches(subscriptions, width, async (subscription) => ({
    subscription,
    newest: await notifications.newest(subscription.id),
  }));

/** The answer of `$status`: one status for each subscription. `path`: the request, below the base URL. */
export const statusBundle = (path: string, subscriptions: readonly Counted[], view: Viewpoint): unknown =>
  searchset(
    path,
    undefined,
    subscriptions.map(({ subscription, newest }) => {
      const resource = statusParameters(subscription.id, { kind: 'query-status', subscription, newest }, [], view);
      return { resource, fullUrl: `urn:uuid:${resource.id}` };
    }),
    view,
    subscriptions.length,
  );
