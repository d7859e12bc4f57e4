import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isObject, parseLossless } from '../../schemas/json/json.ts';
import { missionTopic } from '../../schemas/names.ts';
import { exampleText, organisationOf } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
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
  type Subscribed,
  subscriptionFor,
  verifySignature,
} from '../support/partners.ts';
import { stoodStillSince, undisturbed } from '../support/standstill.ts';

/** Subscriptions as the Subscriptions R5 Backport IG for R4 requires them (docs/conformance.md names these tests). */

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

let hub: RunningHub;
const endpoints: Endpoint[] = [];

beforeAll(async () => {
  hub = await startHub();
});

afterAll(async () => {
  await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  await hub.close();
});

const open = async (): Promise<Endpoint> => {
  const endpoint = await openEndpoint();
  endpoints.push(endpoint);
  return endpoint;
};

type Json = Readonly<Record<string, unknown>>;

/** A Subscription with changed members; members of its channel are merged. */
const wanted = (endpoint: string, change: Json = {}, channel: Json = {}): Json => {
  const whole: unknown = JSON.parse(subscriptionFor(endpoint));
  if (!isObject(whole) || !isObject(whole['channel'])) throw new Error('is no Subscription');
  return { ...whole, ...change, channel: { ...whole['channel'], ...channel } };
};

const create = (client: Client, resource: Json): Promise<HttpAnswer> =>
  call(hub, client, 'POST', '/Subscription', JSON.stringify(resource));

const put = (client: Client, id: string, resource: Json): Promise<HttpAnswer> =>
  call(hub, client, 'PUT', `/Subscription/${id}`, JSON.stringify(resource));

const filters = (...texts: readonly string[]): Json => ({
  _criteria: { extension: texts.map((valueString) => ({ url: `${backport}/backport-filter-criteria`, valueString })) },
});

const content = (valueCode: string): Json => ({
  _payload: { extension: [{ url: `${backport}/backport-payload-content`, valueCode }] },
});

const statusOf = async (client: Client, id: string): Promise<string> => {
  const { body } = await call(hub, client, 'GET', `/Subscription/${id}`);
  return String(body['status']);
};

const becomes = (client: Client, id: string, status: string): Promise<void> =>
  eventually(`the subscription is ${status}`, async () => (await statusOf(client, id)) === status);

/** Creates an active subscription, with the endpoint that receives its notifications. */
const listen = async (
  client: Client,
  payload = 'full-resource',
  filter: readonly string[] = [],
): Promise<{ endpoint: Endpoint; subscription: Subscribed }> => {
  const endpoint = await open();
  const subscription = await subscribe(hub, client, endpoint.url, payload, filter);
  await becomes(client, subscription.id, 'active');
  return { endpoint, subscription };
};

