import { describe, expect, test } from 'vitest';
import {
  accepted,
  asksCrew,
  cancels,
  codeOf,
  crewReports,
  crewSays,
  expectNotified,
  expectRefused,
  given,
  hospitalSays,
  later,
  mission,
  opened,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceStatus,
  statusesOf,
  type Step,
  task,
  taskIn,
  warnsHospital,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, hospital, otherHospital } = parties;

// Two patients on one flight: entry 3 asks the crew, entries 4 and 5 warn one hospital each.
const flight = task(3);
const first = task(4);
const second = task(5);
const handsOver = (to: string, more: Readonly<Record<string, string>> = {}): Step => [
  operator,
  resourceStatus({
    task: flight,
    phases: { 'handed-over': '2026-01-31T13:05:00+01:00', ...more },
    handedOverTo: to,
  }),
];
const flying = given(
  opened,
  accepted,
  asksCrew,
  warnsHospital({ partOf: flight }),
  warnsHospital({ partOf: flight, to: [otherHospital.organisation] }),
  crewSays(flight, 'accepted'),
  crewReports(flight, 'departed'),
);

describe('hand-over of several patients on one flight', () => {
  test('completes the Task of the receiving hospital only', () => {
    const state = later(flying, handsOver(hospital.organisation));
    expect(taskIn(state, first).status).toBe('completed');
    expect(taskIn(state, second).status).toBe('requested');
    expect(taskIn(state, flight)).toMatchObject({
      status: 'in-progress',
      phases: { 'handed-over': '2026-01-31T13:05:00+01:00' },
    });
    expect(state.status).toBe('active');
  });

  test('completes the flight and the mission with the last patient', () => {
    const state = later(flying, handsOver(hospital.organisation), handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('does not wait for a hospital that cannot receive', () => {
    const state = later(flying, hospitalSays(first, 'cannot-receive'), handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'rejected', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('completes the flight and every hospital Task when the crew is available again', () => {
    const state = later(flying, handsOver(hospital.organisation, { available: '2026-01-31T13:30:00+01:00' }));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed', 'completed']);
  });

  test('keeps the flight and the hospital Task open after a hand-over to another hospital', () => {
    const lone = given(
      opened,
      accepted,
      asksCrew,
      warnsHospital({ partOf: flight }),
      crewSays(flight, 'accepted'),
      crewReports(flight, 'departed'),
    );
    const state = later(lone, handsOver(otherHospital.organisation));
    expect(taskIn(state, first).status).toBe('requested');
    expect(taskIn(state, flight).status).toBe('in-progress');
  });

  test('completes a flight without a pre-arrival Task at the hand-over', () => {
    const unannounced = given(
      opened,
      accepted,
      asksCrew,
      crewSays(flight, 'accepted'),
      crewReports(flight, 'departed'),
    );
    const state = later(unannounced, handsOver(hospital.organisation));
    expect(taskIn(state, flight).status).toBe('completed');
    expect(state.status).toBe('completed');
  });

  test('refuses a hand-over to an organisation that is not a hospital in the directory', () => {
    for (const [party, code] of [
      ['199999999', 'unknown-organisation'],
      [la.organisation, 'wrong-field'],
    ] as const)
      expectRefused(when(flying, handsOver(party)), code, 'Bundle.entry[1].resource.output');
    expect(codeOf(when(flying, handsOver(hospital.organisation)))).toBe('accepted');
  });

  test('does not complete a flight a second time', () => {
    const over = later(flying, crewReports(flight, 'available'));
    const state = later(over, handsOver(hospital.organisation));
    expect(state.tasks.map(({ changedBy }) => changedBy).slice(2)).toEqual([8, 8]);
    expect(state.status).toBe('completed');
  });
});

describe('hand-over to a hospital without a named flight', () => {
  const loose = given(opened, accepted, asksCrew, warnsHospital(), crewSays(flight, 'accepted'));
  const second2: Step = [la, resourceRequest({ mission, to: [otherOperator.organisation] })];

  test('completes the hospital Task if the report names the hospital, also while another crew is asked', () => {
    const state = later(loose, second2, handsOver(hospital.organisation));
    expect(taskIn(state, first).status).toBe('completed');
    expect(taskIn(state, flight).status).toBe('completed');
    expect(taskIn(state, task(6)).status).toBe('requested');
  });

  test('does not complete a Task that names another flight', () => {
    const two = later(loose, second2, [
      la,
      prearrivalNotification({ mission, partOf: task(6), to: [otherHospital.organisation] }),
    ]);
    const state = later(two, handsOver(otherHospital.organisation));
    expect(taskIn(state, task(7)).status).toBe('requested');
  });

  test('keeps the flight open until each hospital has its patient', () => {
    const two = later(loose, warnsHospital({ partOf: flight, to: [otherHospital.organisation] }));
    const state = later(two, handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['accepted', 'in-progress', 'requested', 'completed']);
    expect(statusesOf(later(state, handsOver(hospital.organisation)))).toEqual([
      'completed',
      'completed',
      'completed',
      'completed',
    ]);
  });

  test('completes the hospital Task when the only flight is completed', () => {
    const state = later(loose, crewReports(flight, 'handed-over'));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed']);
  });

  test('keeps the hospital Task open when the crew withdraws: another crew may bring the patient', () => {
    const state = later(loose, crewSays(flight, 'withdrawn'));
    expect(taskIn(state, first).status).toBe('requested');
    expect(state.status).toBe('active');
  });
});

describe('hospital of a flight that did not come', () => {
  test('keeps its Task open when another flight lands: no report names that hospital', () => {
    const both = given(
      opened,
      accepted,
      asksCrew,
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      warnsHospital({ partOf: task(4) }),
      crewSays(flight, 'accepted'),
      crewSays(task(4), 'declined', otherOperator),
    );
    const state = later(both, crewReports(flight, 'handed-over'));
    expect(taskIn(state, task(5)).status).toBe('requested');
    expect(state.status).toBe('active');
  });

  test('keeps the mission active if no flight is completed, also after one hand-over', () => {
    const state = later(flying, handsOver(hospital.organisation), crewSays(flight, 'aborted'), [
      otherHospital,
      prearrivalResponse({ task: second, answer: 'cannot-receive' }),
    ]);
    expect(statusesOf(state)).toEqual(['accepted', 'failed', 'completed', 'rejected']);
    expect(state.status).toBe('active');
  });
});

describe('end of a mission after a hand-over', () => {
  test('completes the mission when no Task of a crew or hospital is open and one flight is completed', () => {
    const state = later(
      given(opened, accepted, asksCrew, crewSays(flight, 'accepted'), warnsHospital(), [
        la,
        resourceRequest({ mission, to: [otherOperator.organisation] }),
      ]),
      crewReports(flight, 'available'),
    );
    expect(state.status).toBe('active');
    const declined = later(state, crewSays(task(6), 'declined', otherOperator));
    expect(declined.status).toBe('active');
    const answer = when(declined, hospitalSays(task(5), 'cannot-receive'));
    expect(codeOf(answer)).toBe('accepted');
    expectNotified(answer, amk, la, operator);
    expect(later(declined, hospitalSays(task(5), 'cannot-receive')).status).toBe('completed');
  });

  test('keeps a mission active that is not decided', () => {
    const state = later(given(opened, asksCrew), crewSays(task(2), 'accepted'), crewReports(task(2), 'handed-over'));
    expect(state).toMatchObject({ status: 'active' });
    expect(taskIn(state, task(1)).status).toBe('requested');
  });

  test('keeps a mission cancelled when its flight hands over', () => {
    const state = later(flying, cancels, handsOver(hospital.organisation), handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['cancelled', 'completed', 'completed', 'completed']);
    expect(state.status).toBe('revoked');
  });
});

describe('cancelled mission', () => {
  test('keeps a hospital Task open while the flight may bring the patient', () => {
    const state = later(flying, cancels);
    expect(statusesOf(state)).toEqual(['cancelled', 'in-progress', 'requested', 'requested']);
    expect(taskIn(state, first).changedBy).toBe(4);
    expect(statusesOf(later(state, crewSays(flight, 'aborted')))).toEqual([
      'cancelled',
      'failed',
      'cancelled',
      'cancelled',
    ]);
  });

  test('cancels the hospital Task of a flight that has not departed', () => {
    const both = given(
      opened,
      asksCrew,
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      warnsHospital({ partOf: flight }),
      warnsHospital({ to: [otherHospital.organisation] }),
      crewSays(task(2), 'accepted'),
      crewReports(task(2), 'departed'),
    );
    const state = later(both, cancels);
    // A Task without a flight stays open: the airborne flight may bring the patient.
    expect(statusesOf(state)).toEqual(['cancelled', 'in-progress', 'cancelled', 'cancelled', 'requested']);
  });

  test('completes every hospital Task when the flight is completed', () => {
    const landed = later(flying, cancels, crewReports(flight, 'available'));
    expect(statusesOf(landed)).toEqual(['cancelled', 'completed', 'completed', 'completed']);
  });
});
