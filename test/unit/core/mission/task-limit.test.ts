import { describe, expect, test } from 'vitest';
import type { MissionState } from '../../../../core/mission/state.ts';
import {
  accepted,
  asksCrew,
  cancels,
  codeOf,
  crewReports,
  crewSays,
  disputes,
  expectIllegal,
  expectRefused,
  forwards,
  given,
  hospitalSays,
  later,
  mission,
  opened,
  parties,
  prearrivalNotification,
  prearrivalWithdrawal,
  rejected,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  type Step,
  task,
  taskIn,
  warnsHospital,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { la, operator, otherOperator, otherHospital } = parties;

/** The mission with the given number of Tasks. The added ones are rejected. */
const crowded = (state: MissionState, tasks: number): MissionState => {
  const [first] = state.tasks;
  if (first === undefined) throw new Error('a mission has a Task');
  const filler = Array.from({ length: tasks - state.tasks.length }, (_none, index) => ({
    ...first,
    id: task(100 + index),
    kind: 'resource' as const,
    status: 'rejected' as const,
  }));
  return { ...state, tasks: [...state.tasks, ...filler] };
};

describe('limit of 60 Tasks in a mission', () => {
  const asked = given(opened, asksCrew, warnsHospital());
  const opening: readonly (readonly [string, MissionState, Step])[] = [
    ['a resource-request', asked, [la, resourceRequest({ mission, id: 'more' })]],
    ['a prearrival-notification', asked, [la, prearrivalNotification({ mission, id: 'more' })]],
    ['a diversion', asked, hospitalSays(task(3), 'diverted')],
    [
      'a withdrawal that names another hospital',
      asked,
      [la, prearrivalWithdrawal({ mission, task: task(3), divertedTo: otherHospital.organisation })],
    ],
    ['a forwarding', asked, forwards()],
    ['a review', given(opened, rejected), disputes()],
  ];

  test.each(opening)('accepts the sixtieth Task by %s and refuses the next', (_what, state, step) => {
    expect(codeOf(when(crowded(state, 59), step))).toBe('accepted');
    const full = crowded(state, 60);
    expectIllegal(when(full, step), full);
  });

  test.each([
    ['a decision', accepted],
    ['an update of a notification', [la, prearrivalNotification({ mission, task: task(3), to: [] })]],
    ['the withdrawal of a notification', [la, prearrivalWithdrawal({ mission, task: task(3) })]],
    ['a hospital that cannot receive', hospitalSays(task(3), 'cannot-receive')],
    ['a cancellation', cancels],
  ] as const satisfies readonly (readonly [string, Step])[])('accepts %s in a mission with 60 Tasks', (_what, step) => {
    expect(codeOf(when(crowded(asked, 60), step))).toBe('accepted');
  });
});

describe('prearrival-notification in a mission that is over', () => {
  const flying = given(opened, asksCrew, crewSays(task(2), 'accepted'), crewReports(task(2), 'departed'));

  test('is accepted while a crew is airborne', () => {
    const cancelled = later(flying, cancels);
    for (const sender of [la, operator])
      expect(codeOf(when(cancelled, [sender, prearrivalNotification({ mission, partOf: task(2) })]))).toBe('accepted');
    const landed = later(cancelled, crewReports(task(2), 'available'));
    expectIllegal(when(landed, warnsHospital()), landed);
  });

  test('is cancelled as soon as its flight is not airborne any more', () => {
    const crewOf = (party: Step[0], id: string, answer: 'accepted' | 'aborted'): Step => [
      party,
      resourceResponse({ task: id, answer, id: `${answer}-${id.length}-${id.at(-1)}` }),
    ];
    const both = later(
      flying,
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      crewOf(otherOperator, task(5), 'accepted'),
      [otherOperator, resourceStatus({ task: task(5), phases: { departed: '2026-01-31T11:20:00Z' } })],
      [operator, prearrivalNotification({ mission, partOf: task(2) })],
      [la, prearrivalNotification({ mission, to: [otherHospital.organisation] })],
      cancels,
    );
    expect([8, 9].map((entry) => taskIn(both, task(entry)).status)).toEqual(['requested', 'requested']);
    const one = later(both, crewOf(operator, task(2), 'aborted'));
    expect([8, 9].map((entry) => taskIn(one, task(entry)).status)).toEqual(['cancelled', 'requested']);
    const none = later(one, crewOf(otherOperator, task(5), 'aborted'));
    expect(taskIn(none, task(9)).status).toBe('cancelled');
  });

  test('is refused in a completed mission', () => {
    const done = later(flying, crewReports(task(2), 'available'), accepted);
    expect(done.status).toBe('completed');
    expectIllegal(when(done, warnsHospital()), done);
  });
});

describe('prearrival-notification, flight reference', () => {
  const two = given(opened, asksCrew, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]);
  const announces = (sender: Step[0], partOf: string): Step => [sender, prearrivalNotification({ mission, partOf })];

  test('accepts the own flight of a crew, and each flight of the coordinator', () => {
    expect(codeOf(when(two, announces(operator, task(2))))).toBe('accepted');
    expect(codeOf(when(two, announces(otherOperator, task(3))))).toBe('accepted');
    for (const id of [task(2), task(3)]) expect(codeOf(when(two, announces(la, id)))).toBe('accepted');
    expectRefused(when(two, announces(operator, task(3))), 'forbidden-relation', 'Bundle.entry[1].resource.partOf');
  });

  test('refuses a flight that is over: no landing could complete the Task', () => {
    for (const status of ['rejected', 'completed', 'failed', 'cancelled'] as const)
      expectRefused(
        when(withTask(two, task(2), { status }), announces(la, task(2))),
        'illegal-transition',
        'Bundle.entry[1].resource.partOf',
      );
    for (const status of ['requested', 'received', 'accepted', 'in-progress'] as const)
      expect(codeOf(when(withTask(two, task(2), { status }), announces(la, task(2))))).toBe('accepted');
  });
});