const entriesOf = (bundle: unknown): readonly Json[] => {
  const list: unknown = isObject(bundle) ? bundle['entry'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

const resourcesOf = (bundle: unknown): readonly Json[] =>
  entriesOf(bundle).flatMap(({ resource }) => (isObject(resource) ? [resource] : []));

const parametersOf = (resource: unknown): readonly Json[] => {
  const list: unknown = isObject(resource) ? resource['parameter'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

const partsOf = (parameter: Json | undefined): readonly Json[] => {
  const list: unknown = parameter?.['part'];
  return (Array.isArray(list) ? list : []).filter(isObject);
};

/** The value of a parameter of the status with which a Bundle begins. */
const statusValue = (bundle: unknown, name: string): unknown =>
  Object.entries(parametersOf(resourcesOf(bundle)[0]).find((one) => one['name'] === name) ?? {}).find(([key]) =>
    key.startsWith('value'),
  )?.[1];

const eventsIn = (bundle: unknown): readonly (readonly Json[])[] =>
  parametersOf(resourcesOf(bundle)[0])
    .filter(({ name }) => name === 'notification-event')
    .map(partsOf);

const numbersIn = (bundle: unknown): readonly unknown[] =>
  eventsIn(bundle).map((parts) => parts.find(({ name }) => name === 'event-number')?.['valueString']);

const namesIn = (parts: readonly Json[] | undefined): readonly unknown[] => (parts ?? []).map(({ name }) => name);

const headerId = (text: string): string => {
  const header = resourcesOf(JSON.parse(text)).find(({ resourceType }) => resourceType === 'MessageHeader');
  return String(header?.['id']);
};

const exampleMission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';

/** Opens a mission of its own, so that tests do not disturb each other. */
const openMission = async (): Promise<string> => {
  const text = exampleText('mission-request.json');
  const answer = await post(hub, 'amk-innlandet', text.replaceAll(headerId(text), randomUUID()));
  expect(answer.status, answer.text).toBe(200);
  return /"value":"([0-9a-f-]{36})"/.exec(answer.text)?.[1] ?? '';
};

/** Sends an update of a mission. */
const update = async (mission: string): Promise<void> => {
  const example = exampleText('mission-update.json');
  const bundle = parseLossless(example.replaceAll(headerId(example), randomUUID()).replaceAll(exampleMission, mission));
  const [header] = resourcesOf(bundle);
  if (!isObject(bundle) || header === undefined) throw new Error('the example is no message');
  Object.assign(header, { destination: undefined });
  const answer = await post(hub, 'amk-innlandet', JSON.stringify({ ...bundle, id: randomUUID() }));
  expect(answer.status, answer.text).toBe(200);
};

const ofMission = (mission: string): string => `ServiceRequest?identifier=${mission}`;

/** Creates an endpoint that has got the events of one mission. */
const notifiedEndpoint = async (payload: string, updates = 1) => {
  const mission = await openMission();
  const { endpoint, subscription } = await listen('amk-la-oslo', payload, [ofMission(mission)]);
  for (let sent = 0; sent < updates; sent += 1) await update(mission);
  await eventually('the events', () => endpoint.events().length === updates);
  return { mission, endpoint, subscription, events: endpoint.events() };
};

const refusedFor = (answer: HttpAnswer, status: number, code: string, text: string | RegExp): void => {
  expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(new RegExp(code))]);
  expect(answer.text).toMatch(text);
  expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome' });
  expect(problemsOf(answer.body)).toEqual([]);
};

describe('a posted Subscription', () => {
  test('is requested until its endpoint has answered the handshake, then active', async () => {
    await undisturbed(async () => {
      const endpoint = await open();
      endpoint.behave({ delay: 500 });
      const answer = await create('amk-bergen', wanted(endpoint.url));
      expect(answer.status).toBe(201);
      expect(answer.headers.get('location')).toBe(`${hub.url}/Subscription/${String(answer.body['id'])}`);
      expect(answer.body).toMatchObject({
        resourceType: 'Subscription',
        status: 'requested',
        criteria: missionTopic,
        channel: { type: 'rest-hook', endpoint: endpoint.url, payload: 'application/fhir+json' },
      });
      expect(problemsOf(answer.body)).toEqual([]);
      await becomes('amk-bergen', String(answer.body['id']), 'active');
      expect(endpoint.received.map(({ type }) => type)).toEqual(['handshake']);
    });
  });

  test('has every mandatory element of the profile, also if the request omitted it', async () => {
    const endpoint = await open();
    const channel = { type: 'rest-hook', endpoint: endpoint.url };
    const answer = await create('amk-bergen', { ...wanted(endpoint.url), channel });
    expect(answer.status).toBe(201);
    const read = await call(hub, 'amk-bergen', 'GET', `/Subscription/${String(answer.body['id'])}`);
    expect(read.body).toMatchObject({
      meta: { profile: [`${backport}/backport-subscription`] },
      reason: 'test',
      criteria: missionTopic,
      channel: { type: 'rest-hook', payload: 'application/fhir+json', ...content('empty') },
    });
  });

  test('is in error at once if the endpoint does not answer the handshake, and gives the reason', async () => {
    const endpoint = await open();
    endpoint.behave({ status: 503 });
    const answer = await create('amk-bergen', wanted(endpoint.url));
    const id = String(answer.body['id']);
    await becomes('amk-bergen', id, 'error');
    const status = await call(hub, 'amk-bergen', 'GET', `/Subscription/${id}/$status`);
    expect(statusValue(status.body, 'status')).toBe('error');
    expect(statusValue(status.body, 'error')).toEqual({ text: 'HTTP 503' });
    expect(problemsOf(status.body)).toEqual([]);
  });

  test('is in error if the endpoint refuses the handshake', async () => {
    const endpoint = await open();
    endpoint.behave({ status: 404 });
    const answer = await create('amk-bergen', wanted(endpoint.url));
    await becomes('amk-bergen', String(answer.body['id']), 'error');
  });

  test.each([
    ['another topic', { criteria: 'https://luftbro.example/fhir/SubscriptionTopic/other' }, {}, 'the one topic is'],
    ['a query in place of a topic', { criteria: 'ServiceRequest?status=active' }, {}, 'the one topic is'],
    ['a filter that the topic has not', filters('Encounter?patient=Patient/1'), {}, 'filters are'],
    ['a filter of another resource', filters('Patient?identifier=1'), {}, 'filters are of'],
    ['a modifier of a filter', filters('MessageHeader?event:not=mission-cancel'), {}, 'filters are'],
    ['an urgency that does not exist', filters('ServiceRequest?priority=asap'), {}, 'priority: known are'],
    ['a role in the mission that does not exist', filters('ServiceRequest?role=owner'), {}, 'role: known are'],
    ['the same filter twice', filters('role=requester', 'role=observer'), {}, 'given once'],
    ['a websocket', {}, { type: 'websocket' }, 'the one channel is rest-hook'],
    ['e-mail', {}, { type: 'email', endpoint: 'mailto:amk@partner.example' }, 'the one channel is rest-hook'],
    [
      'another channel by extension',
      {},
      { _type: { extension: [{ url: `${backport}/backport-channel-type`, valueCoding: { code: 'zulip' } }] } },
      'the one channel is rest-hook',
    ],
    ['a payload in XML', {}, { payload: 'application/fhir+xml' }, 'the one media type is'],
    ['another FHIR version', {}, { payload: 'application/fhir+json; fhirVersion=5.0' }, 'the one media type is'],
    ['content that is not of the guide', {}, content('everything'), 'payload content is one of'],
    ['e-mail with a payload in XML', {}, { type: 'email', payload: 'application/fhir+xml' }, 'the one channel'],
    [
      'an extension of a later FHIR version',
      {
        _criteria: {
          extension: [
            {
              url: 'http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria',
              valueString: 'ServiceRequest?priority=stat',
            },
          ],
        },
      },
      {},
      'known are',
    ],
    [
      'an element of a later FHIR version',
      {
        extension: [
          { url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.topic', valueString: 'x' },
        ],
      },
      {},
      'say it with the extensions of',
    ],
    [
      'a heartbeat every second',
      {},
      { extension: [{ url: `${backport}/backport-heartbeat-period`, valueUnsignedInt: 1 }] },
      'the heartbeat period is 60 to 86400 seconds',
    ],
    [
      'no time to answer',
      {},
      { extension: [{ url: `${backport}/backport-timeout`, valueUnsignedInt: 0 }] },
      'the timeout is',
    ],
    [
      'an extension of the channel that the hub does not know',
      {},
      { extension: [{ url: 'https://partner.example/retries', valueUnsignedInt: 3 }] },
      'known are',
    ],
  ])('is refused with the supported values for %s', async (_what, change, channel, text) => {
    const endpoint = await open();
    refusedFor(
      await create('amk-bergen', wanted(endpoint.url, change, channel)),
      422,
      'unsupported-subscription',
      text,
    );
    expect(endpoint.received).toEqual([]);
  });

  test.each([
    ['http://partner.example/notify', 'is not https'],
    ['mailto:amk@partner.example', 'is not https'],
    ['not a url', 'is not a URL'],
    ['https://10.0.0.1/notify', 'is not a public address'],
  ])('is refused for the endpoint %s, with any payload', async (endpoint, text) => {
    for (const payload of ['empty', 'full-resource'])
      refusedFor(await create('amk-bergen', wanted(endpoint, {}, content(payload))), 422, 'refused-endpoint', text);
  });

  test.each([['application/fhir+json'], ['application/fhir+json; fhirVersion=4.0']])(
    'is accepted with the media type %s, and shows the media type of its notifications',
    async (payload) => {
      const endpoint = await open();
      const answer = await create('amk-bergen', wanted(endpoint.url, {}, { payload }));
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ channel: { payload: 'application/fhir+json' } });
    },
  );

  test('shows the requested heartbeat and timeout, and one event for each notification', async () => {
    const endpoint = await open();
    const asked = [
      { url: `${backport}/backport-heartbeat-period`, valueUnsignedInt: 60 },
      { url: `${backport}/backport-timeout`, valueUnsignedInt: 4 },
      { url: `${backport}/backport-max-count`, valuePositiveInt: 20 },
    ];
    const answer = await create('amk-bergen', wanted(endpoint.url, {}, { extension: asked }));
    expect(answer.status, answer.text).toBe(201);
    const read = await call(hub, 'amk-bergen', 'GET', `/Subscription/${String(answer.body['id'])}`);
    expect(read.body).toMatchObject({
      channel: {
        extension: [asked[0], asked[1], { url: `${backport}/backport-max-count`, valuePositiveInt: 1 }],
      },
    });
    expect(problemsOf(read.body)).toEqual([]);
  });
});

/** Checks what every notification must have, of any type and content. */
const isNotification = ({ text, bundle }: Received, type: string, status: string, id: string): void => {
  expect(problemsOf(JSON.parse(text))).toEqual([]);
  expect(bundle).toMatchObject({
    type: 'history',
    meta: { profile: [`${backport}/backport-subscription-notification-r4`] },
  });
  const [first, ...others] = entriesOf(bundle);
  expect(first).toMatchObject({
    resource: { resourceType: 'Parameters', meta: { profile: [`${backport}/backport-subscription-status-r4`] } },
    request: { method: 'GET', url: `Subscription/${id}/$status` },
    response: { status: '200' },
  });
  expect(statusValue(bundle, 'subscription')).toEqual({ reference: `${hub.url}/Subscription/${id}` });
  expect(statusValue(bundle, 'status')).toBe(status);
  expect(statusValue(bundle, 'type')).toBe(type);
  for (const entry of others)
    expect(entry).toMatchObject({
      request: { method: expect.stringMatching(/^(PUT|POST)$/), url: expect.any(String) },
      response: { status: expect.any(String) },
    });
};

describe('a notification', () => {
  test('has no event if it is a handshake, and is not counted', async () => {
    const { endpoint, subscription } = await listen('amk-bergen', 'full-resource');
    const [handshake] = endpoint.received;
    if (handshake === undefined) throw new Error('there is no handshake');
    isNotification(handshake, 'handshake', 'requested', subscription.id);
    expect(eventsIn(handshake.bundle)).toEqual([]);
    expect(statusValue(handshake.bundle, 'events-since-subscription-start')).toBe('0');
    expect(entriesOf(handshake.bundle)).toHaveLength(1);
  });

  test('names neither topic nor resource without content', async () => {
    const { mission, events, subscription } = await notifiedEndpoint('empty');
    const [event] = events;
    if (event === undefined) throw new Error('there is no event');
    isNotification(event, 'event-notification', 'active', subscription.id);
    expect(entriesOf(event.bundle)).toHaveLength(1);
    expect(statusValue(event.bundle, 'topic')).toBeUndefined();
    expect(eventsIn(event.bundle).map(namesIn)).toEqual([['event-number', 'timestamp']]);
    expect(event.text).not.toContain(mission);
  });

  test('names topic, focus and context with ids, and contains no resource', async () => {
    const { mission, events, subscription } = await notifiedEndpoint('id-only');
    const [event] = events;
    if (event === undefined) throw new Error('there is no event');
    isNotification(event, 'event-notification', 'active', subscription.id);
    expect(statusValue(event.bundle, 'topic')).toBe(missionTopic);
    const [parts = []] = eventsIn(event.bundle);
    expect(parts.find(({ name }) => name === 'focus')).toMatchObject({
      valueReference: { reference: `${hub.url}/ServiceRequest/${mission}` },
    });
    const [, ...others] = entriesOf(event.bundle);
    expect(others.length).toBeGreaterThan(1);
    for (const entry of others) {
      expect(entry['resource']).toBeUndefined();
      expect(entry['fullUrl']).toEqual(expect.stringContaining(hub.url));
    }
  });

  test('contains the focus and every context that it names with full resources', async () => {
    const { mission, events, subscription } = await notifiedEndpoint('full-resource');
    const [event] = events;
    if (event === undefined) throw new Error('there is no event');
    isNotification(event, 'event-notification', 'active', subscription.id);
    expect(statusValue(event.bundle, 'topic')).toBe(missionTopic);
    const [parts = []] = eventsIn(event.bundle);
    const named = parts.flatMap(({ name, valueReference }) =>
      name === 'focus' || name === 'additional-context'
        ? [isObject(valueReference) ? valueReference['reference'] : undefined]
        : [],
    );
    const [, ...others] = entriesOf(event.bundle);
    expect(named[0]).toBe(`${hub.url}/ServiceRequest/${mission}`);
    expect(others.map(({ fullUrl }) => fullUrl)).toEqual(named);
    for (const entry of others) expect(entry['resource']).toMatchObject({ resourceType: expect.any(String) });
  });

  test('is posted to the endpoint in the media type and with the headers of the Subscription', async () => {
    const mission = await openMission();
    const endpoint = await open();
    const header = ['Authorization: Bearer of-the-subscriber', 'X-Room: dispatch'];
    const answer = await create('amk-la-oslo', wanted(endpoint.url, filters(ofMission(mission)), { header }));
    expect(answer.text).not.toContain('of-the-subscriber');
    await becomes('amk-la-oslo', String(answer.body['id']), 'active');
    await update(mission);
    await eventually('the event', () => endpoint.events().length === 1);
    for (const { headers } of endpoint.received)
      expect(headers).toMatchObject({
        'content-type': 'application/fhir+json',
        authorization: 'Bearer of-the-subscriber',
        'x-room': 'dispatch',
      });
  });

  test('is numbered without a gap, and gives the number of events so far', async () => {
    const { events } = await notifiedEndpoint('id-only', 3);
    expect(events.map(({ bundle }) => numbersIn(bundle))).toEqual([['1'], ['2'], ['3']]);
    events.forEach(({ bundle }, index) =>
      expect(Number(statusValue(bundle, 'events-since-subscription-start'))).toBeGreaterThanOrEqual(index + 1),
    );
  });

  test('has one event, so that no maximum count is exceeded', async () => {
    const { events } = await notifiedEndpoint('full-resource', 3);
    for (const { bundle } of events) expect(eventsIn(bundle)).toHaveLength(1);
  });

  test('times out after the time that the subscriber sets', async () => {
    const mission = await openMission();
    const endpoint = await open();
    const extension = [{ url: `${backport}/backport-timeout`, valueUnsignedInt: 1 }];
    const answer = await create('amk-la-oslo', wanted(endpoint.url, filters(ofMission(mission)), { extension }));
    await becomes('amk-la-oslo', String(answer.body['id']), 'active');
    endpoint.behave({ delay: 'for ever' });
    await update(mission);
    const receipt = async (): Promise<string> =>
      (await call(hub, 'amk-la-oslo', 'GET', `/Communication?part-of=ServiceRequest/${mission}`)).text;
    await eventually('the receipt of an attempt', async () => (await receipt()).includes('timeout'));
    endpoint.behave({});
    const arrived = () => endpoint.received.filter(({ type }) => type === 'event-notification');
    await eventually('the event comes again', () => arrived().length > 1);
    expect(new Set(arrived().map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });
});

describe('the filters of a subscription', () => {
  test('notify a party only of missions in which it has the filtered role', async () => {
    const asRequester = await listen('amk-la-oslo', 'id-only', ['ServiceRequest?role=requester,observer']);
    const asCoordinator = await listen('amk-la-oslo', 'id-only', ['role=coordinator']);
    const mission = await openMission();
    await update(mission);
    await eventually('the coordinator is notified', () => asCoordinator.endpoint.events().length === 2);
    expect(asCoordinator.endpoint.events().every(({ text }) => text.includes(mission))).toBe(true);
    expect(asRequester.endpoint.events()).toEqual([]);
  });

  test('are joined by AND', async () => {
    const mission = await openMission();
    const both = await listen('amk-la-oslo', 'id-only', [ofMission(mission), 'MessageHeader?event=mission-cancel']);
    const one = await listen('amk-la-oslo', 'id-only', [ofMission(mission)]);
    await update(mission);
    await eventually('the one without the second filter', () => one.endpoint.events().length === 1);
    expect(both.endpoint.events()).toEqual([]);
  });
});

describe('$status', () => {
  const idsIn = (bundle: unknown): readonly unknown[] =>
    resourcesOf(bundle).map(
      (one) =>
        /[0-9a-f-]{36}$/.exec(
          JSON.stringify(parametersOf(one).find(({ name }) => name === 'subscription')?.['valueReference']).slice(
            0,
            -2,
          ),
        )?.[0],
    );

  test('gives a searchset with the status of one subscription, by GET and by POST, with any id and status', async () => {
    const { subscription } = await listen('hospital-haukeland');
    const path = `/Subscription/${subscription.id}/$status`;
    const asked = JSON.stringify({
      resourceType: 'Parameters',
      parameter: [
        { name: 'id', valueId: randomUUID() },
        { name: 'status', valueCode: 'off' },
      ],
    });
    for (const answer of [
      await call(hub, 'hospital-haukeland', 'GET', path),
      await call(hub, 'hospital-haukeland', 'GET', `${path}?id=${randomUUID()}&status=off`),
      await call(hub, 'hospital-haukeland', 'POST', path),
      await call(hub, 'hospital-haukeland', 'POST', path, asked),
    ]) {
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 1 });
      expect(idsIn(answer.body)).toEqual([subscription.id]);
      expect(statusValue(answer.body, 'type')).toBe('query-status');
      expect(statusValue(answer.body, 'status')).toBe('active');
      expect(problemsOf(answer.body)).toEqual([]);
    }
  });

  test('gives the status of all subscriptions of the caller, or of those with the requested id or status', async () => {
    const client = 'hospital-st-olav';
    const first = await listen(client);
    const second = await listen(client);
    const dead = await open();
    dead.behave({ status: 410 });
    const third = await subscribe(hub, client, dead.url);
    await becomes(client, third.id, 'error');
    const foreign = await listen('amk-bergen');
    const ids = async (query: string): Promise<readonly unknown[]> => {
      const answer = await call(hub, client, 'GET', `/Subscription/$status${query}`);
      expect(answer.status, answer.text).toBe(200);
      expect(problemsOf(answer.body)).toEqual([]);
      return idsIn(answer.body);
    };
    const [one, two, three] = [first.subscription.id, second.subscription.id, third.id];
    expect(await ids('')).toEqual([one, two, three]);
    expect(await ids(`?id=${two}`)).toEqual([two]);
    expect(await ids(`?id=${one}&id=${three}&id=${foreign.subscription.id}&id=unknown`)).toEqual([one, three]);
    expect(await ids('?status=error')).toEqual([three]);
    expect(await ids('?status=error&status=active')).toEqual([one, two, three]);
    expect(await ids(`?id=${one}&status=error`)).toEqual([]);
    const posted = await call(
      hub,
      client,
      'POST',
      '/Subscription/$status',
      JSON.stringify({
        resourceType: 'Parameters',
        parameter: [one, three].map((valueId) => ({ name: 'id', valueId })),
      }),
    );
    expect(idsIn(posted.body)).toEqual([one, three]);
  });

  test('answers while the endpoint is dead, and counts the pending events', async () => {
    const begun = performance.now();
    const mission = await openMission();
    const { endpoint, subscription } = await listen('amk-la-oslo', 'id-only', [ofMission(mission)]);
    endpoint.behave({ status: 503 });
    for (let sent = 0; sent < 2; sent += 1) await update(mission);
    const path = `/Subscription/${subscription.id}/$status`;
    await eventually(
      'the circuit opens',
      async () => {
        const { body } = await call(hub, 'amk-la-oslo', 'GET', path);
        return statusValue(body, 'status') === 'error' && statusValue(body, 'events-since-subscription-start') === '2';
      },
      120,
    );
    const { body } = await call(hub, 'amk-la-oslo', 'GET', path);
    expect(statusValue(body, 'error')).toEqual({ text: 'HTTP 503' });
    endpoint.behave({});
    // Once it answers again, a handshake with the number of events comes first.
    await eventually('both events', () => endpoint.events().length === 2, 180);
    const types = endpoint.received.map(({ type }) => type);
    const first = types.indexOf('event-notification');
    const [, ...again] = endpoint.received.slice(0, first);
    expect(new Set(again.map(({ type }) => type))).toEqual(new Set(['handshake']));
    expect(statusValue(again[0]?.bundle, 'status')).toBe('error');
    expect(statusValue(again[0]?.bundle, 'events-since-subscription-start')).toBe('2');
    // If this machine paused, the answer to one of them may have come too late.
    if (!stoodStillSince(begun))
      expect(types).toEqual(['handshake', 'handshake', 'event-notification', 'event-notification']);
  });

  test.each([['?when=now'], ['?status=asleep']])('refuses %s', async (query) => {
    refusedFor(
      await call(hub, 'amk-bergen', 'GET', `/Subscription/$status${query}`),
      400,
      'unknown-search',
      /\$status takes|status is/,
    );
  });
});

describe('$events', () => {
  test('gives a range including both ends, with the requested content', async () => {
    const { subscription, endpoint } = await notifiedEndpoint('id-only', 4);
    const path = `/Subscription/${subscription.id}/$events`;
    const ask = async (query: string): Promise<HttpAnswer> => {
      const answer = await call(hub, 'amk-la-oslo', 'GET', `${path}${query}`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'history' });
      expect(statusValue(answer.body, 'type')).toBe('query-event');
      expect(problemsOf(answer.body)).toEqual([]);
      return answer;
    };
    expect(numbersIn((await ask('')).body)).toEqual(['1', '2', '3', '4']);
    expect(numbersIn((await ask('?eventsSinceNumber=2&eventsUntilNumber=3')).body)).toEqual(['2', '3']);
    expect(numbersIn((await ask('?eventsSinceNumber=4')).body)).toEqual(['4']);
    expect(numbersIn((await ask('?eventsUntilNumber=1')).body)).toEqual(['1']);
    expect(numbersIn((await ask('?eventsSinceNumber=5')).body)).toEqual([]);
    const full = await ask('?eventsSinceNumber=4&content=full-resource');
    expect(resourcesOf(full.body).length).toBeGreaterThan(1);
    expect(resourcesOf((await ask('?content=empty')).body)).toHaveLength(1);
    const posted = await call(
      hub,
      'amk-la-oslo',
      'POST',
      path,
      JSON.stringify({
        resourceType: 'Parameters',
        parameter: [
          { name: 'eventsSinceNumber', valueString: '3' },
          { name: 'content', valueCode: 'id-only' },
        ],
      }),
    );
    expect(numbersIn(posted.body)).toEqual(['3', '4']);
    expect(endpoint.events()).toHaveLength(4);
  });

  test.each([['eventsSinceNumber=first'], ['content=some'], ['limit=5'], ['eventsSinceNumber=1&eventsSinceNumber=2']])(
    'refuses %s',
    async (query) => {
      const { subscription } = await listen('amk-bergen');
      refusedFor(
        await call(hub, 'amk-bergen', 'GET', `/Subscription/${subscription.id}/$events?${query}`),
        400,
        'unknown-search',
        /event number|content is one of|takes|given once/,
      );
    },
  );
});

