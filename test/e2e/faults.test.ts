import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { type FaultyHub, type Road, startFaultyHub } from '../support/detour.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { missionRequest, missionUpdate, resourceRequest } from '../support/messages.ts';
import {
  call,
  type Client,
  type Endpoint,
  eventually,
  type HttpAnswer,
  openEndpoint,
  post,
  type Received,
  subscribe,
  subscriptionFor,
} from '../support/partners.ts';
import { organisation } from '../support/scene.ts';
import { letRun } from '../support/standstill.ts';

/** The embedded hub while a service that it uses, or a receiver, is unavailable: the view of senders and receivers. */

const amk = 'amk-innlandet';
const coordinator = 'amk-la-oslo';
const operator = 'operator-lorenskog';

let hub: FaultyHub;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  hub = await startFaultyHub();
});

afterAll(async () => {
  for (const close of closing) await close();
  await hub.close();
});

const listen = async (client: Client): Promise<Endpoint & { readonly subscription: string }> => {
  const endpoint = await openEndpoint();
  closing.push(endpoint.close);
  const { id } = await subscribe(hub, client, endpoint.url);
  await eventually('the handshake', () => endpoint.received.some(({ type }) => type === 'handshake'));
  return { ...endpoint, subscription: id };
};

const sendAccepted = async (client: Client, message: Message): Promise<HttpAnswer> => {
  const answer = await post(hub, client, message.text);
  expect(answer.status, answer.text).toBe(200);
  return answer;
};

/** Routine, so that it is not overdue before the test has ended: every subscription of the coordinator would get that too. */
const open = async (): Promise<string> => {
  const request = missionRequest({ id: randomUUID(), to: [organisation(coordinator)], urgency: 'routine' });
  await sendAccepted(amk, request);
  return missionIdOf(organisation(amk), request.id);
};

const update = (mission: string): Message => missionUpdate({ mission, id: randomUUID(), describes: false });

const version = ({ headers }: HttpAnswer): number => Number(/"(\d+)"/.exec(headers.get('etag') ?? '')?.[1]);
const headerIn = ({ text }: Pick<Received, 'text'>): string =>
  /"resourceType":"MessageHeader","id":"([^"]+)"/.exec(text)?.[1] ?? '';
const eventIn = ({ text }: Pick<Received, 'text'>): string =>
  /CodeSystem\/message-event","code":"([a-z-]+)"/.exec(text)?.[1] ?? '';

/**
 * Waits until an endpoint has these messages, and whatever else was numbered between them. Checks that it has each once, in this
 * order, numbered without a gap.
 */
const expectNotified = async (endpoint: Endpoint, messages: readonly Message[], seconds: number): Promise<void> => {
  const wanted = messages.map(({ id }) => id);
  const received = (): readonly Received[] => endpoint.events().filter((one) => wanted.includes(headerIn(one)));
  await eventually('every message at the receiver', () => received().length >= wanted.length, seconds);
  expect(received().map(headerIn)).toEqual(wanted);
  const numbers = (): readonly number[] =>
    endpoint
      .events()
      .map(({ eventNumber }) => eventNumber ?? 0)
      .toSorted((a, b) => a - b);
  // Another mission's notification may come later: only within a mission they are in order.
  await eventually('every number', () => numbers().length >= (numbers().at(-1) ?? 0), seconds);
  expect(numbers()).toEqual(numbers().map((_, index) => index + 1));
};

describe('the hub without its queue', () => {
  test.each(['cut', 'silent', 'deaf'] as const)(
    'accepts messages, and notifies when the queue is back (%s)',
    async (road) => {
      const endpoint = await listen(coordinator);
      const mission = await open();
      await eventually('the request', () => endpoint.events().length === 1);

      hub.queues(road);
      const messages = Array.from({ length: 4 }, () => update(mission));
      const versions: number[] = [];
      for (const message of messages) versions.push(version(await sendAccepted(amk, message)));
      expect(versions).toEqual([2, 3, 4, 5]);
      // With the road "deaf", jobs reach the queue although their answers are lost.
      if (road !== 'deaf') expect(endpoint.events()).toHaveLength(1);
      hub.queues('open');

      // No further message is sent: the sweeper completes the pending fan-out.
      await expectNotified(endpoint, messages, 180);
    },
  );
});

