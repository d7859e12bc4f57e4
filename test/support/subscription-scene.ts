import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { isObject, parseLossless } from '../../schemas/json/json.ts';
import { exampleText } from './examples.ts';
import { problemsOf } from './fhir-validator.ts';
import type { RunningHub } from './hub.ts';
import {
  call,
  type Client,
  type Endpoint,
  eventually,
  type HttpAnswer,
  openEndpoint,
  post,
  subscribe,
  type Subscribed,
  subscriptionFor,
} from './partners.ts';

/** Subscriptions on a hub over HTTP, and readers of statuses and notifications, for the tests of the Subscriptions R5 Backport IG. */

export const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

export type Json = Readonly<Record<string, unknown>>;

/** A Subscription with changed members; members of its channel are merged. */
export const wanted = (endpoint: string, change: Json = {}, channel: Json = {}): Json => {
  const whole: unknown = JSON.parse(subscriptionFor(endpoint));
  if (!isObject(whole) || !isObject(whole['channel'])) throw new Error('is no Subscription');
  return { ...whole, ...change, channel: { ...whole['channel'], ...channel } };
};

export const filters = (...texts: readonly string[]): Json => ({
  _criteria: { extension: texts.map((valueString) => ({ url: `${backport}/backport-filter-criteria`, valueString })) },
});

export const content = (valueCode: string): Json => ({
  _payload: { extension: [{ url: `${backport}/backport-payload-content`, valueCode }] },
});

export const entriesOf = (bundle: unknown): readonly Json[] => {
  const list: unknown = isObject(bundle) ? bundle['entry'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

export const resourcesOf = (bundle: unknown): readonly Json[] =>
  entriesOf(bundle).flatMap(({ resource }) => (isObject(resource) ? [resource] : []));

export const parametersOf = (resource: unknown): readonly Json[] => {
  const list: unknown = isObject(resource) ? resource['parameter'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

const partsOf = (parameter: Json | undefined): readonly Json[] => {
  const list: unknown = parameter?.['part'];
  return (Array.isArray(list) ? list : []).filter(isObject);
};

/** The value of a parameter of the status with which a Bundle begins. */
export const statusValue = (bundle: unknown, name: string): unknown =>
  Object.entries(parametersOf(resourcesOf(bundle)[0]).find((one) => one['name'] === name) ?? {}).find(([key]) =>
    key.startsWith('value'),
  )?.[1];

export const eventsIn = (bundle: unknown): readonly (readonly Json[])[] =>
  parametersOf(resourcesOf(bundle)[0])
    .filter(({ name }) => name === 'notification-event')
    .map(partsOf);

export const numbersIn = (bundle: unknown): readonly unknown[] =>
  eventsIn(bundle).map((parts) => parts.find(({ name }) => name === 'event-number')?.['valueString']);

export const namesIn = (parts: readonly Json[] | undefined): readonly unknown[] =>
  (parts ?? []).map(({ name }) => name);

const headerId = (text: string): string => {
  const header = resourcesOf(JSON.parse(text)).find(({ resourceType }) => resourceType === 'MessageHeader');
  return String(header?.['id']);
};

const exampleMission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';

export const ofMission = (mission: string): string => `ServiceRequest?identifier=${mission}`;

export const refusedFor = (answer: HttpAnswer, status: number, code: string, text: string | RegExp): void => {
  expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(new RegExp(code))]);
  expect(answer.text).toMatch(text);
  expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome' });
  expect(problemsOf(answer.body)).toEqual([]);
};

export type SubscriptionScene = ReturnType<typeof subscriptionScene>;

/** Endpoints and subscriptions of partners on a hub. */
export const subscriptionScene = (hub: RunningHub) => {
  const endpoints: Endpoint[] = [];

  const open = async (): Promise<Endpoint> => {
    const endpoint = await openEndpoint();
    endpoints.push(endpoint);
    return endpoint;
  };

  const create = (client: Client, resource: Json): Promise<HttpAnswer> =>
    call(hub, client, 'POST', '/Subscription', JSON.stringify(resource));

  const put = (client: Client, id: string, resource: Json): Promise<HttpAnswer> =>
    call(hub, client, 'PUT', `/Subscription/${id}`, JSON.stringify(resource));

  const statusOf = async (client: Client, id: string): Promise<string> => {
    const { body } = await call(hub, client, 'GET', `/Subscription/${id}`);
    return String(body['status']);
  };

  const becomes = (client: Client, id: string, status: string): Promise<void> =>
    eventually(`the subscription is ${status}`, async () => (await statusOf(client, id)) === status);

  /** Creates an active subscription, with the endpoint that receives its notifications. */
  const listen = async (
    client: Client,
    payload = 'full-resource',
    filter: readonly string[] = [],
  ): Promise<{ endpoint: Endpoint; subscription: Subscribed }> => {
    const endpoint = await open();
    const subscription = await subscribe(hub, client, endpoint.url, payload, filter);
    await becomes(client, subscription.id, 'active');
    return { endpoint, subscription };
  };

  /** Opens a mission of its own, so that tests do not disturb each other. */
  const openMission = async (): Promise<string> => {
    const text = exampleText('mission-request.json');
    const answer = await post(hub, 'amk-innlandet', text.replaceAll(headerId(text), randomUUID()));
    expect(answer.status, answer.text).toBe(200);
    return /"value":"([0-9a-f-]{36})"/.exec(answer.text)?.[1] ?? '';
  };

  /** Sends an update of a mission. */
  const update = async (mission: string): Promise<void> => {
    const example = exampleText('mission-update.json');
    const bundle = parseLossless(
      example.replaceAll(headerId(example), randomUUID()).replaceAll(exampleMission, mission),
    );
    const [header] = resourcesOf(bundle);
    if (!isObject(bundle) || header === undefined) throw new Error('the example is no message');
    Object.assign(header, { destination: undefined });
    const answer = await post(hub, 'amk-innlandet', JSON.stringify({ ...bundle, id: randomUUID() }));
    expect(answer.status, answer.text).toBe(200);
  };

  /** Creates an endpoint that has got the events of one mission. */
  const notifiedEndpoint = async (payload: string, updates = 1) => {
    const mission = await openMission();
    const { endpoint, subscription } = await listen('amk-la-oslo', payload, [ofMission(mission)]);
    for (let sent = 0; sent < updates; sent += 1) await update(mission);
    await eventually('the events', () => endpoint.events().length === updates);
    return { mission, endpoint, subscription, events: endpoint.events() };
  };

  return {
    open,
    create,
    put,
    statusOf,
    becomes,
    listen,
    openMission,
    update,
    notifiedEndpoint,
    /** Closes the endpoints and the hub. */
    close: async (): Promise<void> => {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()));
      await hub.close();
    },
  };
};
