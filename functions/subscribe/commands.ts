import { randomBytes, randomUUID } from 'node:crypto';
import type { OperationOutcome } from 'fhir/r4.d.ts';
import type { PartyDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { readHeaders } from '../../adapters/http/channel.ts';
import { allowList, refusalOf } from '../../adapters/http/egress-guard.ts';
import { openDeliveryQueue, openLogs } from '../../adapters/wiring.ts';
import { setting } from '../../adapters/settings.ts';
import { deliveryGraceMilliseconds } from '../../core/delivery/fan-out.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { type Search, unknownParameter } from '../../core/queries/search.ts';
import type { Party } from '../../core/mission/state.ts';
import { rotationParameters, subscriptionResource } from '../../core/fhir/subscription.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { readJson } from '../../schemas/json/strict-json.ts';
import {
  overlapSeconds,
  readSubscription,
  readSubscriptionChange,
  type SubscriptionSettings,
} from '../../schemas/subscription.ts';
import { refuseAll } from '../../schemas/fhir/zod-faults.ts';
import { answer, type Answer } from '../shared/http/response.ts';
import { bodyOf, type Request } from '../shared/http/request.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';

/** What a subscriber changes: it subscribes, settles anew, changes its secret, and ends. */
const logs = openLogs();
const queue = openDeliveryQueue();
const base = setting('PUBLIC_URL');
const isAllowed = allowList(setting('ENDPOINT_ALLOW_LIST'));

/** All of a party's subscriptions are read with every message that concerns it. */
const mostSubscriptions = 50;

/** Times that a change is tried again when another was faster. */
const mostTries = 3;

export const readBody = (request: Request): { readonly value: unknown } | { readonly refused: Refusal } => {
  const text = bodyOf(request);
  if (typeof text !== 'string') return { refused: text };
  const json = readJson(text);
  return json.ok ? { value: json.value } : { refused: refuseAll([json.fault]) };
};

/** What the hub cannot do with an endpoint and its headers. */
const unusable = (
  { endpoint, headers }: SubscriptionSettings,
  organisation: string,
  directory: PartyDirectory,
): Refusal | undefined => {
  const refused = refusalOf(endpoint, isAllowed);
  if (refused !== undefined) return refuse('refused-endpoint', 'Subscription.channel.endpoint', refused);
  if (!directory.notifiesAt(organisation, endpoint))
    return refuse(
      'refused-endpoint',
      'Subscription.channel.endpoint',
      'is at no host that the directory lists for you',
    );
  const line = headers.findIndex((one) => Object.keys(readHeaders([one])).length === 0);
  return line === -1
    ? undefined
    : refuse(
        'wrong-field',
        `Subscription.channel.header[${line}]`,
        'must be "Name: value", and not a header that the hub sets itself',
      );
};

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

const dueFrom = (now: number): string => new Date(now + deliveryGraceMilliseconds).toISOString();

/** If the queue cannot be reached the sweeper orders the handshake. */
const orderHandshake = async (subscription: string, due: string): Promise<void> => {
  await queue
    .send([{ kind: 'handshake', subscription, due }])
    .catch((error: unknown) => log('HANDSHAKE_POSTPONED', { subscription, ...kindOf(error) }));
};

/** `POST /fhir/Subscription`. */
export const create = async (request: Request, caller: Party, directory: PartyDirectory): Promise<Answer | Refusal> => {
  const body = readBody(request);
  if ('refused' in body) return body.refused;
  const wanted = readSubscription(body.value);
  if (isRefusal(wanted)) return wanted;
  const refused = unusable(wanted.settings, caller.organisation, directory);
  if (refused !== undefined) return refused;
  if ((await logs.subscriptions.ofOrganisation(caller.organisation)).length >= mostSubscriptions) {
    return refuse(
      'unsupported-subscription',
      'Subscription',
      `an organisation has ${mostSubscriptions} subscriptions at the most: delete one`,
    );
  }
  const now = Date.now();
  const subscription: Subscription = {
    ...wanted.settings,
    id: randomUUID(),
    organisation: caller.organisation,
    status: 'requested',
    secret: newSecret(),
    createdAt: new Date(now).toISOString(),
    revision: 1,
    lastNumber: 0,
    failures: 0,
  };
  const due = dueFrom(now);
  await logs.subscriptions.create(subscription, due);
  await orderHandshake(subscription.id, due);
  return answer(201, subscriptionResource(subscription, true), { location: `${base}/Subscription/${subscription.id}` });
};

const isOff = refuse(
  'unsupported-subscription',
  'Subscription.status',
  'the subscription is off for good: create a new one; its events can still be read',
);

/** Changes a subscription as it is now; who was faster is read, and not overwritten by what was seen before. */
const change = async (
  first: Subscription,
  changed: (now: Subscription) => Subscription,
  contactDueAt?: string,
): Promise<Subscription | Refusal> => {
  let seen: Subscription | undefined = first;
  for (let tries = 0; tries < mostTries; tries += 1) {
    if (seen === undefined) return refuse('not-found');
    if (seen.status === 'off') return isOff;
    const next: Subscription = changed(seen);
    if (await logs.subscriptions.change(next, contactDueAt)) return next;
    seen = await logs.subscriptions.read(first.id);
  }
  return refuse('contended');
};

/** What stays when a subscription is settled anew: all but its settings and how it stood with its endpoint, and what only a newer release knows. */
const kept = ({
  endpoint: _endpoint,
  payload: _payload,
  headers: _headers,
  filter: _filter,
  filterText: _filterText,
  timeout: _timeout,
  heartbeat: _heartbeat,
  reason: _reason,
  status: _status,
  failures: _failures,
  failingSince: _failingSince,
  retryAt: _retryAt,
  error: _error,
  ...rest
}: Subscription): Omit<Subscription, keyof SubscriptionSettings | 'status' | 'failures'> => rest;

/** `PUT /fhir/Subscription/{id}`: new settings, and a handshake; the secret stays and the numbers go on. */
export const replace = async (
  request: Request,
  subscription: Subscription,
  directory: PartyDirectory,
): Promise<Answer | Refusal> => {
  const body = readBody(request);
  if ('refused' in body) return body.refused;
  const wanted = readSubscriptionChange(body.value, subscription.id);
  if (isRefusal(wanted)) return wanted;
  if (wanted.outcome === 'off') {
    await logs.subscriptions.turnOff(subscription.id);
    return answer(200, subscriptionResource({ ...subscription, status: 'off' }, false));
  }
  const refused = unusable(wanted.settings, subscription.organisation, directory);
  if (refused !== undefined) return refused;
  const due = dueFrom(Date.now());
  const changed = await change(
    subscription,
    (now) => ({ ...kept(now), ...wanted.settings, status: 'requested', failures: 0 }),
    due,
  );
  if (isRefusal(changed)) return changed;
  await orderHandshake(subscription.id, due);
  return answer(200, subscriptionResource(changed, false));
};

const overlapIn = (search: Search): number | Refusal => {
  const unknown = unknownParameter(search, ['overlap', '_format'], '$rotate-secret takes overlap');
  if (unknown !== undefined) return unknown;
  const text = search.get('overlap') ?? String(overlapSeconds.usual);
  return /^\d{1,7}$/.test(text) && Number(text) <= overlapSeconds.most
    ? Number(text)
    : refuse('unknown-search', 'http.overlap', `overlap is 0 to ${overlapSeconds.most} seconds`);
};

/**
 * `POST /fhir/Subscription/{id}/$rotate-secret`: a new secret, while the former one signs as well for the overlap.
 * Asked again while it does, the answer is the same: who lost it would otherwise lose the secret it knows too.
 */
export const rotate = async (subscription: Subscription, search: Search): Promise<Answer | Refusal> => {
  const overlap = overlapIn(search);
  if (typeof overlap !== 'number') return overlap;
  const now = Date.now();
  const isUnderWay = ({ formerSecret }: Subscription): boolean =>
    overlap > 0 && formerSecret !== undefined && Date.parse(formerSecret.until) > now;
  if (subscription.status !== 'off' && isUnderWay(subscription)) return answer(200, rotationParameters(subscription));
  const secret = newSecret();
  const until = new Date(now + overlap * 1000).toISOString();
  const rotated = await change(subscription, (seen) => {
    if (isUnderWay(seen)) return seen;
    const { formerSecret: _former, ...rest } = seen;
    return { ...rest, secret, ...(overlap === 0 ? {} : { formerSecret: { secret: seen.secret, until } }) };
  });
  return isRefusal(rotated) ? rotated : answer(200, rotationParameters(rotated));
};

/** What it means that no machine reaches a party any more. */
const unreached: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'warning',
      code: 'business-rule',
      details: {
        text: 'The subscription is off, and it was your last one: no machine tells you of missions any more. What is not delivered yet, and every message for you from now on, is told to the other parties, who are asked to telephone you (delivery-failed, party-unreachable). Tasks that wait for you stay open: GET Task?owner=….',
      },
    },
  ],
};

/** `DELETE /fhir/Subscription/{id}`: off for good. It can be read on, with its events: they say what was missed. */
export const end = async (subscription: Subscription): Promise<Answer> => {
  await logs.subscriptions.turnOff(subscription.id);
  const left = await logs.subscriptions.ofOrganisation(subscription.organisation);
  const isLast = subscription.status !== 'off' && left.every(({ status }) => status === 'off');
  return isLast ? answer(200, unreached) : { ...answer(204, ''), body: '' };
};
