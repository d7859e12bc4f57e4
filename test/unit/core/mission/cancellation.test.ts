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

describe('Cancellation', () => {
  const cancelled = (before: MissionState, reason = 'condition-improved'): MissionState =>
    later(before, [amk, missionCancel({ mission, reason })]);

  test('Before a crew is airborne everything that is open is cancelled at once', () => {
    for (const status of ['requested', 'received', 'accepted'] as const) {
      const state = cancelled(withTask(asked, flight, { status }));
      expect(state.status).toBe('revoked');
      expect(statusesOf(state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect(state.tasks.every(({ cancelRequested }) => cancelRequested === undefined)).toBe(true);
    }
  });

  test('A crew that is airborne is asked to end its flight, and says how it ended', () => {
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

  test('What is over stays as it ended', () => {
    const before = later(asked, crewDeclines, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'cannot-receive' }),
    ]);
    const state = cancelled(before);
    expect(statusesOf(state)).toEqual(['cancelled', 'rejected', 'rejected']);
    expect(taskIn(state, flight)).toEqual(taskIn(before, flight));
  });

  test('A cancellation reaches everybody whom it lets go', () => {
    expectNotified(when(asked, [amk, missionCancel({ mission })]), la, operator, hospital, quality);
    expectNotified(when(asked, [la, missionCancel({ mission })]), amk, operator, hospital, quality);
    expectNotified(when(flying, [amk, missionCancel({ mission })]), la, operator, hospital, quality);
  });

  test('A cancellation does not reach who had declined', () => {
    expectNotified(when(later(asked, crewDeclines), [amk, missionCancel({ mission })]), la, hospital, quality);
  });

  test('A cancellation says why', () => {
    expect(cancelled(asked, 'patient-deceased').cancelReason).toEqual({
      table: 'cancel-reason',
      code: 'patient-deceased',
      text: 'In words',
    });
  });

  test('Why a crew or a hospital said no is not why the mission was cancelled', () => {
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

  test('A cancellation does not describe the mission anew', () => {
    expect(cancelled(asked).request).toEqual({ entry: 1, index: 1 });
    expect(cancelled(asked).position).toEqual(asked.position);
  });

  test('A mission is cancelled once', () => {
    const state = cancelled(asked);
    expectIllegal(when(state, [la, missionCancel({ mission })]), state);
  });

  test('After a cancellation whoever was let go is not told of an update, the crew in the air is', () => {
    expectNotified(when(cancelled(asked), [amk, missionUpdate({ mission })]), la);
    expectNotified(when(cancelled(flying), [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('Whether the crew was airborne first is decided by the order in the log', () => {
    const accepted = later(asked, decided, crewAccepts);
    expect(taskIn(later(accepted, [amk, missionCancel({ mission })], crewDeparts), flight).status).toBe('cancelled');
    expect(taskIn(later(accepted, crewDeparts, [amk, missionCancel({ mission })]), flight)).toMatchObject({
      status: 'in-progress',
      cancelRequested: true,
    });
  });
});

describe('A mission entered in error', () => {
  const state = later(flying, [amk, missionCancel({ mission, reason: 'entered-in-error' })]);

  test('It is marked as such', () => {
    expect(state.status).toBe('entered-in-error');
    expect(state.cancelReason).toEqual({ table: 'cancel-reason', code: 'entered-in-error', text: 'In words' });
    expect(statusesOf(state)).toEqual(['cancelled', 'in-progress', 'cancelled']);
  });

  test('The crew that it sent into the air reports how its flight ends', () => {
    const home: Step = [operator, resourceStatus({ task: flight, phases: { available: '2026-01-31T12:30:00+01:00' } })];
    expect(codeOf(when(state, home))).toBe('accepted');
    expect(codeOf(when(state, [operator, resourceResponse({ task: flight, answer: 'withdrawn' })]))).toBe('accepted');
  });
});
