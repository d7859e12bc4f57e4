import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  Server as HttpServer,
} from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { type ChannelOptions, readHeaders, retryAfterSeconds, webhookChannel } from '../../adapters/http/channel.ts';
import { allowList, guardedLookup, isPublicAddress, type Resolve } from '../../adapters/http/egress-guard.ts';
import type { Answer, Call } from '../../core/delivery/channel.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { certificateFor } from '../support/certificates.ts';
import { defined } from '../../schemas/defined.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { eventually } from '../support/partners.ts';
import { undisturbed } from '../support/standstill.ts';

/** The channel against real sockets on this machine, which count connections. */
interface Listener {
  readonly port: number;
  /** Connections so far. */
  readonly connections: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
}

const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

const listen = async (server: Server): Promise<Listener> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  // Only the channel closes idle connections.
  if (server instanceof HttpServer || server instanceof HttpsServer) server.keepAliveTimeout = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({ server, sockets });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, connections: () => connections, open: () => sockets.size };
};

afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Records each request, and answers 200 or as given. */
const recording = (
  received: Received[],
  answer: (...given: Parameters<RequestListener>) => void = (_, response) => response.end(),
): RequestListener => {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  };
};

const subscriptionTo = (endpoint: string, changes: Partial<Subscription> = {}): Subscription => ({
  ...sampleSubscription('channel', '983971636'),
  headers: [],
  endpoint,
  ...changes,
});

const onThisMachine = allowList('http://127.0.0.1:*');
const nothing = allowList('');
const body = '{"resourceType":"Bundle","type":"history"}';

/** As the hub calls: with the endpoint's own time limit. */
const call = (webhookId: string, seconds = 10): Call => ({ webhookId, body, seconds });

/** Milliseconds: a call that never ends fails its test sooner than by the limit of the layer. */
const longestCall = 60_000;

const postPlainly = (port: number, changes: Partial<Subscription> = {}, correlationId?: string): Promise<Answer> =>
  webhookChannel(onThisMachine).post(subscriptionTo(`http://127.0.0.1:${port}/notify`, changes), {
    ...call('a.1', changes.timeout),
    ...defined({ correlationId }),
  });

/** A resolver that answers with each of these in turn, then always with the last one, and records the names asked for. */
const resolver = (...answers: readonly (readonly string[] | NodeJS.ErrnoException)[]) => {
  const asked: string[] = [];
  const resolve: Resolve = (hostname, _, callback) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    setImmediate(() =>
      answer instanceof Error
        ? callback(answer, [])
        : callback(
            null,
            answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          ),
    );
  };
  return { resolve, asked };
};

/** Counts this machine's address as public: the tests check which address is connected to. */
const thisMachineIsPublic = (address: string): boolean => address === '127.0.0.1' || isPublicAddress(address);

const authority = certificateFor({ name: 'Authority of the tests', isAuthority: true });
const good = certificateFor({ name: 'partner.example', issuer: authority });

/** Every connection goes to this port, whatever the URL says: a connection that passes the guard is seen there. */
const at = ({ port }: Listener, resolve: Resolve, isPublic = isPublicAddress): ChannelOptions => ({
  lookup: guardedLookup(resolve, isPublic),
  connection: { port, ca: authority.cert },
});

