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

/** The hub as a process of its own, ended with `kill -9` while messages flow. KILL_SEED=<seed> makes the same choices again. */

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

/** One row of numbers for each who draws, so that none depends on how fast another is. */
const drawing = (who: number): (() => number) => numbersOf(seed + who * 1_000_003);

/** The moments at which the hub is killed; each comes up equally often. */
const moments = ['at any time', 'as it has said 200', 'as a receiver reads', 'as it starts'] as const;
type Moment = (typeof moments)[number];

const plan = (): readonly Moment[] => {
  const random = drawing(0);
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

/** Milliseconds from launch to the first answer, of every start that was let be. */
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
  // One that has ended by itself ends no second time.
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

/** What waits for the next time that something happens. */
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

const promiseGiven = signal();
const notificationRead = signal();

interface Event {
  readonly number: number;
  /** `MessageHeader.id` of the message that it tells of. */
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
  /** What it has stored, in the order of arrival, what came twice twice. */
  readonly stored: readonly Stored[];
  /** How often it refused, and how often it stored but kept its answer to itself. */
  readonly moods: { refused: number; silent: number };
  readonly close: () => Promise<void>;
}

/** What a receiver does with a request; `store and hang` has the notification, but the hub cannot know. */
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
      // One second is what it asks to be waited for.
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

/** A sender that does as R4 says: no answer, or 5xx, and the same message is sent again. */
const insist = async (client: Client, message: string): Promise<HttpAnswer> => {
  for (let tries = 0; tries < 12_000; tries += 1) {
    const answer = await post(hub, client, message).catch(() => undefined);
    if (answer !== undefined && answer.status < 500) return answer;
    await pause(50);
  }
  throw new Error('the hub did not come back');
};

/** A message that was answered 2xx: from then on it is the hub's to keep and to tell. */
interface Promised {
  readonly mission: string;
  readonly client: Client;
  readonly id: string;
  readonly version: number;
  readonly text: string;
}

const promised: Promised[] = [];

const send = async (client: Client, id: string, text: string): Promise<string> => {
  const answer = await insist(client, text);
  expect(answer.status, answer.text).toBe(200);
  const mission = /"value":"([0-9a-f-]{36})"/.exec(answer.text)?.[1] ?? '';
  promised.push({ mission, client, id, version: versionOf(answer), text });
  promiseGiven.happened();
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

/** What the hub says of its own accord, when a receiver or a person does not answer. */
const ofTheHub = ['party-unreachable', 'delivery-failed', 'acknowledgement-overdue'];

const coordinator = 'amk-la-oslo';

test(`Killed ${kills} times while messages flow, the hub keeps what it answered, and every receiver gets all of it, in order (KILL_SEED=${seed})`, async () => {
  const began = performance.now();
  // It may be killed before it has ever been up.
  const [pauseBefore, ...pauses] = ((random) => Array.from({ length: kills + 1 }, random))(drawing(1));
  launch();
  await pause(1_500 * (pauseBefore ?? 0));
  await kill();
  await start();

  const state = { isKilling: true };
  const whim = drawing(2);
  const flapping = (): Mood => {
    const drawn = whim();
    if (!state.isKilling || drawn > 0.25) return 'store';
    return drawn < 0.18 ? 'refuse' : 'store and hang';
  };
  const steady = (): Mood => 'store';
  for (const [client, mood] of [
    [coordinator, steady],
    [coordinator, flapping],
    ['amk-innlandet', steady],
    ['amk-bergen', steady],
  ] as const) {
    const receiver = await openReceiver(client, mood);
    receivers.push(receiver);
    await receiver.subscribe();
  }

  const talk = async (client: Client, mission: string, random: () => number): Promise<void> => {
    do {
      const id = randomUUID();
      expect(await send(client, id, update(mission, id))).toBe(mission);
      await pause(20 + 100 * random());
    } while (state.isKilling);
  };
  /** A mission in which its requester talks, and others at the same time. */
  const live = async (who: number, client: Client, ...others: readonly Client[]): Promise<void> => {
    const id = randomUUID();
    const mission = await send(client, id, request(client, id));
    await Promise.all([client, ...others].map((one, index) => talk(one, mission, drawing(who + index))));
  };
  const senders = Promise.all([
    live(10, 'amk-innlandet', coordinator),
    live(20, 'amk-bergen', coordinator),
    live(30, 'amk-innlandet'),
  ]);
  // Never settles but by failing: then there is nothing more to kill.
  const failed = senders.then(() => new Promise<never>(() => {}));

  /** Until so many more messages are promised, however fast this machine is; a hub that promises nothing is not waited for for ever. */
  const promises = async (count: number): Promise<void> => {
    const enough = promised.length + count;
    const tooLong = performance.now() + 120_000;
    while (promised.length < enough && performance.now() < tooLong)
      await Promise.race([promiseGiven.next(), pause(1_000)]);
  };
  const killAt = async (moment: Moment, random: number): Promise<void> => {
    switch (moment) {
      case 'at any time':
        await promises(1 + 9 * random);
        // The last digits of the number are as random as the first.
        await pause((random * 1_000 * 200) % 200);
        return kill();
      case 'as it has said 200':
        await promises(1 + 9 * random);
        return kill();
      case 'as a receiver reads':
        await promises(1 + 4 * random);
        // What is told depends on what the last kill left.
        await Promise.race([notificationRead.next(), pause(5_000)]);
        return kill();
      case 'as it starts':
        await promises(1);
        await kill();
        launch();
        await pause(2_000 * random);
        return kill();
    }
  };
  const promisedBefore: number[] = [];
  for (const [index, moment] of plan().entries()) {
    promisedBefore.push(promised.length);
    await Promise.race([killAt(moment, pauses[index] ?? 0), failed]);
    await start();
  }
  state.isKilling = false;
  await senders;
  const killingEnded = performance.now();

  // Messages flowed between the kills: not all was promised in a quiet hour.
  expect(new Set(promisedBefore).size).toBeGreaterThan(kills * 0.8);
  expect(new Set(promised.map(({ id }) => id)).size).toBe(promised.length);
  const missions = [...new Set(promised.map(({ mission }) => mission))];
  expect(missions).toHaveLength(3);
  const ofMission = (mission: string): readonly Promised[] =>
    promised.filter((one) => one.mission === mission).toSorted((a, b) => a.version - b.version);

  /** What a receiver must have been told: whatever others said in the missions it is party to. */
  const owedTo = ({ client }: Receiver): readonly Promised[] =>
    missions
      .filter((mission) => client === coordinator || ofMission(mission)[0]?.client === client)
      .flatMap((mission) => ofMission(mission).filter((one) => one.client !== client));
  const isComplete = (receiver: Receiver): boolean => {
    const told = new Set(receiver.stored.map(({ message }) => message));
    return owedTo(receiver).every(({ id }) => told.has(id));
  };
  await eventually('every promised message at every receiver', () => receivers.every(isComplete), 300);
  const told = performance.now();

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
    const who = `${receiver.client} ${receiver.url}`;
    const rebuilt = await $events(receiver);
    // The hub may have had something to say last.
    await eventually(
      `the last event of ${who}`,
      () => new Set(receiver.stored.map(({ number }) => number)).size === rebuilt.length,
    );

    // One number, one webhook-id, one message: what comes twice is the same again.
    const first = new Map<number, Stored>();
    for (const one of receiver.stored) {
      const seen = first.get(one.number);
      if (seen === undefined) first.set(one.number, one);
      else expect(one, who).toEqual(seen);
    }
    const arrived = [...first.values()];
    expect(new Set(arrived.map(({ webhookId }) => webhookId)).size, who).toBe(arrived.length);

    // Numbers without a gap, and `$events` says the same as what arrived.
    const byNumber = arrived
      .toSorted((a, b) => a.number - b.number)
      .map(({ number, message, code }) => ({ number, message, code }));
    expect(
      byNumber.map(({ number }) => number),
      who,
    ).toEqual(byNumber.map((_, index) => index + 1));
    expect(rebuilt, who).toEqual(byNumber);

    // All that is owed and once each, and nothing besides but what the hub itself says.
    const owed = new Set(owedTo(receiver).map(({ id }) => id));
    const besides = byNumber.filter(({ message }) => !owed.has(message));
    expect(
      besides.filter(({ code }) => !ofTheHub.includes(code)),
      who,
    ).toEqual([]);
    expect(new Set(byNumber.map(({ message }) => message)).size, who).toBe(byNumber.length);

    // In the order of the log, in each mission.
    for (const mission of missions) {
      const wanted = ofMission(mission).filter(({ id }) => owed.has(id));
      const here = new Set(wanted.map(({ id }) => id));
      const inOrder = wanted.map(({ id }) => id);
      expect(
        arrived.map(({ message }) => message).filter((id) => here.has(id)),
        who,
      ).toEqual(inOrder);
      expect(
        byNumber.map(({ message }) => message).filter((id) => here.has(id)),
        who,
      ).toEqual(inOrder);
    }
  }

  // Every version of a mission was given once, and the same message sent again gets the answer it got.
  for (const mission of missions) {
    const versions = ofMission(mission).map(({ version }) => version);
    expect(new Set(versions).size).toBe(versions.length);
  }
  const random = drawing(3);
  for (const one of promised.filter(() => random() < 0.1)) {
    const again = await post(hub, one.client, one.text);
    expect([again.status, versionOf(again)]).toEqual([200, one.version]);
  }

  const seconds = (from: number, to: number): string => `${Math.round((to - from) / 1000)} s`;
  const median = starts.toSorted((a, b) => a - b)[Math.floor(starts.length / 2)] ?? 0;
  const twice = receivers.map(({ stored }) => stored.length - new Set(stored.map(({ number }) => number)).size);
  process.stdout.write(
    `KILL_SEED=${seed}: ${kills + 1} kills in ${seconds(began, killingEnded)}, a start takes ${Math.round(median)} ms; ` +
      `${promised.length} messages, told ${seconds(killingEnded, told)} after the last; ` +
      `told twice ${twice.join(', ')}; refused ${receivers[1]?.moods.refused}, kept waiting ${receivers[1]?.moods.silent}\n`,
  );
  // The one that flaps did.
  expect(receivers[1]?.moods.refused).toBeGreaterThan(0);
  expect(receivers[1]?.moods.silent).toBeGreaterThan(0);
}, 1_800_000);
