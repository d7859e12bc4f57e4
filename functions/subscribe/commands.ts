import type { OperationOutcome } from 'fhir/r4.d.ts';
import type { PartyDirectory } from '../../adapters/party-directory.ts';
import { type Subscription, versionOf } from '../../core/delivery/subscription.ts';
import { rotationParameters, subscriptionResource } from '../../core/fhir/subscription.ts';
import type { Party } from '../../core/mission/state.ts';
import { type OperationValues, unknownParameter } from '../../core/queries/operation-values.ts';
import { matchingSubscriptions, readIfNoneExist } from '../../core/queries/subscriptions.ts';
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
import { headerOf } from '../shared/http/headers.ts';
import { preconditionOf, returnPreferenceOf } from '../shared/http/conditions.ts';
import { jsonBodyOf, type Request } from '../shared/http/request.ts';
import { answer, type Answer, etag } from '../shared/http/response.ts';

/** The requests that change a subscription: each is parsed, done by `core/subscriptions/manage.ts`, and answered. */

/** A subscription as an answer, with its version. */
export const subscriptionAnswer = (
  statusCode: number,
  subscription: Subscription,
  headers: Readonly<Record<string, string>> = {},
  showSecret = false,
): Answer =>
  answer(statusCode, subscriptionResource(subscription, { showSecret }), {
    etag: etag(versionOf(subscription)),
    ...headers,
  });

/** `If-None-Exist`: those of the caller's subscriptions that match; nothing without the header. */
const existingIn = (
  request: Request,
  { base, now }: { readonly base: string } & Pick<ManagePorts, 'now'>,
): ((own: readonly Subscription[]) => readonly Subscription[]) | undefined | Refusal => {
  const header = headerOf(request, 'if-none-exist');
  if (header === undefined) return undefined;
  const search = readIfNoneExist(header, { base, now: now() });
  return isRefusal(search) ? search : (own) => matchingSubscriptions(own, search);
};

/** `POST /fhir/Subscription`. The answer has the secret, which is shown once: it is a representation whatever the client prefers. */
export const create = async (
  request: Request,
  caller: Party,
  directory: PartyDirectory,
  ports: ManagePorts & { readonly base: string },
): Promise<Answer | Refusal> => {
  const existing = existingIn(request, ports);
  if (typeof existing === 'object') return existing;
  const body = jsonBodyOf(request);
  if (isRefusal(body)) return body;
  const wanted = readSubscription(body.value, caller.role);
  if (isRefusal(wanted)) return wanted;
  const result = await createSubscription(caller.organisation, wanted.settings, directory, ports, existing);
  if (isRefusal(result)) return result;
  const { outcome, subscription } = result;
  const isCreated = outcome === 'created';
  const headers = { location: `${ports.base}/Subscription/${subscription.id}` };
  return subscriptionAnswer(isCreated ? 201 : 200, subscription, headers, isCreated);
};

const replaced: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'information',
      code: 'informational',
      details: { text: 'The subscription is stored as it was sent.' },
    },
  ],
};

/** The answer to a change, with the body that the client prefers. */
const answerAsPreferred = (request: Request, subscription: Subscription, base: string): Answer => {
  const preferred = returnPreferenceOf(request);
  const headers: Readonly<Record<string, string>> = {
    etag: etag(versionOf(subscription)),
    'content-location': `${base}/Subscription/${subscription.id}`,
    ...(preferred === undefined ? {} : { 'preference-applied': `return=${preferred}` }),
  };
  switch (preferred) {
    case 'minimal':
      return { ...answer(200, '', headers), body: '' };
    case 'OperationOutcome':
      return answer(200, replaced, headers);
    case 'representation':
    case undefined:
      return subscriptionAnswer(200, subscription, headers);
  }
};

/** `PUT /fhir/Subscription/{id}`: new settings, or `off`. */
export const replace = async (
  request: Request,
  subscription: Subscription,
  caller: Party,
  directory: PartyDirectory,
  ports: ManagePorts & { readonly base: string },
): Promise<Answer | Refusal> => {
  const precondition = preconditionOf(request);
  if (isRefusal(precondition)) return precondition;
  const body = jsonBodyOf(request);
  if (isRefusal(body)) return body;
  const wanted = readSubscriptionChange(body.value, { id: subscription.id, role: caller.role });
  if (isRefusal(wanted)) return wanted;
  const changed =
    wanted.outcome === 'off'
      ? await turnOff(subscription, ports, precondition)
      : await replaceSettings(subscription, wanted.settings, directory, ports, precondition);
  return isRefusal(changed) ? changed : answerAsPreferred(request, changed, ports.base);
};

const overlapIn = (search: OperationValues): number | Refusal => {
  const unknown = unknownParameter(search, ['overlap', '_format'], '$rotate-secret takes overlap');
  if (unknown !== undefined) return unknown;
  const text = search.get('overlap') ?? String(overlapSeconds.usual);
  return /^\d{1,7}$/.test(text) && Number(text) <= overlapSeconds.most
    ? Number(text)
    : refuse('unknown-search', 'http.overlap', `overlap is 0 to ${overlapSeconds.most} seconds`);
};

/** `POST /fhir/Subscription/{id}/$rotate-secret`. */
export const rotate = async (
  request: Request,
  subscription: Subscription,
  search: OperationValues,
  ports: ManagePorts,
): Promise<Answer | Refusal> => {
  const precondition = preconditionOf(request);
  if (isRefusal(precondition)) return precondition;
  const overlap = overlapIn(search);
  if (typeof overlap !== 'number') return overlap;
  const rotated = await rotateSecret(subscription, { overlapSeconds: overlap }, ports, precondition);
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
export const end = async (
  request: Request,
  subscription: Subscription,
  ports: ManagePorts,
): Promise<Answer | Refusal> => {
  const precondition = preconditionOf(request);
  if (isRefusal(precondition)) return precondition;
  const ended = await endSubscription(subscription, ports, precondition);
  if (isRefusal(ended)) return ended;
  return ended.wasLast ? answer(200, noMachineLeft) : { ...answer(204, ''), body: '' };
};
