import type { PartyDirectory } from '../../adapters/party-directory.ts';
import type { AccessLog } from '../../core/audit/access-log.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import type { Notifications } from '../../core/delivery/notifications.ts';
import type { Viewpoint } from '../../core/fhir/fhir.ts';
import type { MissionLog } from '../../core/mission/mission-log.ts';
import type { Party } from '../../core/mission/state.ts';
import { answerEvents } from '../../core/queries/subscription-events.ts';
import { readNewest, readStatusQuery, searchSubscriptions, statusBundle } from '../../core/queries/subscriptions.ts';
import type { ManagePorts } from '../../core/subscriptions/manage.ts';
import { isRefusal, type Refusal, refuse, refuseMethod } from '../../schemas/faults.ts';
import type { Honoured } from '../shared/http/conditions.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { recorded } from '../shared/http/record-access.ts';
import { callerOf, refuseParameters, type Request, requireScope } from '../shared/http/request.ts';
import { answer, type Answer } from '../shared/http/response.ts';
import { isPostedSearch, searchOf } from '../shared/http/search-request.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';
import { create, end, replace, rotate, subscriptionAnswer } from './commands.ts';
import { operationInput, singleValues } from './operation-input.ts';

export interface SubscribeDeps extends Omit<ManagePorts, 'onHandshakePostponed'> {
  readonly base: string;
  readonly missions: MissionLog;
  readonly notifications: Notifications;
  readonly accesses: AccessLog;
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
}

type Ports = SubscribeDeps & ManagePorts;

const isSubscriptionId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id);

/** A party's own subscription. Any other one does not exist for it. */
const ownSubscription = async (
  id: string,
  caller: Party,
  { subscriptions }: Ports,
): Promise<Subscription | undefined> => {
  // The hub assigns no id of another form.
  const found = isSubscriptionId(id) ? await subscriptions.read(id) : undefined;
  return found?.organisation === caller.organisation ? found : undefined;
};

const ownSubscriptions = async ({ organisation }: Party, { subscriptions }: Ports): Promise<readonly Subscription[]> =>
  (await subscriptions.ofOrganisation(organisation)).filter(({ status }) => status !== 'off');

/** Ids in one `$status`: each is a read. */
const mostIds = 50;

/** `Subscription/$status`: of the ids in the request; without ids, of all of the caller's subscriptions that are not off. */
const statusOfAll = async (
  request: Request,
  caller: Party,
  view: Viewpoint,
  ports: Ports,
): Promise<Answer | Refusal> => {
  const input = operationInput(request);
  if (isRefusal(input)) return input;
  const query = readStatusQuery(input);
  if (isRefusal(query)) return query;
  const { ids, statuses } = query;
  if (ids !== undefined && ids.length > mostIds) return refuse('unknown-search', 'http.id', `at most ${mostIds} ids`);
  const found =
    ids === undefined
      ? await ownSubscriptions(caller, ports)
      : (await Promise.all([...new Set(ids)].map((id) => ownSubscription(id, caller, ports)))).filter(
          (one) => one !== undefined,
        );
  const wanted = found.filter(({ status }) => statuses?.includes(status) ?? true);
  return answer(200, statusBundle('Subscription/$status', await readNewest(wanted, ports), view));
};

const operate = async (
  request: Request,
  correlationId: string,
  subscription: Subscription,
  caller: Party,
  view: Viewpoint,
  ports: Ports,
): Promise<Answer | Refusal> => {
  const input = operationInput(request);
  if (isRefusal(input)) return input;
  switch (request.pathParameters?.['operation']) {
    case '$status': {
      // For one subscription, id and status have no effect (OperationDefinition backport-subscription-status).
      const query = readStatusQuery(input);
      return isRefusal(query)
        ? query
        : answer(
            200,
            statusBundle(`Subscription/${subscription.id}/$status`, await readNewest([subscription], ports), view),
          );
    }
    case '$events': {
      const search = singleValues(input);
      if (isRefusal(search)) return search;
      const result = await answerEvents(ports, caller, subscription, search, view, new Date(ports.now()).toISOString());
      const events = await recorded(ports, { request, correlationId, caller, reading: 'events', asked: '', result });
      return isRefusal(events) ? events : answer(200, events.text);
    }
    case '$rotate-secret': {
      if (request.httpMethod !== 'POST') return refuseMethod(['POST'], '$rotate-secret changes something: POST it');
      const search = singleValues(input);
      return isRefusal(search) ? search : rotate(request, subscription, search, ports);
    }
    default:
      return refuse('unknown-address');
  }
};

