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

// Two patients on one flight: entry 3 asks the crew, 4 and 5 warn a hospital for each.
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

describe('Several patients on one flight', () => {
  test('A patient handed over ends the Task of that hospital only, and the flight goes on', () => {
    const state = later(flying, handsOver(hospital.organisation));
    expect(taskIn(state, first).status).toBe('completed');
    expect(taskIn(state, second).status).toBe('requested');
    expect(taskIn(state, flight)).toMatchObject({
      status: 'in-progress',
      phases: { 'handed-over': '2026-01-31T13:05:00+01:00' },
    });
    expect(state.status).toBe('active');
  });

  test('The last patient handed over ends the flight, and the mission', () => {
    const state = later(flying, handsOver(hospital.organisation), handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('A hospital that has turned the patient away is not waited for', () => {
    const state = later(flying, hospitalSays(first, 'cannot-receive'), handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'rejected', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('A crew that is available again has ended its flight, wherever the patients are', () => {
    const state = later(flying, handsOver(hospital.organisation, { available: '2026-01-31T13:30:00+01:00' }));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed', 'completed']);
  });

  test('A patient handed over where nobody waited leaves the hospitals waiting, and the flight in the air', () => {
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

  test('A flight that no hospital waits for ends when a hospital has the patient', () => {
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

  test('A patient is handed over to a hospital of the directory', () => {
    for (const [party, code] of [
      ['199999999', 'unknown-organisation'],
      [la.organisation, 'wrong-field'],
    ] as const)
      expectRefused(when(flying, handsOver(party)), code, 'Bundle.entry[1].resource.output');
    expect(codeOf(when(flying, handsOver(hospital.organisation)))).toBe('accepted');
  });

  test('A flight that was reported over does not end twice, whatever is told of it later', () => {
    const over = later(flying, crewReports(flight, 'available'));
    const state = later(over, handsOver(hospital.organisation));
    expect(state.tasks.map(({ changedBy }) => changedBy).slice(2)).toEqual([8, 8]);
    expect(state.status).toBe('completed');
  });
});

describe('A hospital that was named no flight', () => {
  const loose = given(opened, accepted, asksCrew, warnsHospital(), crewSays(flight, 'accepted'));
  const second2: Step = [la, resourceRequest({ mission, to: [otherOperator.organisation] })];

  test('has the patient when the report names it, also while another crew is asked', () => {
    const state = later(loose, second2, handsOver(hospital.organisation));
    expect(taskIn(state, first).status).toBe('completed');
    expect(taskIn(state, flight).status).toBe('completed');
    expect(taskIn(state, task(6)).status).toBe('requested');
  });

  test('is not confused with a hospital that waits for another flight', () => {
    const two = later(loose, second2, [
      la,
      prearrivalNotification({ mission, partOf: task(6), to: [otherHospital.organisation] }),
    ]);
    const state = later(two, handsOver(otherHospital.organisation));
    expect(taskIn(state, task(7)).status).toBe('requested');
  });

  test('keeps the flight in the air until it has its patient too', () => {
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

  test('is done when the only flight has landed', () => {
    const state = later(loose, crewReports(flight, 'handed-over'));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed']);
  });

  test('goes on waiting when the crew withdraws: another may bring the patient', () => {
    const state = later(loose, crewSays(flight, 'withdrawn'));
    expect(taskIn(state, first).status).toBe('requested');
    expect(state.status).toBe('active');
  });
});

describe('A hospital whose flight did not come', () => {
  test('goes on waiting when another flight lands: nobody has told it that the patient is there', () => {
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

  test('does not make a mission done: a patient was handed over, but no flight has ended as it should', () => {
    const state = later(flying, handsOver(hospital.organisation), crewSays(flight, 'aborted'), [
      otherHospital,
      prearrivalResponse({ task: second, answer: 'cannot-receive' }),
    ]);
    expect(statusesOf(state)).toEqual(['accepted', 'failed', 'completed', 'rejected']);
    expect(state.status).toBe('active');
  });
});

describe('The end', () => {
  test('A mission is done when no crew and no hospital is asked any more and a crew has done its part', () => {
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
    const turnedAway = when(declined, hospitalSays(task(5), 'cannot-receive'));
    expect(codeOf(turnedAway)).toBe('accepted');
    expectNotified(turnedAway, amk, la, operator);
    expect(later(declined, hospitalSays(task(5), 'cannot-receive')).status).toBe('completed');
  });

  test('A mission that is deferred is not done', () => {
    const state = later(given(opened, asksCrew), crewSays(task(2), 'accepted'), crewReports(task(2), 'handed-over'));
    expect(state).toMatchObject({ status: 'active' });
    expect(taskIn(state, task(1)).status).toBe('requested');
  });

  test('A mission that was cancelled stays so when its flight hands over', () => {
    const state = later(flying, cancels, handsOver(hospital.organisation), handsOver(otherHospital.organisation));
    expect(statusesOf(state)).toEqual(['cancelled', 'completed', 'completed', 'completed']);
    expect(state.status).toBe('revoked');
  });
});

describe('A cancelled mission', () => {
  test('keeps a hospital waiting while its patient may still come, and no longer', () => {
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

  test('keeps no hospital waiting for a flight that has not departed, or for another one', () => {
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
    // The hospital that waits for no flight in particular may get the patient of the one in the air.
    expect(statusesOf(state)).toEqual(['cancelled', 'in-progress', 'cancelled', 'cancelled', 'requested']);
  });

  test('of which somebody has the patient leaves the other hospital no longer than the flight', () => {
    const landed = later(flying, cancels, crewReports(flight, 'available'));
    expect(statusesOf(landed)).toEqual(['cancelled', 'completed', 'completed', 'completed']);
  });
});
