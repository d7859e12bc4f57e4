import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { missionTopic } from '../../schemas/names.ts';

/** The parts of a notification that a partner system reads; it ignores other members. */
const headerShape = z.object({ resourceType: z.literal('MessageHeader'), eventCoding: z.object({ code: z.string() }) });
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
const messageShape = z.object({ entry: z.array(z.object({ resource: z.unknown() })).min(1) });
const subscriptionShape = z.object({
  id: z.string(),
  channel: z.object({ extension: z.array(z.object({ url: z.string(), valueString: z.string().optional() })) }),
});

/** The header of the hub's answer: focus names the mission and its version, then what has changed. */
const answerShape = z.object({
  focus: z.tuple(
    [z.object({ identifier: z.object({ value: z.string() }), display: z.string().default('') })],
    z.unknown(),
  ),
});

/** A notification with a valid signature. */
interface Received {
  readonly event: string;
  /** Numbered per subscription, without a gap. */
  readonly number: string;
}

/** A message that the hub has accepted. */
interface Sent {
  readonly event: string;
  readonly mission: string;
  readonly version: string;
}

interface Settings {
  readonly name: string;
  readonly client: string;
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
  readonly #received: Received[] = [];
  readonly #waiting: ((received: Received) => void)[] = [];
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

  /** Posts a message. */
  async send(text: string): Promise<Sent> {
    const message = messageShape.parse(JSON.parse(text));
    const answer = messageShape.parse(await this.#call('POST', '/$process-message', text));
    const [focus] = answerShape.parse(answer.entry[0]?.resource).focus;
    const [header] = pick(
      headerShape,
      message.entry.map(({ resource }) => resource),
    );
    return {
      event: header?.eventCoding.code ?? '',
      mission: focus.identifier.value,
      version: focus.display,
    };
  }

  /** The next notification, in the order of arrival. */
  async next(): Promise<Received> {
    return this.#received.shift() ?? (await new Promise<Received>((resolve) => this.#waiting.push(resolve)));
  }

  /** Notifications that `next` has not returned. */
  get unexpected(): readonly Received[] {
    return this.#received;
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
    const resources = messageShape.parse(JSON.parse(body)).entry.map(({ resource }) => resource);
    const [status] = pick(parametersShape, resources);
    const type = status?.parameter.find(({ name }) => name === 'type')?.valueCode;
    if (type === 'handshake') {
      this.#active?.();
      return;
    }
    const number = status?.parameter
      .find(({ name }) => name === 'notification-event')
      ?.part?.find(({ name }) => name === 'event-number')?.valueString;
    const [header] = pick(headerShape, resources);
    if (header === undefined || number === undefined) {
      this.#failed(new Error(`${this.name} got a notification without a message`));
      return;
    }
    const received = { event: header.eventCoding.code, number };
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#received.push(received);
    else waiting(received);
  }
}
