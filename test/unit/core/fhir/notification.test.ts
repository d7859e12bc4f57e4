import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { readEvents } from '../../../../core/queries/subscription-events.ts';
import { readMission } from '../../../../core/queries/mission.ts';
import { searchReceipts } from '../../../../core/queries/receipts.ts';
import { readSent } from '../../../../core/queries/sent-resources.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { exerciseCode, systems } from '../../../../schemas/names.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import {
  medicalAssessment,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  reviewRequest,
  sentBy,
} from '../../../support/messages.ts';
import {
  bodiesFor,
  mission,
  played,
  request,
  type Resource,
  resourcesIn,
  type Step,
  task,
  typesIn,
  urlsIn,
  view,
} from './notification-scenario.ts';
import { searchFor } from '../../../support/reading.ts';

const { amk, la, otherLa, operator, hospital, otherHospital, observer, quality } = parties;

const condition = (text: string): Resource => ({
  resourceType: 'Condition',
  subject: { display: 'Unknown' },
  code: { text },
});

const announced: readonly Step[] = [
  [amk, request],
  [la, missionDecision({ task: task(1), answer: 'accepted' })],
  [la, prearrivalNotification({ mission, more: [condition('Open fracture')] })],
];

const diverted: Step = [hospital, prearrivalResponse({ task: task(3), answer: 'diverted' })];

describe('notification of a diversion', () => {
  test('gives the second hospital the content sent to the first, and does not repeat it to other parties', async () => {
    const hub = await played([...announced, diverted]);
    const [body] = await bodiesFor(hub, otherHospital);
    expect(typesIn(body)).toContain('Condition');
    expect(JSON.stringify(body)).toContain('Open fracture');
    expect(problemsOf(body)).toEqual([]);
    // New resources come first, and the Task of this hospital before them.
    expect(resourcesIn(body).find((one) => one['resourceType'] === 'Task')).toMatchObject({ id: task(4) });
    const others = await bodiesFor(hub, la);
    expect(typesIn(others.at(-1))).not.toContain('Condition');
  });

  test('gives the second hospital the latest content, if that states more than a time', async () => {
    const again = prearrivalNotification({ mission, task: task(3), id: 'again', more: [condition('Pneumothorax')] });
    const [body] = await bodiesFor(await played([...announced, [la, again], diverted]), otherHospital);
    expect(JSON.stringify(body)).toContain('Pneumothorax');
    expect(JSON.stringify(body)).not.toContain('Open fracture');

    const later = prearrivalNotification({ mission, task: task(3), id: 'later', eta: '2026-02-01T13:20:00+01:00' });
    const [timed] = await bodiesFor(await played([...announced, [la, later], diverted]), otherHospital);
    expect(JSON.stringify(timed)).toContain('Open fracture');
  });

  test('gives the content also after a withdrawal to another hospital and after a second diversion', async () => {
    const back = prearrivalWithdrawal({ mission, task: task(3), divertedTo: otherHospital.organisation });
    const [body] = await bodiesFor(await played([...announced, [la, back]]), otherHospital);
    expect(JSON.stringify(body)).toContain('Open fracture');

    const onceMore = prearrivalResponse({ task: task(4), answer: 'diverted', divertedTo: hospital.organisation });
    const hub = await played([...announced, diverted, [otherHospital, onceMore]]);
    const bodies = await bodiesFor(hub, hospital);
    expect(JSON.stringify(bodies.at(-1))).toContain('Open fracture');
  });

  test('gives the content in $events and by its address, but not to another hospital', async () => {
    const hub = await played([...announced, diverted], 'id-only');
    const subscription = await hub.subscriptions.read(otherHospital.organisation);
    if (subscription === undefined) throw new Error('there is no subscription');
    const events = await readEvents(hub, otherHospital, subscription, new Map([['content', 'full-resource']]));
    if ('outcome' in events) throw new Error('refused');
    expect(notificationBundle(events, view, hub.clock.iso())).toContain('Open fracture');

    const [body] = await bodiesFor(hub, otherHospital);
    expect(urlsIn(body)).toContain(`${view.base}/Bundle/${mission}.3`);
    const read = (caller: Party) => readSent(hub.missions, caller, 'Bundle', `${mission}.3`, view);
    expect(await read(otherHospital)).toMatchObject({ outcome: 'found', resource: { type: 'message' } });
    expect((await readSent(hub.missions, otherHospital, 'Bundle', `${mission}.2`, view)).outcome).toBe('refused');
    expect((await read({ ...otherHospital, organisation: '100000033' })).outcome).toBe('refused');
  });
});

