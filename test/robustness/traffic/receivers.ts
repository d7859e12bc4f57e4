import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../support/random.ts';
import { notificationIn } from './answers.ts';
import type { Recorder } from './recorder.ts';

/** What a receiver does with a request. `dead`: nothing listens at its port. */
export const behaviours = ['healthy', 'slow', 'error', 'busy', 'rejecting', 'silent', 'dead'] as const;
export type Behaviour = (typeof behaviours)[number];

/** Milliseconds a slow receiver takes: less than the hub waits. */
const slowness = 9_000;

export interface Receiver {
  readonly name: string;
  readonly url: string;
  readonly behave: (behaviour: Behaviour) => Promise<void>;
  /** The secret of its subscription, once it is known. Other subscriptions are those whose creation was never answered. */
  readonly learn: (subscription: string, secret: string) => void;
  /** Numbers of events that it has answered 2xx. */
  readonly taken: ReadonlySet<number>;
  readonly close: () => Promise<void>;
}

const isSigned = (secret: string, { headers }: IncomingMessage, body: Buffer): boolean => {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    String(headers[name]),
  );
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = Buffer.from(
    `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
  );
  return (signatures ?? '').split(' ').some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** An endpoint on loopback that records what it gets and what it answers. `port` 0: any free one, kept over the time it is dead. */
export const openReceiver = async (name: string, recorder: Recorder): Promise<Receiver> => {
  let behaviour: Behaviour = 'healthy';
  let known: { readonly subscription: string; readonly secret: string } | undefined;
  let port = 0;
  let server: Server | undefined;
  const taken = new Set<number>();

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    write: (answered: number | 'none') => void,
  ): Promise<void> => {
    const give = (status: number, headers: Readonly<Record<string, string>> = {}): void => {
      // The sender may have gone; then nobody gets the answer.
      write(request.socket.destroyed ? 'none' : status);
      response.writeHead(status, headers).end();
    };
    switch (behaviour) {
      case 'healthy':
        return give(200);
      case 'slow':
        await pause(slowness);
        return give(200);
      case 'error':
        return give(500);
      case 'busy':
        return give(429, { 'retry-after': '2' });
      case 'rejecting':
        return give(400);
      case 'silent':
      case 'dead':
        write('none');
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const start = recorder.now();
    const body = await bodyOf(request);
    const { type, subscription = '', last, events } = notificationIn(body.toString('utf8'));
    const [event] = events;
    const secret = known?.subscription === subscription ? known.secret : undefined;
    const signature = secret === undefined ? 'not checked' : isSigned(secret, request, body) ? 'good' : 'bad';
    await answer(request, response, (answered) => {
      if (event !== undefined && answered === 200) taken.add(event.number);
      recorder.write({
        record: 'received',
        start,
        end: recorder.now(),
        receiver: name,
        subscription,
        webhookId: String(request.headers['webhook-id']),
        type,
        signature,
        ...(last === undefined ? {} : { last }),
        ...(event === undefined ? {} : { event }),
        answered,
      });
    });
  };

  const listen = async (): Promise<void> => {
    server = createServer((request, response) => {
      // A sender that is killed aborts its request.
      serve(request, response).catch(() => response.destroy());
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ({ port } = address);
  };
  const close = async (): Promise<void> => {
    const open = server;
    if (open === undefined) return;
    server = undefined;
    const closed = once(open, 'close');
    open.close();
    open.closeAllConnections();
    await closed;
  };

  await listen();
  return {
    name,
    url: `http://127.0.0.1:${port}/notify`,
    taken,
    learn: (subscription, secret) => {
      known = { subscription, secret };
    },
    behave: async (next) => {
      behaviour = next;
      if (next === 'dead') await close();
      else if (server === undefined) await listen();
    },
    close,
  };
};

/** Changes the behaviour of a receiver until `isOver`, and leaves it healthy. */
export const flap = async (
  receiver: Receiver,
  {
    random,
    recorder,
    isOver,
  }: { readonly random: SeededRandom; readonly recorder: Recorder; readonly isOver: () => boolean },
): Promise<void> => {
  while (!isOver()) {
    const behaviour = random.chance(0.4) ? 'healthy' : random.pick(behaviours);
    await receiver.behave(behaviour);
    if (behaviour !== 'healthy')
      recorder.write({ record: 'fault', at: recorder.now(), fault: `receiver ${behaviour}`, target: receiver.name });
    // Now and then for long enough that the hub opens the circuit.
    const until =
      recorder.now() + (random.chance(0.2) ? random.between(20_000, 60_000) : random.between(1_000, 12_000));
    while (!isOver() && recorder.now() < until) await pause(100);
  }
  await receiver.behave('healthy');
};