describe('a replaced Subscription', () => {
  test('changes endpoint, content and filter, begins with a handshake, and continues the numbers', async () => {
    await undisturbed(async () => {
      const { mission, subscription, endpoint } = await notifiedEndpoint('id-only', 2);
      const moved = await open();
      const answer = await put(
        'amk-la-oslo',
        subscription.id,
        wanted(moved.url, { id: subscription.id, reason: 'moved', ...filters(ofMission(mission)) }, content('empty')),
      );
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({
        id: subscription.id,
        status: 'requested',
        reason: 'moved',
        channel: { endpoint: moved.url, ...content('empty') },
      });
      expect(answer.text).not.toContain('whsec_');
      expect(problemsOf(answer.body)).toEqual([]);
      await becomes('amk-la-oslo', subscription.id, 'active');
      await update(mission);
      await eventually('the event', () => moved.events().length === 1);
      expect(moved.received.map(({ type }) => type)).toEqual(['handshake', 'event-notification']);
      expect(moved.events()[0]?.eventNumber).toBe(3);
      expect(statusValue(moved.received[0]?.bundle, 'events-since-subscription-start')).toBe('2');
      for (const received of moved.received) verifySignature(subscription.secret, received);
      expect(endpoint.events()).toHaveLength(2);
    });
  });

  test('is active again after an error, put as it was read, once its endpoint has answered', async () => {
    await undisturbed(async () => {
      const endpoint = await open();
      endpoint.behave({ status: 404 });
      const { id } = await subscribe(hub, 'amk-bergen', endpoint.url);
      await becomes('amk-bergen', id, 'error');
      endpoint.behave({});
      const { body } = await call(hub, 'amk-bergen', 'GET', `/Subscription/${id}`);
      const answer = await put('amk-bergen', id, { ...body, status: 'requested' });
      expect(answer.body).toMatchObject({ id, status: 'requested' });
      expect(answer.text).not.toContain('"error"');
      await becomes('amk-bergen', id, 'active');
      expect(endpoint.received.map(({ type }) => type)).toEqual(['handshake']);
    });
  });

  test('is refused and unchanged if it is not the caller’s, has another id, or is not supported', async () => {
    const { subscription, endpoint } = await listen('amk-bergen', 'id-only');
    const same = wanted(endpoint.url, { id: subscription.id });
    refusedFor(await put('amk-nordland', subscription.id, same), 404, 'not-found', /nothing here/);
    const unknown = randomUUID();
    refusedFor(await put('amk-bergen', unknown, { ...same, id: unknown }), 404, 'not-found', /nothing here/);
    refusedFor(await put('amk-bergen', subscription.id, wanted(endpoint.url)), 400, 'wrong-id', /id in the body/);
    refusedFor(await put('amk-bergen', subscription.id, { ...same, id: unknown }), 400, 'wrong-id', /id in the body/);
    refusedFor(
      await put('amk-bergen', subscription.id, { ...same, ...filters('x=1') }),
      422,
      'unsupported-subscription',
      /filters are/,
    );
    refusedFor(
      await put('amk-bergen', subscription.id, wanted('https://10.0.0.1/x', { id: subscription.id })),
      422,
      'refused-endpoint',
      /not a public address/,
    );
    expect(await statusOf('amk-bergen', subscription.id)).toBe('active');
    expect(endpoint.received).toHaveLength(1);
  });

  test('is permanently off with status off, and remains readable', async () => {
    const { subscription, endpoint } = await listen('amk-bergen');
    const off = wanted(endpoint.url, { id: subscription.id, status: 'off' });
    expect((await put('amk-bergen', subscription.id, off)).body).toMatchObject({ status: 'off' });
    expect(await statusOf('amk-bergen', subscription.id)).toBe('off');
    refusedFor(
      await put('amk-bergen', subscription.id, { ...off, status: 'requested' }),
      422,
      'unsupported-subscription',
      /off for good/,
    );
  });
});

