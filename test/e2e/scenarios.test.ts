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

/** Six typical missions, from end to end over HTTP. */

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
  await scene.send(amk, message);
  return missionIdOf(organisation(amk), message.id);
};

const accepted = (mission: string, entry = 1) =>
  missionDecision({ task: taskOf(mission, entry), answer: 'accepted', ...id() });

/** Requests a resource of an operator, which accepts; returns the flight's Task. */
const fly = async (mission: string, client: string, kind = 'helicopter', coordinator = oslo): Promise<string> => {
  const flight = taskOf(mission, await scene.send(coordinator, resourceRequest({ mission, kind, ...to(client) })));
  await scene.send(client, resourceResponse({ task: flight, answer: 'accepted', ...id() }));
  return flight;
};

const phases = (task: string, times: Readonly<Record<string, string>>) =>
  resourceStatus({ task, phases: times, ...id() });

const at = (time: string): string => `2026-02-01T${time}:00+01:00`;

const historyOf = async (client: string, mission: string): Promise<string> => {
  const answer = await scene.get(client, `/ServiceRequest/${mission}/$history`);
  expect(answer.status, answer.text).toBe(200);
  expect(problemsOf(answer.body)).toEqual([]);
  return answer.text;
};

const statusOf = async (mission: string, client = amk): Promise<unknown> =>
  (await scene.get(client, `/ServiceRequest/${mission}`)).body['status'];

