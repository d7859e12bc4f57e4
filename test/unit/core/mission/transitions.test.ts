import { describe, expect, test } from 'vitest';
import type { MissionState } from '../../../../core/mission/state.ts';
import { type TaskStatus, taskStatuses } from '../../../../schemas/codes.ts';
import {
  acknowledgement,
  arrival,
  asked,
  codeOf,
  coordination,
  crewAccepts,
  crewDeclines,
  crewDeparts,
  crewHandsOver,
  decided,
  entryOf,
  expectIllegal,
  expectRefused,
  flight,
  given,
  hospitalAccepts,
  mission,
  missionDecision,
  opened,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceResponse,
  resourceStatus,
  type Step,
  taskIn,
  timeOf,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { la, operator, hospital } = parties;

/** For every answer to a Task of each kind: the statuses in which it is legal, and the status after it. */
type Table = Readonly<Partial<Record<TaskStatus, TaskStatus>>>;
const taskTable: readonly (readonly [answer: string, Step, id: string, legal: Table])[] = [
  [
    'acceptance of a request',
    decided,
    coordination,
    { requested: 'accepted', received: 'accepted', 'on-hold': 'accepted' },
  ],
  [
    'partial acceptance of a request',
    [la, missionDecision({ task: coordination, answer: 'partially-accepted' })],
    coordination,
    { requested: 'accepted', received: 'accepted', 'on-hold': 'accepted' },
  ],
  [
    'deferral of a request',
    [la, missionDecision({ task: coordination, answer: 'deferred' })],
    coordination,
    { requested: 'on-hold', received: 'on-hold', 'on-hold': 'on-hold', accepted: 'on-hold' },
  ],
  [
    'rejection of a request',
    [la, missionDecision({ task: coordination, answer: 'rejected' })],
    coordination,
    { requested: 'rejected', received: 'rejected', 'on-hold': 'rejected', accepted: 'rejected' },
  ],
  [
    'acknowledgement of a request',
    [la, acknowledgement({ task: coordination })],
    coordination,
    { requested: 'received' },
  ],
  ["crew's acknowledgement", [operator, acknowledgement({ task: flight })], flight, { requested: 'received' }],
  ["hospital's acknowledgement", [hospital, acknowledgement({ task: arrival })], arrival, { requested: 'received' }],
  ["crew's acceptance", crewAccepts, flight, { requested: 'accepted', received: 'accepted' }],
  ["crew's declining", crewDeclines, flight, { requested: 'rejected', received: 'rejected' }],
  [
    "crew's withdrawal",
    [operator, resourceResponse({ task: flight, answer: 'withdrawn', reason: 'sar-priority' })],
    flight,
    { accepted: 'failed', 'in-progress': 'failed' },
  ],
  [
    'report from the ground',
    [operator, resourceStatus({ task: flight, phases: { 'unit-alerted': '2026-01-31T12:01:00+01:00' } })],
    flight,
    {
      accepted: 'accepted',
      'in-progress': 'in-progress',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'report of a new ETA',
    [operator, resourceStatus({ task: flight, eta: '2026-01-31T12:40:00+01:00' })],
    flight,
    {
      accepted: 'accepted',
      'in-progress': 'in-progress',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'report from the air',
    crewDeparts,
    flight,
    {
      accepted: 'in-progress',
      'in-progress': 'in-progress',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'report of the hand-over',
    crewHandsOver,
    flight,
    {
      accepted: 'completed',
      'in-progress': 'completed',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'pre-arrival notification brought up to date',
    [la, prearrivalNotification({ mission, task: arrival, to: [] })],
    arrival,
    { requested: 'requested', received: 'requested', accepted: 'requested' },
  ],
  ["hospital's acceptance", hospitalAccepts, arrival, { requested: 'accepted', received: 'accepted' }],
  [
    "hospital's diversion",
    [hospital, prearrivalResponse({ task: arrival, answer: 'diverted' })],
    arrival,
    { requested: 'rejected', received: 'rejected', accepted: 'rejected' },
  ],
  [
    "hospital's refusal",
    [hospital, prearrivalResponse({ task: arrival, answer: 'cannot-receive' })],
    arrival,
    { requested: 'rejected', received: 'rejected', accepted: 'rejected' },
  ],
];

const cases = taskTable.flatMap(([answer, step, id, legal]) =>
  taskStatuses.map((status) => ({ answer, step, id, status, becomes: legal[status] })),
);

/** A mission in which only this Task decides. A Task in progress is acknowledged. */
const alone = (id: string, status: TaskStatus): MissionState => {
  const state = id === coordination ? given(opened) : asked;
  const only = { ...state, tasks: state.tasks.filter((one) => one.id === id || one.kind === 'coordination') };
  return withTask(only, id, { status, ...(status === 'in-progress' ? { acknowledgedAt: timeOf(1) } : {}) });
};

describe('answers by Task status', () => {
  test.each(cases.filter(({ becomes }) => becomes !== undefined))(
    'changes a Task from $status to $becomes by a $answer',
    ({ step, id, status, becomes }) => {
      const before = alone(id, status);
      // The reversal of an acceptance requires If-Match.
      const entry = entryOf(when(before, step, { ifMatch: before.version }));
      expect(taskIn(entry.state, id)).toMatchObject({ status: becomes, changedBy: before.version + 1 });
      expect(entry.number).toBe(before.version + 1);
      expect(entry.state.version).toBe(before.version + 1);
      expect(entry.state.mission).toBe(mission);
    },
  );

  test.each(cases.filter(({ becomes }) => becomes === undefined))(
    'refuses a $answer to a Task that is $status',
    ({ step, id, status }) => {
      const before = alone(id, status);
      const outcome = when(before, step);
      expectIllegal(outcome, before);
      expectRefused(outcome, 'illegal-transition', 'Bundle.entry[1].resource.status');
    },
  );

  test('does not change other Tasks by an answer to one', () => {
    for (const [, step, id] of taskTable) {
      const before = withTask(withTask(asked, flight, { status: 'accepted' }), arrival, { status: 'received' });
      const outcome = when(before, step);
      if (outcome.outcome === 'refused' || codeOf(outcome) !== 'accepted' || step === crewHandsOver) continue;
      expect(outcome.entry.state.tasks.filter((one) => one.id !== id && one.openedBy < outcome.entry.number)).toEqual(
        before.tasks.filter((one) => one.id !== id),
      );
    }
  });
});
