import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { setTimeout as rest } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { quickCallSeconds } from '../../core/delivery/endpoint-speed.ts';
import { afterRunning } from '../../local/aws/running-time.ts';
import { defined } from '../../schemas/defined.ts';
import { parseLossless } from '../../schemas/json/json.ts';
import { missionTopic } from '../../schemas/names.ts';
import { readNotification } from './notification.ts';
import { stoodStillSince, undisturbed } from './standstill.ts';

/** A client id of `local/sample/clients.json`. */
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

const tokens = new Map<string, { readonly token: string; readonly until: number }>();

const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });

export const tokenOf = async (hub: Hub, client: Client): Promise<string> => {
  const key = `${hub.issuerUrl} ${client}`;
  const known = tokens.get(key);
  if (known !== undefined && Date.now() < known.until) return known.token;
  const answer = await fetch(`${hub.issuerUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client }),
  });
  const { access_token: token, expires_in: seconds } = tokenAnswer.parse(await answer.json());
  // What is left of its time is more than a test takes, on a machine that stands still for minutes too.
  tokens.set(key, { token, until: Date.now() + (seconds / 4) * 1000 });
  return token;
};

const callOnce = async (
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

/**
 * One HTTP call to the hub as a partner; `client` absent: without a token. As a partner does it is made again after a 5xx, but
 * only if this machine stood still meanwhile; and where the stack is deployed, if the authorizer could not read the issuer's
 * keys in time: an emulator starts as many of them side by side as there are calls. Nothing else is looked away from.
 */
export const call = async (...request: Parameters<typeof callOnce>): Promise<HttpAnswer> => {
  for (let tries = 1; ; tries += 1) {
    const answer = await undisturbed(
      () => callOnce(...request),
      ({ status }) => status < 500,
    );
    const isEarly = process.env['DEPLOYED_ASSEMBLY'] !== undefined && answer.text.includes('"identity-unavailable"');
    if (!isEarly || tries === 10) return answer;
    await rest(Number(answer.headers.get('retry-after')) * 1000);
  }
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
  /** The machine, or the process of this endpoint, paused when it came first: the hub did not get the answer in time. */
  readonly isAgain: boolean;
  /** When it had arrived, by `performance.now()`. */
  readonly at: number;
}

interface Behaviour {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly delay?: number | 'for ever';
}

/** A partner's endpoint: an HTTP server that keeps the requests it gets and answers as configured. */
export interface Endpoint {
  readonly url: string;
  readonly received: Received[];
  /** The events it was notified of, each once. */
  readonly events: () => readonly Received[];
  /** Status for the next requests; a number of milliseconds to wait first, or that there is no answer at all. */
  behave: (answer: Behaviour) => void;
  readonly close: () => Promise<void>;
}

export const openEndpoint = async (port = 0): Promise<Endpoint> => {
  const received: Received[] = [];
  const firstAt = new Map<string, number>();
  let behaviour: Behaviour = {};
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
        const id = String(request.headers['webhook-id']);
        const first = firstAt.get(id);
        firstAt.set(id, first ?? performance.now());
        received.push({
          at: performance.now(),
          isAgain: first !== undefined && stoodStillSince(first - quickCallSeconds * 1000),
          headers: request.headers,
          text,
          bundle: parseLossless(text),
          type,
          ...defined({ eventNumber }),
        });
      }
      if (delay !== 'for ever') setTimeout(() => response.writeHead(status, headers).end(), delay);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
  return {
    url: `http://127.0.0.1:${address.port}/notify`,
    received,
    events: () => received.filter(({ type, isAgain }) => type === 'event-notification' && !isAgain),
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

/** Waits until something holds, and fails with `what` if it never does while the machine runs. */
export const eventually = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 60,
): Promise<void> => {
  let isLate = false;
  const inTime = afterRunning(seconds * 1000, () => {
    isLate = true;
  });
  try {
    while (!(await holds())) {
      if (isLate) throw new Error(`not within ${seconds} s: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    inTime();
  }
};
