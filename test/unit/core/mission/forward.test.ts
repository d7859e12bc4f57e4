import { describe, expect, test } from 'vitest';
import type { MissionState } from '../../../../core/mission/state.ts';
import {
  accepted,
  acknowledges,
  asksCrew,
  cancels,
  codeOf,
  crewReports,
  crewSays,
  decides,
  entryOf,
  expectIllegal,
  expectNotified,
  expectRefused,
  forwards,
  given,
  later,
  mission,
  missionDecision,
  missionForward,
  missionUpdate,
  opened,
  parties,
  rejected,
  resourceRequest,
  statusesOf,
  task,
  taskIn,
  warnsHospital,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, otherLa, operator, hospital, quality } = parties;

const asked = given(opened, asksCrew, warnsHospital({ partOf: task(2) }));
const forwarded = later(asked, forwards());

describe('mission-forward', () => {
  test('closes one coordination Task, opens another and changes the coordinator', () => {
    expect(forwarded.coordinator).toBe(otherLa.organisation);
    expect(statusesOf(forwarded)).toEqual(['cancelled', 'requested', 'requested', 'requested']);
    expect(taskIn(forwarded, task(1))).toMatchObject({
      status: 'cancelled',
      reason: { table: 'forward-reason', code: 'place-in-other-region', text: 'In words' },
    });
    expect(taskIn(forwarded, task(4))).toMatchObject({
      kind: 'coordination',
      owner: otherLa.organisation,
      asker: la.organisation,
      forwardOf: task(1),
      acknowledgeBy: '2026-02-01T11:04:00.000Z',
    });
    expect(taskIn(forwarded, task(4)).agreed).toBeUndefined();
    expect(forwarded.status).toBe('active');
  });

  test('notifies every party, the new coordinator and the quality system', () => {
    expectNotified(when(asked, forwards()), amk, otherLa, operator, hospital, quality);
  });

  test('refuses coordinator messages of the former coordinator after the acknowledgement', () => {
    const seen = later(forwarded, acknowledges(otherLa, task(4)));
    for (const message of [
      resourceRequest({ mission, id: 'too-late' }),
      missionForward({ task: task(4), to: [la.organisation], id: 'back' }),
    ])
      expectRefused(when(seen, [la, message]), 'forbidden-relation');
  });

  test('allows the new coordinator to ask crews and to decide', () => {
    for (const message of [
      resourceRequest({ mission, id: 'from-there' }),
      missionDecision({ task: task(4), answer: 'accepted' }),
    ])
      expect(codeOf(when(forwarded, [otherLa, message]))).toBe('accepted');
    expectRefused(when(forwarded, [la, missionDecision({ task: task(4), answer: 'accepted' })]), 'forbidden-relation');
    expectIllegal(when(forwarded, decides('accepted')), forwarded);
  });

  test.each(['requested', 'received', 'accepted', 'on-hold'] as const)(
    'is accepted while the coordination is %s',
    (status) => {
      expect(codeOf(when(withTask(given(opened), task(1), { status }), forwards()))).toBe('accepted');
    },
  );

  test.each(['rejected', 'completed', 'cancelled'] as const)('is refused when the coordination is %s', (status) => {
    const state = withTask(given(opened), task(1), { status });
    expectIllegal(when(state, forwards()), state);
  });

  test('requires exactly one AMK LA other than the coordinator', () => {
    expectRefused(
      when(asked, forwards(task(1), la, la)),
      'wrong-field',
      'Bundle.entry[0].resource.destination[0].receiver',
    );
    expectRefused(when(asked, forwards(task(1), la, hospital)), 'wrong-field');
    expectRefused(when(asked, [la, missionForward({ task: task(1), to: [] })]), 'missing-field');
  });

  test('refuses to forward the Task of a crew or a hospital', () => {
    for (const id of [task(2), task(3)])
      expectRefused(when(asked, forwards(id)), 'unknown-task', 'Bundle.entry[1].resource.id');
  });

  test('is refused from an AMK LA that does not coordinate', () => {
    const shared: MissionState = { ...asked, observers: [otherLa.organisation] };
    expectRefused(when(shared, forwards(task(1), otherLa, otherLa)), 'forbidden-relation');
  });

  test('is refused in a cancelled mission', () => {
    const state = later(asked, cancels);
    expectIllegal(when(state, forwards()), state);
  });

  test('is refused for a rejected request', () => {
    const state = given(opened, rejected);
    expectIllegal(when(state, forwards()), state);
  });

  test('ends the notifications to the former coordinator if it is not an asker', () => {
    const alone = later(given(opened), forwards());
    expectNotified(when(alone, [amk, missionUpdate({ mission })]), otherLa);
    expect(codeOf(when(alone, [la, missionUpdate({ mission, describes: false })]))).toBe('forbidden-relation');
  });

  test('notifies the asker, the new coordinator, the requester, the hospital and the quality system of an answer of a crew', () => {
    expectNotified(when(forwarded, crewSays(task(2), 'accepted')), amk, la, otherLa, hospital, quality);
  });
});

