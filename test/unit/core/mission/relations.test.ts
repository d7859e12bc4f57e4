import { describe, expect, test } from 'vitest';
import { isParty } from '../../../../core/mission/state.ts';
import {
  acknowledgement,
  arrival,
  asked,
  codeOf,
  coordination,
  entryOf,
  expectNotified,
  expectRefused,
  flight,
  later,
  mission,
  missionCancel,
  missionDecision,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  task,
  taskIn,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { otherAmk, la, otherLa, operator, otherOperator, hospital } = parties;

describe('relation of the sender to the mission', () => {
  const two = later(asked, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]);

  test('refuses an answer to the Task of another crew', () => {
    for (const message of [
      resourceResponse({ task: flight, answer: 'accepted' }),
      resourceResponse({ task: flight, answer: 'declined' }),
      resourceStatus({ task: flight, phases: { departed: '2026-01-31T12:05:00+01:00' } }),
      acknowledgement({ task: flight }),
    ])
      expectRefused(when(two, [otherOperator, message]), 'forbidden-relation', 'Bundle.entry[0].resource.eventCoding');
  });

  test('refuses an acknowledgement for another owner', () => {
    expectRefused(when(asked, [la, acknowledgement({ task: flight })]), 'forbidden-relation');
    expectRefused(when(asked, [operator, acknowledgement({ task: arrival })]), 'forbidden-relation');
  });

  test('refuses coordinator messages of another AMK LA', () => {
    const shared = withTask(asked, flight, { asker: otherLa.organisation });
    expect(isParty(shared, otherLa.organisation)).toBe(true);
    for (const message of [
      resourceRequest({ mission, id: 'not-mine' }),
      prearrivalNotification({ mission, id: 'not-mine' }),
      missionCancel({ mission }),
      missionDecision({ task: coordination, answer: 'accepted' }),
    ])
      expectRefused(when(shared, [otherLa, message]), 'forbidden-relation');
  });

  test('refuses a cancellation of a local AMK that is not the requester', () => {
    const shared = withTask(asked, flight, { asker: otherAmk.organisation });
    expectRefused(
      when(shared, [otherAmk, missionCancel({ mission })]),
      'forbidden-relation',
      'Bundle.entry[0].resource.eventCoding',
    );
  });

  test('accepts a notification of a crew whose Task is open', () => {
    for (const status of ['requested', 'received', 'accepted', 'in-progress'] as const) {
      const before = withTask(asked, flight, { status });
      const entry = entryOf(when(before, [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]));
      expect(entry.state.tasks.at(-1)).toMatchObject({ asker: operator.organisation, owner: hospital.organisation });
      expectNotified({ outcome: 'accepted', entry }, hospital, la);
    }
  });

  test('refuses a notification of a crew whose Task is over', () => {
    for (const status of ['rejected', 'completed', 'failed', 'cancelled'] as const)
      expectRefused(
        when(withTask(asked, flight, { status }), [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]),
        'forbidden-relation',
      );
  });

  test('allows a crew to update its own notification, and the coordinator to update each one', () => {
    const both = later(asked, [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]);
    const update = (id: string) =>
      prearrivalNotification({ mission, task: id, to: [], eta: '2026-01-31T13:20:00+01:00' });
    expectRefused(when(both, [operator, update(arrival)]), 'forbidden-relation');
    expect(codeOf(when(both, [operator, update(task(4))]))).toBe('accepted');
    expect(codeOf(when(both, [la, update(arrival)]))).toBe('accepted');
    const changed = entryOf(when(both, [la, update(task(4))]));
    expect(taskIn(changed.state, task(4))).toMatchObject({
      asker: operator.organisation,
      eta: '2026-01-31T13:20:00+01:00',
    });
    expectNotified({ outcome: 'accepted', entry: changed }, hospital);
  });

  test('refuses a Task that the mission does not have', () => {
    for (const [sender, message] of [
      [operator, resourceResponse({ task: task(99), answer: 'accepted' })],
      [la, acknowledgement({ task: task(2) + '7' })],
      [hospital, prearrivalResponse({ task: task(2000), answer: 'accepted' })],
      [la, prearrivalNotification({ mission, task: task(99) })],
    ] as const)
      expectRefused(when(asked, [sender, message]), 'unknown-task', 'Bundle.entry[1].resource.id');
  });

  test('refuses a pre-arrival update of a Task of another kind', () => {
    for (const id of [coordination, flight])
      expectRefused(
        when(asked, [la, prearrivalNotification({ mission, task: id })]),
        'unknown-task',
        'Bundle.entry[1].resource.id',
      );
  });
});
