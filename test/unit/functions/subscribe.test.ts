import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler } from '../../../functions/subscribe/handler.ts';
import { Unavailable } from '../../../core/mission/errors.ts';
import { secretExtension } from '../../../schemas/subscription.ts';
import { handlerPorts } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { describeBodyRefusals, describeCallerRefusals, describeHttpRefusals } from '../../support/http-refusals.ts';
import { parties } from '../../support/messages.ts';
import { subscriptionFor } from '../../support/partners.ts';
import { type ApiHandler, ask, type Asking, type Calling } from '../../support/requests.ts';

const { amk, la } = parties;
const calling = { parent: amk.organisation };
const endpoint = 'https://partner.example/fhir/notify';
const asking: Asking = { method: 'POST', path: 'Subscription', body: subscriptionFor(endpoint) };
const subject = { createHandler, calling, asking, first: 'directory', scope: 'subscribe' } as const;

/** The id of a new subscription. */
const created = async (handler: ApiHandler, caller: Calling = calling): Promise<string> =>
  JSON.parse((await ask(handler, caller, asking)).body).id;

const faultIn = (body: string): unknown => JSON.parse(body).issue[0].details.coding[0].code;

afterEach(() => {
  vi.restoreAllMocks();
});

describeHttpRefusals('subscribe', subject);
describeCallerRefusals('subscribe', subject);
describeBodyRefusals('subscribe', subject);

describe('POST Subscription', () => {
  test('creates it, answers with its address and its secret, and queues a handshake', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const { statusCode, headers, body } = await ask(createHandler(ports), calling, asking);
    const subscription = JSON.parse(body);
    expect([statusCode, headers?.['location']]).toEqual([
      201,
      `https://hub.example/fhir/Subscription/${subscription.id}`,
    ]);
    expect(subscription).toMatchObject({ status: 'requested', channel: { endpoint } });
    const [secret] = subscription.channel.extension.filter(({ url }: { url: string }) => url === secretExtension);
    expect(secret.valueString).toMatch(/^whsec_/);
    expect(ports.lanes.slow.waiting()).toEqual([
      { kind: 'handshake', subscription: subscription.id, due: '2026-02-01T11:00:15.000Z' },
    ]);
    expect(log.text()).not.toContain(secret.valueString);
  });

  test('creates it also if the handshake cannot be queued, and logs that', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const send = async () => Promise.reject(new Unavailable('throttled'));
    const { statusCode } = await ask(createHandler({ ...ports, lanes: { slow: { send } } }), calling, asking);
    expect(statusCode).toBe(201);
    expect(log.line('LB-303')).toMatchObject({ error: 'Unavailable' });
  });

  test.each([
    ['an endpoint that the hub does not call', subscriptionFor('http://partner.example'), 'refused-endpoint'],
    [
      'a filter that the hub does not know',
      subscriptionFor(endpoint, 'empty', ['Patient?name=x']),
      'unsupported-subscription',
    ],
    ['another resource', '{"resourceType":"Patient"}', 'wrong-field'],
  ])('refuses %s', async (_what, body, fault) => {
    captureLog();
    const answer = await ask(createHandler(handlerPorts()), calling, { ...asking, body });
    expect([answer.statusCode, faultIn(answer.body)]).toEqual([422, fault]);
  });
});

