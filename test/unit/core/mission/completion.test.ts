import { describe, expect, test } from 'vitest';
import {
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
  expectNotified,
  flight,
  flying,
  given,
  hospitalAccepts,
  later,
  mission,
  missionCancel,
  missionUpdate,
  opened,
  parties,
  prearrivalNotification,
  resourceAsked,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  statusesOf,
  task,
  taskIn,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, thirdOperator, hospital, otherHospital } = parties;

describe('completion of a mission', () => {
  test('completes the flight, the hospital Task, the coordination and the mission when the patient is handed over', () => {
    const entry = entryOf(when(later(flying, hospitalAccepts), crewHandsOver));
    expect(statusesOf(entry.state)).toEqual(['completed', 'completed', 'completed']);
    expect(entry.state.status).toBe('completed');
    expect(entry.state.tasks.map(({ changedBy }) => changedBy)).toEqual([8, 8, 8]);
    expectNotified({ outcome: 'accepted', entry }, amk, la, hospital);
  });

  test('completes the Task of a hospital that never answered', () => {
    expect(taskIn(later(flying, crewHandsOver), arrival).status).toBe('completed');
  });

  test('keeps the mission active while a hospital waits for another flight', () => {
    // Entries 7 and 8: a second crew, and a second hospital that waits for that crew.
    const both = later(
      flying,
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      [la, prearrivalNotification({ mission, partOf: task(7), to: [otherHospital.organisation] })],
    );
    const state = later(both, crewHandsOver);
    expect(taskIn(state, arrival).status).toBe('completed');
    expect(taskIn(state, task(8)).status).toBe('requested');
    expect(taskIn(state, coordination).status).toBe('accepted');
    expect(state.status).toBe('active');
  });

  test('completes a pre-arrival Task without a flight when the last crew has handed over', () => {
    const loose = later(given(opened, resourceAsked), [la, prearrivalNotification({ mission })], decided, crewAccepts, [
      la,
      resourceRequest({ mission, to: [otherOperator.organisation] }),
    ]);
    const first = later(loose, crewDeparts, crewHandsOver);
    expect(taskIn(first, arrival).status).toBe('requested');
    const second = later(
      first,
      [otherOperator, resourceResponse({ task: task(6), answer: 'accepted' })],
      [otherOperator, resourceStatus({ task: task(6), phases: { 'handed-over': '2026-01-31T13:30:00+01:00' } })],
    );
    expect(statusesOf(second)).toEqual(['completed', 'completed', 'completed', 'completed']);
    expect(second.status).toBe('completed');
  });

  test('keeps a mission active that is not decided', () => {
    const state = later(asked, crewAccepts, crewHandsOver);
    expect(statusesOf(state)).toEqual(['requested', 'completed', 'completed']);
    expect(state.status).toBe('active');
    expect(later(state, decided)).toMatchObject({ status: 'completed' });
  });

  test('keeps a mission active if every crew has declined: another crew may be asked', () => {
    const state = later(given(opened, resourceAsked), decided, crewDeclines);
    expect(state.status).toBe('active');
    expect(taskIn(state, coordination).status).toBe('accepted');
  });

  test('accepts times and updates after the end, without a change of status', () => {
    const over = later(flying, crewHandsOver);
    const state = later(
      over,
      [operator, resourceStatus({ task: flight, phases: { available: '2026-01-31T14:00:00+01:00' }, id: 'late' })],
      [hospital, missionUpdate({ mission, describes: false })],
    );
    expect(statusesOf(state)).toEqual(statusesOf(over));
    expect(state.status).toBe('completed');
    expectIllegal(when(state, [la, resourceRequest({ mission, id: 'again' })]), state);
    expectIllegal(when(state, [amk, missionCancel({ mission })]), state);
  });

  test('notifies the parties also after their Tasks are completed', () => {
    const over = later(flying, hospitalAccepts, crewHandsOver);
    expectNotified(when(over, [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('does not complete unrelated Tasks at a late report of a completed flight', () => {
    // Entry 6 asks a second crew, entry 8 warns a hospital for its patient, without naming the flight.
    const before = later(
      given(opened, resourceAsked, decided, crewAccepts, crewDeparts),
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      crewHandsOver,
      [la, prearrivalNotification({ mission, to: [otherHospital.organisation] })],
      [otherOperator, resourceResponse({ task: task(6), answer: 'declined' })],
    );
    expect(before.status).toBe('active');
    const state = later(before, [
      operator,
      resourceStatus({ task: flight, phases: { available: '2026-01-31T13:20:00+01:00' }, id: 'late' }),
    ]);
    expect(statusesOf(state)).toEqual(statusesOf(before));
    expect(state.status).toBe('active');
    expect(codeOf(when(state, [la, resourceRequest({ mission, to: [thirdOperator.organisation] })]))).toBe('accepted');
  });
});
