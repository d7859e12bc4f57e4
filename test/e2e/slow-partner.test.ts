import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { missionRequest } from '../support/messages.ts';
import { type Endpoint, eventually, openEndpoint, post, subscribe } from '../support/partners.ts';
import { organisation } from '../support/scene.ts';

/** Nobody waits for a slow partner: a partner with fifty subscriptions whose system answers 200, but after nine seconds. */

const healthy = { amk: 'amk-innlandet', la: 'amk-la-oslo' };
const slow = { amk: 'amk-bergen', la: 'amk-la-bergen' };
const subscriptions = 50;
const slowAnswer = 9_000;
const missionsToSlow = 4;
const measured = 12;
/** Below this, milliseconds, a time says more about the machine than about the hub. */
const noise = 500;

let hub: RunningHub;
let quickEndpoint: Endpoint;
let slowEndpoint: Endpoint;

beforeAll(async () => {
  hub = await startHub();
  quickEndpoint = await openEndpoint();
  slowEndpoint = await openEndpoint();
  await subscribe(hub, healthy.la, quickEndpoint.url);
  for (let number = 1; number <= subscriptions; number += 1)
    await subscribe(hub, slow.la, `${slowEndpoint.url}/${number}`);
  await eventually(
    'every handshake',
    () => slowEndpoint.received.length >= subscriptions && quickEndpoint.received.length > 0,
    300,
  );
}, 400_000);

afterAll(async () => {
  await Promise.all([quickEndpoint.close(), slowEndpoint.close()]);
  await hub.close();
});

const openMission = async ({ amk, la }: typeof healthy): Promise<string> => {
  const message = missionRequest({ id: randomUUID(), to: [organisation(la)] });
  const answer = await post(hub, amk, message.text);
  expect(answer.status, answer.text).toBe(200);
  return missionIdOf(organisation(amk), message.id);
};

/** Milliseconds from the request to the notification, of each of several missions, longest first. */
const timesOfHealthy = async (): Promise<readonly number[]> => {
  const times: number[] = [];
  for (let count = 0; count < measured; count += 1) {
    const start = performance.now();
    const mission = await openMission(healthy);
    await eventually('the healthy partner has it', () =>
      quickEndpoint.events().some(({ text }) => text.includes(mission)),
    );
    times.push(performance.now() - start);
  }
  return times.toSorted((one, other) => other - one);
};

/** Subscriptions of the slow partner that a mission has reached, answered or not. */
const reachedBy = (mission: string): number =>
  new Set(
    slowEndpoint.received
      .filter(({ text }) => text.includes(mission))
      .map(({ headers }) => String(headers['webhook-id']).split('.')[0]),
  ).size;

const median = (times: readonly number[]): number => Math.max(noise, times[Math.floor(times.length / 2)] ?? 0);

/** Times of the healthy partner while the other one is notified of several missions, and answers each notification so late. */
const timesBeside = async (delay: number): Promise<readonly number[]> => {
  slowEndpoint.behave({ delay });
  const first = await openMission(slow);
  // An emulator works one job of a queue at a time, so it takes two seconds for each to find that it is slow.
  await eventually('every subscription was called', () => reachedBy(first) === subscriptions, 300);
  const missions = [first];
  while (missions.length < missionsToSlow) missions.push(await openMission(slow));
  const times = await timesOfHealthy();
  // What waits is delivered when the partner is quick again, so that the next turn begins without it.
  slowEndpoint.behave({});
  await eventually('the other partner has all', () => missions.every((one) => reachedBy(one) === subscriptions), 300);
  return times;
};

describe('a partner with fifty slow subscriptions', () => {
  test('does not delay another partner: at most twice the median time without it, by turns', {
    timeout: 900_000,
  }, async () => {
    const times = { alone: [] as number[], besideQuick: [] as number[], besideSlow: [] as number[] };
    for (let round = 1; round <= 2; round += 1) {
      times.alone.push(...(await timesOfHealthy()));
      times.besideQuick.push(...(await timesBeside(0)));
      times.besideSlow.push(...(await timesBeside(slowAnswer)));
    }
    const [alone, besideQuick, besideSlow] = [times.alone, times.besideQuick, times.besideSlow].map((all) =>
      all.toSorted((one, other) => other - one),
    );
    if (alone === undefined || besideQuick === undefined || besideSlow === undefined) throw new Error('not measured');
    const words = Object.entries({ alone, besideQuick, besideSlow })
      .map(([name, all]) => `${name}: ${all.map(Math.round).join()} ms`)
      .join('\n');
    process.stdout.write(`${words}\n`);
    expect(median(besideSlow), words).toBeLessThanOrEqual(2 * median(alone));
  });
});
