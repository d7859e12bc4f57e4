import { describe, expect, test } from 'vitest';
import {
  accepted,
  asksCrew,
  codeOf,
  crewReports,
  crewSays,
  entryOf,
  expectNotified,
  expectRefused,
  given,
  later,
  mission,
  missionReport,
  opened,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  resourceWithdrawal,
  type Step,
  task,
  taskIn,
  timeOf,
  when,
} from '../../../support/scenario.ts';

const { la, otherLa, operator, otherOperator, hospital } = parties;

const flight = task(2);
const other = task(3);
const two = given(opened, asksCrew, [la, resourceRequest({ mission, to: [otherOperator.organisation] })], accepted);
const standsDown = (id: string): Step => [la, resourceWithdrawal({ mission, task: id })];

describe('resource-request, withdrawal', () => {
  test('cancels a resource that has not departed, and the mission completes without it', () => {
    const asked = later(two, crewSays(flight, 'accepted'));
    const entry = entryOf(when(asked, standsDown(other)));
    expect(taskIn(entry.state, other)).toMatchObject({
      status: 'cancelled',
      reason: { code: 'other-resource-better' },
    });
    expect(entry.recipients).toEqual([otherOperator.organisation]);
    expect(entry.acknowledgeBy).toBeUndefined();
    expect(later(entry.state, crewReports(flight, 'available')).status).toBe('completed');
  });

  test('requests an airborne crew to acknowledge in time and to report how its flight ends', () => {
    const flying = later(two, crewSays(flight, 'accepted'), crewReports(flight, 'departed'));
    const requested = later(flying, standsDown(flight));
    expect(taskIn(requested, flight)).toMatchObject({
      status: 'in-progress',
      cancelRequested: true,
      acknowledgeBy: '2026-02-01T11:07:00.000Z',
    });
    expect(taskIn(requested, flight).acknowledgedAt).toBeUndefined();
    expectRefused(when(requested, standsDown(flight)), 'illegal-transition');
    const ended = later(requested, [operator, resourceResponse({ task: flight, answer: 'aborted', reason: 'other' })]);
    expect(taskIn(ended, flight)).toMatchObject({ status: 'failed', acknowledgedAt: timeOf(8) });
    expect(ended.status).toBe('active');
  });

  test('notifies the crew and the hospital that waits, as a withdrawal of the crew notifies the hospital', () => {
    const warned = later(two, crewSays(flight, 'accepted'), [
      operator,
      prearrivalNotification({ mission, partOf: flight }),
    ]);
    expectNotified(when(warned, standsDown(flight)), operator, hospital);
    const declines: Step = [otherOperator, resourceResponse({ task: other, answer: 'declined' })];
    const withdrawn = entryOf(when(warned, crewSays(flight, 'withdrawn')));
    expect(withdrawn.recipients).toContain(hospital.organisation);
    expect(entryOf(when(warned, declines)).recipients).not.toContain(hospital.organisation);
    const full = later(warned, [hospital, prearrivalResponse({ task: task(6), answer: 'cannot-receive' })]);
    expect(entryOf(when(full, crewSays(flight, 'withdrawn'))).recipients).not.toContain(hospital.organisation);
  });

  test('is refused from another AMK LA, and with another receiver than the owner', () => {
    expectRefused(when(two, [otherLa, resourceWithdrawal({ mission, task: other })]), 'not-found');
    const wrongReceiver = [la, resourceWithdrawal({ mission, task: other, to: [operator.organisation] })] as const;
    expectRefused(when(two, wrongReceiver), 'wrong-field', 'Bundle.entry[0].resource.destination[0].receiver');
    const owner = [la, resourceWithdrawal({ mission, task: other, to: [otherOperator.organisation] })] as const;
    expect(codeOf(when(two, owner))).toBe('accepted');
  });
});

