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
import { eventually, post } from '../support/partners.ts';
import { openScene, organisation, type Scene, taskOf } from '../support/scene.ts';

/** Alerts to people when an answer is overdue, under a guideline with deadlines of three seconds. */

const guideline = fileURLToPath(new URL('../fixtures/guidelines/short-deadlines.json', import.meta.url));

const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';
const lorenskog = 'operator-lorenskog';
/** Has no subscription. */
const haukeland = 'hospital-haukeland';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene([amk, oslo, lorenskog], { guideline });
});

afterAll(async () => {
  await scene.close();
});

const to = (client: string) => ({ to: [organisation(client)], id: randomUUID() });

const open = async (more: Parameters<typeof missionRequest>[0] = {}): Promise<string> => {
  const message = missionRequest({ ...to(oslo), ...more });
  await scene.send(amk, message);
  return missionIdOf(organisation(amk), message.id);
};

const overdueIn = (client: string, mission: string): readonly string[] =>
  scene.notifications(client, mission).filter((text) => text.includes('"code":"acknowledgement-overdue"'));

/** The time by which a person must acknowledge the request. */
const deadlineOf = async (mission: string): Promise<number> =>
  Date.parse(
    String(Object((await scene.get(oslo, `/Task/${taskOf(mission, 1)}`)).body['restriction'])['period']['end']),
  );

/** Waits until the hub has checked this deadline: it has reported one of a later mission. */
const untilChecked = async (deadline: number): Promise<void> => {
  await wait(Math.max(0, deadline - Date.now()));
  const later = await open();
  await eventually('another mission is overdue', () => overdueIn(amk, later).length > 0, 120);
};

/** Opens a mission whose request is acknowledged before its deadline by the hub's clock: a slow machine may need several attempts. */
const acknowledgedInTime = async (): Promise<string> => {
  for (;;) {
    const mission = await open();
    const deadline = await deadlineOf(mission);
    await scene.send(oslo, acknowledgement({ task: taskOf(mission, 1), id: randomUUID() }));
    const { body } = await scene.get(oslo, `/ServiceRequest/${mission}`);
    if (Date.parse(String(Object(body['meta'])['lastUpdated'])) < deadline) return mission;
  }
};

/** Defers the decision for as few seconds as possible: the hub refuses a time that has passed when the message arrives. */
const deferShortly = async (task: string): Promise<void> => {
  for (const seconds of [2, 10, 60]) {
    const until = new Date(Date.now() + seconds * 1000).toISOString();
    const message = missionDecision({ task, answer: 'deferred', until, id: randomUUID() });
    if ((await post(scene.hub, oslo, message.text)).status === 200) return;
  }
  throw new Error('no decision can be deferred');
};

test('notifies requester and coordinator once after the deadline, with the contact to phone', async () => {
  const mission = await open();
  const deadline = await deadlineOf(mission);
  await eventually(
    'both are notified',
    () => [amk, oslo].every((client) => overdueIn(client, mission).length > 0),
    120,
  );
  // The delay is measured, not asserted (docs/performance.md): a busy machine would fail the test.
  expect(Date.now()).toBeGreaterThan(deadline);
  for (const client of [amk, oslo]) {
    const [text = ''] = overdueIn(client, mission);
    expect(text).toContain('+47 00 00 01 01');
    expect(text).toContain(`Task/${taskOf(mission, 1)}`);
  }
  await untilChecked(deadline);
  expect([amk, oslo].map((client) => overdueIn(client, mission).length)).toEqual([1, 1]);
  // A late acknowledgement is accepted.
  await scene.send(oslo, acknowledgement({ task: taskOf(mission, 1), id: randomUUID() }));
});

test('reports no acknowledgement in time, and reports a deferred decision after its time', async () => {
  const mission = await acknowledgedInTime();
  await untilChecked(await deadlineOf(mission));
  expect(overdueIn(amk, mission)).toEqual([]);
  await deferShortly(taskOf(mission, 1));
  await eventually('the requester is notified', () => overdueIn(amk, mission).length === 1, 180);
  expect(overdueIn(amk, mission)[0]).toContain('deferred the decision');
});

test('marks an overdue exercise as an exercise', async () => {
  const mission = await open({ exercise: true });
  await eventually('the requester is notified', () => overdueIn(amk, mission).length === 1, 120);
  const [text = ''] = overdueIn(amk, mission);
  expect(text).toContain('EXERCISE. ');
  expect(text).toContain('"code":"HTEST"');
});

test('notifies sender and coordinator at once if a hospital has no subscription, with the contact to phone', async () => {
  const mission = await open();
  await scene.send(oslo, missionDecision({ task: taskOf(mission, 1), answer: 'accepted', id: randomUUID() }));
  const flight = taskOf(mission, await scene.send(oslo, resourceRequest({ mission, ...to(lorenskog) })));
  await scene.send(lorenskog, resourceResponse({ task: flight, answer: 'accepted', id: randomUUID() }));
  await scene.send(lorenskog, prearrivalNotification({ mission, partOf: flight, ...to(haukeland) }));
  const unreachable = (client: string) =>
    scene.notifications(client, mission).filter((text) => text.includes('"code":"party-unreachable"'));
  await eventually('both are notified', () => [lorenskog, oslo].every((client) => unreachable(client).length === 1));
  expect(unreachable(lorenskog)[0]).toMatch(/Phone [^"]*: \+47/);
});

test('applies the version of the guideline under which the mission was requested', async () => {
  const mission = await open({ criterion: 'new-criterion' });
  const history = await scene.get(amk, `/ServiceRequest/${mission}/$history`);
  expect(history.text).toContain('2026.99');
  expect(await scene.refused(amk, missionRequest({ ...to(oslo), criterion: 'no-such-criterion' }))).toBe(
    'unknown-code',
  );
});