describe('the hub without its table', () => {
  const refusedWhile = async (road: Road): Promise<void> => {
    const endpoint = await listen(coordinator);
    const mission = await open();
    // Without its table the hub could not record that the request arrived, and would send it again.
    await eventually('the receipt of the request', async () => {
      const { text } = await call(hub, coordinator, 'GET', `/Communication?part-of=ServiceRequest/${mission}`);
      return text.includes('"status":"completed"');
    });
    const messages = Array.from({ length: 4 }, () => update(mission));
    // The hub caches its directory for a limited time: without the table it may know no party.
    hub.tables(road);
    const refused = await Promise.all(messages.map((message) => post(hub, amk, message.text)));
    const read = await call(hub, amk, 'GET', `/ServiceRequest/${mission}`);
    hub.tables('open');
    for (const answer of [...refused, read]) {
      expect(answer.status, answer.text).toBe(503);
      expect(problemsOf(answer.body)).toEqual([]);
      expect(answer.body).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', code: 'transient', details: { coding: [{ code: 'storage-unavailable' }, {}] } }],
      });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      // No internal detail.
      expect(answer.text).not.toContain('127.0.0.1');
    }

    // The senders retry as the answer says, each twice.
    const versions: number[] = [];
    for (const message of messages) {
      const [answer, again] = [await sendAccepted(amk, message), await sendAccepted(amk, message)];
      expect(version(again)).toBe(version(answer));
      versions.push(version(answer));
    }
    expect(new Set(versions).size).toBe(messages.length);
    expect(Math.max(...versions)).toBe(1 + messages.length);
    const inOrder = messages.toSorted(
      (a, b) => (versions[messages.indexOf(a)] ?? 0) - (versions[messages.indexOf(b)] ?? 0),
    );
    await expectNotified(endpoint, inOrder, 180);
    expect(endpoint.events().filter((one) => one.text.includes(mission))).toHaveLength(1 + messages.length);
  };

  // A write whose answer was lost is not repeated.
  test.each(['cut', 'silent', 'deaf'] as const)(
    'answers every request with 503, and loses or doubles nothing when the sender retries (%s)',
    refusedWhile,
  );
});

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A partner that records the time of each notification, and can accept connections without answering. */
const openPartner = async () => {
  const arrived = new Map<string, number>();
  const events: string[] = [];
  const kept: ServerResponse[] = [];
  let hangs = false;
  let waiting = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (hangs) {
        waiting += 1;
        kept.push(response);
        return;
      }
      const received = { text: Buffer.concat(chunks).toString('utf8') };
      const message = headerIn(received);
      if (message !== '' && !arrived.has(message)) {
        arrived.set(message, performance.now());
        events.push(eventIn(received));
      }
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/notify`,
    arrived,
    events,
    /** Number of requests without an answer. */
    unanswered: () => waiting,
    hang: (now: boolean) => {
      hangs = now;
    },
  };
};

const statusOf = async (client: Client, subscription: string): Promise<unknown> =>
  (await call(hub, client, 'GET', `/Subscription/${subscription}`)).body['status'];

describe('a partner that accepts connections and never answers', () => {
  /** Factor by which notifications to a healthy partner may be slower while another partner hangs. */
  const tolerable = 10;
  /** Twelve deliveries run in parallel on one machine; then come a few that open the circuit, and probes. */
  const mostHanging = 24;
  const missions = 24;
  /** Number of probes that a dead partner can have got since a moment: their interval grows to 15 seconds. */
  const probesSince = (moment: number): number => Math.ceil((performance.now() - moment) / 15_000);

  test('leaves delivery to a healthy partner fast, is reported to people, and gets all events when it is back', async () => {
    const healthy = await openPartner();
    const dead = await openPartner();
    await subscribe(hub, coordinator, healthy.url);
    // The dead partner asks for a timeout of three seconds.
    const wanted = JSON.parse(subscriptionFor(dead.url));
    wanted.channel.extension = [
      {
        url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout',
        valueUnsignedInt: 3,
      },
    ];
    const made = await call(hub, operator, 'POST', '/Subscription', JSON.stringify(wanted));
    expect(made.status, made.text).toBe(201);
    const subscription = String(made.body['id']);
    const asked: string[] = [];
    for (let count = 0; count < missions; count += 1) {
      const mission = await open();
      await sendAccepted(
        coordinator,
        resourceRequest({ mission, kind: 'helicopter', to: [organisation(operator)], id: randomUUID() }),
      );
      asked.push(mission);
    }
    await eventually(
      'both have all requests',
      () => dead.arrived.size === missions && healthy.arrived.size >= missions,
    );

    /** An update in each of the missions; milliseconds from posting it until the healthy partner has it. */
    const sent: Message[] = [];
    const round = async (): Promise<readonly number[]> => {
      const times: number[] = [];
      for (const mission of asked) {
        const message = update(mission);
        const posted = performance.now();
        await sendAccepted(amk, message);
        sent.push(message);
        await eventually('the healthy partner has the update', () => healthy.arrived.has(message.id), 60);
        times.push((healthy.arrived.get(message.id) ?? Number.NaN) - posted);
      }
      return times;
    };
    await round();
    const before = median(await round());
    dead.hang(true);
    const hangsSince = performance.now();
    const during = [...(await round()), ...(await round())];
    expect(dead.unanswered()).toBeGreaterThan(0);
    process.stdout.write(
      `${dead.unanswered()} calls hang; a healthy partner is notified in ${Math.round(before)} ms, in ${Math.round(median(during))} ms (at most ${Math.round(Math.max(...during))} ms) while another hangs\n`,
    );
    // Only calls in progress when it began to hang, and the few that open the circuit: not one for each message.
    expect(dead.unanswered()).toBeLessThanOrEqual(mostHanging + probesSince(hangsSince));

    await eventually('people are notified', () => healthy.events.includes('party-unreachable'), 180);
    await eventually(
      'the status says that the endpoint does not answer',
      async () => (await statusOf(operator, subscription)) === 'error',
      180,
    );
    // Calls in progress at that moment may still be open.
    await letRun(4_000);
    const calledAt = performance.now();
    const called = dead.unanswered();
    await round();
    await letRun(5_000);
    // The circuit is open: only probes are sent, however many notifications are pending.
    expect(dead.unanswered() - called).toBeLessThan(missions / 4 + probesSince(calledAt));

    dead.hang(false);
    await eventually('the partner that is back has all', () => sent.every(({ id }) => dead.arrived.has(id)), 300);
    const order = new Map([...dead.arrived.keys()].map((id, index) => [id, index]));
    for (let index = 0; index < missions; index += 1) {
      const places = sent.filter((_, at) => at % missions === index).map(({ id }) => order.get(id) ?? -1);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
    expect(await statusOf(operator, subscription)).toBe('active');
    // A last round without a hanging partner shows whether the machine itself has become slower.
    const after = median(await round());
    expect(median(during)).toBeLessThan(Math.max(before, after) * tolerable);
  }, 900_000);
});
