import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, eventually, type HttpAnswer, subscribe } from '../support/partners.ts';
import { stoodStillSince } from '../support/standstill.ts';
import {
  resourcesOf,
  parametersOf,
  statusValue,
  numbersIn,
  ofMission,
  refusedFor,
  type SubscriptionScene,
  subscriptionScene,
} from '../support/subscription-scene.ts';

/** The operations $status and $events, as the Subscriptions R5 Backport IG for R4 requires them (docs/conformance.md names these tests). */

let hub: RunningHub;
let scene: SubscriptionScene;

beforeAll(async () => {
  hub = await startHub();
  scene = subscriptionScene(hub);
});

afterAll(async () => {
  await scene.close();
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
    const { subscription } = await scene.listen('hospital-haukeland');
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
    const first = await scene.listen(client);
    const second = await scene.listen(client);
    const dead = await scene.open();
    dead.behave({ status: 410 });
    const third = await subscribe(hub, client, dead.url);
    await scene.becomes(client, third.id, 'error');
    const foreign = await scene.listen('amk-bergen');
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
    const mission = await scene.openMission();
    const { endpoint, subscription } = await scene.listen('amk-la-oslo', 'id-only', [ofMission(mission)]);
    endpoint.behave({ status: 503 });
    for (let sent = 0; sent < 2; sent += 1) await scene.update(mission);
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
    expect(statusValue(body, 'error')).toMatchObject({
      coding: [{ code: 'http-503' }],
      text: expect.stringContaining('got HTTP 503'),
    });
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
    const { subscription, endpoint } = await scene.notifiedEndpoint('id-only', 4);
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
      const { subscription } = await scene.listen('amk-bergen');
      refusedFor(
        await call(hub, 'amk-bergen', 'GET', `/Subscription/${subscription.id}/$events?${query}`),
        400,
        'unknown-search',
        /event number|content is one of|takes|given once/,
      );
    },
  );
});