describe('notification without persons', () => {
  const rejection: readonly Step[] = [
    [amk, request],
    [la, missionUpdate({ mission, to: [observer.organisation], more: [condition('Ola har det vondt')] })],
    [la, missionDecision({ task: task(1), answer: 'rejected' })],
    [amk, reviewRequest({ task: task(1) })],
  ];

  test('gives the quality system the decision with reason and class, without decider and free text', async () => {
    const [body] = await bodiesFor(await played(rejection), quality);
    expect(problemsOf(body)).toEqual([]);
    expect(body).toMatchObject({ meta: { security: [{ code: 'REDACTED' }] } });
    expect(resourcesIn(body).find(({ id }) => id === task(1))).toMatchObject({
      status: 'rejected',
      statusReason: {
        coding: [
          { system: systems.refusalReason, code: 'weather' },
          { system: systems.refusalClass, code: 'operational' },
        ],
      },
    });
    expect(resourcesIn(body).find((one) => one['resourceType'] === 'MessageHeader')).toMatchObject({
      eventCoding: { code: 'mission-decision' },
      sender: { identifier: { value: la.organisation } },
    });
    expect(JSON.stringify(body)).not.toMatch(/Kari|Fog|Coordinator/);
  });

  test('gives an observer the place of the mission, without text about the patient', async () => {
    const bodies = await bodiesFor(await played(rejection), observer);
    expect(bodies.length).toBeGreaterThan(0);
    expect(JSON.stringify(bodies)).not.toContain('Ola');
    for (const body of bodies) expect(problemsOf(body)).toEqual([]);
    const hub = await played(rejection);
    const place = await readSent(hub.missions, observer, 'Location', `${mission}.1.2`, view);
    expect(place).toMatchObject({ outcome: 'found', resource: { meta: { security: [{ code: 'REDACTED' }] } } });
    const described = missionUpdate({ mission, id: 'place', place: [61, 10] });
    const [, later] = await bodiesFor(await played([...rejection.slice(0, 2), [amk, described]]), observer);
    expect(resourcesIn(later).find((one) => one['resourceType'] === 'Location')).toMatchObject({
      position: { latitude: 61, longitude: 10 },
    });
  });

  test('lets the quality system read every mission and receipt, and refuses other non-parties', async () => {
    const hub = await played(rejection);
    expect(await readMission(hub.missions, quality, mission)).toMatchObject({
      outcome: 'found',
      version: 4,
      resource: {
        id: mission,
        subject: { display: 'withheld' },
        performer: [{ identifier: { value: la.organisation } }],
      },
    });
    const search = searchFor('Communication', { 'part-of': `ServiceRequest/${mission}` });
    const receipts = await searchReceipts(hub, quality, search, view);
    expect(receipts.outcome).toBe('found');
    const nonParty = { ...quality, role: 'operator' } as const;
    expect((await readMission(hub.missions, nonParty, mission)).outcome).toBe('refused');
    expect((await searchReceipts(hub, nonParty, search, view)).outcome).toBe('refused');
    expect((await readSent(hub.missions, nonParty, 'Bundle', `${mission}.1`, view)).outcome).toBe('refused');
  });
});

