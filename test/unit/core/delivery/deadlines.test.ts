import { describe, expect, test } from 'vitest';
import { fold } from '../../../../core/mission/evolve.ts';
import { overdueMessage } from '../../../../core/mission/hub-messages.ts';
import { deadlineOf, hub, type MissionState } from '../../../../core/mission/state.ts';
import type { TaskStatus } from '../../../../schemas/codes.ts';
import {
  directory,
  missionUpdate,
  outcomeFeedback,
  parties,
  prearrivalNotification,
} from '../../../support/messages.ts';
import {
  codeOf,
  entryOf,
  expectIllegal,
  expectRefused,
  expectNotified,
  given,
  later,
  mission,
  type Step,
  task,
  taskIn,
  timeOf,
  when,
  withTask,
} from '../../../support/given.ts';
import {
  accepted,
  acknowledges,
  asksCrew,
  cancels,
  crewReports,
  crewSays,
  decides,
  forwards,
  hospitalSays,
  opened,
  rejected,
  warnsHospital,
} from '../../../support/steps.ts';

const { amk, la, otherLa, operator, hospital } = parties;

const flight = task(2);
const arrival = task(3);
const asked = given(opened, asksCrew, warnsHospital({ partOf: flight }));
const deadline = (state: MissionState, id: string): string | undefined => deadlineOf(taskIn(state, id));
/** The hub message about a Task whose deadline has passed. */
const overdue = (
  state: MissionState,
  id: string,
  at = deadline(state, id) ?? taskIn(state, id).acknowledgeBy,
): Step => [hub, overdueMessage(state, taskIn(state, id), at, directory)];

describe('deadlineOf', () => {
  test('sets a deadline when the Task is opened, by kind and urgency', () => {
    expect(asked.tasks.map(deadlineOf)).toEqual([
      '2026-02-01T11:01:00.000Z',
      '2026-02-01T11:02:00.000Z',
      '2026-02-01T11:04:00.000Z',
    ]);
  });

  test('returns no deadline after an acknowledgement', () => {
    for (const [sender, id] of [
      [la, task(1)],
      [operator, flight],
      [hospital, arrival],
    ] as const)
      expect(deadline(later(asked, acknowledges(sender, id)), id)).toBeUndefined();
  });

  test('returns no deadline after any answer of the owner', () => {
    expect(deadline(later(asked, accepted), task(1))).toBeUndefined();
    expect(deadline(later(asked, crewSays(flight, 'accepted')), flight)).toBeUndefined();
    expect(deadline(later(asked, hospitalSays(arrival, 'accepted')), arrival)).toBeUndefined();
    const fedBack = later(asked, [hospital, outcomeFeedback({ task: arrival })]);
    expect(deadline(fedBack, arrival)).toBeUndefined();
    expect(taskIn(fedBack, arrival)).toMatchObject({ status: 'requested', acknowledgedAt: timeOf(4) });
    expect(codeOf(when(fedBack, acknowledges(hospital, arrival)))).toBe('accepted');
  });

  test('sets a deadline with a message that asks, and with no other', () => {
    for (const step of [
      acknowledges(la, task(1)),
      accepted,
      crewSays(flight, 'declined'),
      hospitalSays(arrival, 'accepted'),
    ])
      expect(entryOf(when(asked, step)).acknowledgeBy).toBeUndefined();
    const again = prearrivalNotification({ mission, task: arrival, to: [] });
    expect(entryOf(when(asked, [la, again])).acknowledgeBy).toBe('2026-02-01T11:05:00.000Z');
  });

  test('keeps the deadline after messages of parties other than the owner', () => {
    const state = later(
      asked,
      [operator, missionUpdate({ mission, describes: false })],
      [amk, missionUpdate({ mission })],
    );
    expect(deadline(state, flight)).toBe('2026-02-01T11:02:00.000Z');
    expect(taskIn(state, flight).acknowledgedAt).toBeUndefined();
  });

  test('sets a new deadline when the Task is asked again', () => {
    const again = later(asked, hospitalSays(arrival, 'accepted'), [
      la,
      prearrivalNotification({ mission, task: arrival, to: [] }),
    ]);
    expect(deadline(again, arrival)).toBe('2026-02-01T11:06:00.000Z');
  });

  test('returns no deadline of a closed Task', () => {
    for (const state of [
      later(asked, crewSays(flight, 'declined')),
      later(asked, cancels),
      withTask(asked, flight, { status: 'completed' }),
    ])
      expect(deadline(state, flight)).toBeUndefined();
    expect(deadline(later(asked, forwards()), task(1))).toBeUndefined();
  });

  test('returns the time until which a decision is deferred, in UTC', () => {
    const state = later(given(opened), decides('deferred', { until: '2026-02-01T15:00:00+01:00' }));
    expect(deadline(state, task(1))).toBe('2026-02-01T14:00:00.000Z');
    expect(deadline(later(state, decides('accepted', { id: 'now' })), task(1))).toBeUndefined();
    const longer = later(state, decides('deferred', { until: '2026-02-01T16:00:00+01:00' }));
    expect(deadline(longer, task(1))).toBe('2026-02-01T15:00:00.000Z');
  });

  test('refuses a deferral until a time that is not in the future', () => {
    for (const until of ['2026-02-01T12:00:00+01:00', timeOf(2)])
      expectRefused(
        when(given(opened), decides('deferred', { until })),
        'wrong-field',
        'Bundle.entry[1].resource.restriction.period.end',
      );
    expect(codeOf(when(given(opened), decides('deferred', { until: '2026-02-01T11:01:00.001Z' })))).toBe('accepted');
  });

  test('is the time of receipt if the entry that asks has none', () => {
    const { acknowledgeBy: _acknowledgeBy, ...incomplete } = entryOf(when(undefined, opened));
    expect(fold([incomplete])?.tasks[0]?.acknowledgeBy).toBe(incomplete.receivedAt);
  });
});

