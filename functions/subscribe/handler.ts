import { randomBytes, randomUUID } from 'node:crypto';
import { readHeaders } from '../../adapters/http/channel.ts';
import { allowList, refusalOf } from '../../adapters/http/egress-guard.ts';
import { openDeliveryQueue, openLogs } from '../../adapters/hub.ts';
import { setting } from '../../adapters/settings.ts';
import { readEvents } from '../../mission/reading/events.ts';
import { deliveryGraceMilliseconds } from '../../mission/fan-out.ts';
import { handshakeOrder } from '../../mission/sweep.ts';
import type { Subscription } from '../../mission/ports.ts';
import type { Party } from '../../mission/state.ts';
import { notificationBundle, statusParameters } from '../../mission/views/notification.ts';
import { searchset } from '../../mission/views/searchset.ts';
import { subscriptionResource } from '../../mission/views/subscription.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import { isObject, isTooDeep, maxBodyBytes } from '../../schemas/json.ts';
import { readSubscription } from '../../schemas/subscription.ts';
import { type Answer, answer, bodyOf, callerOf, fhirDoor, queryOf, type Request } from '../edge/door.ts';
import { kindOf, log } from '../edge/log.ts';

const logs = openLogs();
const queue = openDeliveryQueue();
const base = setting('PUBLIC_URL');
const isAllowed = allowList(setting('ENDPOINT_ALLOW_LIST'));

const readBody = (request: Request): unknown => {
  const text = bodyOf(request);
  if (typeof text !== 'string') return text;
  if (Buffer.byteLength(text) > maxBodyBytes) return refuse('too-large');
  if (isTooDeep(text)) return refuse('too-deep');
  try {
    return JSON.parse(text);
  } catch {
    return refuse('not-json');
  }
};

/** All of a party's subscriptions are read with every message that concerns it. */
const mostSubscriptions = 50;

const isSubscriptionId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id);

const isRefused = (value: unknown): value is Refusal => isObject(value) && value['outcome'] === 'refused';

const create = async (request: Request, caller: Party): Promise<Answer | Refusal> => {
  const body = readBody(request);
  if (isRefused(body)) return body;
  const wanted = readSubscription(body);
  if (wanted.outcome === 'refused') return wanted;
  const refused = refusalOf(wanted.endpoint, isAllowed);
  if (refused !== undefined) return refuse('refused-endpoint', 'Subscription.channel.endpoint', refused);
  const unusable = wanted.headers.findIndex((line) => Object.keys(readHeaders([line])).length === 0);
  if (unusable !== -1)
    return refuse(
      'wrong-field',
      `Subscription.channel.header[${unusable}]`,
      'must be "Name: value", and not a header that the hub sets itself',
    );

  if ((await logs.subscriptions.subscriptionsOf(caller.organisation)).length >= mostSubscriptions) {
    return refuse(
      'unsupported-subscription',
      'Subscription',
      `an organisation has ${mostSubscriptions} subscriptions at the most: delete one`,
    );
  }
  const { outcome: _read, ...settings } = wanted;
  const now = Date.now();
  const subscription: Subscription = {
    ...settings,
    id: randomUUID(),
    organisation: caller.organisation,
    status: 'requested',
    secret: `whsec_${randomBytes(32).toString('base64')}`,
    createdAt: new Date(now).toISOString(),
    lastNumber: 0,
  };
  await logs.subscriptions.create(subscription, new Date(now + deliveryGraceMilliseconds).toISOString());
  // If the queue cannot be reached the sweeper orders the handshake.
  await queue
    .send([handshakeOrder(subscription.id)])
    .catch((error: unknown) => log('warn', 'FAN_OUT_POSTPONED', { subscription: subscription.id, ...kindOf(error) }));
  return answer(201, subscriptionResource(subscription, true), { location: `${base}/Subscription/${subscription.id}` });
};

/** Parameters of an operation: from the query, or from a `Parameters` body. */
const operationInput = (request: Request): ReadonlyMap<string, string> | Refusal => {
  if (request.httpMethod === 'GET' || (request.body ?? '') === '') return queryOf(request);
  const body = readBody(request);
  if (isRefused(body)) return body;
  const list: unknown = isObject(body) ? body['parameter'] : undefined;
  const parameters = (Array.isArray(list) ? list : []).filter(isObject);
  return new Map(
    parameters.map((parameter) => {
      const value = Object.entries(parameter).find(([key]) => key.startsWith('value'))?.[1];
      return [String(parameter['name']), typeof value === 'string' || typeof value === 'number' ? String(value) : ''];
    }),
  );
};

const operate = async (
  request: Request,
  subscription: Subscription,
  caller: Party,
  view: Parameters<typeof notificationBundle>[1],
): Promise<Answer | Refusal> => {
  const input = operationInput(request);
  if (isRefused(input)) return input;
  switch (request.pathParameters?.['operation']) {
    case '$status': {
      const path = `Subscription/${subscription.id}/$status`;
      return answer(
        200,
        searchset(
          path,
          undefined,
          [{ resource: statusParameters({ kind: 'query-status', subscription }, [], view), path }],
          view,
          1,
        ),
      );
    }
    case '$events': {
      const notice = await readEvents(logs, caller, subscription, input);
      return 'outcome' in notice ? notice : answer(200, notificationBundle(notice, view, new Date().toISOString()));
    }
    default:
      return refuse('not-found');
  }
};

/** `/fhir/Subscription`, `/fhir/Subscription/{id}`, `…/$status`, `…/$events`: a subscription is seen by its owner only. */
export const handler = fhirDoor(async (request) => {
  const directory = await logs.directory();
  const caller = callerOf(request, directory);
  if ('outcome' in caller) return caller;
  const view = { base, directory };
  const { id, operation } = request.pathParameters ?? {};
  if (id === undefined) {
    if (request.httpMethod === 'POST') return create(request, caller);
    const own = await logs.subscriptions.subscriptionsOf(caller.organisation);
    const listed = own.map((one) => ({ resource: subscriptionResource(one, false), path: `Subscription/${one.id}` }));
    return answer(200, searchset('Subscription', undefined, listed, view, listed.length));
  }
  // Any other id could not be one the hub gave.
  const subscription = isSubscriptionId(id) ? await logs.subscriptions.subscription(id) : undefined;
  if (subscription === undefined || subscription.organisation !== caller.organisation) return refuse('not-found');
  if (operation !== undefined) return operate(request, subscription, caller, view);
  if (request.httpMethod !== 'DELETE') return answer(200, subscriptionResource(subscription, false));
  await logs.subscriptions.setStatus(id, 'off');
  return { ...answer(204, ''), body: '' };
});