const ofType = async (
  request: Request,
  caller: Party,
  directory: PartyDirectory,
  view: Viewpoint,
  ports: Ports,
): Promise<Answer | Refusal> => {
  if (request.httpMethod === 'POST' && !isPostedSearch(request))
    return (
      refuseParameters(request, { advice: 'to create a Subscription once, give the criteria in If-None-Exist' }) ??
      create(request, caller, directory, ports)
    );
  const search = searchOf('Subscription', request, ports);
  if (isRefusal(search)) return search;
  const found = searchSubscriptions(await ownSubscriptions(caller, ports), search, view);
  return isRefusal(found) ? found : answer(200, found.resource);
};

const ofInstance = async (
  request: Request,
  subscription: Subscription,
  caller: Party,
  directory: PartyDirectory,
  ports: Ports,
): Promise<Answer | Refusal> => {
  switch (request.httpMethod) {
    case 'GET':
      return subscriptionAnswer(200, subscription);
    case 'PUT':
      return (
        refuseParameters(request, { advice: 'a Subscription is changed by its id alone' }) ??
        replace(request, subscription, caller, directory, ports)
      );
    case 'DELETE':
      return end(request, subscription, ports);
    default:
      return refuseMethod(['GET', 'HEAD', 'PUT', 'DELETE'], 'to change a Subscription, PUT the whole resource');
  }
};

/** The conditions and preferences on which each interaction acts. */
const honours = ({ httpMethod, pathParameters }: Request): readonly Honoured[] => {
  const { id, operation } = pathParameters ?? {};
  if (operation !== undefined) return operation === '$rotate-secret' ? ['if-match', 'if-none-match'] : [];
  if (httpMethod === 'POST' && id === undefined) return ['if-none-exist', 'return'];
  return httpMethod === 'PUT' ? ['if-match', 'if-none-match', 'return'] : ['if-match', 'if-none-match'];
};

/** `/fhir/Subscription`, `/fhir/Subscription/{id}` and their operations: only its owner sees and changes a subscription. */
export const createHandler = (deps: SubscribeDeps) => {
  const ports: Ports = {
    ...deps,
    onHandshakePostponed: (subscription, error) => log('HANDSHAKE_POSTPONED', { subscription, ...kindOf(error) }),
  };
  const handle = async (request: Request, correlationId: string): Promise<Answer | Refusal> => {
    const directory = await ports.directory();
    const caller = callerOf(request, directory);
    if (isRefusal(caller)) return caller;
    const outOfScope = requireScope(request, 'subscribe');
    if (outOfScope !== undefined) return outOfScope;
    const view = { base: ports.base, directory };
    const { id, operation } = request.pathParameters ?? {};
    if (id === undefined || isPostedSearch(request)) return ofType(request, caller, directory, view, ports);
    // A path part may not contain "$", so `Subscription/$status` arrives as an id.
    if (id === '$status' && operation === undefined && ['GET', 'POST'].includes(request.httpMethod))
      return statusOfAll(request, caller, view, ports);
    const subscription = await ownSubscription(id, caller, ports);
    if (subscription === undefined) return refuse('not-found');
    return operation === undefined
      ? ofInstance(request, subscription, caller, directory, ports)
      : operate(request, correlationId, subscription, caller, view, ports);
  };
  return fhirHandler(handle, { honours });
};
