import { describe, expect, test } from 'vitest';
import { statusOf } from '../../../../schemas/faults.ts';
import {
  asked,
  codeOf,
  crewDeparts,
  entryOf,
  expectRefused,
  given,
  mission,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  when,
} from '../../../support/scenario.ts';

const { amk, operator } = parties;

describe('expected version and exercise label', () => {
  const update = missionUpdate({ mission });

  test('accepts a message with If-Match at that version only', () => {
    expect(codeOf(when(asked, [amk, update], { ifMatch: 3 }))).toBe('accepted');
    for (const ifMatch of [0, 1, 2, 4, 99]) {
      const refusal = expectRefused(when(asked, [amk, update], { ifMatch }), 'version-conflict', 'http.If-Match');
      expect(statusOf(refusal)).toBe(412);
      expect(refusal.version).toBe(3);
    }
  });

  test('reports a version conflict before an illegal transition', () => {
    expectRefused(when(asked, [operator, crewDeparts[1]], { ifMatch: 1 }), 'version-conflict');
  });

  test('refuses an exercise message in a real mission, and a real one in an exercise', () => {
    const drill = missionRequest({ exercise: true });
    const drillMission = missionOpenedBy(drill);
    const state = given([amk, drill]);
    const real = when(state, [amk, missionUpdate({ mission: drillMission })]);
    const played = when(asked, [amk, missionUpdate({ mission, exercise: true })]);
    for (const outcome of [real, played]) {
      const refusal = expectRefused(outcome, 'exercise-mismatch', 'Bundle.meta.security');
      expect(statusOf(refusal)).toBe(422);
    }
    const entry = entryOf(when(state, [amk, missionUpdate({ mission: drillMission, exercise: true })]));
    expect(entry.exercise).toBe(true);
    expect(entry.state.exercise).toBe(true);
  });
});