describe('a deleted Subscription', () => {
  test('is off: in no list, readable by id, with its events, and without notifications', async () => {
    const { mission, subscription, endpoint } = await notifiedEndpoint('id-only', 1);
    const other = await listen('amk-la-oslo', 'id-only', [ofMission(mission)]);
    const answer = await call(hub, 'amk-la-oslo', 'DELETE', `/Subscription/${subscription.id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await statusOf('amk-la-oslo', subscription.id)).toBe('off');
    const listed = await call(hub, 'amk-la-oslo', 'GET', `/Subscription?_id=${subscription.id}`);
    expect(listed.body).toMatchObject({ total: 0 });
    const status = await call(hub, 'amk-la-oslo', 'GET', `/Subscription/$status?id=${subscription.id}&status=off`);
    expect(statusValue(status.body, 'status')).toBe('off');
    const events = await call(hub, 'amk-la-oslo', 'GET', `/Subscription/${subscription.id}/$events`);
    expect(numbersIn(events.body)).toEqual(['1']);
    await update(mission);
    await eventually('the other endpoint is notified', () => other.endpoint.events().length === 1);
    expect(endpoint.events()).toHaveLength(1);
    expect((await call(hub, 'amk-la-oslo', 'DELETE', `/Subscription/${subscription.id}`)).status).toBe(204);
  });

  test('is answered with a warning if it was the last of a party', async () => {
    const client = 'amk-la-bergen';
    const { subscription } = await listen(client);
    const answer = await call(hub, client, 'DELETE', `/Subscription/${subscription.id}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'warning' }] });
    expect(answer.text).toContain('no machine tells you');
    expect(problemsOf(answer.body)).toEqual([]);
  });
});

