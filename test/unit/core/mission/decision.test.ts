import { describe, expect, test } from 'vitest';
import { statusOf } from '../../../../schemas/faults.ts';
import {
  asked,
  codeOf,
  coordination,
  crewDeclines,
  decided,
  entryOf,
  expectIllegal,
  expectNotified,
  expectRefused,
  flight,
  given,
  later,
  missionDecision,
  opened,
  parties,
  resourceAsked,
  statusesOf,
  taskIn,
  timeOf,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, quality } = parties;

describe('mission-decision', () => {
  test('notifies the requester and the quality system only', () => {
    for (const answer of ['accepted', 'partially-accepted', 'deferred', 'rejected'] as const)
      expectNotified(when(given(opened), [la, missionDecision({ task: coordination, answer })]), amk, quality);
  });

  test('stores the decider, the reason and the text of a rejection', () => {
    const state = later(given(opened), [
      la,
      missionDecision({
        task: coordination,
        answer: 'rejected',
        reason: 'no-medical-indication',
        criterion: 'rapid-transport',
        by: 'Ola Overlege',
      }),
    ]);
    expect(taskIn(state, coordination)).toMatchObject({
      status: 'rejected',
      answer: { event: 'mission-decision', code: 'rejected' },
      reason: {
        table: 'refusal-reason',
        code: 'no-medical-indication',
        class: 'medical',
        text: 'Fog at the scene',
      },
      decider: { name: 'Ola Overlege', role: 'Coordinator' },
      decidedAt: timeOf(2),
    });
  });

  test('stores the end of a deferral', () => {
    const state = later(given(opened), [
      la,
      missionDecision({ task: coordination, answer: 'deferred', until: '2026-02-01T15:00:00+01:00' }),
    ]);
    expect(taskIn(state, coordination)).toMatchObject({ status: 'on-hold', until: '2026-02-01T15:00:00+01:00' });
  });

  test('removes the end and the reason of a deferral when it is accepted', () => {
    const state = later(given(opened), [la, missionDecision({ task: coordination, answer: 'deferred' })], decided);
    expect(taskIn(state, coordination)).toMatchObject({ status: 'accepted' });
    expect(taskIn(state, coordination).until).toBeUndefined();
    expect(taskIn(state, coordination).reason).toBeUndefined();
  });

  test('refuses to reverse an acceptance while a resource Task is open', () => {
    for (const answer of ['rejected', 'deferred'] as const)
      for (const status of ['requested', 'received', 'accepted', 'in-progress'] as const) {
        const before = withTask(later(asked, decided), flight, { status });
        const outcome = when(before, [la, missionDecision({ task: coordination, answer })]);
        expectIllegal(outcome, before);
        expect(outcome.outcome === 'refused' ? outcome.faults[0].detail : '').toContain(flight);
      }
  });

  test('reverses an acceptance if every crew has declined', () => {
    const before = later(given(opened, resourceAsked), decided, crewDeclines);
    const state = entryOf(
      when(before, [la, missionDecision({ task: coordination, answer: 'rejected', reason: 'weather' })], {
        ifMatch: before.version,
      }),
    ).state;
    expect(statusesOf(state)).toEqual(['rejected', 'rejected']);
    expect(state.status).toBe('active');
  });

  test('reverses an acceptance also while a hospital Task is open', () => {
    const before = later(asked, decided, crewDeclines);
    const rejection = [la, missionDecision({ task: coordination, answer: 'rejected' })] as const;
    expect(codeOf(when(before, rejection, { ifMatch: before.version }))).toBe('accepted');
  });

  test('requires If-Match with the current version to reverse an acceptance', () => {
    const before = later(given(opened), decided);
    for (const answer of ['rejected', 'deferred'] as const) {
      const step = [la, missionDecision({ task: coordination, answer })] as const;
      const refusal = expectRefused(when(before, step), 'precondition-required', 'http.If-Match');
      expect([statusOf(refusal), refusal.version]).toEqual([428, before.version]);
      expect(codeOf(when(before, step, { ifMatch: before.version - 1 }))).toBe('version-conflict');
      expect(codeOf(when(before, step, { ifMatch: before.version }))).toBe('accepted');
    }
  });

  test('requires criteria for a rejection on medical ground, and an HPR number for every rejection', () => {
    const medical = { task: coordination, answer: 'rejected', reason: 'no-medical-indication' } as const;
    expectRefused(
      when(given(opened), [la, missionDecision(medical)]),
      'missing-field',
      'Bundle.entry[1].resource.reasonCode',
    );
    expect(codeOf(when(given(opened), [la, missionDecision({ ...medical, criterion: 'rapid-transport' })]))).toBe(
      'accepted',
    );
    expect(() => missionDecision({ ...medical, by: { name: 'Ola Overlege' } })).toThrow('HPR number');
  });

  test('refuses a deferral longer than the guideline allows', () => {
    const until = (time: string) =>
      when(given(opened), [la, missionDecision({ task: coordination, answer: 'deferred', until: time })]);
    expect(codeOf(until('2026-02-02T11:01:00Z'))).toBe('accepted');
    expectRefused(until('2026-02-02T11:01:01Z'), 'wrong-field', 'Bundle.entry[1].resource.restriction.period.end');
  });
});
