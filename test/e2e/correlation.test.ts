import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logMessages } from '../../schemas/telemetry/log-messages.ts';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { missionRequest } from '../support/messages.ts';
import { call, type Endpoint, eventually, openEndpoint, post, type Received, subscribe } from '../support/partners.ts';
import { organisation } from '../support/scene.ts';

/** One id connects a caller's request to all its effects, in the hub's logs and in those of its partners. */

const guideline = fileURLToPath(new URL('../fixtures/guidelines/short-deadlines.json', import.meta.url));

const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';

let hub: RunningHub;
let requester: Endpoint;
let coordinator: Endpoint;

beforeAll(async () => {
  hub = await startHub({ guideline });
  [requester, coordinator] = [await openEndpoint(), await openEndpoint()];
  await subscribe(hub, amk, requester.url);
  await subscribe(hub, oslo, coordinator.url);
  await eventually('both handshakes', () => [requester, coordinator].every(({ received }) => received.length > 0));
});

afterAll(async () => {
  await Promise.all([requester.close(), coordinator.close()]);
  await hub.close();
});

const about = (endpoint: Endpoint, mission: string): readonly Received[] =>
  endpoint.events().filter(({ text }) => text.includes(`ServiceRequest/${mission}`));
const correlationsIn = (received: readonly Received[]) => received.map(({ headers }) => headers['x-correlation-id']);

/** The log lines with the correlation id. */
const linesOf = async (id: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await hub.log())
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"correlationId":"${id}"`))
    .map((line) => JSON.parse(line));
const codesOf = async (id: string): Promise<ReadonlySet<unknown>> =>
  new Set((await linesOf(id)).map(({ code }) => code));

/** Waits for a log line: a function's may be written after its answer, the sweeper's at the end of its run. */
const logged = (id: string, name: keyof typeof logMessages): Promise<void> =>
  eventually(`a line ${name}`, async () => (await codesOf(id)).has(logMessages[name].code), 180);

/** A random id as of a caller. The hub refuses an id that could contain a national number; a few in ten thousand do. */
const drawnId = (): string => {
  const id = randomUUID();
  return /\d{11}/.test(id.replaceAll('-', '')) ? drawnId() : id;
};

const request = () => missionRequest({ to: [organisation(oslo)], id: randomUUID() });

test('keeps the correlation id of a caller in the answer, notifications, log lines, a retry and resulting hub messages', async () => {
  const id = drawnId();
  const message = request();
  const mission = missionIdOf(organisation(amk), message.id);
  coordinator.behave({ status: 503 });
  const answer = await post(hub, amk, message.text, { 'X-Correlation-Id': id });
  expect([answer.status, answer.headers.get('x-correlation-id')]).toEqual([200, id]);
  // The request id distinguishes requests with the same correlation id.
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get('x-request-id')).not.toBe(id);

  await logged(id, 'DELIVERY_RETRIED');
  coordinator.behave({});
  await eventually('the coordinator is notified of the request', () => about(coordinator, mission).length > 0);
  // Without an acknowledgement the hub notifies both, under the same id.
  await eventually(
    'both are notified that the acknowledgement is overdue',
    () => about(coordinator, mission).length >= 2 && about(requester, mission).length > 0,
    120,
  );
  expect(new Set(correlationsIn([...about(coordinator, mission), ...about(requester, mission)]))).toEqual(
    new Set([id]),
  );

  await eventually(
    'the last receipt is logged',
    async () =>
      (await linesOf(id)).filter(
        ({ code, outcome }) => code === logMessages.DELIVERY_COMPLETED.code && outcome === 'delivered',
      ).length >= 3,
  );
  for (const name of [
    'MESSAGE_ACCEPTED',
    'DELIVERY_RETRIED',
    'DELIVERY_COMPLETED',
    'HUB_MESSAGE_STORED',
    'OBLIGATION_COMPLETED',
  ] as const)
    await logged(id, name);
  const [accepted] = (await linesOf(id)).filter(({ code }) => code === logMessages.MESSAGE_ACCEPTED.code);
  expect(accepted).toMatchObject({ client: amk, sender: organisation(amk), mission, entry: 1 });
});

test('keeps the correlation id of an accepted message when it is sent again with another id', async () => {
  const [first, second] = [drawnId(), drawnId()];
  const message = request();
  const mission = missionIdOf(organisation(amk), message.id);
  await post(hub, amk, message.text, { 'X-Correlation-Id': first });
  const again = await post(hub, amk, message.text, { 'X-Correlation-Id': second });
  expect([again.status, again.headers.get('x-correlation-id')]).toEqual([200, second]);
  await eventually('the coordinator is notified', () => about(coordinator, mission).length > 0);
  expect(correlationsIn(about(coordinator, mission))[0]).toBe(first);
  await logged(second, 'MESSAGE_REPEATED');
});

test('uses the trace id of the caller if there is no other id', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const answer = await call(hub, oslo, 'GET', '/Task?owner=nobody', undefined, {
    traceparent: `00-${trace}-00f067aa0ba902b7-01`,
  });
  expect(answer.headers.get('x-correlation-id')).toBe(trace);
  await logged(trace, 'REQUEST_REFUSED');
});

test('logs a refused token under the correlation id of the caller, although API Gateway answers', async () => {
  const id = drawnId();
  const answer = await call(hub, undefined, 'GET', '/Task?owner=nobody', undefined, {
    'X-Correlation-Id': id,
    authorization: 'Bearer none',
  });
  expect(answer.status).toBe(401);
  await logged(id, 'TOKEN_REFUSED');
  const [line] = await linesOf(id);
  expect(line).toMatchObject({ code: logMessages.TOKEN_REFUSED.code });
  // The emulator gives the authorizer no request id; elsewhere the id in the answer finds the line as well.
  if (process.env['DEPLOYED_ASSEMBLY'] === undefined) expect(line).toMatchObject({ requestId: answer.body['id'] });
});

test.each([
  ['no token', 401, '/Task?owner=nobody', {}],
  ['an invalid token', 401, '/Task?owner=nobody', { authorization: 'Bearer none' }],
  ['an unknown path', 404, '/Patients/of/the/day', {}],
])(
  "gives the hub's own id in an answer of API Gateway to %s, for any id of the caller",
  async (_to, status, path, headers) => {
    for (const given of [drawnId(), '01018612345', '00000000-0000-4000-8000-001018612345']) {
      const answer = await call(hub, undefined, 'GET', path, undefined, { ...headers, 'X-Correlation-Id': given });
      const { id } = answer.body;
      expect([answer.status, id]).toEqual([status, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
      expect([answer.headers.get('x-correlation-id'), answer.headers.get('x-request-id')]).toEqual([id, id]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect([JSON.stringify([...answer.headers]), answer.text].join()).not.toContain(given);
    }
  },
);

test("replaces an invalid correlation id by the hub's own, and repeats it nowhere", async () => {
  for (const given of ['kari.nordmann', '01018612345', '00000000-0000-4000-8000-001018612345']) {
    const answer = await call(hub, oslo, 'GET', '/Task?owner=nobody', undefined, { 'X-Correlation-Id': given });
    expect(answer.headers.get('x-correlation-id')).toBe(answer.headers.get('x-request-id'));
    expect(answer.body['id']).toBe(answer.headers.get('x-request-id'));
    expect(await hub.log()).not.toContain(given);
  }
});