describe('a search of subscriptions', () => {
  test('finds those of the caller by url, status, topic, channel and media type, page by page', async () => {
    const client = 'hospital-unn';
    const first = await listen(client);
    const second = await listen(client);
    const ids = async (query: string): Promise<readonly unknown[]> => {
      const answer = await call(hub, client, 'GET', `/Subscription${query}`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
      expect(problemsOf(answer.body)).toEqual([]);
      expect(answer.text).not.toContain('whsec_');
      return resourcesOf(answer.body).map(({ id }) => id);
    };
    const [one, two] = [first.subscription.id, second.subscription.id];
    expect(await ids('')).toEqual([one, two]);
    expect(await ids(`?url=${encodeURIComponent(second.endpoint.url)}`)).toEqual([two]);
    expect(await ids('?status=active')).toEqual([one, two]);
    expect(await ids('?status=requested,error')).toEqual([]);
    expect(await ids(`?criteria=${encodeURIComponent(missionTopic)}&type=rest-hook`)).toEqual([one, two]);
    expect(await ids('?criteria=https://other.example')).toEqual([]);
    expect(await ids('?type=websocket')).toEqual([]);
    expect(await ids(`?payload=${encodeURIComponent('application/fhir+json')}`)).toEqual([one, two]);
    expect(await ids('?_count=1')).toEqual([one]);
    expect((await call(hub, client, 'GET', '/Subscription?_count=1')).text).toContain('"relation":"next"');
    refusedFor(await call(hub, client, 'GET', '/Subscription?contact=x'), 400, 'unknown-search', /searched by/);
  });
});

describe('the secret of a subscription', () => {
  const rotate = (id: string, overlap?: number): Promise<HttpAnswer> =>
    call(
      hub,
      'amk-la-oslo',
      'POST',
      `/Subscription/${id}/$rotate-secret`,
      JSON.stringify({
        resourceType: 'Parameters',
        ...(overlap === undefined ? {} : { parameter: [{ name: 'overlap', valueUnsignedInt: overlap }] }),
      }),
    );
  const valueIn = (answer: HttpAnswer, name: string): string =>
    String(
      Object.entries(parametersOf(answer.body).find((one) => one['name'] === name) ?? {}).find(([key]) =>
        key.startsWith('value'),
      )?.[1],
    );

  test('is rotated with an overlap in which both secrets sign, and a repeated request gets the same answer', async () => {
    const { mission, subscription, endpoint } = await notifiedEndpoint('id-only', 1);
    const before = Date.now();
    const answer = await rotate(subscription.id);
    expect(answer.status, answer.text).toBe(200);
    expect(problemsOf(answer.body)).toEqual([]);
    const secret = valueIn(answer, 'secret');
    expect(secret).toMatch(/^whsec_/);
    expect(secret).not.toBe(subscription.secret);
    const lasts = Date.parse(valueIn(answer, 'formerSecretUntil')) - before;
    expect(Math.round(lasts / 60_000)).toBe(24 * 60);
    expect((await rotate(subscription.id)).text).toBe(answer.text);
    expect(await statusOf('amk-la-oslo', subscription.id)).toBe('active');
    await update(mission);
    await eventually('the event', () => endpoint.events().length === 2);
    const event = endpoint.events()[1];
    if (event === undefined) throw new Error('there is no event');
    expect(String(event.headers['webhook-signature']).split(' ')).toHaveLength(2);
    verifySignature(secret, event);
    verifySignature(subscription.secret, event);
  });

  test('is rotated at once without overlap', async () => {
    const { mission, subscription, endpoint } = await notifiedEndpoint('id-only', 1);
    const answer = await rotate(subscription.id, 0);
    expect(answer.text).not.toContain('formerSecretUntil');
    await update(mission);
    await eventually('the event', () => endpoint.events().length === 2);
    const event = endpoint.events()[1];
    if (event === undefined) throw new Error('there is no event');
    verifySignature(valueIn(answer, 'secret'), event);
    expect(() => verifySignature(subscription.secret, event)).toThrow();
  });

  test('is rotated by POST only, by its owner, with an overlap of up to a week, and is shown nowhere else', async () => {
    const { subscription } = await listen('amk-la-oslo');
    const path = `/Subscription/${subscription.id}/$rotate-secret`;
    refusedFor(await call(hub, 'amk-la-oslo', 'GET', path), 400, 'bad-request', /POST it/);
    refusedFor(await call(hub, 'amk-bergen', 'POST', path), 404, 'not-found', /nothing here/);
    refusedFor(await rotate(subscription.id, 604_801), 400, 'unknown-search', /overlap is 0 to 604800/);
    for (const shown of ['', '/$status', '/$events'])
      expect((await call(hub, 'amk-la-oslo', 'GET', `/Subscription/${subscription.id}${shown}`)).text).not.toContain(
        'whsec_',
      );
  });
});

describe('a party of the directory', () => {
  test('shows to every party whether the hub can notify it, by the status of its subscriptions', async () => {
    const client = 'operator-fjordnes';
    const machineContact = async (): Promise<unknown> => {
      const { status, body } = await call(hub, 'amk-la-oslo', 'GET', `/Organization/${organisationOf(client)}`);
      expect(status).toBe(200);
      expect(problemsOf(body)).toEqual([]);
      return body['extension'];
    };
    const contactOf = (valueCode: string): Json[] => [
      { url: 'https://luftbro.example/fhir/StructureDefinition/machine-contact', valueCode },
    ];
    expect(await machineContact()).toEqual(contactOf('none'));
    const { subscription } = await listen(client);
    expect(await machineContact()).toEqual(contactOf('active'));
    const dead = await open();
    dead.behave({ status: 503 });
    const other = await subscribe(hub, client, dead.url);
    await becomes(client, other.id, 'error');
    expect(await machineContact()).toEqual(contactOf('partial'));
    await call(hub, client, 'DELETE', `/Subscription/${subscription.id}`);
    expect(await machineContact()).toEqual(contactOf('error'));
    const all = await call(hub, 'amk-innlandet', 'GET', '/Organization?type=operator');
    expect(problemsOf(all.body)).toEqual([]);
    const found = resourcesOf(all.body).find(({ id }) => id === organisationOf(client));
    expect(found?.['extension']).toEqual(contactOf('error'));
  });
});

describe('the CapabilityStatement', () => {
  test('names guide, profile, topic, interactions, searches and operations of subscriptions', async () => {
    const { body } = await call(hub, undefined, 'GET', '/metadata');
    expect(body).toMatchObject({
      instantiates: [
        'http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4',
      ],
      implementationGuide: [
        'http://hl7.org/fhir/uv/subscriptions-backport/ImplementationGuide/hl7.fhir.uv.subscriptions-backport',
      ],
    });
    const rest: unknown = Array.isArray(body['rest']) ? body['rest'][0] : undefined;
    const resources: unknown = isObject(rest) ? rest['resource'] : undefined;
    const found = (Array.isArray(resources) ? resources : []).filter(isObject);
    const declared = found.find(({ type }) => type === 'Subscription');
    expect(declared).toMatchObject({
      supportedProfile: [`${backport}/backport-subscription`],
      extension: [{ url: `${backport}/capabilitystatement-subscriptiontopic-canonical`, valueCanonical: missionTopic }],
      interaction: ['create', 'read', 'update', 'delete', 'search-type'].map((code) => ({ code })),
    });
    const names = (key: string): readonly unknown[] => {
      const list: unknown = declared?.[key];
      return (Array.isArray(list) ? list : []).filter(isObject).map(({ name }) => name);
    };
    expect(names('operation')).toEqual(['status', 'events', 'rotate-secret']);
    expect(names('searchParam')).toEqual(['_id', 'url', 'status', 'criteria', 'type', 'payload']);
  });
});
