import { describe, expect, test } from 'vitest';
import { evolve } from '../../../../core/mission/evolve.ts';
import {
  asksCrew,
  crewSays,
  decides,
  entryOf,
  expectRefused,
  given,
  later,
  mission,
  missionRequest,
  missionUpdate,
  opened,
  parties,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  type Step,
  task,
  taskIn,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator } = parties;

/** The latest description of a mission. */
describe('description of a mission', () => {
  const described: Step = [
    amk,
    missionUpdate({
      mission,
      place: [60.1, 10.2],
      municipality: '3403',
      criterion: 'rapid-transport',
      incident: 'avalanche',
    }),
  ];
  const incident = { system: 'https://amk.example/incident', value: 'avalanche' };

  test('is taken from the request', () => {
    const first = missionRequest({ municipality: '3425', incident: 'avalanche' });
    expect(given([amk, first])).toMatchObject({
      municipality: '3425',
      incident,
      criteria: ['time-to-definitive-care'],
    });
  });

  test('changes in the elements that an update states', () => {
    const state = later(given(opened), described);
    expect(state).toMatchObject({
      position: { latitude: 60.1, longitude: 10.2 },
      municipality: '3403',
      criteria: ['rapid-transport'],
      incident,
      urgency: 'stat',
    });
    const again = later(state, [amk, missionUpdate({ mission, urgency: 'urgent' })]);
    expect(again).toMatchObject({
      position: { latitude: 60.1, longitude: 10.2 },
      municipality: '3403',
      criteria: ['rapid-transport'],
      incident,
      urgency: 'urgent',
    });
  });

  test('loses the municipality if an update states a position without one', () => {
    const state = later(given(opened), described, [amk, missionUpdate({ mission, place: [61.5, 9.5] })]);
    expect(state.position).toEqual({ latitude: 61.5, longitude: 9.5 });
    expect(state.municipality).toBeUndefined();
  });

  test('does not change with the position of a crew or the criteria of a decision', () => {
    const before = later(given(opened, asksCrew), described, crewSays(task(2), 'accepted'));
    const state = later(before, decides('accepted', { criterion: 'professional-support' }), [
      operator,
      resourceStatus({ task: task(2), eta: '2026-01-31T12:40:00+01:00', place: [61.5, 9.5] }),
    ]);
    expect(state).toMatchObject({
      position: { latitude: 60.1, longitude: 10.2 },
      criteria: ['rapid-transport'],
      incident,
    });
    expect(taskIn(state, task(1)).criteria).toEqual(['professional-support']);
    expect(taskIn(state, task(2)).position).toEqual({ latitude: 61.5, longitude: 9.5 });
  });

  test('refuses an update with a criterion that is not in the guideline', () => {
    expectRefused(
      when(given(opened), [amk, missionUpdate({ mission, criterion: 'because' })]),
      'unknown-code',
      'Bundle.entry[1].resource.reasonCode',
    );
  });
});

describe('facts of a flight', () => {
  const asked = given(opened, [la, resourceRequest({ mission, resource: 'LA-01' })]);

  test('keeps the requested call sign until the crew names another', () => {
    expect(taskIn(asked, task(2)).resource).toBe('LA-01');
    expect(taskIn(later(asked, crewSays(task(2), 'accepted')), task(2)).resource).toBe('LA-01');
    const other: Step = [operator, resourceResponse({ task: task(2), answer: 'accepted', resource: 'LA-02' })];
    expect(taskIn(later(asked, other), task(2)).resource).toBe('LA-02');
  });

  test('keeps the first notation of a time if the same moment is reported again', () => {
    const report = (departed: string): Step => [operator, resourceStatus({ task: task(2), phases: { departed } })];
    const state = later(
      asked,
      crewSays(task(2), 'accepted'),
      report('2026-01-31T12:05:00+01:00'),
      report('2026-01-31T11:05:00Z'),
    );
    expect(taskIn(state, task(2)).phases).toEqual({ departed: '2026-01-31T12:05:00+01:00' });
  });
});

describe('evolve', () => {
  test('keeps the status of a Task if the catalogue does not have the answer any more', () => {
    const before = given(opened, asksCrew);
    const entry = entryOf(when(before, crewSays(task(2), 'accepted')));
    for (const answer of ['of-long-ago', undefined]) {
      const { answer: _known, ...facts } = entry.facts;
      const state = evolve(before, { ...entry, facts: answer === undefined ? facts : { ...facts, answer } });
      expect(taskIn(state, task(2))).toMatchObject({ status: 'requested', changedBy: 3 });
      expect(taskIn(state, task(2)).answer?.code).toBe(answer);
      expect('answer' in taskIn(state, task(2))).toBe(answer !== undefined);
    }
  });
});
