import { describe, expect, test } from 'vitest';
import {
  arrival,
  asked,
  coordination,
  expectNotified,
  expectRefused,
  flight,
  flying,
  given,
  hospitalAccepts,
  hospitalWarned,
  later,
  mission,
  missionUpdate,
  opened,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceAsked,
  type Step,
  task,
  taskIn,
  timeOf,
  unknownOrganisation,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital, otherHospital } = parties;

describe('prearrival-notification and prearrival-response', () => {
  test('notifies the hospital, and the coordinator if a crew warns', () => {
    expectNotified(when(given(opened, resourceAsked), hospitalWarned), hospital);
    expectNotified(when(given(opened, resourceAsked), [operator, prearrivalNotification({ mission })]), hospital, la);
  });

  test('stores the flight and the ETA', () => {
    expect(taskIn(asked, arrival)).toMatchObject({
      kind: 'prearrival',
      partOf: flight,
      eta: '2026-02-01T13:00:00+01:00',
      asker: la.organisation,
    });
  });

  test('requires a second acknowledgement after an update', () => {
    const before = later(asked, hospitalAccepts);
    expect(taskIn(before, arrival).acknowledgedAt).toBe(timeOf(4));
    const state = later(before, [
      la,
      prearrivalNotification({ mission, task: arrival, to: [], eta: '2026-01-31T13:20:00+01:00' }),
    ]);
    const updated = taskIn(state, arrival);
    expect(updated).toMatchObject({
      status: 'requested',
      eta: '2026-01-31T13:20:00+01:00',
      acknowledgeBy: '2026-02-01T11:06:00.000Z',
      partOf: flight,
      openedBy: 3,
      changedBy: 5,
    });
    expect(updated.acknowledgedAt).toBeUndefined();
    expect(state.tasks).toHaveLength(before.tasks.length);
  });

  test('notifies the asker, the coordinator and the crew of the answer', () => {
    for (const answer of ['accepted', 'cannot-receive'] as const) {
      expectNotified(when(asked, [hospital, prearrivalResponse({ task: arrival, answer })]), la, operator);
      const byCrew = given(opened, resourceAsked, [operator, prearrivalNotification({ mission })]);
      expectNotified(when(byCrew, [hospital, prearrivalResponse({ task: arrival, answer })]), la, operator);
    }
  });

  test('notifies the other hospital, the asker, the coordinator and the crew of a diversion', () => {
    const diverts: Step = [hospital, prearrivalResponse({ task: arrival, answer: 'diverted' })];
    expectNotified(when(asked, diverts), la, operator, otherHospital);
    const byCrew = given(opened, resourceAsked, [operator, prearrivalNotification({ mission })]);
    expectNotified(when(byCrew, diverts), la, operator, otherHospital);
  });

  test('notifies the asker only if the Task has no flight', () => {
    const before = given(opened, resourceAsked, [la, prearrivalNotification({ mission })]);
    expectNotified(when(before, [hospital, prearrivalResponse({ task: arrival, answer: 'accepted' })]), la);
  });

  test('stores the diversion and opens a Task of the other hospital', () => {
    const state = later(flying, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'diverted', by: 'Lise Lege', as: 'Surgeon' }),
    ]);
    expect(taskIn(state, arrival)).toMatchObject({
      status: 'rejected',
      divertedTo: otherHospital.organisation,
      decider: { name: 'Lise Lege', role: 'Surgeon' },
      reason: {
        table: 'refusal-reason',
        code: 'no-resource-available',
        class: 'capacity',
        text: 'No operating theatre free',
      },
    });
    expect(state.tasks.at(-1)).toMatchObject({
      kind: 'prearrival',
      owner: otherHospital.organisation,
      status: 'requested',
    });
    expectNotified(when(state, [amk, missionUpdate({ mission })]), la, operator, otherHospital);
  });

  test('refuses a diversion to an organisation that is not a hospital in the directory', () => {
    const diverted = (divertedTo: string): Step => [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'diverted', divertedTo }),
    ];
    expectRefused(
      when(asked, diverted(unknownOrganisation)),
      'unknown-organisation',
      'Bundle.entry[1].resource.output',
    );
    for (const party of [operator, la, amk])
      expectRefused(when(asked, diverted(party.organisation)), 'wrong-field', 'Bundle.entry[1].resource.output');
  });

  test('refuses a notification of a flight that the mission does not have', () => {
    for (const partOf of [task(99), coordination])
      expectRefused(
        when(given(opened, resourceAsked), [la, prearrivalNotification({ mission, partOf })]),
        'unknown-task',
      );
  });
});
