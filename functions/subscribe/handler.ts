import type { PartyDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { openLogs } from '../../adapters/wiring.ts';
import { setting } from '../../adapters/settings.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { answerEvents } from '../../core/queries/subscription-events.ts';
import { placeOf, type Search } from '../../core/queries/search.ts';
import {
  type OperationInput,
  readStatusQuery,
  searchSubscriptions,
  statusBundle,
} from '../../core/queries/subscriptions.ts';
import type { Party } from '../../core/mission/state.ts';
import type { Viewpoint } from '../../core/fhir/fhir.ts';
import { subscriptionResource } from '../../core/fhir/subscription.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isObject } from '../../schemas/json/json.ts';
import { recorded } from '../shared/http/record-access.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { answer, type Answer } from '../shared/http/response.ts';
import { callerOf, requireScope, queryOf, type Request } from '../shared/http/request.ts';
import { create, end, readBody, replace, rotate } from './commands.ts';

const logs = openLogs();
const base = setting('PUBLIC_URL');

const isSubscriptionId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id);

/** A party's own subscription; any other does not exist for it. */
const ownSubscription = async (id: string, caller: Party): Promise<Subscription | undefined> => {
  // Any other id could not be one the hub gave.
  const found = isSubscriptionId(id) ? await logs.subscriptions.read(id) : undefined;
  return found?.organisation === caller.organisation ? found : undefined;
};

const ownSubscriptions = async ({ organisation }: Party): Promise<readonly Subscription[]> =>
  (await logs.subscriptions.ofOrganisation(organisation)).filter(({ status }) => status !== 'off');

/** Values of one parameter of a `Parameters` resource, whatever its type. */
const valueOf = (parameter: Readonly<Record<string, unknown>>): string => {
  const value = Object.entries(parameter).find(([key]) => key.startsWith('value'))?.[1];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

/** Parameters of an operation: from the query, or from a `Parameters` body. */
const operationInput = (request: Request): OperationInput | Refusal => {
  if (request.httpMethod === 'GET' || (request.body ?? '') === '')
    return new Map(
      Object.entries(request.multiValueQueryStringParameters ?? {}).map(([name, values = []]) => [name, values]),
    );
  const body = readBody(request);
  if ('refused' in body) return body.refused;
  if (!isObject(body.value) || body.value['resourceType'] !== 'Parameters')
    return refuse('wrong-field', 'Parameters', 'the body of an operation is a Parameters resource');
  const list: unknown = body.value['parameter'] ?? [];
  const input = new Map<string, string[]>();
  for (const parameter of (Array.isArray(list) ? list : []).filter(isObject)) {
    const name = String(parameter['name']);
    input.set(name, [...(input.get(name) ?? []), valueOf(parameter)]);
  }
  return input;
};

/** Parameters that may be given once each. */
const singly = (input: OperationInput): Search | Refusal => {
  const repeated = [...input].find(([, values]) => values.length !== 1)?.[0];
  return repeated === undefined
    ? new Map([...input].map(([name, values]) => [name, values.join(',')]))
    : refuse('unknown-search', placeOf(repeated), 'is given once');
};

/** Ids of one `$status`: each is a read. */
const mostIds = 50;

/** `Subscription/$status`: of the ids that were asked for, or of all of the caller's that are not off. */
const statusOfAll = async (request: Request, caller: Party, view: Viewpoint): Promise<Answer | Refusal> => {
  const input = operationInput(request);
  if (isRefusal(input)) return input;
  const query = readStatusQuery(input);
  if (isRefusal(query)) return query;
  const { ids, statuses } = query;
  if (ids !== undefined && ids.length > mostIds)
    return refuse('unknown-search', 'http.id', `${mostIds} ids at the most`);
  const found =
    ids === undefined
      ? await ownSubscriptions(caller)
      : (await Promise.all([...new Set(ids)].map((id) => ownSubscription(id, caller)))).filter(
          (one) => one !== undefined,
        );
  const asked = found.filter(({ status }) => statuses?.includes(status) ?? true);
  return answer(200, statusBundle('Subscription/$status', asked, view));
};

const operate = async (
  request: Request,
  correlationId: string,
  subscription: Subscription,
  caller: Party,
  view: Viewpoint,
): Promise<Answer | Refusal> => {
  const input = operationInput(request);
  if (isRefusal(input)) return input;
  switch (request.pathParameters?.['operation']) {
    case '$status': {
      // Ids and statuses are of no account where one subscription is named (OperationDefinition backport-subscription-status).
      const query = readStatusQuery(input);
      return isRefusal(query)
        ? query
        : answer(200, statusBundle(`Subscription/${subscription.id}/$status`, [subscription], view));
    }
    case '$events': {
      const search = singly(input);
      if (isRefusal(search)) return search;
      const result = await answerEvents(logs, caller, subscription, search, view, new Date().toISOString());
      const events = await recorded(logs.accesses, {
        request,
        correlationId,
        caller,
        reading: 'events',
        asked: '',
        result,
      });
      return isRefusal(events) ? events : answer(200, events.text);
    }
    case '$rotate-secret': {
      if (request.httpMethod !== 'POST')
        return refuse('bad-request', 'http.method', '$rotate-secret changes something: POST it');
      const search = singly(input);
      return isRefusal(search) ? search : rotate(subscription, search);
    }
    default:
      return refuse('not-found');
  }
};

const ofType = async (
  request: Request,
  caller: Party,
  directory: PartyDirectory,
  view: Viewpoint,
): Promise<Answer | Refusal> => {
  if (request.httpMethod === 'POST') return create(request, caller, directory);
  const search = queryOf(request);
  if (isRefusal(search)) return search;
  const found = searchSubscriptions(await ownSubscriptions(caller), search, view);
  return isRefusal(found) ? found : answer(200, found.resource);
};

const ofInstance = async (
  request: Request,
  subscription: Subscription,
  directory: PartyDirectory,
): Promise<Answer | Refusal> => {
  switch (request.httpMethod) {
    case 'GET':
      return answer(200, subscriptionResource(subscription, false));
    case 'PUT':
      return replace(request, subscription, directory);
    case 'DELETE':
      return end(subscription);
    default:
      return refuse('not-found');
  }
};

/** `/fhir/Subscription`, `/fhir/Subscription/{id}` and their operations: a subscription is seen and changed by its owner only. */
export const handler = fhirHandler(async (request, correlationId) => {
  const directory = await logs.directory();
  const caller = callerOf(request, directory);
  if (isRefusal(caller)) return caller;
  const outOfScope = requireScope(request, 'subscribe');
  if (outOfScope !== undefined) return outOfScope;
  const view = { base, directory };
  const { id, operation } = request.pathParameters ?? {};
  if (id === undefined) return ofType(request, caller, directory, view);
  // A path part may not contain "$", so `Subscription/$status` arrives as an id.
  if (id === '$status' && operation === undefined && ['GET', 'POST'].includes(request.httpMethod))
    return statusOfAll(request, caller, view);
  const subscription = await ownSubscription(id, caller);
  if (subscription === undefined) return refuse('not-found');
  return operation === undefined
    ? ofInstance(request, subscription, directory)
    : operate(request, correlationId, subscription, caller, view);
});