describe('cancellation while a crew is airborne', () => {
  const flying = given(opened, asksCrew, crewSays(flight, 'accepted'), crewReports(flight, 'departed'));
  const cancelled = later(flying, cancels);

  test('sets a deadline for the acknowledgement of the crew', () => {
    expect(taskIn(flying, flight).acknowledgedAt).toBe(timeOf(3));
    expect(taskIn(cancelled, flight)).toMatchObject({ cancelRequested: true, status: 'in-progress', changedBy: 5 });
    expect(taskIn(cancelled, flight).acknowledgedAt).toBeUndefined();
    expect(deadline(cancelled, flight)).toBe('2026-02-01T11:05:00.000Z');
  });

  test('accepts one acknowledgement of the crew', () => {
    const seen = later(cancelled, acknowledges(operator, flight));
    expect(taskIn(seen, flight)).toMatchObject({ status: 'in-progress', acknowledgedAt: timeOf(6) });
    expect(deadline(seen, flight)).toBeUndefined();
    expectIllegal(when(seen, acknowledges(operator, flight, { id: 'again' })), seen);
    expectNotified(when(cancelled, acknowledges(operator, flight)), la);
  });

  test('refuses an acknowledgement before the cancellation', () => {
    expectIllegal(when(flying, acknowledges(operator, flight)), flying);
  });

  test('does not take a report of the flight as an acknowledgement: a machine may have sent it', () => {
    const reported = later(cancelled, crewReports(flight, 'on-scene'));
    expect(taskIn(reported, flight).acknowledgedAt).toBeUndefined();
    expect(deadline(reported, flight)).toBe('2026-02-01T11:05:00.000Z');
  });

  test('does not take a late report of a crew that was cancelled before departure as an acknowledgement', () => {
    const released = later(asked, cancels);
    expect(taskIn(released, flight).acknowledgedAt).toBeUndefined();
    expect(taskIn(later(released, crewReports(flight, 'unit-alerted')), flight).acknowledgedAt).toBeUndefined();
  });

  test('takes the answer of a crew that ends its flight as an acknowledgement', () => {
    expect(taskIn(later(cancelled, crewSays(flight, 'aborted')), flight).acknowledgedAt).toBe(timeOf(6));
  });

  test('sets no deadline if no crew is airborne', () => {
    expect(entryOf(when(flying, cancels)).acknowledgeBy).toBeDefined();
    expect(entryOf(when(asked, cancels)).acknowledgeBy).toBeUndefined();
  });

  test('removes the earlier overdue mark of the Task, so that the new deadline is notified too', () => {
    const late = withTask(flying, flight, { overdue: '2026-02-01T11:02:00.000Z' });
    expect(taskIn(later(late, cancels), flight).overdue).toBeUndefined();
  });
});