describe('the signature of a notification (Standard Webhooks)', () => {
  const other = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;

  const receive = async (changes: Partial<Subscription>, now: number): Promise<Received> => {
    const received: Received[] = [];
    const { port } = await listen(createHttpServer(recording(received)));
    const channel = webhookChannel(onThisMachine, { now: () => now });
    await channel.post(subscriptionTo(`http://127.0.0.1:${port}/notify`, changes), call('subscription.7'));
    const [first] = received;
    if (first === undefined) throw new Error('no notification arrived');
    return first;
  };

  const verifies = (secret: string, { headers, body: text }: Received): boolean => {
    const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    try {
      new Webhook(secret).verify(text, flat);
      return true;
    } catch {
      return false;
    }
  };

  test('covers the body, id and second of sending, with the secret of the subscription', async () => {
    const now = Date.now();
    const received = await receive({}, now);
    const { secret } = subscriptionTo('');
    expect(verifies(secret, received)).toBe(true);
    expect(verifies(other, received)).toBe(false);
    expect(verifies(secret, { ...received, body: received.body.replace('history', 'message') })).toBe(false);
    expect(verifies(secret, { ...received, headers: { ...received.headers, 'webhook-id': 'subscription.8' } })).toBe(
      false,
    );
    expect(received.headers).toMatchObject({
      'webhook-id': 'subscription.7',
      'webhook-timestamp': String(Math.floor(now / 1000)),
      'content-type': 'application/fhir+json',
    });
    expect(received.body).toBe(body);
  });

  test('verifies with either secret during a rotation, and with the new one alone after it', async () => {
    const now = Date.now();
    const fresh = `whsec_${Buffer.from('another secret, also long enough').toString('base64')}`;
    const rotated = (until: number): Partial<Subscription> => ({
      secret: fresh,
      formerSecret: { secret: other, until: new Date(until).toISOString() },
    });
    const during = await receive(rotated(now + 1), now);
    expect([verifies(fresh, during), verifies(other, during)]).toEqual([true, true]);
    const after = await receive(rotated(now), now);
    expect([verifies(fresh, after), verifies(other, after)]).toEqual([true, false]);
    expect(String(after.headers['webhook-signature']).split(' ')).toHaveLength(1);
  });

  test('is made again for each attempt, under the same id', async () => {
    const received: Received[] = [];
    const { port } = await listen(
      createHttpServer(recording(received, (_, response) => response.writeHead(503).end())),
    );
    let now = Date.now();
    const channel = webhookChannel(onThisMachine, { now: () => now });
    const subscription = subscriptionTo(`http://127.0.0.1:${port}/notify`);
    await channel.post(subscription, call('subscription.7'));
    now += 60_000;
    await channel.post(subscription, call('subscription.7'));
    expect(received.map((one) => verifies(subscription.secret, one))).toEqual([true, true]);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-signature'])).size).toBe(2);
  });
});

