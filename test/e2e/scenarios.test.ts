import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import {
  acknowledgement,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionReport,
  missionRequest,
  outcomeFeedback,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
} from '../support/messages.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { openScene, organisation, type Scene, taskOf } from '../support/scene.ts';

/** Six missions as they happen, from end to end over HTTP. */

const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';
const bergen = 'amk-la-bergen';
const lorenskog = 'operator-lorenskog';
const dombas = 'operator-dombas';
const rescue = 'operator-rescue-orland';
const aeroplane = 'operator-aeroplane-alta';
const ulleval = 'hospital-ulleval';
const stOlavs = 'hospital-st-olav';
const quality = 'quality-register';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene([amk, oslo, bergen, lorenskog, dombas, rescue, aeroplane, ulleval, stOlavs, quality]);
});

afterAll(async () => {
  await scene.close();
});

const to = (client: string) => ({ to: [organisation(client)], id: randomUUID() });
const id = () => ({ id: randomUUID() });

/** Opens a mission at the AMK LA of Oslo; its coordination Task is that of entry 1. */
const open = async (more: Parameters<typeof missionRequest>[0] = {}): Promise<string> => {
  const message = missionRequest({ ...to(oslo), ...more });
  await scene.say(amk, message);
  return missionIdOf(organisation(amk), message.id);
};

const accepted = (mission: string, entry = 1) =>
  missionDecision({ task: taskOf(mission, entry), answer: 'accepted', ...id() });

/** An operator is asked and accepts; returns the flight's Task. */
const fly = async (mission: string, client: string, kind = 'helicopter', coordinator = oslo): Promise<string> => {
  const flight = taskOf(mission, await scene.say(coordinator, resourceRequest({ mission, kind, ...to(client) })));
  await scene.say(client, resourceResponse({ task: flight, answer: 'accepted', ...id() }));
  return flight;
};

const phases = (task: string, times: Readonly<Record<string, string>>) =>
  resourceStatus({ task, phases: times, ...id() });

const at = (time: string): string => `2026-02-01T${time}:00+01:00`;

const storyOf = async (client: string, mission: string): Promise<string> => {
  const answer = await scene.get(client, `/ServiceRequest/${mission}/$history`);
  expect(answer.status, answer.text).toBe(200);
  expect(problemsOf(answer.body)).toEqual([]);
  return answer.text;
};

const statusOf = async (mission: string, client = amk): Promise<unknown> =>
  (await scene.get(client, `/ServiceRequest/${mission}`)).body['status'];

