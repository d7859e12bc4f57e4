import { z } from 'zod';
import { isObject } from '../../schemas/json/json.ts';
import { publishedTypes } from '../../schemas/published/types.ts';
import { exampleSteps, exampleText, organisationOf, readinessSteps, secondSteps } from '../support/examples.ts';
import {
  call,
  type Client,
  type Endpoint,
  eventually,
  type Hub,
  openEndpoint,
  post,
  subscribe,
  type Subscribed,
} from '../support/partners.ts';

/** Every kind of answer and notification of two whole missions, for a validator. */

export interface Collected {
  /** What was answered, in words that are a file name. */
  readonly name: string;
  readonly text: string;
}

interface Subscriber {
  readonly client: Client;
  readonly endpoint: Endpoint;
  readonly subscription: Subscribed;
}

/** Who subscribes to which content. Every role is there, and every content. */
const contents: readonly (readonly [Client, string])[] = [
  ['amk-innlandet', 'full-resource'],
  ['amk-la-oslo', 'full-resource'],
  ['amk-la-trondheim', 'id-only'],
  ['operator-lorenskog', 'full-resource'],
  ['operator-rescue-nordvik', 'full-resource'],
  ['operator-rescue-orland', 'id-only'],
  ['hospital-ulleval', 'empty'],
  ['hospital-st-olav', 'full-resource'],
  ['quality-register', 'full-resource'],
  ['observer-hrs', 'full-resource'],
];

const bundleShape = z.object({
  link: z.array(z.object({ relation: z.string(), url: z.string() })).default([]),
  entry: z
    .array(
      z.object({ fullUrl: z.string().optional(), resource: z.looseObject({ resourceType: z.string() }).optional() }),
    )
    .default([]),
});

/** Addresses of the hub in an answer: the resources that it contains, and the references in them. */
const addressesIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(addressesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    (name === 'reference' || name === 'fullUrl') && typeof member === 'string' ? [member] : addressesIn(member),
  );
};

/** Roles that read a mission, each with what it may see. */
const readers: readonly Client[] = [
  'amk-innlandet',
  'amk-la-oslo',
  'hospital-st-olav',
  'quality-register',
  'observer-hrs',
];

const missionIn = (body: unknown): string => /"value":"([0-9a-f-]{36})"/.exec(JSON.stringify(body))?.[1] ?? '';

/** Requests that the hub refuses: each is answered with an OperationOutcome. */
const refusals: readonly (readonly [string, Client | undefined, string, string, string?])[] = [
  ['unknown-mission', 'amk-innlandet', 'GET', '/ServiceRequest/00000000-0000-4000-8000-000000000000'],
  ['unknown-type', 'amk-innlandet', 'GET', '/Appointment/1'],
  ['unknown-search', 'amk-innlandet', 'GET', '/Task?colour=red'],
  ['not-json', 'amk-innlandet', 'POST', '/$process-message', '{'],
  ['no-message', 'amk-innlandet', 'POST', '/$process-message', '{"resourceType":"Bundle","type":"message","entry":[]}'],
  ['not-allowed', 'amk-innlandet', 'PUT', '/ServiceRequest/1', '{}'],
  ['wrong-subscription', 'amk-innlandet', 'POST', '/Subscription', '{"resourceType":"Subscription"}'],
];