describe('resource-status, reports of one flight', () => {
  const flying = later(two, crewSays(flight, 'accepted'));
  const says = (at: string, eta: string, place: readonly [number, number]): Step => [
    operator,
    resourceStatus({ task: flight, eta, place, at }),
  ];
  const early = says('2026-02-01T11:02:00Z', '2026-02-01T12:30:00Z', [60, 9]);
  const late = says('2026-02-01T11:04:00Z', '2026-02-01T13:00:00Z', [61, 10]);

  test('keep the latest ETA and position by time of report, in any order of arrival', () => {
    for (const order of [
      [early, late],
      [late, early],
    ])
      expect(taskIn(later(flying, ...order), flight)).toMatchObject({
        eta: '2026-02-01T13:00:00Z',
        position: { latitude: 61, longitude: 10 },
      });
  });

  test('change ETA and position independently of each other', () => {
    const says1 = (at: string, more: { eta?: string; place?: readonly [number, number] }): Step => [
      operator,
      resourceStatus({ task: flight, phases: { departed: '2026-02-01T10:59:00Z' }, at, ...more }),
    ];
    const state = later(
      flying,
      says1('2026-02-01T11:05:00Z', {}),
      says1('2026-02-01T11:04:00Z', { place: [61, 10] }),
      says1('2026-02-01T11:03:00Z', { eta: '2026-02-01T13:00:00Z' }),
      says1('2026-02-01T11:02:00Z', { eta: '2026-02-01T14:00:00Z', place: [60, 9] }),
    );
    expect(taskIn(state, flight)).toMatchObject({
      eta: '2026-02-01T13:00:00Z',
      position: { latitude: 61, longitude: 10 },
    });
  });

  test('set no deadline for an airborne crew', () => {
    const airborne = later(flying, crewReports(flight, 'departed'));
    expect(entryOf(when(airborne, crewReports(flight, 'on-scene'))).acknowledgeBy).toBeUndefined();
  });

  test('are accepted up to 300 seconds ahead of the hub’s clock, and refused at 301', () => {
    const at = (seconds: number): string =>
      new Date(Date.parse(timeOf(flying.version + 1)) + seconds * 1000).toISOString();
    for (const step of [
      (time: string): Step => [operator, resourceStatus({ task: flight, phases: { departed: time } })],
      (time: string): Step => [operator, resourceStatus({ task: flight, eta: '2026-02-01T13:00:00Z', at: time })],
    ]) {
      expect(codeOf(when(flying, step(at(300))))).toBe('accepted');
      expect(codeOf(when(flying, step(at(301))))).toBe('wrong-field');
    }
  });

  test('are refused with a time or a phase in the future', () => {
    expectRefused(
      when(flying, says('2026-02-01T12:00:00Z', '2026-02-01T13:00:00Z', [60, 9])),
      'wrong-field',
      'Bundle.timestamp',
    );
    const seen = (departed: string): Step => [operator, resourceStatus({ task: flight, phases: { departed } })];
    expectRefused(when(flying, seen('2099-02-01T12:00:00Z')), 'wrong-field', 'Bundle.entry[1].resource.output');
    expect(codeOf(when(flying, seen('2026-02-01T11:08:00Z')))).toBe('accepted');
  });

  test('are corrected by the mission report, which later reports do not change', () => {
    const seen = (departed: string): Step => [operator, resourceStatus({ task: flight, phases: { departed } })];
    const flown = later(flying, seen('2026-02-01T10:00:00Z'));
    const reported = later(flown, [
      operator,
      missionReport({ task: flight, phases: { departed: '2026-02-01T10:05:00Z' } }),
    ]);
    expect(taskIn(reported, flight).phases).toEqual({ departed: '2026-02-01T10:05:00Z' });
    const afterwards = later(reported, [
      operator,
      resourceStatus({
        task: flight,
        phases: { departed: '2026-02-01T09:00:00Z', 'on-scene': '2026-02-01T10:20:00Z' },
      }),
    ]);
    expect(taskIn(afterwards, flight).phases).toEqual({
      departed: '2026-02-01T10:05:00Z',
      'on-scene': '2026-02-01T10:20:00Z',
    });
  });
});
