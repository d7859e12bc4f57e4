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
const measured = 15;
/** Below this, milliseconds, a time says more about the machine than about the hub. */
const noise = 300;

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

/** Milliseconds from the accepted request to the notification, of each of several missions. The notification may be earlier. */
const timesOfHealthy = async (): Promise<readonly number[]> => {
  const times: number[] = [];
  for (let count = 0; count < measured; count += 1) {
    const mission = await openMission(healthy);
    const accepted = performance.now();
    const notified = () => quickEndpoint.events().find(({ text }) => text.includes(mission));
    await eventually('the healthy partner has it', () => notified() !== undefined);
    times.push(Math.max(0, (notified()?.at ?? Number.POSITIVE_INFINITY) - accepted));
  }
  return times;
};

/** Subscriptions of the slow partner that a mission has reached, answered or not. */
const reachedBy = (mission: string): number =>
  new Set(
    slowEndpoint.received
      .filter(({ text }) => text.includes(mission))
      .map(({ headers }) => String(headers['webhook-id']).split('.')[0]),
  ).size;

/** Times of the healthy partner while the other one, which answers after `delay`, is notified of several missions. */
const timesBeside = async (
  delay: number,
): Promise<{ readonly atFirst: readonly number[]; readonly later: readonly number[] }> => {
  slowEndpoint.behave({ delay });
  const first = await openMission(slow);
  await eventually('every subscription was called', () => reachedBy(first) === subscriptions, 300);
  const missions = [first];
  while (missions.length < missionsToSlow) missions.push(await openMission(slow));
  const atFirst = await timesOfHealthy();
  const later = await timesOfHealthy();
  // What waits is delivered when the partner is quick again, so that the next turn begins without it.
  slowEndpoint.behave({});
  await eventually('the other partner has all', () => missions.every((one) => reachedBy(one) === subscriptions), 300);
  return { atFirst, later };
};

/** Of so few times the 99th percentile is the longest. */
const longest = (times: readonly number[]): number => Math.max(noise, ...times);
const median = (times: readonly number[]): number =>
  Math.max(noise, times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0);

describe('a partner with fifty slow subscriptions', () => {
  test('does not delay another partner: at most twice the time without it, by turns', {
    timeout: 900_000,
  }, async () => {
    const before = await timesOfHealthy();
    const besideQuick = (await timesBeside(0)).atFirst;
    const { atFirst, later } = await timesBeside(slowAnswer);
    const alone = [...before, ...(await timesOfHealthy())];
    const words = Object.entries({ alone, besideQuick, atFirst, later })
      .map(([name, times]) => `${name}: ${times.map(Math.round).join()} ms`)
      .join('\n');
    expect(median(atFirst), words).toBeLessThanOrEqual(2 * median(alone));
    expect(longest(later), words).toBeLessThanOrEqual(2 * longest(alone));
    // At first this machine also works off 150 new jobs of the other partner, as it does for a quick one.
    expect(longest(atFirst), words).toBeLessThanOrEqual(2 * longest(besideQuick));
    process.stdout.write(`${words}\n`);
  });
});
