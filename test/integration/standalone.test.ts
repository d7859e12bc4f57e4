import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { subscriptionText } from '../../bench/messages.ts';
import { createIssuer } from '../../local/issuer/issuer.ts';
import { openPort } from '../../local/gateway/port.ts';
import { type Hub, startHub } from '../../standalone/hub.ts';
import type { HubSettings } from '../../standalone/settings.ts';
import { exampleText, sampleDirectoryData } from '../support/examples.ts';
import { temporaryFolder } from '../support/sqlite.ts';

/** A listener's own port, and what reached it. */
const startReceiver = async () => {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    bodies,
    url: `http://localhost:${typeof address === 'object' ? address?.port : 0}/notify`,
    close: () => server.close(),
  };
};

describe('A standalone hub', () => {
  let folder: string;
  let remove: () => void;
  let hub: Hub;
  let settings: HubSettings;
  let closing: (() => unknown)[];
  let token: (client: string) => Promise<string>;

  const start = async (port = 0): Promise<Hub> =>
    startHub(settings, {
      port,
      address: '127.0.0.1',
      first: async ({ directoryStore }) => directoryStore.save(sampleDirectoryData, Date.now),
    });

  beforeEach(async () => {
    ({ folder, remove } = temporaryFolder());
    const issuerPort = await openPort(0, { variable: 'ISSUER_PORT' });
    const url = `http://localhost:${issuerPort.number}`;
    const issuer = await createIssuer({
      url,
      audience: 'luftbro',
      clientsFile: 'local/sample/clients.json',
      keyFile: join(folder, 'issuer-key.json'),
    });
    issuerPort.serve(issuer.listener);
    token = issuer.token;
    settings = {
      folder,
      base: 'http://localhost/fhir',
      tokenIssuer: url,
      tokenAudience: 'luftbro',
      tokenBinding: 'optional',
      proofWindow: { back: 60, ahead: 10 },
      budgets: { seconds: 10, messages: 1_000, requests: 1_000 },
      endpointAllowList: 'http://localhost:*',
      deliveriesAtOnce: { quick: 10, slow: 6 },
    };
    hub = await start();
    closing = [() => issuerPort.close()];
  });
  afterEach(async () => {
    await hub.close();
    for (const close of closing) await close();
    remove();
  });

  const call = async (client: string | undefined, path: string, body?: string) =>
    fetch(`http://localhost:${hub.port}/fhir/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/fhir+json',
        ...(client === undefined ? {} : { authorization: `Bearer ${await token(client)}` }),
      },
      ...(body === undefined ? {} : { body }),
    });

  const subscribe = async (client: string, endpoint: string): Promise<void> => {
    const answer = await call(client, 'Subscription', subscriptionText(endpoint));
    expect([answer.status, await answer.text()]).toMatchObject([201, expect.any(String)]);
  };

  test('accepts a message, notifies its subscriber, and shows the mission to its parties only', async () => {
    const receiver = await startReceiver();
    closing.push(receiver.close);
    await subscribe('amk-la-oslo', receiver.url);
    await vi.waitFor(() => expect(receiver.bodies.some((body) => body.includes('"handshake"'))).toBe(true), 20_000);
    const accepted = await call('amk-innlandet', '$process-message', exampleText('mission-request.json'));
    expect(accepted.status).toBe(200);
    expect(accepted.headers.get('etag')).toBe('W/"1"');
    await vi.waitFor(
      () => expect(receiver.bodies.some((body) => body.includes('"event-notification"'))).toBe(true),
      20_000,
    );
    await vi.waitFor(async () => expect((await hub.stores.obligations.undelivered()).count).toBe(0), 20_000);
  });

  test('gives the first answer again after a restart, byte for byte', async () => {
    const text = exampleText('mission-request.json');
    const first = await call('amk-innlandet', '$process-message', text);
    const { port } = hub;
    await hub.close();
    hub = await start(port);
    const again = await call('amk-innlandet', '$process-message', text);
    expect([again.status, await again.text()]).toEqual([200, await first.text()]);
  });

  test('notifies after a restart what was pending before', async () => {
    const receiver = await startReceiver();
    await subscribe('amk-la-oslo', receiver.url);
    await vi.waitFor(() => expect(receiver.bodies.some((body) => body.includes('"handshake"'))).toBe(true), 20_000);
    // The subscription is active when the handshake is recorded.
    await vi.waitFor(async () => expect((await hub.stores.obligations.undelivered()).count).toBe(0), 20_000);
    await hub.close();
    hub = await startHub({ ...settings, deliveriesAtOnce: { quick: 0, slow: 0 } }, { port: 0, address: '127.0.0.1' });
    expect((await call('amk-innlandet', '$process-message', exampleText('mission-request.json'))).status).toBe(200);
    expect((await hub.stores.obligations.undelivered()).count).toBe(1);
    await hub.close();
    closing.push(receiver.close);
    hub = await start();
    await vi.waitFor(
      () => expect(receiver.bodies.some((body) => body.includes('"event-notification"'))).toBe(true),
      60_000,
    );
  });

  test.each([
    ['without a token', 'Task', 401],
    ['to no address of the API', 'no/such/address/at/all', 404],
    ['with a path that cannot be read', 'Task/%zz', 400],
  ])('answers FHIR to a call %s', async (_what, path, status) => {
    const answer = await call(undefined, path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/fhir+json']);
    expect(JSON.parse(await answer.text())).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  test('answers 413 to a body of more than 10 MB', async () => {
    const answer = await call('amk-innlandet', '$process-message', 'x'.repeat(10 * 1024 * 1024 + 1));
    expect(answer.status).toBe(413);
  });

  test('says at /health whether it takes messages, and what is undelivered', async () => {
    const health = async () => {
      const answer = await fetch(`http://localhost:${hub.port}/health`);
      return [answer.status, JSON.parse(await answer.text())];
    };
    expect(await health()).toEqual([200, { status: 'ready', undelivered: { count: 0, oldestSeconds: 0 } }]);
    await hub.close();
    hub = await startHub(settings, {
      port: 0,
      address: '127.0.0.1',
      first: ({ directoryStore }) => directoryStore.saveClosure({ at: '2026-02-01T11:00:00.000Z' }, Date.now),
    });
    expect(await health()).toMatchObject([503, { status: 'closed' }]);
  });

  test('refuses a second hub on its folder', async () => {
    await expect(start()).rejects.toThrow('Another hub uses');
  });
});
