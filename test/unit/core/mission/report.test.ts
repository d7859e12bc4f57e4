import { describe, expect, test } from 'vitest';
import type { TaskStatus } from '../../../../schemas/codes.ts';
import {
  accepted,
  asksCrew,
  cancels,
  codeOf,
  crewReports,
  crewSays,
  expectIllegal,
  expectNotified,
  expectRefused,
  given,
  hospitalSays,
  later,
  missionReport,
  opened,
  outcomeFeedback,
  parties,
  resourceStatus,
  statusesOf,
  type Step,
  task,
  taskIn,
  timeOf,
  warnsHospital,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, hospital, otherHospital, quality } = parties;

const flight = task(3);
const arrival = task(4);
const flying = given(
  opened,
  accepted,
  asksCrew,
  warnsHospital({ partOf: flight }),
  crewSays(flight, 'accepted'),
  crewReports(flight, 'departed'),
);
const reports = (phases: Readonly<Record<string, string>> = {}): Step => [
  operator,
  missionReport({ task: flight, phases }),
];
const feedback = (assessment = 'over-triage', sender: Step[0] = hospital): Step => [
  sender,
  outcomeFeedback({ task: arrival, assessment }),
];

describe('mission-report', () => {
  test('completes the flight, and with the last flight the mission', () => {
    const state = later(flying, reports({ available: '2026-01-31T14:00:00+01:00' }));
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed']);
    expect(state.status).toBe('completed');
    expect(taskIn(state, flight).phases).toEqual({
      departed: '2026-01-31T12:20:00+01:00',
      available: '2026-01-31T14:00:00+01:00',
    });
  });

  test('corrects times that were reported before, also earlier ones, and no later report of a phase changes them', () => {
    const [before, corrected, again] = ['12:05', '12:20', '12:01'].map((time) => ({
      departed: `2026-01-31T${time}:00+01:00`,
    }));
    const late: Step = [operator, resourceStatus({ task: flight, phases: again ?? {} })];
    const reported = later(flying, [operator, resourceStatus({ task: flight, phases: before ?? {} })]);
    expect(taskIn(reported, flight).phases).toEqual(before);
    expect(taskIn(later(reported, reports(corrected)), flight).phases).toEqual(corrected);
    expect(taskIn(later(reported, reports(corrected), late), flight).phases).toEqual(corrected);
    expect(taskIn(later(reported, reports(corrected), reports(before)), flight).phases).toEqual(before);
  });

  test('completes a flight without a reported departure', () => {
    const never = withTask(flying, flight, { status: 'accepted' });
    expect(taskIn(later(never, reports()), flight).status).toBe('completed');
  });

  test('notifies the coordinator and the quality system, and every party if it ends the mission', () => {
    expectNotified(when(flying, reports()), amk, la, hospital, quality);
    const landed = later(flying, crewReports(flight, 'available'));
    expectNotified(when(landed, reports()), la, quality);
  });

  test.each(['completed', 'failed', 'cancelled'] as const)(
    'is recorded for a flight that is %s, without a change of status',
    (status) => {
      const before = withTask(flying, flight, { status });
      const state = later(before, reports({ 'on-scene': '2026-01-31T12:40:00+01:00' }));
      expect(taskIn(state, flight).status).toBe(status);
      expect(taskIn(state, flight).phases).toMatchObject({ 'on-scene': '2026-01-31T12:40:00+01:00' });
    },
  );

  test.each(['requested', 'received', 'rejected'] as const)('is refused from a crew whose Task is %s', (status) => {
    const before = withTask(flying, flight, { status });
    expectIllegal(when(before, reports()), before);
  });

  test('is accepted from the crew that flew only, and for a resource Task only', () => {
    expectRefused(when(flying, [otherOperator, reports()[1]]), 'not-found');
    expectRefused(when(flying, [operator, missionReport({ task: arrival })]), 'forbidden-relation');
    const shared = withTask(flying, arrival, { owner: operator.organisation });
    expectRefused(when(shared, [operator, missionReport({ task: arrival })]), 'unknown-task');
  });

  test('keeps the answer of the crew', () => {
    expect(taskIn(later(flying, reports()), flight)).toMatchObject({
      answer: { event: 'resource-response', code: 'accepted' },
      decidedAt: timeOf(5),
      decider: { name: 'Per Pilot' },
    });
  });

  test('is accepted after the end, but not in a mission entered in error', () => {
    const over = later(flying, crewReports(flight, 'available'));
    expect(codeOf(when(over, reports()))).toBe('accepted');
    expect(codeOf(when(later(flying, cancels), reports()))).toBe('accepted');
    const error = { ...flying, status: 'entered-in-error' as const };
    expectIllegal(when(error, reports()), error);
  });
});

describe('outcome-feedback', () => {
  test.each(['requested', 'received', 'accepted', 'completed'] as const satisfies readonly TaskStatus[])(
    'is accepted for a Task that is %s, without a change of status',
    (status) => {
      const state = later(withTask(flying, arrival, { status }), feedback());
      expect(taskIn(state, arrival).status).toBe(status);
      expect(taskIn(state, arrival).answer).toBeUndefined();
    },
  );

  test.each(['rejected', 'failed', 'cancelled'] as const)('is refused for a Task that is %s', (status) => {
    const before = withTask(flying, arrival, { status });
    expectIllegal(when(before, feedback()), before);
  });

  test('notifies the coordinator and the quality system', () => {
    expectNotified(when(flying, feedback()), la, quality);
  });

  test('keeps the answer of the hospital and its decider', () => {
    const answered = later(flying, hospitalSays(arrival, 'accepted'));
    const state = later(answered, feedback('under-triage'));
    expect(taskIn(state, arrival)).toMatchObject({
      answer: { event: 'prearrival-response', code: 'accepted' },
      decider: { name: 'Lise Lege' },
      decidedAt: timeOf(7),
      changedBy: 8,
    });
  });

  test('is accepted from the hospital that owns the Task only', () => {
    expectRefused(when(flying, feedback('appropriate', otherHospital)), 'not-found');
    const both = later(flying, warnsHospital({ to: [otherHospital.organisation] }));
    expectRefused(when(both, feedback('appropriate', otherHospital)), 'forbidden-relation');
  });

  test('is accepted after the end of the mission', () => {
    const over = later(flying, crewReports(flight, 'handed-over'));
    expect(over.status).toBe('completed');
    expect(codeOf(when(over, feedback()))).toBe('accepted');
    expect(later(over, feedback()).status).toBe('completed');
  });
});
