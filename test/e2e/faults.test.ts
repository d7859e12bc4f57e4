import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/messages/message.ts';
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

/** The embedded hub while a part of what it stands on, or of who it tells, is away: what senders and receivers see of it. */

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

const say = async (client: Client, message: Message): Promise<HttpAnswer> => {
  const answer = await post(hub, client, message.text);
  expect(answer.status, answer.text).toBe(200);
  return answer;
};

const open = async (): Promise<string> => {
  const request = missionRequest({ id: randomUUID(), to: [organisation(coordinator)] });
  await say(amk, request);
  return missionIdOf(organisation(amk), request.id);
};

const update = (mission: string): Message => missionUpdate({ mission, id: randomUUID(), describes: false });

const version = ({ headers }: HttpAnswer): number => Number(/"(\d+)"/.exec(headers.get('etag') ?? '')?.[1]);
const headerIn = ({ text }: Pick<Received, 'text'>): string =>
  /"resourceType":"MessageHeader","id":"([^"]+)"/.exec(text)?.[1] ?? '';
const eventIn = ({ text }: Pick<Received, 'text'>): string =>
  /CodeSystem\/message-event","code":"([a-z-]+)"/.exec(text)?.[1] ?? '';

/** Waits until an endpoint has these messages, and sees that it has each once, in this order, under numbers without a gap. */
const expectTold = async (endpoint: Endpoint, messages: readonly Message[], seconds: number): Promise<void> => {
  const wanted = messages.map(({ id }) => id);
  const told = (): readonly Received[] => endpoint.events().filter((one) => wanted.includes(headerIn(one)));
  await eventually('every message at the receiver', () => told().length >= wanted.length, seconds);
  expect(told().map(headerIn)).toEqual(wanted);
  const numbers = endpoint.events().map(({ eventNumber }) => eventNumber ?? 0);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
};

describe('The queue is down', () => {
  test.each(['cut', 'silent', 'deaf'] as const)(
    '(%s): messages are accepted all the same, and told when it is back',
    async (road) => {
      const endpoint = await listen(coordinator);
      const mission = await open();
      await eventually('the request', () => endpoint.events().length === 1);

      hub.queues(road);
      const messages = Array.from({ length: 4 }, () => update(mission));
      const versions: number[] = [];
      for (const message of messages) versions.push(version(await say(amk, message)));
      expect(versions).toEqual([2, 3, 4, 5]);
      // What was sent before the answer was lost is sent.
      if (road !== 'deaf') expect(endpoint.events()).toHaveLength(1);
      hub.queues('open');

      // Nobody sends anything more: what is owed is looked after by the hub itself.
      await expectTold(endpoint, messages, 180);
    },
  );
});

describe('The table is down', () => {
  const refusedWhile = async (road: Road): Promise<void> => {
    const endpoint = await listen(coordinator);
    const mission = await open();
    const messages = Array.from({ length: 4 }, () => update(mission));
    // The hub knows its directory by heart for a while only: with the table away it may know nobody.
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
      // Nothing from inside.
      expect(answer.text).not.toContain('127.0.0.1');
    }

    // The senders do as they are told; one of them twice.
    const versions: number[] = [];
    for (const message of messages) {
      const [answer, again] = [await say(amk, message), await say(amk, message)];
      expect(version(again)).toBe(version(answer));
      versions.push(version(answer));
    }
    expect(new Set(versions).size).toBe(messages.length);
    expect(Math.max(...versions)).toBe(1 + messages.length);
    const inOrder = messages.toSorted(
      (a, b) => (versions[messages.indexOf(a)] ?? 0) - (versions[messages.indexOf(b)] ?? 0),
    );
    await expectTold(endpoint, inOrder, 180);
    expect(endpoint.events().filter((one) => one.text.includes(mission))).toHaveLength(1 + messages.length);
  };

  // What was written though the answer was lost is not written again.
  test.each(['cut', 'silent', 'deaf'] as const)(
    '(%s): every request is refused with 503, and nothing is lost or doubled when the sender comes again',
    refusedWhile,
  );
});

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A partner that notes when it was told of what, and can be made to take connections and say nothing. */
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
    /** Requests that were left without an answer. */
    unanswered: () => waiting,
    hang: (now: boolean) => {
      hangs = now;
    },
  };
};

const statusOf = async (client: Client, subscription: string): Promise<unknown> =>
  (await call(hub, client, 'GET', `/Subscription/${subscription}`)).body['status'];

describe('A partner takes connections and never answers', () => {
  /** How much slower a healthy partner may be told while another hangs. */
  const tolerable = 10;
  /** Twelve deliveries run side by side on one machine; then a few that open the circuit, and probes. */
  const mostHanging = 24;
  const missions = 24;
  /** A dead partner is asked again whether it is back, at last as seldom as this: how often that can have been since a moment. */
  const probesSince = (moment: number): number => Math.ceil((performance.now() - moment) / 15_000);

  test('in many missions: a healthy one is told as fast as before, people learn of it, and it gets all when it is back', async () => {
    const healthy = await openPartner();
    const dead = await openPartner();
    await subscribe(hub, coordinator, healthy.url);
    // Three seconds are what the other asks to be waited for.
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
      await say(
        coordinator,
        resourceRequest({ mission, kind: 'helicopter', to: [organisation(operator)], id: randomUUID() }),
      );
      asked.push(mission);
    }
    await eventually('both are told', () => dead.arrived.size === missions && healthy.arrived.size >= missions);

    /** An update in each of the missions; milliseconds from posting it until the healthy partner has it. */
    const sent: Message[] = [];
    const round = async (): Promise<readonly number[]> => {
      const times: number[] = [];
      for (const mission of asked) {
        const message = update(mission);
        const posted = performance.now();
        await say(amk, message);
        sent.push(message);
        await eventually('the healthy partner is told', () => healthy.arrived.has(message.id), 60);
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
      `${dead.unanswered()} calls hang; a healthy partner is told in ${Math.round(before)} ms, in ${Math.round(median(during))} ms (at most ${Math.round(Math.max(...during))} ms) while another hangs\n`,
    );
    // Those that were under way when it began to hang, and the few that open the circuit: not one for each message.
    expect(dead.unanswered()).toBeLessThanOrEqual(mostHanging + probesSince(hangsSince));

    await eventually('people are told', () => healthy.events.includes('party-unreachable'), 180);
    await eventually(
      'the status says that the endpoint does not answer',
      async () => (await statusOf(operator, subscription)) === 'error',
      180,
    );
    // Calls that were under way when that was seen may still be there.
    await letRun(4_000);
    const calledAt = performance.now();
    const called = dead.unanswered();
    await round();
    await letRun(5_000);
    // From now on it is asked now and then whether it is back; nothing else is sent to it, whatever there is to tell.
    expect(dead.unanswered() - called).toBeLessThan(missions / 4 + probesSince(calledAt));

    dead.hang(false);
    await eventually('the partner that is back has all', () => sent.every(({ id }) => dead.arrived.has(id)), 300);
    const order = new Map([...dead.arrived.keys()].map((id, index) => [id, index]));
    for (let index = 0; index < missions; index += 1) {
      const places = sent.filter((_, at) => at % missions === index).map(({ id }) => order.get(id) ?? -1);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
    expect(await statusOf(operator, subscription)).toBe('active');
    // Whether the machine has become slower meanwhile is seen now that nobody hangs.
    const after = median(await round());
    expect(median(during)).toBeLessThan(Math.max(before, after) * tolerable);
  }, 900_000);
});
