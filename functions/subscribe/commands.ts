import type { OperationOutcome } from 'fhir/r4.d.ts';
import type { PartyDirectory } from '../../adapters/dynamodb/directory-store.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { rotationParameters, subscriptionResource } from '../../core/fhir/subscription.ts';
import type { Party } from '../../core/mission/state.ts';
import { type Search, unknownParameter } from '../../core/queries/search.ts';
import {
  createSubscription,
  endSubscription,
  type ManagePorts,
  replaceSettings,
  rotateSecret,
  turnOff,
} from '../../core/subscriptions/manage.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { overlapSeconds } from '../../schemas/subscription.ts';
import { readSubscription, readSubscriptionChange } from '../../schemas/read-subscription.ts';
import { jsonBodyOf, type Request } from '../shared/http/request.ts';
import { answer, type Answer } from '../shared/http/response.ts';

/** The requests that change a subscription: each is parsed, done by `core/subscriptions/manage.ts`, and answered. */

/** `POST /fhir/Subscription`. */
export const create = async (
  request: Request,
  caller: Party,
  directory: PartyDirectory,
  ports: ManagePorts & { readonly base: string },
): Promise<Answer | Refusal> => {
  const body = jsonBodyOf(request);
  if (isRefusal(body)) return body;
  const wanted = readSubscription(body.value);
  if (isRefusal(wanted)) return wanted;
  const created = await createSubscription(caller.organisation, wanted.settings, directory, ports);
  return isRefusal(created)
    ? created
    : answer(201, subscriptionResource(created, { showSecret: true }), {
        location: `${ports.base}/Subscription/${created.id}`,
      });
};

/** `PUT /fhir/Subscription/{id}`: new settings, or `off`. */
export const replace = async (
  request: Request,
  subscription: Subscription,
  directory: PartyDirectory,
  ports: ManagePorts,
): Promise<Answer | Refusal> => {
  const body = jsonBodyOf(request);
  if (isRefusal(body)) return body;
  const wanted = readSubscriptionChange(body.value, subscription.id);
  if (isRefusal(wanted)) return wanted;
  const changed =
    wanted.outcome === 'off'
      ? await turnOff(subscription, ports)
      : await replaceSettings(subscription, wanted.settings, directory, ports);
  return isRefusal(changed) ? changed : answer(200, subscriptionResource(changed));
};

const overlapIn = (search: Search): number | Refusal => {
  const unknown = unknownParameter(search, ['overlap', '_format'], '$rotate-secret takes overlap');
  if (unknown !== undefined) return unknown;
  const text = search.get('overlap') ?? String(overlapSeconds.usual);
  return /^\d{1,7}$/.test(text) && Number(text) <= overlapSeconds.most
    ? Number(text)
    : refuse('unknown-search', 'http.overlap', `overlap is 0 to ${overlapSeconds.most} seconds`);
};

/** `POST /fhir/Subscription/{id}/$rotate-secret`. */
export const rotate = async (
  subscription: Subscription,
  search: Search,
  ports: ManagePorts,
): Promise<Answer | Refusal> => {
  const overlap = overlapIn(search);
  if (typeof overlap !== 'number') return overlap;
  const rotated = await rotateSecret(subscription, { overlapSeconds: overlap }, ports);
  return isRefusal(rotated) ? rotated : answer(200, rotationParameters(rotated));
};

/** The warning that no machine reaches a party any more. */
const noMachineLeft: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'warning',
      code: 'business-rule',
      details: {
        text: 'The subscription is off, and it was your last one: no machine notifies you of missions any more. What is not delivered yet, and every message for you from now on, is reported to the other parties, who are asked to telephone you (delivery-failed, party-unreachable). Tasks that wait for you stay open: GET Task?owner=….',
      },
    },
  ],
};

/** `DELETE /fhir/Subscription/{id}`. */
export const end = async (subscription: Subscription, ports: ManagePorts): Promise<Answer> => {
  const { wasLast } = await endSubscription(subscription, ports);
  return wasLast ? answer(200, noMachineLeft) : { ...answer(204, ''), body: '' };
};
