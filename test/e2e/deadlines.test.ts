import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import {
  acknowledgement,
  missionDecision,
  missionRequest,
  prearrivalNotification,
  resourceRequest,
  resourceResponse,
} from '../support/messages.ts';
import { eventually } from '../support/partners.ts';
import { openScene, organisation, type Scene, taskOf } from '../support/scene.ts';

/** What people are told when nobody answers: under a guideline with deadlines of three seconds. */

const guideline = fileURLToPath(new URL('../fixtures/guidelines/short-deadlines.json', import.meta.url));

const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';
const lorenskog = 'operator-lorenskog';
/** Has no subscription. */
const haukeland = 'hospital-haukeland';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene([amk, oslo, lorenskog], { guideline });
}, 60_000);

afterAll(async () => {
  await scene.close();
});

const to = (client: string) => ({ to: [organisation(client)], id: randomUUID() });

const open = async (more: Parameters<typeof missionRequest>[0] = {}): Promise<string> => {
  const message = missionRequest({ ...to(oslo), ...more });
  await scene.say(amk, message);
  return missionIdOf(organisation(amk), message.id);
};

const overdueIn = (client: string, mission: string): readonly string[] =>
  scene.notifications(client, mission).filter((text) => text.includes('"code":"acknowledgement-overdue"'));

test('Whoever asked and who coordinates are told after the deadline whom to phone, once', async () => {
  const mission = await open();
  const deadline = Date.parse(
    String(Object((await scene.get(oslo, `/Task/${taskOf(mission, 1)}`)).body['restriction'])['period']['end']),
  );
  await eventually('both are told', () => [amk, oslo].every((client) => overdueIn(client, mission).length > 0), 15);
  // How late is measured, not asserted (docs/performance.md): a busy machine would fail the test.
  expect(Date.now()).toBeGreaterThan(deadline);
  for (const client of [amk, oslo]) {
    const [text = ''] = overdueIn(client, mission);
    expect(text).toContain('+47 00 00 01 01');
    expect(text).toContain(`Task/${taskOf(mission, 1)}`);
  }
  await wait(5_000);
  expect([amk, oslo].map((client) => overdueIn(client, mission).length)).toEqual([1, 1]);
  // A late acknowledgement is still one.
  await scene.say(oslo, acknowledgement({ task: taskOf(mission, 1), id: randomUUID() }));
}, 60_000);

test('Who acknowledges in time is not called; a decision deferred until a time is asked for then', async () => {
  const mission = await open();
  await scene.say(oslo, acknowledgement({ task: taskOf(mission, 1), id: randomUUID() }));
  await wait(6_000);
  expect(overdueIn(amk, mission)).toEqual([]);
  const until = new Date(Date.now() + 2_000).toISOString();
  await scene.say(oslo, missionDecision({ task: taskOf(mission, 1), answer: 'deferred', until, id: randomUUID() }));
  await eventually('the requester is told', () => overdueIn(amk, mission).length === 1, 10);
  expect(overdueIn(amk, mission)[0]).toContain('deferred the decision');
}, 60_000);

test('An overdue exercise says that it is one', async () => {
  const mission = await open({ exercise: true });
  await eventually('the requester is told', () => overdueIn(amk, mission).length === 1, 15);
  const [text = ''] = overdueIn(amk, mission);
  expect(text).toContain('EXERCISE. ');
  expect(text).toContain('"code":"HTEST"');
}, 60_000);

test('A hospital that no machine can reach: who warned it and who coordinates are told at once whom to phone', async () => {
  const mission = await open();
  await scene.say(oslo, missionDecision({ task: taskOf(mission, 1), answer: 'accepted', id: randomUUID() }));
  const flight = taskOf(mission, await scene.say(oslo, resourceRequest({ mission, ...to(lorenskog) })));
  await scene.say(lorenskog, resourceResponse({ task: flight, answer: 'accepted', id: randomUUID() }));
  await scene.say(lorenskog, prearrivalNotification({ mission, partOf: flight, ...to(haukeland) }));
  const unreachable = (client: string) =>
    scene.notifications(client, mission).filter((text) => text.includes('"code":"party-unreachable"'));
  await eventually('both are told', () => [lorenskog, oslo].every((client) => unreachable(client).length === 1));
  expect(unreachable(lorenskog)[0]).toMatch(/Phone [^"]*: \+47/);
});

test('A mission is judged by the version of the guideline under which it was requested', async () => {
  const mission = await open({ criterion: 'new-criterion' });
  const story = await scene.get(amk, `/ServiceRequest/${mission}/$history`);
  expect(story.text).toContain('2026.99');
  expect(await scene.refused(amk, missionRequest({ ...to(oslo), criterion: 'no-such-criterion' }))).toBe(
    'unknown-code',
  );
});