describe('mission-forward, taken back', () => {
  test('is the only message the former coordinator may send, also before the acknowledgement', () => {
    for (const message of [
      resourceRequest({ mission, id: 'not-any-more' }),
      missionDecision({ task: task(1), answer: 'accepted' }),
    ])
      expectRefused(
        when(forwarded, [la, message]),
        message.type.relation === 'coordinator' ? 'forbidden-relation' : 'illegal-transition',
      );
  });

  test('is accepted until the other AMK LA has acknowledged, and restores the coordinator', () => {
    const back = entryOf(when(forwarded, forwards(task(4), la, la)));
    expect(back.state.coordinator).toBe(la.organisation);
    expect(taskIn(back.state, task(5))).toMatchObject({
      owner: la.organisation,
      forwardOf: task(4),
      status: 'requested',
    });
    expect(taskIn(back.state, task(4)).status).toBe('cancelled');
    expectNotified({ outcome: 'accepted', entry: back }, amk, otherLa, operator, hospital, quality);
  });

  test('is refused from an AMK LA that did not forward', () => {
    const shared: MissionState = { ...asked, observers: [otherLa.organisation] };
    expectRefused(when(shared, forwards(task(1), otherLa, otherLa)), 'forbidden-relation');
    expectRefused(
      when(withTask(forwarded, task(4), { asker: operator.organisation }), forwards(task(4), la, la)),
      'forbidden-relation',
    );
  });

  test('is refused after the acknowledgement, also if the former coordinator has asked a crew', () => {
    const again = withTask(forwarded, task(4), { status: 'received' });
    expect(taskIn(again, task(2))).toMatchObject({ asker: la.organisation, status: 'requested' });
    expectRefused(when(again, forwards(task(4), la, la)), 'forbidden-relation');
  });
});

describe('acceptance before a forwarding', () => {
  const flown = [crewSays(task(3), 'accepted'), crewReports(task(3), 'handed-over')] as const;
  const agreed = later(given(opened, accepted, asksCrew), forwards());

  test('completes the mission without a second decision', () => {
    expect(taskIn(agreed, task(4)).agreed).toBe(true);
    const state = later(agreed, acknowledges(otherLa, task(4)), ...flown);
    expect(statusesOf(state)).toEqual(['cancelled', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('keeps the mission active until the new AMK LA has acknowledged', () => {
    const state = later(agreed, ...flown);
    expect(taskIn(state, task(4)).status).toBe('requested');
    expect(state.status).toBe('active');
    expect(later(state, acknowledges(otherLa, task(4))).status).toBe('completed');
  });

  test('is kept through a second forwarding', () => {
    const twice = later(agreed, acknowledges(otherLa, task(4)), forwards(task(4), otherLa, la, { id: 'on' }));
    expect(taskIn(twice, task(6))).toMatchObject({ agreed: true, owner: la.organisation, asker: otherLa.organisation });
  });

  test('is not assumed if nothing was decided: the new AMK LA decides', () => {
    const open = later(given(opened, asksCrew), forwards(), acknowledges(otherLa, task(3)));
    const state = later(open, crewSays(task(2), 'accepted'), crewReports(task(2), 'handed-over'));
    expect(taskIn(state, task(3))).toMatchObject({ status: 'received' });
    expect(state.status).toBe('active');
  });

  test('is removed by a later deferral', () => {
    const state = later(
      given(opened, accepted),
      forwards(),
      [otherLa, missionDecision({ task: task(3), answer: 'deferred' })],
      forwards(task(3), otherLa, la),
    );
    expect(taskIn(state, task(5)).agreed).toBeUndefined();
  });

  test.each(['rejected', 'deferred'] as const)('allows the new AMK LA to have the mission %s', (answer) => {
    const state = later(given(opened, accepted), forwards());
    expect(codeOf(when(state, [otherLa, missionDecision({ task: task(3), answer })]))).toBe('accepted');
  });
});
