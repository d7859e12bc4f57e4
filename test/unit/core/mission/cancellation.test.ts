import { describe, expect, test } from 'vitest';
import type { MissionState } from '../../../../core/mission/state.ts';
import {
  arrival,
  asked,
  codeOf,
  coordination,
  crewAccepts,
  crewDeclines,
  crewDeparts,
  decided,
  expectIllegal,
  expectNotified,
  flight,
  flying,
  later,
  mission,
  missionCancel,
  missionUpdate,
  parties,
  prearrivalResponse,
  resourceResponse,
  resourceStatus,
  statusesOf,
  type Step,
  taskIn,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital, quality } = parties;

describe('mission-cancel', () => {
  const cancelled = (before: MissionState, reason = 'condition-improved'): MissionState =>
    later(before, [amk, missionCancel({ mission, reason })]);

  test('cancels every open Task at once if no crew is airborne', () => {
    for (const status of ['requested', 'received', 'accepted'] as const) {
      const state = cancelled(withTask(asked, flight, { status }));
      expect(state.status).toBe('revoked');
      expect(statusesOf(state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect(state.tasks.every(({ cancelRequested }) => cancelRequested === undefined)).toBe(true);
    }
  });

  test('requests an airborne crew to end its flight, and records how the flight ended', () => {
    const state = cancelled(flying);
    expect(state.status).toBe('revoked');
    expect(taskIn(state, flight)).toMatchObject({ status: 'in-progress', cancelRequested: true });
    expect(taskIn(state, coordination).status).toBe('cancelled');
    // With a patient on board the flight may still end at the hospital.
    expect(taskIn(state, arrival).status).toBe('requested');
    const landed = later(state, [
      operator,
      resourceStatus({ task: flight, phases: { available: '2026-01-31T12:30:00+01:00' } }),
    ]);
    expect(taskIn(landed, flight).status).toBe('completed');
    expect(landed.status).toBe('revoked');
    const aborted = later(state, [
      operator,
      resourceResponse({ task: flight, answer: 'withdrawn', reason: 'weather' }),
    ]);
    expect(taskIn(aborted, flight).status).toBe('failed');
    expect(taskIn(aborted, arrival).status).toBe('cancelled');
  });

  test('does not change a Task that is over', () => {
    const before = later(asked, crewDeclines, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'cannot-receive' }),
    ]);
    const state = cancelled(before);
    expect(statusesOf(state)).toEqual(['cancelled', 'rejected', 'rejected']);
    expect(taskIn(state, flight)).toEqual(taskIn(before, flight));
  });

  test('notifies every party whose Task it cancels', () => {
    expectNotified(when(asked, [amk, missionCancel({ mission })]), la, operator, hospital, quality);
    expectNotified(when(asked, [la, missionCancel({ mission })]), amk, operator, hospital, quality);
    expectNotified(when(flying, [amk, missionCancel({ mission })]), la, operator, hospital, quality);
  });

  test('does not notify an operator that has declined', () => {
    expectNotified(when(later(asked, crewDeclines), [amk, missionCancel({ mission })]), la, hospital, quality);
  });

  test('stores the reason', () => {
    expect(cancelled(asked, 'patient-deceased').cancelReason).toEqual({
      table: 'cancel-reason',
      code: 'patient-deceased',
      text: 'In words',
    });
  });

  test('does not take the reason of a crew or hospital as the reason of the cancellation', () => {
    const state = later(asked, crewDeclines, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'cannot-receive' }),
    ]);
    expect(state.cancelReason).toBeUndefined();
    const late = later(cancelled(flying, 'patient-deceased'), [
      operator,
      resourceResponse({ task: flight, answer: 'withdrawn' }),
    ]);
    expect(late.cancelReason?.code).toBe('patient-deceased');
  });

  test('does not change the description of the mission', () => {
    expect(cancelled(asked).request).toEqual({ entry: 1, index: 1 });
    expect(cancelled(asked).position).toEqual(asked.position);
  });

  test('refuses a second cancellation', () => {
    const state = cancelled(asked);
    expectIllegal(when(state, [la, missionCancel({ mission })]), state);
  });

  test('ends later notifications to released parties, not those to an airborne crew', () => {
    expectNotified(when(cancelled(asked), [amk, missionUpdate({ mission })]), la);
    expectNotified(when(cancelled(flying), [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('takes the order in the log when a crew departs at the same time', () => {
    const accepted = later(asked, decided, crewAccepts);
    expect(taskIn(later(accepted, [amk, missionCancel({ mission })], crewDeparts), flight).status).toBe('cancelled');
    expect(taskIn(later(accepted, crewDeparts, [amk, missionCancel({ mission })]), flight)).toMatchObject({
      status: 'in-progress',
      cancelRequested: true,
    });
  });
});

describe('mission-cancel, entered in error', () => {
  const state = later(flying, [amk, missionCancel({ mission, reason: 'entered-in-error' })]);

  test('sets the status entered-in-error', () => {
    expect(state.status).toBe('entered-in-error');
    expect(state.cancelReason).toEqual({ table: 'cancel-reason', code: 'entered-in-error', text: 'In words' });
    expect(statusesOf(state)).toEqual(['cancelled', 'in-progress', 'cancelled']);
  });

  test('accepts the reports of an airborne crew afterwards', () => {
    const home: Step = [operator, resourceStatus({ task: flight, phases: { available: '2026-01-31T12:30:00+01:00' } })];
    expect(codeOf(when(state, home))).toBe('accepted');
    expect(codeOf(when(state, [operator, resourceResponse({ task: flight, answer: 'withdrawn' })]))).toBe('accepted');
  });
});