describe('addresses that the channel connects to', () => {
  const tries = 3;
  const counted = async (endpoint: string, resolve: Resolve, allowed = nothing) => {
    const received: Received[] = [];
    const listener = await listen(createHttpServer(recording(received)));
    const channel = webhookChannel(allowed, at(listener, resolve));
    const answers: Answer[] = [];
    for (let count = 0; count < tries; count += 1)
      answers.push(await channel.post(subscriptionTo(endpoint), call('a.1')));
    return { answers, connections: listener.connections() };
  };

  test('include an allowed address, so that the counts below are meaningful', async () => {
    const { answers, connections } = await counted('http://127.0.0.1:1/', resolver([]).resolve, onThisMachine);
    expect(answers).toEqual(Array.from({ length: tries }, () => ({ status: 200 })));
    expect(connections).toBe(1);
  });

  test.each([
    'https://127.0.0.1/',
    'https://127.0.0.1./',
    'https://127.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://0/',
    'https://１２７.0.0.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::]/',
    'https://[::1]/',
    'https://localhost/',
    'https://localhost./',
    'https://user@127.0.0.1/',
    'https://user:word@partner.example/',
    'https://partner.example:8443/',
    'http://partner.example/',
    'http://127.0.0.1/',
    'ftp://127.0.0.1/',
    'not a URL',
  ])('exclude %s, at every attempt', async (endpoint) => {
    const { resolve, asked } = resolver(['127.0.0.1']);
    const { answers, connections } = await counted(endpoint, resolve);
    expect(answers).toEqual(Array.from({ length: tries }, () => ({ failure: 'refused-address' })));
    expect(connections).toBe(0);
    expect(asked).toEqual([]);
  });

  test.each([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['::ffff:7f00:1']],
    [['64:ff9b::7f00:1']],
    [['2002:7f00:1::1']],
    [['2606:2800:220:1:0:5efe:127.0.0.1']],
    [['169.254.169.254']],
    [['0.0.0.0']],
    [['93.184.215.14', '127.0.0.1']],
    [['127.0.0.1', '93.184.215.14']],
    [[]],
  ])('exclude a name that resolves to %j, which is resolved again at every attempt', async (addresses) => {
    const { resolve, asked } = resolver(addresses);
    const { answers, connections } = await counted('https://partner.example/notify', resolve);
    expect(answers).toEqual(Array.from({ length: tries }, () => ({ failure: 'refused-address' })));
    expect(connections).toBe(0);
    expect(asked).toEqual(Array.from({ length: tries }, () => 'partner.example'));
  });

  describe('a name that resolves to another address later', () => {
    const secure = (received: Received[], keepsOpen: boolean): Server =>
      createHttpsServer(
        good,
        recording(received, (_, response) => response.writeHead(200, keepsOpen ? {} : { connection: 'close' }).end()),
      );

    test('is connected to at the address that was checked', async () => {
      const received: Received[] = [];
      const listener = await listen(secure(received, true));
      // A second resolution would give another address.
      const { resolve, asked } = resolver(['127.0.0.1'], ['10.0.0.1']);
      const channel = webhookChannel(nothing, at(listener, resolve, thisMachineIsPublic));
      const subscription = subscriptionTo('https://partner.example/notify');
      expect(await channel.post(subscription, call('a.1'))).toEqual({ status: 200 });
      expect(asked).toEqual(['partner.example']);
      expect(received[0]?.headers.host).toBe('partner.example');
    });

    test('keeps the open connection to the address that was checked', async () => {
      const received: Received[] = [];
      const listener = await listen(secure(received, true));
      const { resolve, asked } = resolver(['127.0.0.1'], ['10.0.0.1']);
      const channel = webhookChannel(nothing, at(listener, resolve, thisMachineIsPublic));
      const subscription = subscriptionTo('https://partner.example/notify');
      for (let count = 0; count < tries; count += 1)
        expect(await channel.post(subscription, call(`a.${count}`))).toEqual({ status: 200 });
      expect(listener.connections()).toBe(1);
      expect(asked).toHaveLength(1);
      expect(received).toHaveLength(tries);
    });

    test('is refused at the next connection', async () => {
      const received: Received[] = [];
      const listener = await listen(secure(received, false));
      const { resolve, asked } = resolver(['127.0.0.1'], ['10.0.0.1'], ['127.0.0.1']);
      const channel = webhookChannel(nothing, at(listener, resolve, thisMachineIsPublic));
      const subscription = subscriptionTo('https://partner.example/notify');
      expect(await channel.post(subscription, call('a.1'))).toEqual({ status: 200 });
      await eventually('the connection closed', () => listener.open() === 0);
      expect(await channel.post(subscription, call('a.2'))).toEqual({ failure: 'refused-address' });
      expect(listener.connections()).toBe(1);
      expect(await channel.post(subscription, call('a.2'))).toEqual({ status: 200 });
      expect(asked).toHaveLength(3);
      expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(['a.1', 'a.2']);
    });
  });
});

