import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { defined } from '../../schemas/defined.ts';
import { parseLossless } from '../../schemas/json.ts';
import { missionTopic } from '../../schemas/names.ts';
import { readNotification } from './notification.ts';

/** A client id of `directory/clients.json`. */
export type Client = string;

export interface Hub {
  readonly url: string;
  readonly issuerUrl: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed body, loosely: tests look into it. */
  readonly body: Record<string, unknown>;
}

const tokens = new Map<string, string>();

export const tokenOf = async (hub: Hub, client: Client): Promise<string> => {
  const key = `${hub.issuerUrl} ${client}`;
  const known = tokens.get(key);
  if (known !== undefined) return known;
  const answer = await fetch(`${hub.issuerUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client }),
  });
  const token = z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
  tokens.set(key, token);
  return token;
};

/** One HTTP call to the hub as a partner; `client` absent: without a token. */
export const call = async (
  hub: Hub,
  client: Client | undefined,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> => {
  const answer = await fetch(`${hub.url}${path}`, {
    method,
    headers: {
      ...(client === undefined ? {} : { authorization: `Bearer ${await tokenOf(hub, client)}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
};

export const post = (
  hub: Hub,
  client: Client,
  message: string,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> => call(hub, client, 'POST', '/$process-message', message, headers);

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed without loss. */
  readonly bundle: unknown;
  readonly type: string;
  readonly eventNumber?: number;
}

/** A partner's endpoint: a real HTTP server that keeps what it gets and answers as told. */
export interface Endpoint {
  readonly url: string;
  readonly received: Received[];
  readonly events: () => readonly Received[];
  /** Status for the next requests; a number of milliseconds to wait first. */
  behave: (answer: { status?: number; headers?: Record<string, string>; delay?: number }) => void;
  readonly close: () => Promise<void>;
}

export const openEndpoint = async (port = 0): Promise<Endpoint> => {
  const received: Received[] = [];
  let behaviour: { status?: number; headers?: Record<string, string>; delay?: number } = {};
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status = 200, headers = {}, delay = 0 } = behaviour;
      const text = Buffer.concat(chunks).toString('utf8');
      const {
        type,
        numbers: [eventNumber],
      } = readNotification(text);
      if (status < 300) {
        received.push({
          headers: request.headers,
          text,
          bundle: parseLossless(text),
          type,
          ...defined({ eventNumber }),
        });
      }
      setTimeout(() => response.writeHead(status, headers).end(), delay);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
  return {
    url: `http://127.0.0.1:${address.port}/notify`,
    received,
    events: () => received.filter(({ type }) => type === 'event-notification'),
    behave: (answer) => {
      behaviour = answer;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** A Subscription as a partner posts it. */
export const subscriptionFor = (endpoint: string, payload = 'full-resource', filters: readonly string[] = []): string =>
  JSON.stringify({
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'test',
    criteria: missionTopic,
    ...(filters.length === 0
      ? {}
      : {
          _criteria: {
            extension: filters.map((valueString) => ({
              url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria',
              valueString,
            })),
          },
        }),
    channel: {
      type: 'rest-hook',
      endpoint,
      payload: 'application/fhir+json',
      _payload: {
        extension: [
          {
            url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content',
            valueCode: payload,
          },
        ],
      },
    },
  });

export interface Subscribed {
  readonly id: string;
  readonly secret: string;
}

export const subscribe = async (
  hub: Hub,
  client: Client,
  endpoint: string,
  payload = 'full-resource',
  filters: readonly string[] = [],
): Promise<Subscribed> => {
  const answer = await call(hub, client, 'POST', '/Subscription', subscriptionFor(endpoint, payload, filters));
  if (answer.status !== 201) throw new Error(answer.text);
  const created = z
    .object({
      id: z.string(),
      channel: z.object({ extension: z.array(z.object({ url: z.string(), valueString: z.string().optional() })) }),
    })
    .parse(answer.body);
  const secret =
    created.channel.extension.find(({ valueString }) => valueString?.startsWith('whsec_') === true)?.valueString ?? '';
  return { id: created.id, secret };
};

/** Throws unless the notification carries a good Standard Webhooks signature. */
export const verifySignature = (secret: string, { headers, text }: Received): void => {
  new Webhook(secret).verify(
    text,
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  );
};

/** Waits until something holds, and fails with `what` if it never does. */
export const eventually = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 20,
): Promise<void> => {
  const until = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
