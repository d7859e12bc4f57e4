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

describe('Forwarding', () => {
  test('moves the coordination as a whole: one Task ends, one begins, and one AMK LA coordinates', () => {
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

  test('is told to everybody whom the mission concerns, to the new coordinator and to the quality system', () => {
    expectNotified(when(asked, forwards()), amk, otherLa, operator, hospital, quality);
  });

  test('leaves nothing to say to who forwarded once a person there has seen it', () => {
    const seen = later(forwarded, acknowledges(otherLa, task(4)));
    for (const message of [
      resourceRequest({ mission, id: 'too-late' }),
      missionForward({ task: task(4), to: [la.organisation], id: 'back' }),
    ])
      expectRefused(when(seen, [la, message]), 'forbidden-relation');
  });

  test('lets the new coordinator ask crews and decide', () => {
    for (const message of [
      resourceRequest({ mission, id: 'from-there' }),
      missionDecision({ task: task(4), answer: 'accepted' }),
    ])
      expect(codeOf(when(forwarded, [otherLa, message]))).toBe('accepted');
    expectRefused(when(forwarded, [la, missionDecision({ task: task(4), answer: 'accepted' })]), 'forbidden-relation');
    expectIllegal(when(forwarded, decides('accepted')), forwarded);
  });

  test.each(['requested', 'received', 'accepted', 'on-hold'] as const)(
    'is possible while the coordination is %s',
    (status) => {
      expect(codeOf(when(withTask(given(opened), task(1), { status }), forwards()))).toBe('accepted');
    },
  );

  test.each(['rejected', 'completed', 'cancelled'] as const)('is impossible when the coordination is %s', (status) => {
    const state = withTask(given(opened), task(1), { status });
    expectIllegal(when(state, forwards()), state);
  });

  test('goes to another AMK LA than the one that coordinates, and to one only', () => {
    expectRefused(
      when(asked, forwards(task(1), la, la)),
      'wrong-field',
      'Bundle.entry[0].resource.destination[0].receiver',
    );
    expectRefused(when(asked, forwards(task(1), la, hospital)), 'wrong-field');
    expectRefused(when(asked, [la, missionForward({ task: task(1), to: [] })]), 'missing-field');
  });

  test('moves the coordination, not the Task of a crew or a hospital', () => {
    for (const id of [task(2), task(3)])
      expectRefused(when(asked, forwards(id)), 'unknown-task', 'Bundle.entry[1].resource.id');
  });

  test('is the coordinator’s: another AMK LA takes nothing', () => {
    const shared: MissionState = { ...asked, observers: [otherLa.organisation] };
    expectRefused(when(shared, forwards(task(1), otherLa, otherLa)), 'forbidden-relation');
  });

  test('is impossible in a mission that was cancelled', () => {
    const state = later(asked, cancels);
    expectIllegal(when(state, forwards()), state);
  });

  test('of a request that was rejected is impossible, as nothing is open', () => {
    const state = given(opened, rejected);
    expectIllegal(when(state, forwards()), state);
  });

  test('does not keep a party that the mission let go: who forwarded is not told any more, unless it asked somebody', () => {
    const alone = later(given(opened), forwards());
    expectNotified(when(alone, [amk, missionUpdate({ mission })]), otherLa);
    expect(codeOf(when(alone, [la, missionUpdate({ mission, describes: false })]))).toBe('forbidden-relation');
  });

  test('leaves what crews answer to who asked them, to who coordinates now and to the requester', () => {
    expectNotified(when(forwarded, crewSays(task(2), 'accepted')), amk, la, otherLa, hospital, quality);
  });
});

describe('Taking back what was forwarded', () => {
  test('is all that is left to do for who forwarded it, also before a person there has seen it', () => {
    for (const message of [
      resourceRequest({ mission, id: 'not-any-more' }),
      missionDecision({ task: task(1), answer: 'accepted' }),
    ])
      expectRefused(
        when(forwarded, [la, message]),
        message.type.relation === 'coordinator' ? 'forbidden-relation' : 'illegal-transition',
      );
  });

  test('is possible until a person at the other AMK LA has seen it, and gives the coordination back', () => {
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

  test('is not for who never forwarded it', () => {
    const shared: MissionState = { ...asked, observers: [otherLa.organisation] };
    expectRefused(when(shared, forwards(task(1), otherLa, otherLa)), 'forbidden-relation');
    expectRefused(
      when(withTask(forwarded, task(4), { asker: operator.organisation }), forwards(task(4), la, la)),
      'forbidden-relation',
    );
  });

  test('does not follow from having asked a crew', () => {
    const again = withTask(forwarded, task(4), { status: 'received' });
    expect(taskIn(again, task(2))).toMatchObject({ asker: la.organisation, status: 'requested' });
    expectRefused(when(again, forwards(task(4), la, la)), 'forbidden-relation');
  });
});

describe('What was agreed before a forwarding', () => {
  const flown = [crewSays(task(3), 'accepted'), crewReports(task(3), 'handed-over')] as const;
  const agreed = later(given(opened, accepted, asksCrew), forwards());

  test('is remembered: a mission that was accepted is done although nobody has decided it again', () => {
    expect(taskIn(agreed, task(4)).agreed).toBe(true);
    const state = later(agreed, acknowledges(otherLa, task(4)), ...flown);
    expect(statusesOf(state)).toEqual(['cancelled', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('is not done before a person at the new AMK LA has seen it', () => {
    const state = later(agreed, ...flown);
    expect(taskIn(state, task(4)).status).toBe('requested');
    expect(state.status).toBe('active');
    expect(later(state, acknowledges(otherLa, task(4))).status).toBe('completed');
  });

  test('is remembered through a second forwarding', () => {
    const twice = later(agreed, acknowledges(otherLa, task(4)), forwards(task(4), otherLa, la, { id: 'on' }));
    expect(taskIn(twice, task(6))).toMatchObject({ agreed: true, owner: la.organisation, asker: otherLa.organisation });
  });

  test('was nothing where nothing had been decided: the new AMK LA decides', () => {
    const open = later(given(opened, asksCrew), forwards(), acknowledges(otherLa, task(3)));
    const state = later(open, crewSays(task(2), 'accepted'), crewReports(task(2), 'handed-over'));
    expect(taskIn(state, task(3))).toMatchObject({ status: 'received' });
    expect(state.status).toBe('active');
  });

  test('is not agreed any more when it was deferred since', () => {
    const state = later(
      given(opened, accepted),
      forwards(),
      [otherLa, missionDecision({ task: task(3), answer: 'deferred' })],
      forwards(task(3), otherLa, la),
    );
    expect(taskIn(state, task(5)).agreed).toBeUndefined();
  });

  test.each(['rejected', 'deferred'] as const)('does not keep the new AMK LA from having it %s', (answer) => {
    const state = later(given(opened, accepted), forwards());
    expect(codeOf(when(state, [otherLa, missionDecision({ task: task(3), answer })]))).toBe('accepted');
  });
});
