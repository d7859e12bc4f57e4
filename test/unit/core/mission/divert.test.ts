import { describe, expect, test } from 'vitest';
import type { MissionState } from '../../../../core/mission/state.ts';
import {
  accepted,
  asksCrew,
  cancels,
  codeOf,
  crewReports,
  crewSays,
  entryOf,
  expectIllegal,
  expectNotified,
  expectRefused,
  given,
  hospitalSays,
  later,
  mission,
  missionUpdate,
  opened,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceRequest,
  statusesOf,
  type Step,
  task,
  taskIn,
  timeOf,
  unknownOrganisation,
  warnsHospital,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, hospital, otherHospital } = parties;

// Entry 2 asks the crew, entry 3 warns the hospital of the flight.
const flight = task(2);
const arrival = task(3);
const warned = given(opened, asksCrew, warnsHospital({ partOf: flight }));
const diverts = hospitalSays(arrival, 'diverted');
const takesBack = (divertedTo?: string, sender: Step[0] = la): Step => [
  sender,
  prearrivalWithdrawal({ mission, task: arrival, ...(divertedTo === undefined ? {} : { divertedTo }) }),
];

describe('prearrival-response, diverted', () => {
  test('opens a Task of the other hospital with the same asker, flight and time of arrival', () => {
    const state = later(warned, diverts);
    expect(statusesOf(state)).toEqual(['requested', 'requested', 'rejected', 'requested']);
    expect(taskIn(state, task(4))).toEqual({
      ask: {
        type: 'Task',
        entry: 3,
        index: 1,
        place: { reference: `Location/${mission}.1.2` },
        patient: { display: 'Unknown' },
      },
      id: task(4),
      kind: 'prearrival',
      owner: otherHospital.organisation,
      asker: la.organisation,
      status: 'requested',
      openedBy: 4,
      changedBy: 4,
      openedAt: timeOf(4),
      changedAt: timeOf(4),
      acknowledgeBy: '2026-02-01T11:05:00.000Z',
      divertedFrom: arrival,
      eta: '2026-02-01T13:00:00+01:00',
      partOf: flight,
    });
  });

  test('keeps the crew as asker if the crew warned the hospital', () => {
    const byCrew = given(opened, asksCrew, [operator, prearrivalNotification({ mission, partOf: flight })]);
    expect(taskIn(later(byCrew, diverts), task(4)).asker).toBe(operator.organisation);
    expectNotified(when(byCrew, diverts), la, operator, otherHospital);
  });

  test('opens a Task without a flight if the notification names none', () => {
    const state = later(given(opened, asksCrew, warnsHospital()), diverts);
    expect(taskIn(state, task(4)).partOf).toBeUndefined();
  });

  test('refuses a diversion to itself, to a party that is not a hospital, or to an unknown organisation', () => {
    const at = 'Bundle.entry[1].resource.output';
    const to = (divertedTo: string): Step => hospitalSays(arrival, 'diverted', { divertedTo });
    expectRefused(when(warned, to(hospital.organisation)), 'wrong-field', at);
    expectRefused(when(warned, to(operator.organisation)), 'wrong-field', at);
    expectRefused(when(warned, to(unknownOrganisation)), 'unknown-organisation', at);
  });

  test('accepts a second diversion, also back to the first hospital', () => {
    const on: Step = [
      otherHospital,
      prearrivalResponse({ task: task(4), answer: 'diverted', divertedTo: hospital.organisation }),
    ];
    const state = later(warned, diverts, on);
    expect(taskIn(state, task(5))).toMatchObject({ owner: hospital.organisation, divertedFrom: task(4) });
  });

  test('ends the notifications to the hospital that diverted', () => {
    expectNotified(when(later(warned, diverts), [amk, missionUpdate({ mission })]), la, operator, otherHospital);
  });

  test('opens no Task if the hospital cannot receive and names no other', () => {
    expect(statusesOf(later(warned, hospitalSays(arrival, 'cannot-receive')))).toEqual([
      'requested',
      'requested',
      'rejected',
    ]);
  });

  test('accepts a diversion after the mission was cancelled in flight', () => {
    const state = later(
      warned,
      accepted,
      crewSays(flight, 'accepted'),
      crewReports(flight, 'departed'),
      cancels,
      diverts,
    );
    expect(taskIn(state, task(8))).toMatchObject({ owner: otherHospital.organisation, status: 'requested' });
  });
});

describe('prearrival-notification, withdrawal', () => {
  test('cancels the Task and stores the reason', () => {
    const state = later(warned, takesBack());
    expect(statusesOf(state)).toEqual(['requested', 'requested', 'cancelled']);
    expect(taskIn(state, arrival)).toMatchObject({
      reason: { table: 'refusal-reason', code: 'weather', class: 'operational', text: 'Fog at the helipad' },
    });
    expectNotified(when(warned, takesBack()), hospital);
  });

  test('warns the other hospital if the withdrawal names one', () => {
    const entry = entryOf(when(warned, takesBack(otherHospital.organisation)));
    expect(taskIn(entry.state, arrival)).toMatchObject({ status: 'cancelled', divertedTo: otherHospital.organisation });
    expect(taskIn(entry.state, task(4))).toMatchObject({
      owner: otherHospital.organisation,
      asker: la.organisation,
      divertedFrom: arrival,
      partOf: flight,
      eta: '2026-02-01T13:00:00+01:00',
    });
    expectNotified({ outcome: 'accepted', entry }, hospital, otherHospital);
  });

  test('refuses to name the withdrawn hospital as the other one', () => {
    expectRefused(when(warned, takesBack(hospital.organisation)), 'wrong-field', 'Bundle.entry[1].resource.output');
  });

  test('is accepted from the coordinator and from the crew that warned', () => {
    expectRefused(when(warned, takesBack(undefined, operator)), 'forbidden-relation');
    const byCrew = given(opened, asksCrew, [operator, prearrivalNotification({ mission, partOf: flight })]);
    for (const sender of [operator, la])
      expect(codeOf(when(byCrew, takesBack(otherHospital.organisation, sender)))).toBe('accepted');
  });

  test.each(['rejected', 'completed', 'cancelled'] as const)('is refused if the Task is %s', (status) => {
    const state: MissionState = withTask(warned, arrival, { status });
    expectIllegal(when(state, takesBack()), state);
  });
});

describe('prearrival-notification, update', () => {
  const update = (more: Partial<Parameters<typeof prearrivalNotification>[0]>): Step => [
    la,
    prearrivalNotification({ mission, task: arrival, to: [], ...more }),
  ];

  test('changes the flight that brings the patient', () => {
    const two = later(warned, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]);
    expect(taskIn(later(two, update({ partOf: task(4) })), arrival).partOf).toBe(task(4));
    expectRefused(when(two, update({ partOf: task(1) })), 'unknown-task', 'Bundle.entry[1].resource.partOf');
  });

  test('opens no second Task', () => {
    expect(later(warned, update({ eta: '2026-01-31T13:30:00+01:00' })).tasks).toHaveLength(3);
  });
});