describe('overdueMessage: a passed deadline', () => {
  test('marks the Task, keeps its status and notifies the asker, the requester and the coordinator', () => {
    for (const [id, notified] of [
      [task(1), [amk, la]],
      [flight, [la]],
      [arrival, [la]],
    ] as const) {
      const entry = entryOf(when(asked, overdue(asked, id)));
      expect(taskIn(entry.state, id)).toMatchObject({
        status: 'requested',
        overdue: deadline(asked, id),
        changedBy: 4,
      });
      expect(taskIn(entry.state, id).acknowledgedAt).toBeUndefined();
      expect(deadline(entry.state, id)).toBeUndefined();
      expectNotified({ outcome: 'accepted', entry }, ...notified);
    }
  });

  test('does not mark the party as unreachable', () => {
    expect(later(asked, overdue(asked, flight)).unreachable).toBeUndefined();
  });

  test('notifies also a crew that sent the prearrival notification', () => {
    const byCrew = given(opened, asksCrew, [operator, prearrivalNotification({ mission })]);
    expectNotified(when(byCrew, overdue(byCrew, arrival)), operator, la);
  });

  test('notifies the requester also after a forwarding', () => {
    const forwarded = later(given(opened), forwards());
    expectNotified(when(forwarded, overdue(forwarded, task(2))), amk, la, otherLa);
  });

  test('is accepted once', () => {
    const notified = later(asked, overdue(asked, flight));
    expectIllegal(when(notified, overdue(asked, flight)), notified);
  });

  test('is refused after an acknowledgement and after the end of the Task', () => {
    for (const step of [acknowledges(operator, flight), crewSays(flight, 'declined'), cancels]) {
      const state = later(asked, step);
      expectIllegal(when(state, overdue(asked, flight)), state);
    }
  });

  test('is refused for a deadline that a later one has replaced', () => {
    const again = later(asked, [la, prearrivalNotification({ mission, task: arrival, to: [] })]);
    expectIllegal(when(again, overdue(asked, arrival)), again);
    expect(codeOf(when(again, overdue(again, arrival)))).toBe('accepted');
  });

  test('accepts a late acknowledgement and keeps the overdue mark', () => {
    const state = later(asked, overdue(asked, flight), acknowledges(operator, flight));
    expect(taskIn(state, flight)).toMatchObject({
      status: 'received',
      overdue: '2026-02-01T11:02:00.000Z',
      acknowledgedAt: timeOf(5),
    });
  });

  test('is accepted for a second deadline of the same Task, with another id', () => {
    const first = overdue(asked, arrival);
    const again = later(asked, first, [la, prearrivalNotification({ mission, task: arrival, to: [] })]);
    expect(taskIn(again, arrival).overdue).toBeUndefined();
    const second = overdue(again, arrival);
    expect(second[1].id).not.toBe(first[1].id);
    expect(taskIn(later(again, second), arrival).overdue).toBe('2026-02-01T11:06:00.000Z');
  });

  test('marks a deferral as overdue and accepts the decision after it', () => {
    const deferred = later(given(opened), decides('deferred', { until: '2026-02-01T12:05:00+01:00' }));
    const notified = later(deferred, overdue(deferred, task(1)));
    expect(taskIn(notified, task(1))).toMatchObject({
      status: 'on-hold',
      overdue: '2026-02-01T11:05:00.000Z',
      until: '2026-02-01T12:05:00+01:00',
    });
    expect(deadline(notified, task(1))).toBeUndefined();
    const longer = later(notified, decides('deferred', { until: '2026-02-01T12:30:00+01:00' }));
    expect(deadline(longer, task(1))).toBe('2026-02-01T11:30:00.000Z');
    expect(codeOf(when(notified, rejected))).toBe('accepted');
  });

  test.each(['received', 'rejected', 'completed', 'failed', 'cancelled'] as const satisfies readonly TaskStatus[])(
    'is refused for a Task that is %s',
    (status) => {
      const state = withTask(asked, flight, { status });
      expectIllegal(when(state, overdue(asked, flight)), state);
    },
  );
});

