import { z } from 'zod';
import { everyStep, exampleSteps, exampleText, readinessSteps, secondSteps, type Step } from './examples.ts';
import { missionRequest } from './messages.ts';
import { readNotification } from './notification.ts';
import {
  call,
  type Client,
  type Endpoint,
  eventually,
  type Hub,
  openEndpoint,
  post,
  subscribe,
  subscriptionFor,
} from './partners.ts';
import { organisation } from './scene.ts';
import { digestOf, missionIdOf } from '../../schemas/identifiers.ts';

/**
 * What a release stores: the example missions, a mission under way, notifications that were delivered, one that was given up,
 * one that is pending, and the access log. Played when a release is recorded, and read again by every later release.
 */

/** Without a subscription the hub would say that people must phone them, and the Tasks would have other numbers. */
const subscribers = [...new Set([...everyStep.map(({ client }) => client), 'quality-register'])];

const amk = 'amk-innlandet';
const coordinator = 'amk-la-oslo';

const goingOnRequest = missionRequest({ to: [organisation(coordinator)], id: '00000000-0000-4000-8000-00000000a001' });
const pendingRequest = missionRequest({ to: [organisation(coordinator)], id: '00000000-0000-4000-8000-00000000a002' });
const missionOf = ({ id }: { readonly id: string }): string => missionIdOf(organisation(amk), id);

export const missions = {
  cancelled: '615a28d9-e671-85b0-8bf8-11b64eeb6c62',
  flown: 'fe7579e8-7085-83ba-a17d-d157e91a27e4',
  goingOn: missionOf(goingOnRequest),
  pending: missionOf(pendingRequest),
};

const play = async (hub: Hub, steps: readonly Step[]): Promise<void> => {
  for (const { file, client } of steps) {
    const answer = await post(hub, client, exampleText(file));
    if (answer.status !== 200) throw new Error(`${file}: ${answer.text}`);
  }
};

export interface Listener {
  readonly client: Client;
  readonly subscription: string;
}

const quality = 'quality-register';

const read = async (hub: Hub, client: Client, path: string): Promise<string> => {
  const { status, text } = await call(hub, client, 'GET', path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return text.replaceAll(hub.url, 'https://hub.example/fhir');
};

const receipts = (hub: Hub, mission: string): Promise<string> =>
  read(hub, quality, `/Communication?part-of=ServiceRequest/${mission}`);

const waiting = '"status":"in-progress"';

/** Plays everything; returns the subscribers. */
export const playRelease = async (hub: Hub): Promise<readonly Listener[]> => {
  const endpoints = new Map<Client, Endpoint>();
  const listeners: Listener[] = [];
  for (const client of subscribers) {
    const endpoint = await openEndpoint();
    endpoints.set(client, endpoint);
    listeners.push({ client, subscription: (await subscribe(hub, client, endpoint.url)).id });
  }
  const all = [...endpoints.values()];
  await eventually('every handshake', () => all.every(({ received }) => received.length > 0));
  await play(hub, exampleSteps);
  await play(hub, secondSteps);
  await play(hub, readinessSteps);
  const delivered = [missions.cancelled, missions.flown];
  const areDelivered = async (): Promise<boolean> =>
    (await Promise.all(delivered.map((mission) => receipts(hub, mission)))).every((text) => !text.includes(waiting));
  await eventually('every notification is delivered', areDelivered, 60);
  endpoints.get(coordinator)?.behave({ status: 400 });
  await post(hub, amk, goingOnRequest.text);
  await eventually(
    'one notification is given up',
    async () => !(await receipts(hub, missions.goingOn)).includes(waiting),
    60,
  );
  endpoints.get(coordinator)?.behave({ status: 503 });
  await post(hub, amk, pendingRequest.text);
  await eventually(
    'one notification is pending',
    async () => (await receipts(hub, missions.pending)).includes(waiting),
    60,
  );
  await Promise.all(all.map((endpoint) => endpoint.close()));
  return listeners;
};

const listed = (text: string, ...names: readonly string[]): readonly unknown[] =>
  z
    .object({ entry: z.array(z.object({ resource: z.looseObject({}) })).default([]) })
    .parse(JSON.parse(text))
    .entry.map(({ resource }) => Object.fromEntries(names.map((name) => [name, resource[name]])));

export const factsSchema = z.object({
  missions: z.array(
    z.object({
      name: z.string(),
      version: z.int(),
      status: z.string(),
      priority: z.string(),
      tasks: z.array(z.object({ id: z.string(), status: z.string() })),
      history: z.array(z.object({ id: z.string() })),
      receipts: z.array(z.object({ id: z.string(), status: z.string() })),
      /** Digest of each message as it is read, or the status that says that it is not for this reader. */
      sent: z.array(z.union([z.string(), z.int()])),
    }),
  ),
  subscriptions: z.array(z.object({ client: z.string(), numbers: z.array(z.int()) })),
});
type Facts = z.output<typeof factsSchema>;

/**
 * What must not change from release to release, however a later one words its answers. `versions`: how much of each mission's
 * log is looked at, so that what the hub has said since does not count; all of it if they are not given.
 */
export const factsOf = async (
  hub: Hub,
  listeners: readonly Listener[],
  versions: readonly number[] = [],
): Promise<Facts> =>
  factsSchema.parse({
    missions: await Promise.all(
      Object.entries(missions).map(async ([name, mission], index) => {
        const { headers, body } = await call(hub, amk, 'GET', `/ServiceRequest/${mission}`);
        const version = versions[index] ?? Number(/"(\d+)"/.exec(headers.get('etag') ?? '')?.[1]);
        const sent = Array.from({ length: version }, (_, at) => call(hub, amk, 'GET', `/Bundle/${mission}.${at + 1}`));
        const first = (ids: readonly unknown[]): readonly unknown[] => ids.slice(0, version);
        return {
          name,
          version,
          status: body['status'],
          priority: body['priority'],
          tasks: listed(await read(hub, amk, `/Task?based-on=ServiceRequest/${mission}`), 'id', 'status'),
          history: first(listed(await read(hub, amk, `/ServiceRequest/${mission}/$history`), 'id')),
          receipts: listed(await receipts(hub, mission), 'id', 'status'),
          // What was sent comes out as it went in, or is not for this reader then as now.
          sent: (await Promise.all(sent)).map(({ status, text }) =>
            status === 200 ? digestOf(text.replaceAll(hub.url, 'https://hub.example/fhir')) : status,
          ),
        };
      }),
    ),
    subscriptions: await Promise.all(
      listeners.map(async ({ client, subscription }) => ({
        client,
        numbers: readNotification(await read(hub, client, `/Subscription/${subscription}/$events?content=id-only`))
          .numbers,
      })),
    ),
  });

/** Moves a subscription to another endpoint, as its owner does. */
export const moveTo = async (hub: Hub, { client, subscription }: Listener, endpoint: string): Promise<void> => {
  const wanted = { ...JSON.parse(subscriptionFor(endpoint)), id: subscription };
  const answer = await call(hub, client, 'PUT', `/Subscription/${subscription}`, JSON.stringify(wanted));
  if (answer.status !== 200) throw new Error(answer.text);
};