describe('versions and preferences', () => {
  const put = (id: string, headers: Readonly<Record<string, string>>, reason = 'changed'): Asking => ({
    method: 'PUT',
    path: `Subscription/${id}`,
    headers,
    body: JSON.stringify({ ...JSON.parse(subscriptionFor(endpoint)), id, reason }),
  });

  test('gives the version in ETag and meta.versionId of every answer, and a new one after a change', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const first = await ask(handler, calling, asking);
    const { id, meta } = JSON.parse(first.body);
    const read = await ask(handler, calling, { path: `Subscription/${id}` });
    const changed = await ask(handler, calling, put(id, { 'if-match': String(read.headers?.['etag']) }));
    const after = await ask(handler, calling, { path: `Subscription/${id}` });
    expect([first, read, changed, after].map(({ statusCode }) => statusCode)).toEqual([201, 200, 200, 200]);
    expect(first.headers?.['etag']).toBe(`W/"${meta.versionId}"`);
    expect(read.headers?.['etag']).toBe(first.headers?.['etag']);
    expect(changed.headers?.['etag']).not.toBe(first.headers?.['etag']);
    expect(after.headers?.['etag']).toBe(changed.headers?.['etag']);
    expect(changed.headers?.['etag']).toBe(`W/"${JSON.parse(changed.body).meta.versionId}"`);
  });

  test.each<[string, Readonly<Record<string, string>>, number, string]>([
    ['PUT', { 'if-match': 'W/"999"' }, 412, 'version-conflict'],
    ['PUT', { 'if-match': '"1.00000000", W/"2.00000000"' }, 412, 'version-conflict'],
    ['PUT', { 'if-none-match': '*' }, 412, 'version-conflict'],
    ['PUT', { 'if-match': '3' }, 422, 'wrong-field'],
    ['PUT', { 'if-none-exist': 'status=active' }, 400, 'unsupported-option'],
    ['PUT', { prefer: 'respond-async' }, 400, 'unsupported-option'],
    ['DELETE', { 'if-match': 'W/"999"' }, 412, 'version-conflict'],
    ['DELETE', { 'if-match': 'W/999' }, 422, 'wrong-field'],
    ['DELETE', { prefer: 'return=minimal' }, 400, 'unsupported-option'],
    ['POST', { 'if-match': 'W/"999"' }, 400, 'unsupported-option'],
    ['POST', { 'if-none-exist': 'reason=x' }, 400, 'unknown-search'],
    ['POST', { 'if-none-exist': '' }, 400, 'unknown-search'],
    ['POST', { 'if-none-exist': 'status=asleep' }, 400, 'unknown-search'],
    ['POST', { 'if-none-exist': 'status=active&status=error' }, 400, 'unknown-search'],
  ])('refuses %s with %j, and changes nothing', async (method, headers, status, fault) => {
    captureLog();
    const ports = handlerPorts();
    const handler = createHandler(ports);
    const id = await created(handler);
    const before = await ports.subscriptions.read(id);
    const request = method === 'POST' ? { ...asking, headers } : { ...put(id, headers), method };
    const answer = await ask(handler, calling, request);
    expect([answer.statusCode, faultIn(answer.body)]).toEqual([status, fault]);
    expect(await ports.subscriptions.ofOrganisation(amk.organisation)).toEqual([before]);
    if (status === 412 && method !== 'POST') expect(answer.headers?.['etag']).toMatch(/^W\/"1\.[0-9a-f]{8}"$/);
  });

  test('If-None-Exist returns the subscription that matches, without its secret', async () => {
    captureLog();
    const ports = handlerPorts();
    const handler = createHandler(ports);
    const conditional = {
      ...asking,
      headers: { 'If-None-Exist': `url=${encodeURIComponent(endpoint)}&status=requested,active` },
    };
    const first = await ask(handler, calling, conditional);
    const second = await ask(handler, calling, conditional);
    expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
    expect(second.headers?.['location']).toBe(first.headers?.['location']);
    expect(first.body).toContain('whsec_');
    expect(second.body).not.toContain('whsec_');
    expect((await ask(handler, calling, asking)).statusCode).toBe(201);
    const third = await ask(handler, calling, conditional);
    expect([third.statusCode, faultIn(third.body)]).toEqual([412, 'several-matches']);
  });

  test.each(['POST', 'PUT'])(
    '%s with a parameter in the address is refused: conditions are headers',
    async (method) => {
      captureLog();
      const ports = handlerPorts();
      const handler = createHandler(ports);
      const id = await created(handler);
      const path = method === 'PUT' ? `Subscription/${id}` : 'Subscription';
      const answer = await ask(handler, calling, { ...asking, method, path, query: { url: endpoint } });
      expect([answer.statusCode, faultIn(answer.body)]).toEqual([400, 'unsupported-option']);
      expect(await ports.subscriptions.ofOrganisation(amk.organisation)).toHaveLength(1);
    },
  );

  test.each(['', '?', 'Subscription?', 'BASE/Subscription?'])(
    'If-None-Exist takes criteria after %j',
    async (before) => {
      captureLog();
      const ports = handlerPorts();
      const criteria = `${before.replace('BASE', ports.base)}url=${encodeURIComponent(endpoint)}&_format=json`;
      const handler = createHandler(ports);
      const conditional = { ...asking, headers: { 'If-None-Exist': criteria } };
      const answers = [await ask(handler, calling, conditional), await ask(handler, calling, conditional)];
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 200]);
    },
  );

  test.each([
    ['return=minimal', '', 'return=minimal'],
    ['return="Minimal"; foo, handling=lenient', '', 'return=minimal'],
    ['return=OperationOutcome', 'OperationOutcome', 'return=OperationOutcome'],
    ['return=representation', 'Subscription', 'return=representation'],
    ['return=nothing', 'Subscription', undefined],
  ])('answers PUT with Prefer: %s by %j', async (prefer, type, applied) => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const { statusCode, headers, body } = await ask(handler, calling, put(await created(handler), { prefer }));
    expect([statusCode, headers?.['preference-applied']]).toEqual([200, applied]);
    expect(body === '' ? '' : JSON.parse(body).resourceType).toBe(type);
    expect(headers?.['etag']).toMatch(/^W\/"2\./);
  });
});