describe('overdueMessage: text', () => {
  const said = (state: MissionState, id: string): { readonly text: string; readonly words: string } => {
    const [, message] = overdue(state, id);
    const bundle: { entry: { resource: { payload?: { contentString: string }[] } }[] } = JSON.parse(message.text);
    return { text: message.text, words: bundle.entry[1]?.resource.payload?.[0]?.contentString ?? '' };
  };

  test('names the party, the time and the number to phone', () => {
    expect(said(asked, arrival).words).toMatch(
      /^Nobody at Ullevål emergency department has acknowledged by 1 February 2026, 12:04:00 \(UTC\+01:00\): .+\. Phone Ullevål emergency department: \+47 00 00 00 31\.$/,
    );
    expect(said(asked, arrival).text).toContain('"telecom":[{"system":"phone","value":"+47 00 00 00 31"}]');
  });

  test('names a deferral without a decision, and a cancellation', () => {
    const deferred = later(given(opened), decides('deferred', { until: '2026-02-01T12:05:00+01:00' }));
    expect(said(deferred, task(1)).words).toBe(
      'AMK LA Oslo deferred the decision until 1 February 2026, 12:05:00 (UTC+01:00) and has not decided. Phone AMK LA Oslo: +47 00 00 00 11.',
    );
    const cancelled = given(opened, asksCrew, crewSays(flight, 'accepted'), crewReports(flight, 'departed'), cancels);
    expect(said(cancelled, flight).words).toContain('This resource is not needed any more');
  });

  test('names a number that is missing, and a party that has left the directory by its organisation number', () => {
    const other = withTask(asked, arrival, { owner: parties.otherHospital.organisation });
    expect(said(other, arrival).words).toMatch(/: the directory has no number\.$/);
    expect(said(other, arrival).text).not.toContain('telecom');
    expect(said(withTask(asked, arrival, { owner: '199999999' }), arrival).words).toContain('Phone 199999999: ');
  });

  test('marks an exercise in code and text', () => {
    const drill = { ...asked, exercise: true };
    expect(said(drill, arrival).words).toMatch(/^EXERCISE\. Nobody/);
    expect(said(drill, arrival).text).toContain('HTEST');
    expect(said(asked, arrival).text).not.toContain('HTEST');
    expect(overdue(drill, arrival)[1].exercise).toBe(true);
    expectRefused(when(asked, overdue(drill, arrival)), 'exercise-mismatch');
    expect(codeOf(when(drill, overdue(drill, arrival)))).toBe('accepted');
  });

  test('derives the id from mission, Task and deadline', () => {
    const [, message] = overdue(asked, arrival);
    expect(overdue(asked, arrival)[1]).toEqual(message);
    for (const other of [
      overdue(asked, flight),
      overdue(asked, arrival, '2026-02-01T11:05:00.000Z'),
      overdue({ ...asked, mission: 'another' }, arrival),
    ])
      expect(other[1].id).not.toBe(message.id);
  });
});