export class Collector {
  readonly #hub: Hub;
  /** The name of each text. What several readers get alike is validated once. */
  readonly #collected = new Map<string, string>();
  readonly #read = new Set<string>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  get collected(): readonly Collected[] {
    return [...this.#collected].map(([text, name], index) => ({
      name: `${String(index + 1).padStart(4, '0')} ${name}`,
      text,
    }));
  }

  #keep(name: string, text: string): void {
    if (text.startsWith('{') && !this.#collected.has(text))
      this.#collected.set(text, name.replaceAll(/[^\w.$=-]+/g, '_').slice(0, 150));
  }

  /** An answer to a `GET`; a page leads to the next one. */
  async #get(client: Client | undefined, path: string): Promise<z.output<typeof bundleShape>> {
    const { text, body, status } = await call(this.#hub, client, 'GET', path);
    if (status >= 500) throw new Error(`GET ${path}: ${status} ${text}`);
    this.#keep(`GET ${client ?? 'nobody'} ${path}`, text);
    const bundle = bundleShape.safeParse(body);
    if (!bundle.success) return { link: [], entry: [] };
    const next = bundle.data.link.find(({ relation }) => relation === 'next');
    if (next === undefined || !next.url.startsWith(this.#hub.url)) return bundle.data;
    const more = await this.#get(client, next.url.slice(this.#hub.url.length));
    return { ...bundle.data, entry: [...bundle.data.entry, ...more.entry] };
  }

  /** What the hub publishes of itself. */
  async published(): Promise<readonly unknown[]> {
    await this.#get(undefined, '/metadata');
    const resources: unknown[] = [];
    for (const type of publishedTypes) {
      const { entry } = await this.#get(undefined, `/${type}`);
      resources.push(...entry.flatMap(({ resource }) => resource ?? []));
    }
    return resources;
  }

  async #send(client: Client, name: string, text: string): Promise<unknown> {
    const answer = await post(this.#hub, client, text);
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    this.#keep(`answer ${name}`, answer.text);
    return answer.body;
  }

  /** Reads the resources that an answer names, each once for each reader. */
  async #follow(client: Client, bundle: unknown): Promise<void> {
    const own = addressesIn(bundle).map((address) => address.replace(`${this.#hub.url}/`, ''));
    for (const path of new Set(own.filter((one) => /^[A-Z]\w+\/[\w.-]+$/.test(one)))) {
      const key = `${client} ${path}`;
      if (this.#read.has(key)) continue;
      this.#read.add(key);
      await this.#get(client, `/${path}`);
    }
  }

  async #readMission(client: Client, mission: string): Promise<void> {
    const about = `ServiceRequest/${mission}`;
    for (const path of [
      `/${about}`,
      `/Task?based-on=${about}`,
      `/Communication?part-of=${about}`,
      `/ServiceRequest/${mission}/$history`,
      `/ServiceRequest/${mission}/_history`,
      `/Provenance?target=${about}`,
      `/AuditEvent?entity=${about}`,
    ])
      await this.#follow(client, await this.#get(client, path));
    for (let entry = 1; entry <= 25; entry += 1) {
      const bundle = await this.#get(client, `/Bundle/${mission}.${entry}`);
      await this.#get(client, `/Provenance/${mission}.${entry}`);
      // The resources of a message by themselves: those of the request, for those who see them de-identified too.
      for (const [index, { resource }] of entry === 1 ? bundle.entry.entries() : [])
        if (resource !== undefined) await this.#get(client, `/${resource.resourceType}/${mission}.${entry}.${index}`);
    }
  }

  async #searches(client: Client): Promise<void> {
    const own = organisationOf(client);
    for (const path of [
      `/Task?owner=Organization/${own}`,
      `/Task?owner=Organization/${own}&status=completed&_count=1`,
      `/Task?requester=Organization/${own}`,
      `/ServiceRequest?requester=Organization/${own}&_count=1`,
      `/ServiceRequest?performer=Organization/${own}`,
      '/Organization',
      '/Organization?_summary=count',
      '/Endpoint',
      '/Location',
      '/OrganizationAffiliation',
      `/Organization/${own}`,
    ])
      await this.#get(client, path);
  }

  async #subscriptions({ client, subscription: { id } }: Subscriber): Promise<void> {
    for (const path of [
      '/Subscription',
      `/Subscription/${id}`,
      `/Subscription/${id}/$status`,
      '/Subscription/$status',
      `/Subscription/${id}/$events`,
      `/Subscription/${id}/$events?eventsSinceNumber=1&eventsUntilNumber=3`,
      `/Subscription/${id}/$events?content=id-only`,
      `/Subscription/${id}/$events?content=empty`,
    ])
      await this.#get(client, path);
  }

  /** Plays both missions of the examples before subscribers, and reads all that can be read afterwards. */
  async missions(): Promise<void> {
    const subscribers: Subscriber[] = [];
    try {
      for (const [client, content] of contents) {
        const endpoint = await openEndpoint();
        subscribers.push({ client, endpoint, subscription: await subscribe(this.#hub, client, endpoint.url, content) });
      }
      const missions = new Set<string>();
      for (const { file, client } of [...exampleSteps, ...secondSteps, ...readinessSteps]) {
        const text = exampleText(file);
        this.#keep(`example ${file}`, text);
        const body = await this.#send(client, file, text);
        if (!readinessSteps.some((step) => step.file === file)) missions.add(missionIn(body));
      }
      this.#keep(
        'checked',
        (await call(this.#hub, 'amk-innlandet', 'POST', '/$validate', exampleText('mission-request.json'))).text,
      );
      await this.#searches('amk-innlandet');
      await this.#searches('amk-la-oslo');
      for (const mission of missions) for (const reader of readers) await this.#readMission(reader, mission);
      await Promise.all(subscribers.map((one) => this.#arrived(one)));
      for (const subscriber of subscribers) await this.#subscriptions(subscriber);
      for (const { client, endpoint } of subscribers)
        for (const [index, { text, type }] of endpoint.received.entries())
          this.#keep(`notification ${client} ${index} ${type}`, text);
      for (const [name, client, method, path, body] of refusals)
        this.#keep(`refused ${name}`, (await call(this.#hub, client, method, path, body)).text);
    } finally {
      await Promise.all(subscribers.map(({ endpoint }) => endpoint.close()));
    }
  }

  /** All events of a subscription have been delivered. */
  async #arrived({ client, endpoint, subscription: { id } }: Subscriber): Promise<void> {
    await eventually(`the notifications of ${client}`, async () => {
      const { text } = await call(this.#hub, client, 'GET', `/Subscription/${id}/$status`);
      const events = Number(/"events-since-subscription-start","valueString":"(\d+)"/.exec(text)?.[1] ?? Number.NaN);
      const numbers = endpoint.events().flatMap(({ eventNumber }) => eventNumber ?? []);
      return new Set(numbers).size >= events;
    });
  }
}
