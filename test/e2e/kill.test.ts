import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleText } from '../support/examples.ts';
import {
  eventually,
  type Endpoint,
  type HttpAnswer,
  type Hub,
  openEndpoint,
  post,
  type Received,
  subscribe,
} from '../support/partners.ts';

/** The hub as a process of its own, ended with `kill -9` while messages flow. */

const kills = 4;
const missions = 3;
const messagesPerMission = 25;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
};

let dataDir: string;
let hub: Hub & { readonly ports: readonly [number, number] };
let running: ChildProcess | undefined;
let endpoint: Endpoint;

const start = async (): Promise<void> => {
  const [port, issuerPort] = hub.ports;
  const child = spawn(process.execPath, ['local/main.ts', '--data-dir', dataDir], {
    env: { ...process.env, PORT: String(port), ISSUER_PORT: String(issuerPort) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running = child;
  await eventually(
    'the hub answers',
    async () => {
      if (child.exitCode !== null) throw new Error(`the hub ended with ${child.exitCode}`);
      return fetch(`${hub.url}/metadata`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    60,
  );
};

const kill = async (): Promise<void> => {
  if (running === undefined) return;
  const ended = once(running, 'exit');
  running.kill('SIGKILL');
  await ended;
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'luftbro-kill-'));
  const ports = [await freePort(), await freePort()] as const;
  hub = { url: `http://localhost:${ports[0]}/fhir`, issuerUrl: `http://localhost:${ports[1]}`, ports };
  endpoint = await openEndpoint();
  await start();
}, 90_000);

afterAll(async () => {
  await kill();
  await endpoint.close();
  await rm(dataDir, { recursive: true, force: true });
});

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A sender that does as R4 says: no answer, or 5xx, and the same message is sent again. */
const insist = async (message: string): Promise<HttpAnswer> => {
  for (let tries = 0; tries < 600; tries += 1) {
    const answer = await post(hub, 'amk-innlandet', message).catch(() => undefined);
    if (answer !== undefined && answer.status < 500) return answer;
    await pause(50);
  }
  throw new Error('the hub did not come back');
};

const requestId =
  /"resourceType": "MessageHeader",\s+"id": "([^"]+)"/.exec(exampleText('mission-request.json'))?.[1] ?? '';
const missionOf = ({ text }: HttpAnswer): string => /"value":"([0-9a-f-]{36})"/.exec(text)?.[1] ?? '';

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

const headerIn = ({ text }: Received): string => /"resourceType":"MessageHeader","id":"([^"]+)"/.exec(text)?.[1] ?? '';

test(`Killed ${kills} times while messages flow, the hub keeps what it answered, and every notification arrives, in order`, async () => {
  const subscription = await subscribe(hub, 'amk-la-oslo', endpoint.url);
  const promised: { mission: string; id: string; version: number }[] = [];
  const send = async (mission: string, message: string, id: string): Promise<void> => {
    const answer = await insist(message);
    expect(answer.status, answer.text).toBe(200);
    promised.push({ mission, id, version: Number(/"(\d+)"/.exec(answer.headers.get('etag') ?? '')?.[1]) });
  };
  const live = async (): Promise<void> => {
    const id = randomUUID();
    const request = exampleText('mission-request.json').replaceAll(requestId, id);
    const mission = missionOf(await insist(request));
    promised.push({ mission, id, version: 1 });
    for (let count = 0; count < messagesPerMission; count += 1) {
      const next = randomUUID();
      await send(mission, update(mission, next), next);
      await pause(200 * Math.random());
    }
  };

  const sent = { all: false };
  const senders = Promise.all(Array.from({ length: missions }, live)).finally(() => {
    sent.all = true;
  });
  let killed = 0;
  while (!sent.all && killed < kills) {
    await pause(150 + 500 * Math.random());
    await kill();
    killed += 1;
    await start();
  }
  const killedWhileSending = killed;
  await senders;
  for (; killed < kills; killed += 1) {
    await kill();
    await start();
  }

  expect(killedWhileSending).toBeGreaterThan(1);
  expect(promised).toHaveLength(missions * (messagesPerMission + 1));
  await eventually(
    'every promised message at the receiver',
    () => {
      const told = new Set(endpoint.events().map(headerIn));
      return promised.every(({ id }) => told.has(id));
    },
    120,
  );

  // Once each, counted by event number: a second delivery of one number is the same notification again.
  const first = new Map(endpoint.events().map((received) => [received.eventNumber, received]));
  const numbers = [...first.keys()].toSorted((a = 0, b = 0) => a - b);
  expect(numbers).toEqual(promised.map((_, index) => index + 1));
  expect(new Set([...first.values()].map(headerIn))).toEqual(new Set(promised.map(({ id }) => id)));

  // In the order of the log: numbers of a mission rise with its versions, and so do first arrivals.
  const versionOf = new Map(promised.map(({ id, version }) => [id, version]));
  for (const mission of new Set(promised.map((one) => one.mission))) {
    const of = (received: Received): boolean =>
      promised.some((one) => one.mission === mission && one.id === headerIn(received));
    const byNumber = numbers
      .flatMap((number) => first.get(number) ?? [])
      .filter(of)
      .map((received) => versionOf.get(headerIn(received)));
    const byArrival = [...new Set(endpoint.events().filter(of).map(headerIn))].map((id) => versionOf.get(id));
    const versions = Array.from({ length: messagesPerMission + 1 }, (_, index) => index + 1);
    expect(byNumber).toEqual(versions);
    expect(byArrival).toEqual(versions);
  }
  expect(subscription.id).not.toBe('');
}, 240_000);