describe('notification of readiness', () => {
  test('has a resource as focus, not a mission', async () => {
    const hub = await played([[operator, resourceAvailability()]]);
    const [body] = await bodiesFor(hub, otherLa);
    expect(problemsOf(body)).toEqual([]);
    expect(typesIn(body)).toEqual(['Parameters', 'Location', 'MessageHeader', 'Location']);
    expect(JSON.stringify(resourcesIn(body)[0])).toMatch(/"focus","valueReference":\{"reference":"[^"]*\/Location\//);
  });

  test('can be read by the sender and every AMK LA, but not as a mission', async () => {
    const report = resourceAvailability();
    const hub = await played([[operator, report]]);
    const { entry } = await acceptMessage(hub.missions, report, sentBy(operator), hub.now).then((again) => {
      if (again.outcome === 'refused') throw new Error('refused');
      return again;
    });
    for (const caller of [operator, la, otherLa]) {
      expect((await readSent(hub.missions, caller, 'Bundle', `${entry.mission}.1`, view)).outcome).toBe('found');
      expect((await readMission(hub.missions, caller, entry.mission)).outcome).toBe('refused');
    }
    for (const caller of [amk, hospital, quality])
      expect((await readSent(hub.missions, caller, 'Bundle', `${entry.mission}.1`, view)).outcome).toBe('refused');
  });
});

describe('label of an exercise', () => {
  const exercise = missionRequest({ id: 'exercise', exercise: true });
  const label = { system: systems.actReason, code: exerciseCode };

  test('is in every notification', async () => {
    const [body] = await bodiesFor(await played([[amk, exercise]]), la);
    expect(body).toMatchObject({ meta: { security: [label] } });
  });

  test('is on each resource of the exercise if the Bundle also has real events', async () => {
    const hub = await played([
      [amk, exercise],
      [amk, request],
    ]);
    const subscription = await hub.subscriptions.read(la.organisation);
    if (subscription === undefined) throw new Error('there is no subscription');
    const events = await readEvents(hub, la, subscription, new Map());
    if ('outcome' in events) throw new Error('refused');
    const body: unknown = JSON.parse(notificationBundle(events, view, hub.clock.iso()));
    expect(body).not.toMatchObject({ meta: { security: [label] } });
    const [, ...resources] = resourcesIn(body);
    const half = resources.length / 2;
    for (const one of resources.slice(0, half)) expect(one).toMatchObject({ meta: { security: [label] } });
    for (const one of resources.slice(half)) expect(JSON.stringify(one)).not.toContain(exerciseCode);
  });

  test('is on each resource that is read alone', async () => {
    const hub = await played([[amk, exercise]]);
    const read = await readSent(hub.missions, la, 'ServiceRequest', `${missionOpenedBy(exercise)}.1.1`, view);
    expect(read).toMatchObject({ outcome: 'found', resource: { meta: { security: [label] } } });
  });
});

describe('Task in a notification', () => {
  const notifiedTask = async (steps: readonly Step[], id: string): Promise<unknown> => {
    const bodies = await bodiesFor(await played(steps), amk);
    return resourcesIn(bodies.at(-1)).find((one) => one['id'] === id);
  };

  test('gives reason, criterion, decider, role and period of a rejection', async () => {
    const decision = missionDecision({ task: task(1), answer: 'rejected', criterion: 'rapid-transport' });
    expect(
      await notifiedTask(
        [
          [amk, request],
          [la, decision],
        ],
        task(1),
      ),
    ).toMatchObject({
      statusReason: {
        coding: [{ code: 'weather' }, { system: systems.refusalClass, code: 'operational' }],
        text: 'Fog at the scene',
      },
      reasonCode: { coding: [{ system: systems.missionCriterion, code: 'rapid-transport' }] },
      executionPeriod: { start: '2026-02-01T11:01:00.000Z', end: '2026-02-01T11:02:00.000Z' },
      note: [{ text: 'Decided by: Kari Koordinator, Coordinator, HPR 936058298' }],
    });
  });

  test('gives the rejection and the text of a review', async () => {
    const steps: readonly Step[] = [
      [amk, request],
      [la, missionDecision({ task: task(1), answer: 'rejected' })],
      [amk, reviewRequest({ task: task(1) })],
      [la, missionForward({ task: task(3), reason: 'technical' })],
    ];
    const hub = await played(steps);
    const [body] = await bodiesFor(hub, otherLa);
    expect(resourcesIn(body).find(({ id }) => id === task(4))).toMatchObject({
      reasonReference: { reference: `Task/${task(3)}`, display: 'Forwarded from another AMK LA' },
      basedOn: [{ reference: `ServiceRequest/${mission}` }, { reference: `Task/${task(1)}` }],
      description: 'The road is closed',
    });
    expect(problemsOf(body)).toEqual([]);
    expect(await notifiedTask(steps, task(3))).toMatchObject({
      status: 'cancelled',
      statusReason: { coding: [{ system: systems.forwardReason, code: 'technical' }] },
      reasonReference: { reference: `Task/${task(1)}`, display: 'Review of a rejection' },
    });
  });

  test('gives the call sign of the helicopter', async () => {
    const steps: readonly Step[] = [
      [amk, request],
      [la, missionDecision({ task: task(1), answer: 'accepted' })],
      [la, medicalAssessment({ mission, ground: 'indicated' })],
      [la, resourceRequest({ mission, resource: 'la-01' })],
      [operator, resourceResponse({ task: task(4), answer: 'accepted' })],
    ];
    const bodies = await bodiesFor(await played(steps), la);
    expect(resourcesIn(bodies.at(-1)).find(({ id }) => id === task(4))).toMatchObject({
      output: [
        {},
        {},
        {
          type: { coding: [{ system: systems.taskDetail, code: 'resource' }] },
          valueReference: { identifier: { system: systems.resource, value: 'LA-01' } },
        },
      ],
    });
  });
});
