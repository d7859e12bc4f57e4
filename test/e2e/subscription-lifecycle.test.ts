import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isObject } from '../../schemas/json/json.ts';
import { missionTopic } from '../../schemas/names.ts';
import { organisationOf } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, eventually, subscribe, verifySignature } from '../support/partners.ts';
import { undisturbed } from '../support/standstill.ts';
import {
  backport,
  wanted,
  filters,
  content,
  resourcesOf,
  statusValue,
  numbersIn,
  ofMission,
  refusedFor,
  type Json,
  type SubscriptionScene,
  subscriptionScene,
} from '../support/subscription-scene.ts';

/** Creation, replacement, deletion and search of subscriptions, as the Subscriptions R5 Backport IG for R4 requires them (docs/conformance.md names these tests). */

let hub: RunningHub;
let scene: SubscriptionScene;

beforeAll(async () => {
  hub = await startHub();
  scene = subscriptionScene(hub);
});

afterAll(async () => {
  await scene.close();
});

describe('a posted Subscription', () => {
  test('is requested until its endpoint has answered the handshake, then active', async () => {
    await undisturbed(async () => {
      const endpoint = await scene.open();
      endpoint.behave({ delay: 500 });
      const answer = await scene.create('amk-bergen', wanted(endpoint.url));
      expect(answer.status).toBe(201);
      expect(answer.headers.get('location')).toBe(`${hub.url}/Subscription/${String(answer.body['id'])}`);
      expect(answer.body).toMatchObject({
        resourceType: 'Subscription',
        status: 'requested',
        criteria: missionTopic,
        channel: { type: 'rest-hook', endpoint: endpoint.url, payload: 'application/fhir+json' },
      });
      expect(problemsOf(answer.body)).toEqual([]);
      await scene.becomes('amk-bergen', String(answer.body['id']), 'active');
      expect(endpoint.received.map(({ type }) => type)).toEqual(['handshake']);
    });
  });

  test('has every mandatory element of the profile, also if the request omitted it', async () => {
    const endpoint = await scene.open();
    const channel = { type: 'rest-hook', endpoint: endpoint.url };
    const answer = await scene.create('amk-bergen', { ...wanted(endpoint.url), channel });
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
    const endpoint = await scene.open();
    endpoint.behave({ status: 503 });
    const answer = await scene.create('amk-bergen', wanted(endpoint.url));
    const id = String(answer.body['id']);
    await scene.becomes('amk-bergen', id, 'error');
    const status = await call(hub, 'amk-bergen', 'GET', `/Subscription/${id}/$status`);
    expect(statusValue(status.body, 'status')).toBe('error');
    expect(statusValue(status.body, 'error')).toMatchObject({
      coding: [{ code: 'http-503' }],
      text: expect.stringMatching(/^The last call \(handshake\), at .*Z, got HTTP 503\.$/),
    });
    expect(problemsOf(status.body)).toEqual([]);
  });

  test('is in error if the endpoint refuses the handshake', async () => {
    const endpoint = await scene.open();
    endpoint.behave({ status: 404 });
    const answer = await scene.create('amk-bergen', wanted(endpoint.url));
    await scene.becomes('amk-bergen', String(answer.body['id']), 'error');
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
    const endpoint = await scene.open();
    refusedFor(
      await scene.create('amk-bergen', wanted(endpoint.url, change, channel)),
      422,
      'unsupported-subscription',
      text,
    );
    expect(endpoint.received).toEqual([]);
  });

  test.each([
    ['http://partner.example/notify', 'is not https'],
    ['mailto:amk@partner.example', 'is not https'],
    ['not-a-url', 'is not a URL'],
    [' https://partner.example/notify', 'has a blank'],
    ['https://10.0.0.1/notify', 'is not a public address'],
  ])('is refused for the endpoint %s, with any payload', async (endpoint, text) => {
    for (const payload of ['empty', 'full-resource'])
      refusedFor(
        await scene.create('amk-bergen', wanted(endpoint, {}, content(payload))),
        422,
        'refused-endpoint',
        text,
      );
  });

  test.each([['application/fhir+json'], ['application/fhir+json; fhirVersion=4.0']])(
    'is accepted with the media type %s, and shows the media type of its notifications',
    async (payload) => {
      const endpoint = await scene.open();
      const answer = await scene.create('amk-bergen', wanted(endpoint.url, {}, { payload }));
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ channel: { payload: 'application/fhir+json' } });
    },
  );

  test('shows the requested heartbeat and timeout, and one event for each notification', async () => {
    const endpoint = await scene.open();
    const asked = [
      { url: `${backport}/backport-heartbeat-period`, valueUnsignedInt: 60 },
      { url: `${backport}/backport-timeout`, valueUnsignedInt: 4 },
      { url: `${backport}/backport-max-count`, valuePositiveInt: 20 },
    ];
    const answer = await scene.create('amk-bergen', wanted(endpoint.url, {}, { extension: asked }));
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

describe('a replaced Subscription', () => {
  test('changes endpoint, content and filter, begins with a handshake, and continues the numbers', async () => {
    await undisturbed(async () => {
      const { mission, subscription, endpoint } = await scene.notifiedEndpoint('id-only', 2);
      const moved = await scene.open();
      const answer = await scene.put(
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
      await scene.becomes('amk-la-oslo', subscription.id, 'active');
      await scene.update(mission);
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
      const endpoint = await scene.open();
      endpoint.behave({ status: 404 });
      const { id } = await subscribe(hub, 'amk-bergen', endpoint.url);
      await scene.becomes('amk-bergen', id, 'error');
      endpoint.behave({});
      const { body } = await call(hub, 'amk-bergen', 'GET', `/Subscription/${id}`);
      const answer = await scene.put('amk-bergen', id, { ...body, status: 'requested' });
      expect(answer.body).toMatchObject({ id, status: 'requested' });
      expect(answer.text).not.toContain('"error"');
      await scene.becomes('amk-bergen', id, 'active');
      expect(endpoint.received.map(({ type }) => type)).toEqual(['handshake']);
    });
  });

  test('is refused and unchanged if it is not the caller’s, has another id, or is not supported', async () => {
    const { subscription, endpoint } = await scene.listen('amk-bergen', 'id-only');
    const same = wanted(endpoint.url, { id: subscription.id });
    refusedFor(await scene.put('amk-nordland', subscription.id, same), 404, 'not-found', /nothing here/);
    const unknown = randomUUID();
    refusedFor(await scene.put('amk-bergen', unknown, { ...same, id: unknown }), 404, 'not-found', /nothing here/);
    refusedFor(await scene.put('amk-bergen', subscription.id, wanted(endpoint.url)), 400, 'wrong-id', /id in the body/);
    refusedFor(
      await scene.put('amk-bergen', subscription.id, { ...same, id: unknown }),
      400,
      'wrong-id',
      /id in the body/,
    );
    refusedFor(
      await scene.put('amk-bergen', subscription.id, { ...same, ...filters('x=1') }),
      422,
      'unsupported-subscription',
      /filters are/,
    );
    refusedFor(
      await scene.put('amk-bergen', subscription.id, wanted('https://10.0.0.1/x', { id: subscription.id })),
      422,
      'refused-endpoint',
      /not a public address/,
    );
    expect(await scene.statusOf('amk-bergen', subscription.id)).toBe('active');
    expect(endpoint.received).toHaveLength(1);
  });

  test('is permanently off with status off, and remains readable', async () => {
    const { subscription, endpoint } = await scene.listen('amk-bergen');
    const off = wanted(endpoint.url, { id: subscription.id, status: 'off' });
    expect((await scene.put('amk-bergen', subscription.id, off)).body).toMatchObject({ status: 'off' });
    expect(await scene.statusOf('amk-bergen', subscription.id)).toBe('off');
    refusedFor(
      await scene.put('amk-bergen', subscription.id, { ...off, status: 'requested' }),
      422,
      'unsupported-subscription',
      /off for good/,
    );
  });
});

describe('a deleted Subscription', () => {
  test('is off: in no list, readable by id, with its events, and without notifications', async () => {
    const { mission, subscription, endpoint } = await scene.notifiedEndpoint('id-only', 1);
    const other = await scene.listen('amk-la-oslo', 'id-only', [ofMission(mission)]);
    const answer = await call(hub, 'amk-la-oslo', 'DELETE', `/Subscription/${subscription.id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await scene.statusOf('amk-la-oslo', subscription.id)).toBe('off');
    const listed = await call(hub, 'amk-la-oslo', 'GET', `/Subscription?_id=${subscription.id}`);
    expect(listed.body).toMatchObject({ total: 0 });
    const status = await call(hub, 'amk-la-oslo', 'GET', `/Subscription/$status?id=${subscription.id}&status=off`);
    expect(statusValue(status.body, 'status')).toBe('off');
    const events = await call(hub, 'amk-la-oslo', 'GET', `/Subscription/${subscription.id}/$events`);
    expect(numbersIn(events.body)).toEqual(['1']);
    await scene.update(mission);
    await eventually('the other endpoint is notified', () => other.endpoint.events().length === 1);
    expect(endpoint.events()).toHaveLength(1);
    expect((await call(hub, 'amk-la-oslo', 'DELETE', `/Subscription/${subscription.id}`)).status).toBe(204);
  });

  test('is answered with a warning if it was the last of a party', async () => {
    const client = 'amk-la-bergen';
    const { subscription } = await scene.listen(client);
    const answer = await call(hub, client, 'DELETE', `/Subscription/${subscription.id}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'warning' }] });
    expect(answer.text).toContain('no machine notifies you');
    expect(problemsOf(answer.body)).toEqual([]);
  });
});

describe('a search of subscriptions', () => {
  test('finds those of the caller by url, status, topic, channel and media type, page by page', async () => {
    const client = 'hospital-unn';
    const first = await scene.listen(client);
    const second = await scene.listen(client);
    const ids = async (query: string): Promise<readonly unknown[]> => {
      const answer = await call(hub, client, 'GET', `/Subscription${query}`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
      expect(problemsOf(answer.body)).toEqual([]);
      expect(answer.text).not.toContain('whsec_');
      return resourcesOf(answer.body).map(({ id }) => id);
    };
    // Lists are in the order of the ids.
    const [one, two] = [first, second].map(({ subscription }) => subscription.id).toSorted();
    expect(await ids('')).toEqual([one, two]);
    expect(await ids(`?url=${encodeURIComponent(second.endpoint.url)}`)).toEqual([second.subscription.id]);
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
    const { subscription } = await scene.listen(client);
    expect(await machineContact()).toEqual(contactOf('active'));
    const dead = await scene.open();
    dead.behave({ status: 503 });
    const other = await subscribe(hub, client, dead.url);
    await scene.becomes(client, other.id, 'error');
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
