import { expect } from 'vitest';
import { entryAddress } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { partyOfClient } from './examples.ts';
import { type RunningHub, startHub } from './hub.ts';
import {
  call,
  type Client,
  type Endpoint,
  eventually,
  type HttpAnswer,
  openEndpoint,
  post,
  subscribe,
} from './partners.ts';

/** A hub over HTTP, and partners of the sample directory that are subscribed to everything. */
export interface Scene {
  readonly hub: RunningHub;
  /** Sends a message that must be accepted; returns the number of its entry. */
  readonly send: (client: Client, message: Message) => Promise<number>;
  /** Sends a message that must be refused; returns the fault's code. */
  readonly refused: (client: Client, message: Message) => Promise<string>;
  readonly get: (client: Client, path: string) => Promise<HttpAnswer>;
  /** Events of a mission that a partner was notified of, in order. */
  readonly notifiedOf: (client: Client, mission: string) => readonly string[];
  /** Waits until each partner was notified of exactly these events of a mission, in this order. */
  readonly expectNotified: (mission: string, expected: Readonly<Record<Client, readonly string[]>>) => Promise<void>;
  /** The notifications of a mission that a partner got, as text. */
  readonly notifications: (client: Client, mission: string) => readonly string[];
  readonly close: () => Promise<void>;
}

export const organisation = (client: Client): string => partyOfClient(client).organisation;

/** The hub's id of the Task that an entry opened. */
export const taskOf = entryAddress;

const faultOf = (answer: HttpAnswer): string =>
  /CodeSystem\/fault","code":"([a-z-]+)"/.exec(answer.text)?.[1] ?? answer.text;

const eventOf = (text: string): string => /CodeSystem\/message-event","code":"([a-z-]+)"/.exec(text)?.[1] ?? '';

export const openScene = async (
  clients: readonly Client[],
  given: Parameters<typeof startHub>[0] = {},
): Promise<Scene> => {
  const hub = await startHub(given);
  const endpoints = new Map<Client, Endpoint>();
  for (const client of clients) {
    const endpoint = await openEndpoint();
    endpoints.set(client, endpoint);
    await subscribe(hub, client, endpoint.url);
  }
  const all = [...endpoints.values()];
  await eventually('every handshake', () => all.every(({ received }) => received.length > 0));

  const notifications: Scene['notifications'] = (client, mission) =>
    (endpoints.get(client)?.events() ?? [])
      .map(({ text }) => text)
      .filter((text) => text.includes(`ServiceRequest/${mission}`));
  const notifiedOf: Scene['notifiedOf'] = (client, mission) => notifications(client, mission).map(eventOf);

  return {
    hub,
    notifications,
    notifiedOf,
    send: async (client, message) => {
      const answer = await post(hub, client, message.text);
      expect(answer.status, `${client} ${message.type.event}: ${answer.text}`).toBe(200);
      return Number(/"(\d+)"/.exec(answer.headers.get('etag') ?? '')?.[1]);
    },
    refused: async (client, message) => {
      const answer = await post(hub, client, message.text);
      expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
      return faultOf(answer);
    },
    get: (client, path) => call(hub, client, 'GET', path),
    expectNotified: async (mission, expected) => {
      const now = () =>
        Object.fromEntries(Object.keys(expected).map((client) => [client, notifiedOf(client, mission)]));
      await eventually(
        `every notification: ${JSON.stringify(expected)}`,
        () => Object.entries(expected).every(([client, events]) => notifiedOf(client, mission).length >= events.length),
        120,
      ).catch(() => {});
      expect(now()).toEqual(expected);
    },
    close: async () => {
      await Promise.all(all.map((endpoint) => endpoint.close()));
      await hub.close();
    },
  };
};
