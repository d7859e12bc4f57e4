import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleText, organisationOf } from '../support/examples.ts';
import { freePort } from '../support/free-port.ts';
import { readNotification } from '../support/notification.ts';
import {
  call,
  type Client,
  eventually,
  type HttpAnswer,
  type Hub,
  post,
  subscriptionFor,
} from '../support/partners.ts';

/** The hub as a process of its own, ended with `kill -9` while messages flow. KILL_SEED=<seed> repeats the same choices. */

const kills = 20;
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
const numbersOf = (start: number): (() => number) => {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A random sequence for each consumer, so that none depends on how fast another is. */
const randomOf = (consumer: number): (() => number) => numbersOf(seed + consumer * 1_000_003);

/** The moments at which the hub is killed, each equally often. */
const moments = ['at any time', 'after an answer 200', 'while a receiver reads', 'while it starts'] as const;
type Moment = (typeof moments)[number];

const plan = (): readonly Moment[] => {
  const random = randomOf(0);
  return Array.from({ length: kills }, (_, index) => moments[index % moments.length] ?? 'at any time')
    .map((moment) => ({ moment, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ moment }) => moment);
};

let dataDir: string;
let hub: Hub & { readonly ports: readonly [number, number] };
let running: ChildProcess | undefined;

const launch = (): ChildProcess => {
  const [port, issuerPort] = hub.ports;
  running = spawn(process.execPath, ['commands/start/main.ts', '--data-dir', dataDir], {
    env: { ...process.env, PORT: String(port), ISSUER_PORT: String(issuerPort) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return running;
};

/** Milliseconds from launch to the first answer, of every start without a kill. */
const starts: number[] = [];

const start = async (): Promise<void> => {
  const launched = performance.now();
  const child = launch();
  await eventually(
    'the hub answers',
    async () => {
      if (child.exitCode !== null) throw new Error(`the hub ended with ${child.exitCode}`);
      return fetch(`${hub.url}/metadata`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    180,
  );
  starts.push(performance.now() - launched);
};

const kill = async (): Promise<void> => {
  const child = running;
  running = undefined;
  // A process that has ended by itself cannot be killed.
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

/** `next` resolves when `happened` is called next. */
const signal = () => {
  let waiting = Promise.withResolvers<void>();
  return {
    next: () => waiting.promise,
    happened: () => {
      waiting.resolve();
      waiting = Promise.withResolvers<void>();
    },
  };
};

const messageAccepted = signal();
const notificationRead = signal();

interface Event {
  readonly number: number;
  /** `MessageHeader.id` of the event's message. */
  readonly message: string;
  readonly code: string;
}

/** Events of a notification or of an answer of `$events`, in order. */
const eventsIn = (text: string): readonly Event[] => {
  const { numbers, headers } = readNotification(text);
  expect(headers).toHaveLength(numbers.length);
  return numbers.map((number, index) => ({
    number,
    message: headers[index]?.id ?? '',
    code: headers[index]?.eventCoding?.code ?? '',
  }));
};

interface Stored extends Event {
  readonly webhookId: string;
}

interface Receiver {
  readonly client: Client;
  readonly url: string;
  readonly subscription: () => string;
  readonly subscribe: () => Promise<void>;
  /** What it has stored, in the order of arrival; a duplicate is stored twice. */
  readonly stored: readonly Stored[];
  /** How often it refused, and how often it stored without answering. */
  readonly moods: { refused: number; silent: number };
  readonly close: () => Promise<void>;
}

/** What a receiver does with a request. With `store and hang` it has the notification, but the hub cannot know. */
type Mood = 'store' | 'refuse' | 'store and hang';

const openReceiver = async (client: Client, mood: () => Mood): Promise<Receiver> => {
  const stored: Stored[] = [];
  const moods = { refused: 0, silent: 0 };
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const now = mood();
      if (now === 'refuse') {
        moods.refused += 1;
        response.writeHead(503).end();
        return;
      }
      const [event] = eventsIn(Buffer.concat(chunks).toString('utf8'));
      if (event !== undefined) {
        stored.push({ ...event, webhookId: String(request.headers['webhook-id']) });
        notificationRead.happened();
      }
      if (now === 'store and hang') moods.silent += 1;
      // A little later, so that the hub can die between the two.
      else setTimeout(() => response.end(), 5);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/notify`;
  let subscription = '';
  return {
    client,
    url,
    stored,
    moods,
    subscription: () => subscription,
    subscribe: async () => {
      const wanted = JSON.parse(subscriptionFor(url));
      // It asks for a timeout of one second.
      wanted.channel.extension = [
        {
          url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout',
          valueUnsignedInt: 1,
        },
      ];
      const answer = await call(hub, client, 'POST', '/Subscription', JSON.stringify(wanted));
      expect(answer.status, answer.text).toBe(201);
      subscription = z.object({ id: z.string() }).parse(answer.body).id;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const receivers: Receiver[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'luftbro-kill-'));
  const ports = [await freePort(), await freePort()] as const;
  hub = { url: `http://localhost:${ports[0]}/fhir`, issuerUrl: `http://localhost:${ports[1]}`, ports };
});

afterAll(async () => {
  await kill();
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await rm(dataDir, { recursive: true, force: true });
});

/** Sends as R4 says: without an answer, or after 5xx, the same message is sent again. */
const sendUntilAnswered = async (client: Client, message: string): Promise<HttpAnswer> => {
  for (let attempts = 0; attempts < 12_000; attempts += 1) {
    const answer = await post(hub, client, message).catch(() => undefined);
    if (answer !== undefined && answer.status < 500) return answer;
    await pause(50);
  }
  throw new Error('the hub did not come back');
};

/** A message that was answered 2xx: the hub must keep it and notify its receivers. */
interface Accepted {
  readonly mission: string;
  readonly client: Client;
  readonly id: string;
  readonly version: number;
  readonly text: string;
}

const accepted: Accepted[] = [];

const send = async (client: Client, id: string, text: string): Promise<string> => {
  const answer = await sendUntilAnswered(client, text);
  expect(answer.status, answer.text).toBe(200);
  const mission = /"value":"([0-9a-f-]{36})"/.exec(answer.text)?.[1] ?? '';
  accepted.push({ mission, client, id, version: versionOf(answer), text });
  messageAccepted.happened();
  return mission;
};

const versionOf = ({ headers }: HttpAnswer): number => Number(/"(\d+)"/.exec(headers.get('etag') ?? '')?.[1]);

const requestId =
  /"resourceType": "MessageHeader",\s+"id": "([^"]+)"/.exec(exampleText('mission-request.json'))?.[1] ?? '';

const request = (client: Client, id: string): string =>
  exampleText('mission-request.json')
    .replaceAll(requestId, id)
    .replaceAll(organisationOf('amk-innlandet'), organisationOf(client));

const update = (mission: string, id: string): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'message',
    entry: [
      {
        fullUrl: `urn:uuid:${id}`,
        resource: {
          resourceType: 'MessageHeader',
          id,
          eventCoding: { system: 'https://luftbro.example/fhir/CodeSystem/message-event', code: 'mission-update' },
          source: { endpoint: 'https://sender.example' },
          focus: [{ identifier: { system: 'https://luftbro.example/fhir/sid/mission', value: mission } }],
        },
      },
    ],
  });

/** Messages of the hub itself, when a receiver or a person does not answer. */
const ofTheHub = ['party-unreachable', 'delivery-failed', 'acknowledgement-overdue'];

const coordinator = 'amk-la-oslo';

test(`keeps every accepted message over ${kills} kills, and delivers each to every receiver in order (KILL_SEED=${seed})`, async () => {
  const began = performance.now();
  // A kill may come before the first start is complete.
  const [pauseBefore, ...pauses] = ((random) => Array.from({ length: kills + 1 }, random))(randomOf(1));
  launch();
  await pause(1_500 * (pauseBefore ?? 0));
  await kill();
  await start();

  const state = { isKilling: true };
  const moodRandom = randomOf(2);
  const unreliable = (): Mood => {
    const drawn = moodRandom();
    if (!state.isKilling || drawn > 0.25) return 'store';
    return drawn < 0.18 ? 'refuse' : 'store and hang';
  };
  const reliable = (): Mood => 'store';
  for (const [client, mood] of [
    [coordinator, reliable],
    [coordinator, unreliable],
    ['amk-innlandet', reliable],
    ['amk-bergen', reliable],
  ] as const) {
    const receiver = await openReceiver(client, mood);
    receivers.push(receiver);
    await receiver.subscribe();
  }

  const sendUpdates = async (client: Client, mission: string, random: () => number): Promise<void> => {
    do {
      const id = randomUUID();
      expect(await send(client, id, update(mission, id))).toBe(mission);
      await pause(20 + 100 * random());
    } while (state.isKilling);
  };
  /** A mission in which the requester and others send updates at the same time. */
  const live = async (consumer: number, client: Client, ...others: readonly Client[]): Promise<void> => {
    const id = randomUUID();
    const mission = await send(client, id, request(client, id));
    await Promise.all([client, ...others].map((one, index) => sendUpdates(one, mission, randomOf(consumer + index))));
  };
  const senders = Promise.all([
    live(10, 'amk-innlandet', coordinator),
    live(20, 'amk-bergen', coordinator),
    live(30, 'amk-innlandet'),
  ]);
  // Never resolves, and rejects if a sender fails: then the kills end.
  const failed = senders.then(() => new Promise<never>(() => {}));

  /** Waits until `count` more messages are accepted, however fast this machine is, at most two minutes. */
  const untilAccepted = async (count: number): Promise<void> => {
    const enough = accepted.length + count;
    const tooLong = performance.now() + 120_000;
    while (accepted.length < enough && performance.now() < tooLong)
      await Promise.race([messageAccepted.next(), pause(1_000)]);
  };
  const killAt = async (moment: Moment, random: number): Promise<void> => {
    switch (moment) {
      case 'at any time':
        await untilAccepted(1 + 9 * random);
        // The last digits of the number are as random as the first.
        await pause((random * 1_000 * 200) % 200);
        return kill();
      case 'after an answer 200':
        await untilAccepted(1 + 9 * random);
        return kill();
      case 'while a receiver reads':
        await untilAccepted(1 + 4 * random);
        // How soon a notification comes depends on the state after the last kill.
        await Promise.race([notificationRead.next(), pause(5_000)]);
        return kill();
      case 'while it starts':
        await untilAccepted(1);
        await kill();
        launch();
        await pause(2_000 * random);
        return kill();
    }
  };
  const acceptedBefore: number[] = [];
  for (const [index, moment] of plan().entries()) {
    acceptedBefore.push(accepted.length);
    await Promise.race([killAt(moment, pauses[index] ?? 0), failed]);
    await start();
  }
  state.isKilling = false;
  await senders;
  const killingEnded = performance.now();

  // Messages were accepted between the kills, not all in one pause.
  expect(new Set(acceptedBefore).size).toBeGreaterThan(kills * 0.8);
  expect(new Set(accepted.map(({ id }) => id)).size).toBe(accepted.length);
  const missions = [...new Set(accepted.map(({ mission }) => mission))];
  expect(missions).toHaveLength(3);
  const ofMission = (mission: string): readonly Accepted[] =>
    accepted.filter((one) => one.mission === mission).toSorted((a, b) => a.version - b.version);

  /** The messages that a receiver must get: all those of others in the missions to which it is a party. */
  const expectedAt = ({ client }: Receiver): readonly Accepted[] =>
    missions
      .filter((mission) => client === coordinator || ofMission(mission)[0]?.client === client)
      .flatMap((mission) => ofMission(mission).filter((one) => one.client !== client));
  const isComplete = (receiver: Receiver): boolean => {
    const stored = new Set(receiver.stored.map(({ message }) => message));
    return expectedAt(receiver).every(({ id }) => stored.has(id));
  };
  await eventually('every accepted message at every receiver', () => receivers.every(isComplete), 300);
  const complete = performance.now();

  const $events = async ({ client, subscription }: Receiver): Promise<readonly Event[]> => {
    const events: Event[] = [];
    for (;;) {
      const since = (events.at(-1)?.number ?? 0) + 1;
      const page = await call(hub, client, 'GET', `/Subscription/${subscription()}/$events?eventsSinceNumber=${since}`);
      expect(page.status, page.text).toBe(200);
      const more = eventsIn(page.text);
      if (more.length === 0) return events;
      events.push(...more);
    }
  };

  for (const receiver of receivers) {
    const name = `${receiver.client} ${receiver.url}`;
    const rebuilt = await $events(receiver);
    // The last event may be a message of the hub itself.
    await eventually(
      `the last event of ${name}`,
      () => new Set(receiver.stored.map(({ number }) => number)).size === rebuilt.length,
    );

    // One number, one webhook-id, one message: a duplicate is identical.
    const first = new Map<number, Stored>();
    for (const one of receiver.stored) {
      const seen = first.get(one.number);
      if (seen === undefined) first.set(one.number, one);
      else expect(one, name).toEqual(seen);
    }
    const arrived = [...first.values()];
    expect(new Set(arrived.map(({ webhookId }) => webhookId)).size, name).toBe(arrived.length);

    // Numbers without a gap, and `$events` says the same as what arrived.
    const byNumber = arrived
      .toSorted((a, b) => a.number - b.number)
      .map(({ number, message, code }) => ({ number, message, code }));
    expect(
      byNumber.map(({ number }) => number),
      name,
    ).toEqual(byNumber.map((_, index) => index + 1));
    expect(rebuilt, name).toEqual(byNumber);

    // Every expected message once each, and nothing else except messages of the hub itself.
    const expected = new Set(expectedAt(receiver).map(({ id }) => id));
    const others = byNumber.filter(({ message }) => !expected.has(message));
    expect(
      others.filter(({ code }) => !ofTheHub.includes(code)),
      name,
    ).toEqual([]);
    expect(new Set(byNumber.map(({ message }) => message)).size, name).toBe(byNumber.length);

    // In the order of the log, in each mission.
    for (const mission of missions) {
      const wanted = ofMission(mission).filter(({ id }) => expected.has(id));
      const here = new Set(wanted.map(({ id }) => id));
      const inOrder = wanted.map(({ id }) => id);
      expect(
        arrived.map(({ message }) => message).filter((id) => here.has(id)),
        name,
      ).toEqual(inOrder);
      expect(
        byNumber.map(({ message }) => message).filter((id) => here.has(id)),
        name,
      ).toEqual(inOrder);
    }
  }

  // Every version of a mission was given once, and a message sent again gets its first answer.
  for (const mission of missions) {
    const versions = ofMission(mission).map(({ version }) => version);
    expect(new Set(versions).size).toBe(versions.length);
  }
  const random = randomOf(3);
  for (const one of accepted.filter(() => random() < 0.1)) {
    const again = await post(hub, one.client, one.text);
    expect([again.status, versionOf(again)]).toEqual([200, one.version]);
  }

  const seconds = (from: number, to: number): string => `${Math.round((to - from) / 1000)} s`;
  const median = starts.toSorted((a, b) => a - b)[Math.floor(starts.length / 2)] ?? 0;
  const twice = receivers.map(({ stored }) => stored.length - new Set(stored.map(({ number }) => number)).size);
  process.stdout.write(
    `KILL_SEED=${seed}: ${kills + 1} kills in ${seconds(began, killingEnded)}, a start takes ${Math.round(median)} ms; ` +
      `${accepted.length} messages, all notified ${seconds(killingEnded, complete)} after the last kill; ` +
      `notified twice ${twice.join(', ')}; refused ${receivers[1]?.moods.refused}, left without answer ${receivers[1]?.moods.silent}\n`,
  );
  // The unreliable receiver refused and left requests without answer.
  expect(receivers[1]?.moods.refused).toBeGreaterThan(0);
  expect(receivers[1]?.moods.silent).toBeGreaterThan(0);
}, 1_800_000);
