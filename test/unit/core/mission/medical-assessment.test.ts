import { describe, expect, test } from 'vitest';
import {
  asksCrew,
  cancels,
  codeOf,
  crewSays,
  entryOf,
  expectIllegal,
  expectNotified,
  expectRefused,
  given,
  later,
  medicalAssessment,
  mission,
  opened,
  parties,
  type Step,
  task,
  warnsHospital,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, otherLa, operator, otherOperator, hospital } = parties;

const asked = given(opened, asksCrew, warnsHospital());
const says = (sender: Step[0], ground = 'not-indicated'): Step => [sender, medicalAssessment({ mission, ground })];

describe('medical-assessment', () => {
  test('is recorded with its author and reason, without a change of status', () => {
    const entry = entryOf(when(asked, says(operator)));
    expect(entry.facts).toMatchObject({
      answer: 'not-indicated',
      words: 'Stable, can go by road',
      decider: { name: 'Frida Flylege', role: 'Air-ambulance physician' },
    });
    expect(entry.state.tasks).toEqual(asked.tasks);
    expect(entry.state).toMatchObject({ status: 'active', version: 4, request: asked.request });
  });

  test('notifies the coordinator and the requester', () => {
    expectNotified(when(asked, says(operator)), amk, la);
    expectNotified(when(asked, says(la)), amk);
  });

  test('is accepted from the coordinator, and from a crew whose Task is open', () => {
    expect(codeOf(when(asked, says(la)))).toBe('accepted');
    for (const status of ['requested', 'received', 'accepted', 'in-progress'] as const)
      expect(codeOf(when(withTask(asked, task(2), { status }), says(operator)))).toBe('accepted');
    for (const status of ['rejected', 'completed', 'failed', 'cancelled'] as const)
      expectRefused(when(withTask(asked, task(2), { status }), says(operator)), 'forbidden-relation');
  });

  test('is refused from every other party', () => {
    expectRefused(when(asked, says(hospital)), 'forbidden-role');
    expectRefused(when(asked, says(otherOperator)), 'not-found');
    const shared = { ...asked, observers: [otherLa.organisation] };
    expectRefused(when(shared, says(otherLa)), 'forbidden-relation');
  });

  test('does not count as an acknowledgement of the crew', () => {
    expect(later(asked, says(operator)).tasks[1]).toMatchObject({ status: 'requested', changedBy: 2 });
  });

  test.each(['indicated', 'not-indicated', 'undetermined'])('accepts the ground %s', (ground) => {
    expect(codeOf(when(asked, says(la, ground)))).toBe('accepted');
  });

  test('is refused when the mission or the flight is over', () => {
    const over = later(asked, cancels);
    expectIllegal(when(over, says(la)), over);
    const declined = later(asked, crewSays(task(2), 'declined'));
    expectRefused(when(declined, says(operator)), 'forbidden-relation');
  });
});