describe('GET Subscription', () => {
  test('lists the own subscriptions that are not off, without secrets', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const [kept, ended] = [await created(handler), await created(handler)];
    await created(handler, { parent: la.organisation });
    await ask(handler, calling, { method: 'DELETE', path: `Subscription/${ended}` });
    const { body } = await ask(handler, calling, { path: 'Subscription' });
    expect(JSON.parse(body).entry.map(({ resource }: { resource: { id: string } }) => resource.id)).toEqual([kept]);
    expect(body).not.toContain('whsec_');
  });

  test('refuses a search that it does not know', async () => {
    captureLog();
    const answer = await ask(createHandler(handlerPorts()), calling, { path: 'Subscription', query: { reason: 'x' } });
    expect([answer.statusCode, faultIn(answer.body)]).toEqual([400, 'unknown-search']);
  });
});

describe('Subscription/{id}', () => {
  test.each([
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['GET', '/$status'],
    ['GET', '/$events'],
    ['POST', '/$rotate-secret'],
  ])('answers 404 to %s%s of another organisation', async (method, operation) => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const path = `Subscription/${await created(handler)}${operation}`;
    expect((await ask(handler, { parent: la.organisation }, { method, path })).statusCode).toBe(404);
  });

  test('answers 404 to an id that the hub cannot have assigned, without a read', async () => {
    captureLog();
    const ports = handlerPorts();
    const read = vi.spyOn(ports.subscriptions, 'read');
    const { statusCode } = await ask(createHandler(ports), calling, { path: 'Subscription/1' });
    expect(statusCode).toBe(404);
    expect(read).not.toHaveBeenCalled();
  });

  test('PUT replaces the settings, keeps the secret and begins with a handshake', async () => {
    captureLog();
    const ports = handlerPorts();
    const handler = createHandler(ports);
    const id = await created(handler);
    const before = await ports.subscriptions.read(id);
    ports.clock.advance(60_000);
    const { statusCode, body } = await ask(handler, calling, {
      method: 'PUT',
      path: `Subscription/${id}`,
      body: JSON.stringify({ ...JSON.parse(subscriptionFor('https://partner.example/other', 'empty')), id }),
    });
    expect([statusCode, JSON.parse(body).channel.endpoint]).toEqual([200, 'https://partner.example/other']);
    const after = await ports.subscriptions.read(id);
    expect(after).toMatchObject({ status: 'requested', payload: 'empty', secret: before?.secret });
    expect(ports.lanes.slow.waiting().map(({ kind }) => kind)).toEqual(['handshake', 'handshake']);
  });

  test('PUT with status off turns it off', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const id = await created(handler);
    const off = { ...JSON.parse(subscriptionFor(endpoint)), id, status: 'off' };
    const { statusCode, body } = await ask(handler, calling, {
      method: 'PUT',
      path: `Subscription/${id}`,
      body: JSON.stringify(off),
    });
    expect([statusCode, JSON.parse(body).status]).toEqual([200, 'off']);
  });

  test('DELETE answers 204, and 200 with a warning after the last one', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const [first, last] = [await created(handler), await created(handler)];
    const end = (id: string) => ask(handler, calling, { method: 'DELETE', path: `Subscription/${id}` });
    expect(await end(first)).toMatchObject({ statusCode: 204, body: '' });
    const { statusCode, body } = await end(last);
    expect([statusCode, JSON.parse(body).issue[0].severity]).toEqual([200, 'warning']);
    expect((await end(last)).statusCode).toBe(204);
  });

  test('answers 405 to another method, with those that it has', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const path = `Subscription/${await created(handler)}`;
    const { statusCode, headers } = await ask(handler, calling, { method: 'PATCH', path });
    expect([statusCode, headers?.['allow']]).toEqual([405, 'GET, HEAD, PUT, DELETE']);
  });
});