describe('TLS of an endpoint', () => {
  const answerOver = async (server: Server, endpoint = 'https://partner.example/'): Promise<Answer> => {
    const listener = await listen(server);
    const { resolve } = resolver(['127.0.0.1']);
    return webhookChannel(nothing, at(listener, resolve, thisMachineIsPublic)).post(
      subscriptionTo(endpoint),
      call('a.1'),
    );
  };
  const day = 86_400_000;

  test('trusts a valid certificate of the host', async () => {
    const received: Received[] = [];
    expect(await answerOver(createHttpsServer(good, recording(received)))).toEqual({ status: 200 });
    expect(received).toHaveLength(1);
  });

  test.each([
    ['signed by itself', certificateFor({ name: 'partner.example' })],
    [
      'issued by an authority that is not trusted',
      certificateFor({
        name: 'partner.example',
        issuer: certificateFor({ name: 'Another authority', isAuthority: true }),
      }),
    ],
    [
      'expired',
      certificateFor({
        name: 'partner.example',
        issuer: authority,
        from: new Date(Date.now() - 2 * day),
        until: new Date(Date.now() - day),
      }),
    ],
    [
      'not valid yet',
      certificateFor({
        name: 'partner.example',
        issuer: authority,
        from: new Date(Date.now() + day),
        until: new Date(Date.now() + 2 * day),
      }),
    ],
    ['of another host', certificateFor({ name: 'other.example', issuer: authority })],
    ['signed by a certificate that is no authority', certificateFor({ name: 'partner.example', issuer: good })],
  ])('sends nothing to an endpoint with a certificate %s', async (_, certificate) => {
    const received: Received[] = [];
    expect(await answerOver(createHttpsServer(certificate, recording(received)))).toEqual({ failure: 'tls' });
    expect(received).toEqual([]);
  });

  test('sends nothing to a server without TLS', async () => {
    const received: Received[] = [];
    expect(await answerOver(createHttpServer(recording(received)))).toEqual({ failure: 'tls' });
    expect(received).toEqual([]);
  });
});