test('A primary mission: asked, seen, accepted, flown, handed over, reported, and judged by the hospital', async () => {
  const mission = await open();
  const coordination = taskOf(mission, 1);
  await scene.say(oslo, acknowledgement({ task: coordination, ...id() }));
  await scene.say(oslo, medicalAssessment({ mission, ground: 'indicated', ...id() }));
  await scene.say(oslo, accepted(mission));
  const flight = await fly(mission, lorenskog);
  await scene.say(lorenskog, phases(flight, { 'alarm-received': at('11:02'), departed: at('11:06') }));
  const arrival = taskOf(
    mission,
    await scene.say(lorenskog, prearrivalNotification({ mission, partOf: flight, ...to(ulleval) })),
  );
  await scene.say(ulleval, acknowledgement({ task: arrival, ...id() }));
  await scene.say(ulleval, prearrivalResponse({ task: arrival, answer: 'accepted', ...id() }));
  // Reports come late and out of order; each keeps the time at which it was seen.
  await scene.say(lorenskog, phases(flight, { 'departed-scene': at('11:52'), 'on-scene': at('11:31') }));
  await scene.say(lorenskog, phases(flight, { 'patient-contact': at('11:33'), 'handed-over': at('12:20') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.say(lorenskog, missionReport({ task: flight, phases: { available: at('12:45') }, ...id() }));
  await scene.say(ulleval, outcomeFeedback({ task: arrival, assessment: 'appropriate', ...id() }));
  await scene.expectTold(mission, {
    [amk]: [
      'acknowledgement',
      'medical-assessment',
      'mission-decision',
      'resource-response',
      'resource-status',
      'resource-status',
      'resource-status',
    ],
    [oslo]: [
      'mission-request',
      'resource-response',
      'resource-status',
      'prearrival-notification',
      'acknowledgement',
      'prearrival-response',
      'resource-status',
      'resource-status',
      'mission-report',
      'outcome-feedback',
    ],
    [ulleval]: ['prearrival-notification', 'resource-status', 'resource-status'],
    [quality]: ['mission-decision', 'resource-response', 'mission-report', 'outcome-feedback'],
  });
  const task = await scene.get(oslo, `/Task/${flight}`);
  expect(task.text).toContain(at('11:31'));
  const story = await storyOf(amk, mission);
  for (const words of ['Kari Koordinator', 'Coordinator', '2026.1', 'Frida Flylege']) expect(story).toContain(words);
});

test('A request is rejected on medical ground, reviewed, and accepted by another person', async () => {
  const mission = await open();
  const rejection = missionDecision({
    task: taskOf(mission, 1),
    answer: 'rejected',
    reason: 'no-medical-indication',
    criterion: 'time-to-definitive-care',
    by: { name: 'Kari Koordinator', number: '9999901' },
    as: 'Coordinating physician',
    ...id(),
  });
  await scene.say(oslo, rejection);
  expect(await scene.refused(oslo, resourceRequest({ mission, ...to(lorenskog) }))).toBe('illegal-transition');
  const review = taskOf(mission, await scene.say(amk, reviewRequest({ task: taskOf(mission, 1), ...id() })));
  const again = { task: review, answer: 'accepted', ...id() } as const;
  expect(await scene.refused(oslo, missionDecision({ ...again, by: { name: 'K. K.', number: '9999901' } }))).toBe(
    'same-decider',
  );
  await scene.say(
    oslo,
    missionDecision({ ...again, id: randomUUID(), by: { name: 'Ola Overlege', number: '9999902' } }),
  );
  const flight = await fly(mission, lorenskog);
  await scene.say(lorenskog, phases(flight, { departed: at('12:06'), 'handed-over': at('12:50') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectTold(mission, {
    [amk]: ['mission-decision', 'mission-decision', 'resource-response', 'resource-status'],
    [oslo]: ['mission-request', 'review-request', 'resource-response', 'resource-status'],
    [quality]: ['mission-decision', 'review-request', 'mission-decision', 'resource-response'],
  });
  const story = await storyOf(amk, mission);
  for (const words of ['Coordinating physician', 'Ola Overlege', 'No medical indication', 'The road is closed'])
    expect(story).toContain(words);
  const forQuality = await storyOf(quality, mission);
  expect(forQuality).toContain('no-medical-indication');
  for (const person of ['Kari', 'Ola', '9999901', 'The road is closed']) expect(forQuality).not.toContain(person);
});

test('A mission is forwarded to another AMK LA; its helicopter is withdrawn for search and rescue in flight, and another is asked', async () => {
  const mission = await open();
  await scene.say(oslo, acknowledgement({ task: taskOf(mission, 1), ...id() }));
  const there = taskOf(mission, await scene.say(oslo, missionForward({ task: taskOf(mission, 1), ...to(bergen) })));
  expect(await scene.refused(oslo, resourceRequest({ mission, ...to(lorenskog) }))).toBe('forbidden-relation');
  await scene.say(bergen, acknowledgement({ task: there, ...id() }));
  await scene.say(bergen, missionDecision({ task: there, answer: 'accepted', ...id() }));
  const first = await fly(mission, rescue, 'rescue-helicopter', bergen);
  await scene.say(rescue, phases(first, { departed: at('11:10') }));
  await scene.say(rescue, resourceResponse({ task: first, answer: 'withdrawn', reason: 'sar-priority', ...id() }));
  const second = await fly(mission, dombas, 'helicopter', bergen);
  await scene.say(dombas, phases(second, { departed: at('11:30'), 'handed-over': at('12:30') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectTold(mission, {
    [amk]: [
      'acknowledgement',
      'mission-forward',
      'acknowledgement',
      'mission-decision',
      'resource-response',
      'resource-status',
      'resource-response',
      'resource-response',
      'resource-status',
    ],
    [oslo]: ['mission-request', 'acknowledgement', 'mission-decision'],
    [bergen]: [
      'mission-forward',
      'resource-response',
      'resource-status',
      'resource-response',
      'resource-response',
      'resource-status',
    ],
    [rescue]: ['resource-request'],
    [dombas]: ['resource-request'],
  });
});

test('Two helicopters fly two patients to two hospitals, and one of them is diverted', async () => {
  const mission = await open({ criterion: 'multiple-casualties' });
  await scene.say(oslo, accepted(mission));
  const one = await fly(mission, lorenskog);
  const other = await fly(mission, dombas);
  for (const [client, flight] of [
    [lorenskog, one],
    [dombas, other],
  ] as const)
    await scene.say(client, phases(flight, { departed: at('11:10') }));
  const warned = async (client: string, flight: string): Promise<string> =>
    taskOf(mission, await scene.say(client, prearrivalNotification({ mission, partOf: flight, ...to(ulleval) })));
  const first = await warned(lorenskog, one);
  const second = await warned(dombas, other);
  await scene.say(ulleval, prearrivalResponse({ task: first, answer: 'accepted', ...id() }));
  const divertedTo = organisation(stOlavs);
  const moved = taskOf(
    mission,
    await scene.say(ulleval, prearrivalResponse({ task: second, answer: 'diverted', divertedTo, ...id() })),
  );
  await scene.say(stOlavs, prearrivalResponse({ task: moved, answer: 'accepted', ...id() }));
  await scene.say(lorenskog, phases(one, { 'handed-over': at('12:10') }));
  expect(await statusOf(mission)).toBe('active');
  // The patient has landed: it is too late to divert.
  expect(
    await scene.refused(ulleval, prearrivalResponse({ task: first, answer: 'diverted', divertedTo, ...id() })),
  ).toBe('illegal-transition');
  await scene.say(dombas, phases(other, { 'handed-over': at('12:40') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectTold(mission, {
    [ulleval]: ['prearrival-notification', 'prearrival-notification', 'resource-status', 'resource-status'],
    [stOlavs]: ['prearrival-response', 'resource-status', 'resource-status'],
    [dombas]: ['resource-request', 'resource-status', 'prearrival-response', 'prearrival-response', 'resource-status'],
  });
  // The second hospital is warned with what was said to the first.
  const [warning = ''] = scene.notifications(stOlavs, mission);
  expect(warning).toContain('"prearrival-notification"');
});

test('A patient goes from hospital to hospital by aeroplane, and the crew declines first', async () => {
  const mission = await open({ urgency: 'urgent', criterion: 'rapid-transport' });
  await scene.say(
    oslo,
    missionDecision({
      task: taskOf(mission, 1),
      answer: 'deferred',
      until: new Date(Date.now() + 3_600_000).toISOString(),
      ...id(),
    }),
  );
  expect(await statusOf(mission)).toBe('on-hold');
  await scene.say(oslo, accepted(mission));
  const asked = taskOf(
    mission,
    await scene.say(oslo, resourceRequest({ mission, kind: 'aeroplane', ...to(aeroplane) })),
  );
  await scene.say(aeroplane, acknowledgement({ task: asked, ...id() }));
  await scene.say(aeroplane, resourceResponse({ task: asked, answer: 'declined', reason: 'crew-duty-time', ...id() }));
  const flight = await fly(mission, aeroplane, 'aeroplane');
  const arrival = taskOf(
    mission,
    await scene.say(oslo, prearrivalNotification({ mission, partOf: flight, ...to(stOlavs) })),
  );
  await scene.say(stOlavs, acknowledgement({ task: arrival, ...id() }));
  await scene.say(oslo, prearrivalNotification({ mission, task: arrival, eta: at('15:00'), to: [], ...id() }));
  await scene.say(stOlavs, prearrivalResponse({ task: arrival, answer: 'accepted', ...id() }));
  await scene.say(aeroplane, phases(flight, { departed: at('13:00'), 'handed-over': at('15:10') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectTold(mission, {
    [amk]: ['mission-decision', 'mission-decision', 'resource-response', 'resource-response', 'resource-status'],
    [stOlavs]: ['prearrival-notification', 'prearrival-notification', 'resource-status'],
    [aeroplane]: ['resource-request', 'resource-request', 'prearrival-response'],
  });
});

test('A mission is cancelled while its helicopter is airborne: the crew is told, acknowledges, and decides', async () => {
  const mission = await open();
  await scene.say(oslo, accepted(mission));
  const flight = await fly(mission, lorenskog);
  const waiting = taskOf(mission, await scene.say(oslo, resourceRequest({ mission, ...to(dombas) })));
  await scene.say(lorenskog, phases(flight, { departed: at('11:10') }));
  const arrival = taskOf(
    mission,
    await scene.say(lorenskog, prearrivalNotification({ mission, partOf: flight, ...to(ulleval) })),
  );
  await scene.say(amk, missionCancel({ mission, ...id() }));
  expect(await scene.refused(dombas, resourceResponse({ task: waiting, answer: 'accepted', ...id() }))).toBe(
    'illegal-transition',
  );
  await scene.say(lorenskog, acknowledgement({ task: flight, ...id() }));
  await scene.say(lorenskog, resourceResponse({ task: flight, answer: 'aborted', reason: 'other', ...id() }));
  expect(await statusOf(mission)).toBe('revoked');
  expect((await scene.get(oslo, `/Task/${arrival}`)).body['status']).toBe('cancelled');
  await scene.expectTold(mission, {
    [oslo]: [
      'mission-request',
      'resource-response',
      'resource-status',
      'prearrival-notification',
      'mission-cancel',
      'acknowledgement',
      'resource-response',
    ],
    [lorenskog]: ['resource-request', 'mission-cancel'],
    [dombas]: ['resource-request', 'resource-status', 'mission-cancel'],
    [ulleval]: ['prearrival-notification', 'mission-cancel', 'resource-response'],
  });
});