describe('The operations of a subscription', () => {
  test('$status answers for all subscriptions, for those named, and for one', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const [first] = [await created(handler), await created(handler)];
    const total = async (asked: Asking): Promise<unknown> =>
      JSON.parse((await ask(handler, calling, asked)).body).total;
    expect(await total({ path: 'Subscription/$status' })).toBe(2);
    expect(await total({ path: 'Subscription/$status', query: { id: first } })).toBe(1);
    expect(await total({ path: `Subscription/${first}/$status` })).toBe(1);
  });

  test('$status takes its parameters from a Parameters body too', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const [first] = [await created(handler), await created(handler)];
    const body = { resourceType: 'Parameters', parameter: [{ name: 'id', valueId: first }] };
    const answer = await ask(handler, calling, {
      method: 'POST',
      path: 'Subscription/$status',
      body: JSON.stringify(body),
    });
    expect(JSON.parse(answer.body).total).toBe(1);
  });

  test('$status refuses more than 50 ids', async () => {
    captureLog();
    const ids = Array.from({ length: 51 }, (_, index) => index).join(',');
    const { statusCode, body } = await ask(createHandler(handlerPorts()), calling, {
      path: 'Subscription/$status',
      query: { id: ids },
    });
    expect([statusCode, faultIn(body)]).toEqual([400, 'unknown-search']);
    expect(body).toContain('at most 50 ids');
  });

  test('$events answers with the events, and the read of missions would be recorded', async () => {
    captureLog();
    const ports = handlerPorts();
    const handler = createHandler(ports);
    const { statusCode, body } = await ask(handler, calling, {
      path: `Subscription/${await created(handler)}/$events`,
    });
    expect([statusCode, JSON.parse(body).type]).toEqual([200, 'history']);
  });

  test('$rotate-secret shows the new secret, and the same one again while the former one is in force', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const handler = createHandler(ports);
    const id = await created(handler);
    const rotate = async (): Promise<string> =>
      JSON.parse((await ask(handler, calling, { method: 'POST', path: `Subscription/${id}/$rotate-secret` })).body)
        .parameter[0].valueString;
    const secret = await rotate();
    expect((await ports.subscriptions.read(id))?.secret).toBe(secret);
    expect(await rotate()).toBe(secret);
    ports.clock.advance(86_400_000);
    expect(await rotate()).not.toBe(secret);
    expect(log.text()).not.toContain('whsec_');
  });

  test.each([
    ['GET', {}, 405, 'method-not-allowed'],
    ['POST', { overlap: '604801' }, 400, 'unknown-search'],
    ['POST', { overlap: 'long' }, 400, 'unknown-search'],
    ['POST', { secret: 'mine' }, 400, 'unknown-search'],
  ])('$rotate-secret refuses %s with %j', async (method, query, status, fault) => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const path = `Subscription/${await created(handler)}/$rotate-secret`;
    const { statusCode, body } = await ask(handler, calling, { method, path, query });
    expect([statusCode, faultIn(body)]).toEqual([status, fault]);
  });
});
