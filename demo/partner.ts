import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { missionTopic, systems } from '../schemas/names.ts';
import { bold, dim, green, red, say } from './timeline.ts';

/** What a partner system reads of a notification. Extra members are of no interest to it. */
const taskShape = z.object({
  resourceType: z.literal('Task'),
  id: z.string(),
  status: z.string(),
  owner: z.object({ identifier: z.object({ value: z.string() }) }).optional(),
});
const headerShape = z.object({ resourceType: z.literal('MessageHeader'), eventCoding: z.object({ code: z.string() }) });
const missionShape = z.object({
  resourceType: z.literal('ServiceRequest'),
  id: z.string(),
  identifier: z.array(z.object({ system: z.string().optional(), value: z.string().optional() })),
});
const parametersShape = z.object({
  resourceType: z.literal('Parameters'),
  parameter: z.array(
    z.object({
      name: z.string(),
      valueCode: z.string().optional(),
      part: z.array(z.object({ name: z.string(), valueString: z.string().optional() })).optional(),
    }),
  ),
});
const notificationShape = z.object({ entry: z.array(z.object({ resource: z.unknown() })) });
const responseShape = z.object({ entry: z.array(z.object({ resource: z.looseObject({ resourceType: z.string() }) })) });
const subscriptionShape = z.object({
  id: z.string(),
  channel: z.object({ extension: z.array(z.object({ url: z.string(), valueString: z.string().optional() })) }),
});

export interface Heard {
  readonly event: string;
  readonly mission: string;
  /** The Task of the notification that waits for this partner. */
  readonly task?: string;
}

interface Settings {
  readonly name: string;
  readonly client: string;
  readonly organisation: string;
  readonly hub: string;
  readonly issuer: string;
}

const pick = <Schema extends z.ZodType>(schema: Schema, resources: readonly unknown[]): z.output<Schema>[] =>
  resources.flatMap((resource) => {
    const read = schema.safeParse(resource);
    return read.success ? [read.data] : [];
  });

/** A partner's system: a real HTTP server that the hub notifies, and a client that posts messages. */
export class Partner {
  readonly #settings: Settings;
  readonly #server: Server;
  #token = '';
  #secret = '';
  #active: (() => void) | undefined;
  readonly heard: Heard[] = [];
  react: (heard: Heard) => Promise<void> = async () => {};
  #failed: (error: unknown) => void = () => {};

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        try {
          new Webhook(this.#secret).verify(
            body,
            Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
          );
        } catch {
          response.writeHead(401).end();
          return;
        }
        response.writeHead(200).end();
        this.#receive(body);
      });
    });
  }

  get name(): string {
    return this.#settings.name;
  }

  get organisation(): string {
    return this.#settings.organisation;
  }

  /** Starts the server, gets a token, subscribes, and waits for the handshake. */
  async join(onFailure: (error: unknown) => void): Promise<void> {
    this.#failed = onFailure;
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('a partner server has no port');
    const answer = await fetch(`${this.#settings.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: this.#settings.client }),
    });
    this.#token = z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
    const handshake = new Promise<void>((resolve) => {
      this.#active = resolve;
    });
    const created = await this.#call('POST', '/Subscription', {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'demo',
      criteria: missionTopic,
      channel: {
        type: 'rest-hook',
        endpoint: `http://127.0.0.1:${address.port}/notify`,
        payload: 'application/fhir+json',
        _payload: {
          extension: [
            {
              url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content',
              valueCode: 'full-resource',
            },
          ],
        },
      },
    });
    this.#secret =
      subscriptionShape
        .parse(created)
        .channel.extension.find(({ valueString }) => valueString?.startsWith('whsec_') === true)?.valueString ?? '';
    await handshake;
  }

  /** Posts a message; gives the mission's id. */
  async send(event: string, text: string): Promise<string> {
    const before = performance.now();
    const answer = responseShape.parse(await this.#call('POST', '/$process-message', text));
    const [header] = answer.entry;
    const focus = z
      .object({
        focus: z.array(
          z.object({ identifier: z.object({ value: z.string() }).optional(), display: z.string().optional() }),
        ),
      })
      .parse(header?.resource).focus[0];
    const mission = focus?.identifier?.value ?? '';
    say(
      `${bold(this.name)} sends ${bold(event)} ${dim(`accepted as ${focus?.display ?? ''} in ${Math.round(performance.now() - before)} ms`)}`,
    );
    return mission;
  }

  async read(path: string): Promise<unknown> {
    return this.#call('GET', path);
  }

  async leave(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#settings.hub}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${this.name}: ${method} ${path} was answered ${answer.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  #receive(body: string): void {
    const resources = notificationShape.parse(JSON.parse(body)).entry.map(({ resource }) => resource);
    const [status] = pick(parametersShape, resources);
    const type = status?.parameter.find(({ name }) => name === 'type')?.valueCode;
    if (type === 'handshake') {
      say(`${green('✓')} ${this.name} ${dim('subscribed, handshake done')}`);
      this.#active?.();
      return;
    }
    const number = status?.parameter
      .find(({ name }) => name === 'notification-event')
      ?.part?.find(({ name }) => name === 'event-number')?.valueString;
    const [header] = pick(headerShape, resources);
    const mission = pick(missionShape, resources).find(({ id, identifier }) =>
      identifier.some(({ system, value }) => system === systems.mission && value === id),
    );
    if (header === undefined || mission === undefined) {
      this.#failed(new Error(`${this.name} got a notification without a message`));
      return;
    }
    const task = pick(taskShape, resources).find(
      ({ owner, status: state }) => owner?.identifier.value === this.organisation && state === 'requested',
    );
    const heard: Heard = {
      event: header.eventCoding.code,
      mission: mission.id,
      ...(task === undefined ? {} : { task: task.id }),
    };
    this.heard.push(heard);
    say(`   ${green('→')} ${this.name} is told of ${heard.event} ${dim(`(event ${number ?? '?'}, signature good)`)}`);
    this.react(heard).catch((error: unknown) => {
      say(red(`${this.name} failed`));
      this.#failed(error);
    });
  }
}