describe('an endpoint that does not answer', () => {
  test.each(['ENOTFOUND', 'EAI_AGAIN', 'ENODATA'])('fails with "name" when resolving answers %s', async (code) => {
    const { resolve } = resolver(Object.assign(new Error(code), { code }));
    const channel = webhookChannel(nothing, { lookup: guardedLookup(resolve) });
    expect(await channel.post(subscriptionTo('https://partner.example/'), call('a.1'))).toEqual({ failure: 'name' });
  });

  test('times out when resolving does not answer', async () => {
    const channel = webhookChannel(nothing, { lookup: guardedLookup(() => {}) });
    const answer = await channel.post(subscriptionTo('https://partner.example/', { timeout: 1 }), call('a.1', 1));
    expect(answer).toEqual({ failure: 'timeout' });
  });

  test.each([
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 20'],
    ['half of its headers', 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n'],
    ['interim answers', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('times out after %s, and the connection is closed', async (_, sent) => {
    const listener = await listen(createTcpServer((socket) => socket.once('data', () => socket.write(sent))));
    expect(await postPlainly(listener.port, { timeout: 1 })).toEqual({ failure: 'timeout' });
    await eventually('the connection closed', () => listener.open() === 0);
    expect(listener.connections()).toBe(1);
  });

  test('times out when TLS never starts', async () => {
    const listener = await listen(createTcpServer((socket) => socket.resume()));
    const { resolve } = resolver(['127.0.0.1']);
    const channel = webhookChannel(nothing, at(listener, resolve, thisMachineIsPublic));
    const answer = await channel.post(subscriptionTo('https://partner.example/', { timeout: 1 }), call('a.1', 1));
    expect(answer).toEqual({ failure: 'timeout' });
    await eventually('the connection closed', () => listener.open() === 0);
  });

  test.each([
    ['closes', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes in the middle of its headers', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-')],
    ['speaks something else', (socket: Socket) => socket.write('220 mail.example ESMTP\r\n')],
    [
      'answers two lengths',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'),
    ],
    [
      'changes to another protocol',
      (socket: Socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
    [
      'has headers without end',
      (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyy\r\n'.repeat(2_000)}`),
    ],
  ])('fails with "connection" if it %s', { timeout: longestCall }, async (_, behave) => {
    const listener = await listen(createTcpServer((socket) => socket.once('data', () => behave(socket))));
    expect(await postPlainly(listener.port)).toEqual({ failure: 'connection' });
    await eventually('the connection closed', () => listener.open() === 0);
    expect(listener.connections()).toBe(1);
  });

  test('fails with "refused-connection" if nothing listens', async () => {
    const { port } = await listen(createTcpServer());
    for (const { server } of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    expect(await postPlainly(port)).toEqual({ failure: 'refused-connection' });
  });

  test('does not fail if a kept connection closes when used again: a new connection is opened at once', async () => {
    const received: Received[] = [];
    let count = 0;
    const server = createHttpServer((request, response) => {
      count += 1;
      if (count === 2) request.socket.resetAndDestroy();
      else recording(received)(request, response);
    });
    const listener = await listen(server);
    const channel = webhookChannel(onThisMachine);
    const subscription = subscriptionTo(`http://127.0.0.1:${listener.port}/`);
    expect(await channel.post(subscription, call('a.1'))).toEqual({ status: 200 });
    expect(await channel.post(subscription, call('a.2'))).toEqual({ status: 200 });
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(['a.1', 'a.2']);
    expect(listener.connections()).toBe(2);
  });
});

describe('the answer of an endpoint', () => {
  test('counts by its status; a body of 16 000 bytes is read and discarded, and the connection is kept', async () => {
    const statuses = [200, 202, 204, 400, 410, 429, 500, 503];
    let next = 0;
    const listener = await listen(
      createHttpServer(
        recording([], (_, response) => {
          response.writeHead(statuses[next] ?? 0).end('x'.repeat(16_000));
          next += 1;
        }),
      ),
    );
    const channel = webhookChannel(onThisMachine);
    for (const status of statuses)
      expect(await channel.post(subscriptionTo(`http://127.0.0.1:${listener.port}/`), call('a.1'))).toEqual({ status });
    expect(listener.connections()).toBe(1);
  });

  test('is cut off if its body does not end', { timeout: longestCall }, async () => {
    let written = 0;
    const listener = await listen(
      createHttpServer((_, response) => {
        const write = (): void => {
          if (response.destroyed) return;
          written += 10_000;
          response.write('x'.repeat(10_000), () => setImmediate(write));
        };
        write();
      }),
    );
    expect(await postPlainly(listener.port)).toEqual({ status: 200 });
    await eventually('the connection closed', () => listener.open() === 0);
    // Only what the sockets' own buffers take.
    expect(written).toBeLessThan(20_000_000);
  });

  test('counts at once if its body comes byte by byte; the body is cut off at the time limit', async () => {
    await undisturbed(async () => {
      let bytes = 0;
      const listener = await listen(
        createHttpServer((_, response) => {
          const interval = setInterval(() => {
            bytes += 1;
            response.write('x');
          }, 20);
          response.on('close', () => clearInterval(interval));
        }),
      );
      expect(await postPlainly(listener.port, { timeout: 1 })).toEqual({ status: 200 });
      expect(listener.open()).toBe(1);
      await eventually('the connection closed', () => listener.open() === 0);
      expect(bytes).toBeGreaterThan(1);
    });
  });

  test.each([300, 301, 302, 303, 307, 308])('is not followed if it is a redirect (%i)', async (status) => {
    const elsewhere = await listen(createHttpServer(recording([])));
    const listener = await listen(
      createHttpServer(
        recording([], (_, response) =>
          response.writeHead(status, { location: `http://127.0.0.1:${elsewhere.port}/` }).end(),
        ),
      ),
    );
    expect(await postPlainly(listener.port)).toEqual({ status });
    expect(listener.connections()).toBe(1);
    expect(elsewhere.connections()).toBe(0);
  });

  test('includes Retry-After, in seconds', async () => {
    const listener = await listen(
      createHttpServer(recording([], (_, response) => response.writeHead(503, { 'retry-after': '17' }).end())),
    );
    expect(await postPlainly(listener.port)).toEqual({ status: 503, retryAfter: 17 });
  });

  test('may give Retry-After as a number of seconds or a date; anything else is ignored', () => {
    const now = Date.parse('2026-02-01T10:00:00.500Z');
    expect(retryAfterSeconds('0', now)).toBe(0);
    expect(retryAfterSeconds(' 120 ', now)).toBe(120);
    expect(retryAfterSeconds('Sun, 01 Feb 2026 10:01:00 GMT', now)).toBe(60);
    expect(retryAfterSeconds('Sun, 01 Feb 2026 09:00:00 GMT', now)).toBe(0);
    expect(retryAfterSeconds('Sunday, 01-Feb-26 10:01:00 GMT', now)).toBe(60);
    expect(retryAfterSeconds('Sun Feb  1 10:01:00 2026', now)).toBe(60);
    for (const header of [
      undefined,
      '',
      'soon',
      '-5',
      '1.5',
      '1e3',
      '99999999999',
      '2026-02-01',
      'Sun, 99 Feb 2026 10:01:00 GMT',
    ])
      expect(retryAfterSeconds(header, now), header).toBeUndefined();
  });
});

describe("a subscriber's own header lines", () => {
  test('are sent, but change no header that the hub sets', async () => {
    const received: Received[] = [];
    const { port } = await listen(createHttpServer(recording(received)));
    const lines = [
      'Authorization: Bearer of-the-subscriber',
      'X-Route:  a, b ',
      'Host: internal.example',
      'Content-Length: 3',
      'Content-Type: text/plain',
      'content-encoding: gzip',
      'Transfer-Encoding: chunked',
      'Connection: close',
      'Upgrade: h2c',
      'Expect: 100-continue',
      'Webhook-Signature: v1,forged',
      'WEBHOOK-ID: forged',
      'User-Agent: another',
      'Proxy-Authorization: Basic x',
      'X-Bad: one\r\nX-Injected: two',
      'X-Bad: one\nX-Injected: two',
      'X-Injected : two',
      'X-Injected\r\n: two',
      ' X-Injected: two',
      'X-Bad: \u0000',
      'X-Bad: sm\u00f8rbr\u00f8d',
      ': nothing',
      '__proto__: polluted',
      '',
    ];
    await postPlainly(port, { headers: [...lines, 'X-Correlation-Id: of-the-subscriber'] });
    const { headers, body: text } = received[0] ?? { headers: {}, body: '' };
    expect(text).toBe(body);
    expect(Object.keys(headers).toSorted()).toEqual([
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
      'x-route',
    ]);
    expect(headers).toMatchObject({
      authorization: 'Bearer of-the-subscriber',
      connection: 'keep-alive',
      'content-type': 'application/fhir+json',
      host: `127.0.0.1:${port}`,
      'user-agent': 'luftbro',
      'webhook-id': 'a.1',
      'x-route': 'a, b',
    });
    expect(Object.keys(readHeaders(['__proto__: polluted']))).toEqual([]);
  });

  test('do not replace the correlation id of the message; without a request there is none', async () => {
    const received: Received[] = [];
    const { port } = await listen(createHttpServer(recording(received)));
    const id = '0af76519-16cd-43dd-8448-eb211c80319c';
    await postPlainly(port, { headers: ['X-Correlation-ID: another'] }, id);
    await postPlainly(port);
    expect(received.map(({ headers }) => headers['x-correlation-id'])).toEqual([id, undefined]);
  });

  test('are read in linear time', () => {
    const once = (blanks: number): number => {
      const start = performance.now();
      for (let round = 0; round < 20; round += 1) readHeaders([`X-Route:${' '.repeat(blanks)}\u00f8`]);
      return performance.now() - start;
    };
    const best = { short: Number.POSITIVE_INFINITY, long: Number.POSITIVE_INFINITY };
    for (let round = 0; round < 7 || (round < 60 && best.long / best.short >= 64); round += 1) {
      best.short = Math.min(best.short, once(2_000));
      best.long = Math.min(best.long, once(32_000));
    }
    expect(best.long / best.short).toBeLessThan(64);
  });
});