test('completes a primary mission: request, acknowledgement, decision, flight, handover, report and feedback of the hospital', async () => {
  const mission = await open();
  const coordination = taskOf(mission, 1);
  await scene.send(oslo, acknowledgement({ task: coordination, ...id() }));
  await scene.send(oslo, medicalAssessment({ mission, ground: 'indicated', ...id() }));
  await scene.send(oslo, accepted(mission));
  const flight = await fly(mission, lorenskog);
  await scene.send(lorenskog, phases(flight, { 'alarm-received': at('11:02'), departed: at('11:06') }));
  const arrival = taskOf(
    mission,
    await scene.send(lorenskog, prearrivalNotification({ mission, partOf: flight, ...to(ulleval) })),
  );
  await scene.send(ulleval, acknowledgement({ task: arrival, ...id() }));
  await scene.send(ulleval, prearrivalResponse({ task: arrival, answer: 'accepted', ...id() }));
  // Reports come late and out of order; each keeps the time at which it was seen.
  await scene.send(lorenskog, phases(flight, { 'departed-scene': at('11:52'), 'on-scene': at('11:31') }));
  await scene.send(lorenskog, phases(flight, { 'patient-contact': at('11:33'), 'handed-over': at('12:20') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.send(lorenskog, missionReport({ task: flight, phases: { available: at('12:45') }, ...id() }));
  await scene.send(ulleval, outcomeFeedback({ task: arrival, assessment: 'appropriate', ...id() }));
  await scene.expectNotified(mission, {
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
  const history = await historyOf(amk, mission);
  for (const text of ['Kari Koordinator', 'Coordinator', '2026.1', 'Frida Flylege']) expect(history).toContain(text);
});

test('accepts a request in review by another person, after a rejection on medical ground', async () => {
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
  await scene.send(oslo, rejection);
  expect(await scene.refused(oslo, resourceRequest({ mission, ...to(lorenskog) }))).toBe('illegal-transition');
  const review = taskOf(mission, await scene.send(amk, reviewRequest({ task: taskOf(mission, 1), ...id() })));
  const again = { task: review, answer: 'accepted', ...id() } as const;
  expect(await scene.refused(oslo, missionDecision({ ...again, by: { name: 'K. K.', number: '9999901' } }))).toBe(
    'same-decider',
  );
  await scene.send(
    oslo,
    missionDecision({ ...again, id: randomUUID(), by: { name: 'Ola Overlege', number: '9999902' } }),
  );
  const flight = await fly(mission, lorenskog);
  await scene.send(lorenskog, phases(flight, { departed: at('12:06'), 'handed-over': at('12:50') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectNotified(mission, {
    [amk]: ['mission-decision', 'mission-decision', 'resource-response', 'resource-status'],
    [oslo]: ['mission-request', 'review-request', 'resource-response', 'resource-status'],
    [quality]: ['mission-decision', 'review-request', 'mission-decision', 'resource-response'],
  });
  const history = await historyOf(amk, mission);
  for (const text of ['Coordinating physician', 'Ola Overlege', 'No medical indication', 'The road is closed'])
    expect(history).toContain(text);
  const forQuality = await historyOf(quality, mission);
  expect(forQuality).toContain('no-medical-indication');
  for (const person of ['Kari', 'Ola', '9999901', 'The road is closed']) expect(forQuality).not.toContain(person);
});

test('forwards a mission to another AMK LA, and requests a second helicopter when the first is withdrawn in flight for search and rescue', async () => {
  const mission = await open();
  await scene.send(oslo, acknowledgement({ task: taskOf(mission, 1), ...id() }));
  const there = taskOf(mission, await scene.send(oslo, missionForward({ task: taskOf(mission, 1), ...to(bergen) })));
  expect(await scene.refused(oslo, resourceRequest({ mission, ...to(lorenskog) }))).toBe('forbidden-relation');
  await scene.send(bergen, acknowledgement({ task: there, ...id() }));
  await scene.send(bergen, missionDecision({ task: there, answer: 'accepted', ...id() }));
  const first = await fly(mission, rescue, 'rescue-helicopter', bergen);
  await scene.send(rescue, phases(first, { departed: at('11:10') }));
  await scene.send(rescue, resourceResponse({ task: first, answer: 'withdrawn', reason: 'sar-priority', ...id() }));
  const second = await fly(mission, dombas, 'helicopter', bergen);
  await scene.send(dombas, phases(second, { departed: at('11:30'), 'handed-over': at('12:30') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectNotified(mission, {
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

test('flies two patients by two helicopters to two hospitals, one of them diverted', async () => {
  const mission = await open({ criterion: 'multiple-casualties' });
  await scene.send(oslo, accepted(mission));
  const one = await fly(mission, lorenskog);
  const other = await fly(mission, dombas);
  for (const [client, flight] of [
    [lorenskog, one],
    [dombas, other],
  ] as const)
    await scene.send(client, phases(flight, { departed: at('11:10') }));
  const notifyHospital = async (client: string, flight: string): Promise<string> =>
    taskOf(mission, await scene.send(client, prearrivalNotification({ mission, partOf: flight, ...to(ulleval) })));
  const first = await notifyHospital(lorenskog, one);
  const second = await notifyHospital(dombas, other);
  await scene.send(ulleval, prearrivalResponse({ task: first, answer: 'accepted', ...id() }));
  const divertedTo = organisation(stOlavs);
  const moved = taskOf(
    mission,
    await scene.send(ulleval, prearrivalResponse({ task: second, answer: 'diverted', divertedTo, ...id() })),
  );
  await scene.send(stOlavs, prearrivalResponse({ task: moved, answer: 'accepted', ...id() }));
  await scene.send(lorenskog, phases(one, { 'handed-over': at('12:10') }));
  expect(await statusOf(mission)).toBe('active');
  // The patient has landed: it is too late to divert.
  expect(
    await scene.refused(ulleval, prearrivalResponse({ task: first, answer: 'diverted', divertedTo, ...id() })),
  ).toBe('illegal-transition');
  await scene.send(dombas, phases(other, { 'handed-over': at('12:40') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectNotified(mission, {
    [ulleval]: ['prearrival-notification', 'prearrival-notification', 'resource-status', 'resource-status'],
    [stOlavs]: ['prearrival-response', 'resource-status', 'resource-status'],
    [dombas]: ['resource-request', 'resource-status', 'prearrival-response', 'prearrival-response', 'resource-status'],
  });
  // The second hospital gets the pre-arrival notification of the first.
  const [warning = ''] = scene.notifications(stOlavs, mission);
  expect(warning).toContain('"prearrival-notification"');
});

test('transfers a patient between hospitals by aeroplane, after the crew has declined once', async () => {
  const mission = await open({ urgency: 'urgent', criterion: 'rapid-transport' });
  await scene.send(
    oslo,
    missionDecision({
      task: taskOf(mission, 1),
      answer: 'deferred',
      until: new Date(Date.now() + 3_600_000).toISOString(),
      ...id(),
    }),
  );
  expect(await statusOf(mission)).toBe('on-hold');
  await scene.send(oslo, accepted(mission));
  const requested = taskOf(
    mission,
    await scene.send(oslo, resourceRequest({ mission, kind: 'aeroplane', ...to(aeroplane) })),
  );
  await scene.send(aeroplane, acknowledgement({ task: requested, ...id() }));
  await scene.send(
    aeroplane,
    resourceResponse({ task: requested, answer: 'declined', reason: 'crew-duty-time', ...id() }),
  );
  const flight = await fly(mission, aeroplane, 'aeroplane');
  const arrival = taskOf(
    mission,
    await scene.send(oslo, prearrivalNotification({ mission, partOf: flight, ...to(stOlavs) })),
  );
  await scene.send(stOlavs, acknowledgement({ task: arrival, ...id() }));
  await scene.send(oslo, prearrivalNotification({ mission, task: arrival, eta: at('15:00'), to: [], ...id() }));
  await scene.send(stOlavs, prearrivalResponse({ task: arrival, answer: 'accepted', ...id() }));
  await scene.send(aeroplane, phases(flight, { departed: at('13:00'), 'handed-over': at('15:10') }));
  expect(await statusOf(mission)).toBe('completed');
  await scene.expectNotified(mission, {
    [amk]: ['mission-decision', 'mission-decision', 'resource-response', 'resource-response', 'resource-status'],
    [stOlavs]: ['prearrival-notification', 'prearrival-notification', 'resource-status'],
    [aeroplane]: ['resource-request', 'resource-request', 'prearrival-response'],
  });
});

test('cancels a mission with its helicopter in the air: the crew is notified, acknowledges and aborts', async () => {
  const mission = await open();
  await scene.send(oslo, accepted(mission));
  const flight = await fly(mission, lorenskog);
  const waiting = taskOf(mission, await scene.send(oslo, resourceRequest({ mission, ...to(dombas) })));
  await scene.send(lorenskog, phases(flight, { departed: at('11:10') }));
  const arrival = taskOf(
    mission,
    await scene.send(lorenskog, prearrivalNotification({ mission, partOf: flight, ...to(ulleval) })),
  );
  await scene.send(amk, missionCancel({ mission, ...id() }));
  expect(await scene.refused(dombas, resourceResponse({ task: waiting, answer: 'accepted', ...id() }))).toBe(
    'illegal-transition',
  );
  await scene.send(lorenskog, acknowledgement({ task: flight, ...id() }));
  await scene.send(lorenskog, resourceResponse({ task: flight, answer: 'aborted', reason: 'other', ...id() }));
  expect(await statusOf(mission)).toBe('revoked');
  expect((await scene.get(oslo, `/Task/${arrival}`)).body['status']).toBe('cancelled');
  await scene.expectNotified(mission, {
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
