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
/** What the hub says of a Task whose deadline has passed. */
const overdue = (
  state: MissionState,
  id: string,
  at = deadline(state, id) ?? taskIn(state, id).acknowledgeBy,
): Step => [hub, overdueMessage(state, taskIn(state, id), at, directory)];

describe('The deadline of a Task', () => {
  test('is given when it is opened, by kind and urgency', () => {
    expect(asked.tasks.map(deadlineOf)).toEqual([
      '2026-02-01T11:01:00.000Z',
      '2026-02-01T11:02:00.000Z',
      '2026-02-01T11:04:00.000Z',
    ]);
  });

  test('has passed away once a person has acknowledged it', () => {
    for (const [sender, id] of [
      [la, task(1)],
      [operator, flight],
      [hospital, arrival],
    ] as const)
      expect(deadline(later(asked, acknowledges(sender, id)), id)).toBeUndefined();
  });

  test('has passed away with any answer of the owner', () => {
    expect(deadline(later(asked, accepted), task(1))).toBeUndefined();
    expect(deadline(later(asked, crewSays(flight, 'accepted')), flight)).toBeUndefined();
    expect(deadline(later(asked, hospitalSays(arrival, 'accepted')), arrival)).toBeUndefined();
    const fedBack = later(asked, [hospital, outcomeFeedback({ task: arrival })]);
    expect(deadline(fedBack, arrival)).toBeUndefined();
    expect(taskIn(fedBack, arrival)).toMatchObject({ status: 'requested', acknowledgedAt: timeOf(4) });
    expect(codeOf(when(fedBack, acknowledges(hospital, arrival)))).toBe('accepted');
  });

  test('comes with what asks, and with nothing else', () => {
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

  test('does not pass because the asker or anybody else has said something', () => {
    const state = later(
      asked,
      [operator, missionUpdate({ mission, describes: false })],
      [amk, missionUpdate({ mission })],
    );
    expect(deadline(state, flight)).toBe('2026-02-01T11:02:00.000Z');
    expect(taskIn(state, flight).acknowledgedAt).toBeUndefined();
  });

  test('is a new one when the Task is asked again', () => {
    const again = later(asked, hospitalSays(arrival, 'accepted'), [
      la,
      prearrivalNotification({ mission, task: arrival, to: [] }),
    ]);
    expect(deadline(again, arrival)).toBe('2026-02-01T11:06:00.000Z');
  });

  test('ends with the Task', () => {
    for (const state of [
      later(asked, crewSays(flight, 'declined')),
      later(asked, cancels),
      withTask(asked, flight, { status: 'completed' }),
    ])
      expect(deadline(state, flight)).toBeUndefined();
    expect(deadline(later(asked, forwards()), task(1))).toBeUndefined();
  });

  test('of a deferred decision is the time until which it is deferred, in UTC', () => {
    const state = later(given(opened), decides('deferred', { until: '2026-02-01T15:00:00+01:00' }));
    expect(deadline(state, task(1))).toBe('2026-02-01T14:00:00.000Z');
    expect(deadline(later(state, decides('accepted', { id: 'now' })), task(1))).toBeUndefined();
    const longer = later(state, decides('deferred', { until: '2026-02-01T16:00:00+01:00' }));
    expect(deadline(longer, task(1))).toBe('2026-02-01T15:00:00.000Z');
  });

  test('of a deferred decision lies ahead', () => {
    for (const until of ['2026-02-01T12:00:00+01:00', timeOf(2)])
      expectRefused(
        when(given(opened), decides('deferred', { until })),
        'wrong-field',
        'Bundle.entry[1].resource.restriction.period.end',
      );
    expect(codeOf(when(given(opened), decides('deferred', { until: '2026-02-01T11:01:00.001Z' })))).toBe('accepted');
  });

  test('of an entry that knows none, as the first release wrote it, has passed with its time', () => {
    const entry = entryOf(when(undefined, opened));
    const { acknowledgeBy: _unknown, ...old } = entry;
    const state = fold([old]);
    expect(state?.tasks[0]).toMatchObject({ acknowledgeBy: timeOf(1) });
  });
});

describe('A cancellation told to a crew in the air', () => {
  const flying = given(opened, asksCrew, crewSays(flight, 'accepted'), crewReports(flight, 'departed'));
  const cancelled = later(flying, cancels);

  test('must be acknowledged, in the time that a crew has', () => {
    expect(taskIn(flying, flight).acknowledgedAt).toBe(timeOf(3));
    expect(taskIn(cancelled, flight)).toMatchObject({ cancelRequested: true, status: 'in-progress', changedBy: 5 });
    expect(taskIn(cancelled, flight).acknowledgedAt).toBeUndefined();
    expect(deadline(cancelled, flight)).toBe('2026-02-01T11:05:00.000Z');
  });

  test('is acknowledged once, by an acknowledgement', () => {
    const seen = later(cancelled, acknowledges(operator, flight));
    expect(taskIn(seen, flight)).toMatchObject({ status: 'in-progress', acknowledgedAt: timeOf(6) });
    expect(deadline(seen, flight)).toBeUndefined();
    expectIllegal(when(seen, acknowledges(operator, flight, { id: 'again' })), seen);
    expectNotified(when(cancelled, acknowledges(operator, flight)), la);
  });

  test('cannot be acknowledged before there is one', () => {
    expectIllegal(when(flying, acknowledges(operator, flight)), flying);
  });

  test('is not acknowledged by a report of the flight: a machine may have sent it', () => {
    const reported = later(cancelled, crewReports(flight, 'on-scene'));
    expect(taskIn(reported, flight).acknowledgedAt).toBeUndefined();
    expect(deadline(reported, flight)).toBe('2026-02-01T11:05:00.000Z');
  });

  test('that let a crew go before it left: its late report is no late acknowledgement, nobody waits for one', () => {
    const released = later(asked, cancels);
    expect(taskIn(released, flight).acknowledgedAt).toBeUndefined();
    expect(taskIn(later(released, crewReports(flight, 'unit-alerted')), flight).acknowledgedAt).toBeUndefined();
  });

  test('is acknowledged by the answer of a crew that ends its flight', () => {
    expect(taskIn(later(cancelled, crewSays(flight, 'aborted')), flight).acknowledgedAt).toBe(timeOf(6));
  });

  test('gives no deadline where nobody is in the air', () => {
    expect(entryOf(when(flying, cancels)).acknowledgeBy).toBeDefined();
    expect(entryOf(when(asked, cancels)).acknowledgeBy).toBeUndefined();
  });

  test('is told anew though people were told before that the crew had not acknowledged its ask', () => {
    const late = withTask(flying, flight, { overdue: '2026-02-01T11:02:00.000Z' });
    expect(taskIn(later(late, cancels), flight).overdue).toBeUndefined();
  });
});

describe('A deadline that has passed', () => {
  test('is noted on the Task, whose status stays, and is told to who asked, the requester and the coordinator', () => {
    for (const [id, told] of [
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
      expectNotified({ outcome: 'accepted', entry }, ...told);
    }
  });

  test('says nothing of whether the party can be reached by machine', () => {
    expect(later(asked, overdue(asked, flight)).unreachable).toBeUndefined();
  });

  test('is told to the crew that warned a hospital too', () => {
    const byCrew = given(opened, asksCrew, [operator, prearrivalNotification({ mission })]);
    expectNotified(when(byCrew, overdue(byCrew, arrival)), operator, la);
  });

  test('is told to the requester after a forwarding as well', () => {
    const forwarded = later(given(opened), forwards());
    expectNotified(when(forwarded, overdue(forwarded, task(2))), amk, la, otherLa);
  });

  test('is told once', () => {
    const told = later(asked, overdue(asked, flight));
    expectIllegal(when(told, overdue(asked, flight)), told);
  });

  test('is not told once a person has acknowledged, or the Task is over', () => {
    for (const step of [acknowledges(operator, flight), crewSays(flight, 'declined'), cancels]) {
      const state = later(asked, step);
      expectIllegal(when(state, overdue(asked, flight)), state);
    }
  });

  test('is not told of a deadline that another has replaced', () => {
    const again = later(asked, [la, prearrivalNotification({ mission, task: arrival, to: [] })]);
    expectIllegal(when(again, overdue(asked, arrival)), again);
    expect(codeOf(when(again, overdue(again, arrival)))).toBe('accepted');
  });

  test('leaves the acknowledgement to come, which keeps that it was late', () => {
    const state = later(asked, overdue(asked, flight), acknowledges(operator, flight));
    expect(taskIn(state, flight)).toMatchObject({
      status: 'received',
      overdue: '2026-02-01T11:02:00.000Z',
      acknowledgedAt: timeOf(5),
    });
  });

  test('and a Task asked again may pass a second one, told by another message', () => {
    const first = overdue(asked, arrival);
    const again = later(asked, first, [la, prearrivalNotification({ mission, task: arrival, to: [] })]);
    expect(taskIn(again, arrival).overdue).toBeUndefined();
    const second = overdue(again, arrival);
    expect(second[1].id).not.toBe(first[1].id);
    expect(taskIn(later(again, second), arrival).overdue).toBe('2026-02-01T11:06:00.000Z');
  });

  test('of a deferral is told to the requester; the decision may follow', () => {
    const deferred = later(given(opened), decides('deferred', { until: '2026-02-01T12:05:00+01:00' }));
    const told = later(deferred, overdue(deferred, task(1)));
    expect(taskIn(told, task(1))).toMatchObject({
      status: 'on-hold',
      overdue: '2026-02-01T11:05:00.000Z',
      until: '2026-02-01T12:05:00+01:00',
    });
    expect(deadline(told, task(1))).toBeUndefined();
    const longer = later(told, decides('deferred', { until: '2026-02-01T12:30:00+01:00' }));
    expect(deadline(longer, task(1))).toBe('2026-02-01T11:30:00.000Z');
    expect(codeOf(when(told, rejected))).toBe('accepted');
  });

  test.each(['received', 'rejected', 'completed', 'failed', 'cancelled'] as const satisfies readonly TaskStatus[])(
    'is not told of a Task that is %s',
    (status) => {
      const state = withTask(asked, flight, { status });
      expectIllegal(when(state, overdue(asked, flight)), state);
    },
  );
});

describe('What the hub says of a deadline', () => {
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

  test('says of a deferral that nobody has decided, and of a cancellation that it is one', () => {
    const deferred = later(given(opened), decides('deferred', { until: '2026-02-01T12:05:00+01:00' }));
    expect(said(deferred, task(1)).words).toBe(
      'AMK LA Oslo deferred the decision until 1 February 2026, 12:05:00 (UTC+01:00) and has not decided. Phone AMK LA Oslo: +47 00 00 00 11.',
    );
    const cancelled = given(opened, asksCrew, crewSays(flight, 'accepted'), crewReports(flight, 'departed'), cancels);
    expect(said(cancelled, flight).words).toContain('This resource is not needed any more');
  });

  test('says so where the directory has no number, or does not know the party any more', () => {
    const other = withTask(asked, arrival, { owner: parties.otherHospital.organisation });
    expect(said(other, arrival).words).toMatch(/: the directory has no number\.$/);
    expect(said(other, arrival).text).not.toContain('telecom');
    expect(said(withTask(asked, arrival, { owner: '199999999' }), arrival).words).toContain('Phone 199999999: ');
  });

  test('is an exercise in an exercise, in words too', () => {
    const drill = { ...asked, exercise: true };
    expect(said(drill, arrival).words).toMatch(/^EXERCISE\. Nobody/);
    expect(said(drill, arrival).text).toContain('HTEST');
    expect(said(asked, arrival).text).not.toContain('HTEST');
    expect(overdue(drill, arrival)[1].exercise).toBe(true);
    expectRefused(when(asked, overdue(drill, arrival)), 'exercise-mismatch');
    expect(codeOf(when(drill, overdue(drill, arrival)))).toBe('accepted');
  });

  test('has an id that follows from mission, Task and deadline', () => {
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
