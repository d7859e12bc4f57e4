import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, eventually, type HttpAnswer, verifySignature } from '../support/partners.ts';
import { parametersOf, refusedFor, type SubscriptionScene, subscriptionScene } from '../support/subscription-scene.ts';

/** Rotation of the secret of a subscription. */

let hub: RunningHub;
let scene: SubscriptionScene;

beforeAll(async () => {
  hub = await startHub();
  scene = subscriptionScene(hub);
});

afterAll(async () => {
  await scene.close();
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
    const { mission, subscription, endpoint } = await scene.notifiedEndpoint('id-only', 1);
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
    expect(await scene.statusOf('amk-la-oslo', subscription.id)).toBe('active');
    await scene.update(mission);
    await eventually('the event', () => endpoint.events().length === 2);
    const event = endpoint.events()[1];
    if (event === undefined) throw new Error('there is no event');
    expect(String(event.headers['webhook-signature']).split(' ')).toHaveLength(2);
    verifySignature(secret, event);
    verifySignature(subscription.secret, event);
  });

  test('is rotated at once without overlap', async () => {
    const { mission, subscription, endpoint } = await scene.notifiedEndpoint('id-only', 1);
    const answer = await rotate(subscription.id, 0);
    expect(answer.text).not.toContain('formerSecretUntil');
    await scene.update(mission);
    await eventually('the event', () => endpoint.events().length === 2);
    const event = endpoint.events()[1];
    if (event === undefined) throw new Error('there is no event');
    verifySignature(valueIn(answer, 'secret'), event);
    expect(() => verifySignature(subscription.secret, event)).toThrow();
  });

  test('is rotated by POST only, by its owner, with an overlap of up to a week, and is shown nowhere else', async () => {
    const { subscription } = await scene.listen('amk-la-oslo');
    const path = `/Subscription/${subscription.id}/$rotate-secret`;
    refusedFor(await call(hub, 'amk-la-oslo', 'GET', path), 405, 'method-not-allowed', /POST it/);
    refusedFor(await call(hub, 'amk-bergen', 'POST', path), 404, 'not-found', /organisation may see/);
    refusedFor(await rotate(subscription.id, 604_801), 400, 'unknown-search', /overlap is 0 to 604800/);
    for (const shown of ['', '/$status', '/$events'])
      expect((await call(hub, 'amk-la-oslo', 'GET', `/Subscription/${subscription.id}${shown}`)).text).not.toContain(
        'whsec_',
      );
  });
});
