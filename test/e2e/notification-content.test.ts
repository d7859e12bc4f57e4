import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isObject } from '../../schemas/json/json.ts';
import { missionTopic } from '../../schemas/names.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { exampleText, organisationOf } from '../support/examples.ts';
import { missionDecision, resourceRequest, taskOpenedBy } from '../support/messages.ts';
import { call, eventually, post, type Received } from '../support/partners.ts';
import {
  backport,
  wanted,
  filters,
  entriesOf,
  statusValue,
  eventsIn,
  numbersIn,
  namesIn,
  ofMission,
  type SubscriptionScene,
  subscriptionScene,
} from '../support/subscription-scene.ts';

/** Content and filters of notifications, as the Subscriptions R5 Backport IG for R4 requires them (docs/conformance.md names these tests). */

let hub: RunningHub;
let scene: SubscriptionScene;

beforeAll(async () => {
  hub = await startHub();
  scene = subscriptionScene(hub);
});

afterAll(async () => {
  await scene.close();
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
    const { endpoint, subscription } = await scene.listen('amk-bergen', 'full-resource');
    const [handshake] = endpoint.received;
    if (handshake === undefined) throw new Error('there is no handshake');
    isNotification(handshake, 'handshake', 'requested', subscription.id);
    expect(eventsIn(handshake.bundle)).toEqual([]);
    expect(statusValue(handshake.bundle, 'events-since-subscription-start')).toBe('0');
    expect(entriesOf(handshake.bundle)).toHaveLength(1);
  });

  test('names neither topic nor resource without content', async () => {
    const { mission, events, subscription } = await scene.notifiedEndpoint('empty');
    const [event] = events;
    if (event === undefined) throw new Error('there is no event');
    isNotification(event, 'event-notification', 'active', subscription.id);
    expect(entriesOf(event.bundle)).toHaveLength(1);
    expect(statusValue(event.bundle, 'topic')).toBeUndefined();
    expect(eventsIn(event.bundle).map(namesIn)).toEqual([['event-number', 'timestamp']]);
    expect(event.text).not.toContain(mission);
  });

  test('names topic, focus and context with ids, and contains no resource', async () => {
    const { mission, events, subscription } = await scene.notifiedEndpoint('id-only');
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
    const { mission, events, subscription } = await scene.notifiedEndpoint('full-resource');
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

  test('has the place and the patient of the mission for a crew that is asked without them', async () => {
    const { endpoint } = await scene.listen('operator-dombas');
    const mission = await scene.openMission();
    const by = (client: 'amk-la-oslo', message: { readonly text: string }) => post(hub, client, message.text);
    const decided = missionDecision({ task: taskOpenedBy(mission, 1), answer: 'accepted', id: randomUUID() });
    expect((await by('amk-la-oslo', decided)).status).toBe(200);
    const asked = resourceRequest({ mission, to: [organisationOf('operator-dombas')], id: randomUUID() });
    expect((await by('amk-la-oslo', asked)).status).toBe(200);
    await eventually('the event', () => endpoint.events().length === 1);
    const [event] = endpoint.events();
    if (event === undefined) throw new Error('there is no event');
    expect(problemsOf(JSON.parse(event.text))).toEqual([]);
    const earlier = entriesOf(event.bundle).filter(({ fullUrl }) => String(fullUrl).includes(`${mission}.1.`));
    const types = earlier.map(({ resource }) => (isObject(resource) ? resource['resourceType'] : undefined));
    expect(types).toEqual(expect.arrayContaining(['Location', 'Patient']));
    for (const { fullUrl } of earlier) {
      const path = String(fullUrl).slice(hub.url.length);
      expect((await call(hub, 'operator-dombas', 'GET', path)).status).toBe(200);
    }
  });

  test('is posted to the endpoint in the media type and with the headers of the Subscription', async () => {
    const mission = await scene.openMission();
    const endpoint = await scene.open();
    const header = ['Authorization: Bearer of-the-subscriber', 'X-Room: dispatch'];
    const answer = await scene.create('amk-la-oslo', wanted(endpoint.url, filters(ofMission(mission)), { header }));
    expect(answer.text).not.toContain('of-the-subscriber');
    await scene.becomes('amk-la-oslo', String(answer.body['id']), 'active');
    await scene.update(mission);
    await eventually('the event', () => endpoint.events().length === 1);
    for (const { headers } of endpoint.received)
      expect(headers).toMatchObject({
        'content-type': 'application/fhir+json',
        authorization: 'Bearer of-the-subscriber',
        'x-room': 'dispatch',
      });
  });

  test('is numbered without a gap, and gives the number of events so far', async () => {
    const { events } = await scene.notifiedEndpoint('id-only', 3);
    expect(events.map(({ bundle }) => numbersIn(bundle))).toEqual([['1'], ['2'], ['3']]);
    events.forEach(({ bundle }, index) =>
      expect(Number(statusValue(bundle, 'events-since-subscription-start'))).toBeGreaterThanOrEqual(index + 1),
    );
  });

  test('has one event, so that no maximum count is exceeded', async () => {
    const { events } = await scene.notifiedEndpoint('full-resource', 3);
    for (const { bundle } of events) expect(eventsIn(bundle)).toHaveLength(1);
  });

  test('times out after the time that the subscriber sets', async () => {
    const mission = await scene.openMission();
    const endpoint = await scene.open();
    const extension = [{ url: `${backport}/backport-timeout`, valueUnsignedInt: 1 }];
    const answer = await scene.create('amk-la-oslo', wanted(endpoint.url, filters(ofMission(mission)), { extension }));
    await scene.becomes('amk-la-oslo', String(answer.body['id']), 'active');
    endpoint.behave({ delay: 'for ever' });
    await scene.update(mission);
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
    const asCoordinator = await scene.listen('amk-la-oslo', 'id-only', ['ServiceRequest?role=coordinator']);
    const all = await scene.listen('amk-la-oslo', 'id-only', []);
    // In this message an AMK LA has no role: it is about a resource in no mission.
    expect((await post(hub, 'operator-dombas', exampleText('resource-availability.json'))).status).toBe(200);
    const mission = await scene.openMission();
    await scene.update(mission);
    await eventually('the other one has all', () => all.endpoint.events().length === 3);
    await eventually('the coordinator is notified', () => asCoordinator.endpoint.events().length === 2);
    expect(asCoordinator.endpoint.events().every(({ text }) => text.includes(mission))).toBe(true);
  });

  test('are joined by AND', async () => {
    const mission = await scene.openMission();
    const both = await scene.listen('amk-la-oslo', 'id-only', [
      ofMission(mission),
      'MessageHeader?event=mission-cancel',
    ]);
    const one = await scene.listen('amk-la-oslo', 'id-only', [ofMission(mission)]);
    await scene.update(mission);
    await eventually('the one without the second filter', () => one.endpoint.events().length === 1);
    expect(both.endpoint.events()).toEqual([]);
  });
});
