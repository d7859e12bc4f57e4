import { describe, expect, test } from 'vitest';
import {
  asked,
  codeOf,
  coordination,
  crewAccepts,
  crewDeclines,
  entryOf,
  expectNotified,
  flight,
  flying,
  given,
  later,
  mission,
  missionUpdate,
  opened,
  parties,
  resourceAsked,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  taskIn,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, hospital, quality } = parties;

describe('Resources', () => {
  test('The crew, and nobody else, is told that it is asked', () => {
    expectNotified(when(given(opened), resourceAsked), operator);
    expectNotified(when(asked, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]), otherOperator);
  });

  test('Who asked, the requester and the hospital that waits are told what the crew answers, and the quality system', () => {
    expectNotified(when(asked, crewAccepts), amk, la, hospital, quality);
    expectNotified(when(asked, crewDeclines), amk, la, hospital, quality);
    expectNotified(
      when(flying, [operator, resourceResponse({ task: flight, answer: 'withdrawn' })]),
      amk,
      la,
      hospital,
      quality,
    );
  });

  test('A crew that accepts gives its ETA', () => {
    const state = later(asked, [
      operator,
      resourceResponse({ task: flight, answer: 'accepted', eta: '2026-01-31T12:33:00+01:00' }),
    ]);
    expect(taskIn(state, flight)).toMatchObject({
      status: 'accepted',
      eta: '2026-01-31T12:33:00+01:00',
      answer: { event: 'resource-response', code: 'accepted' },
    });
  });

  test('What the crew answered, and why, is not forgotten by a report that comes later', () => {
    const withdrawn = later(flying, [
      operator,
      resourceResponse({ task: flight, answer: 'withdrawn', reason: 'sar-priority' }),
    ]);
    const state = later(withdrawn, [
      operator,
      resourceStatus({ task: flight, phases: { 'on-scene': '2026-01-31T12:20:00+01:00' } }),
    ]);
    expect(taskIn(state, flight)).toMatchObject({
      status: 'failed',
      answer: { event: 'resource-response', code: 'withdrawn' },
      reason: { code: 'sar-priority' },
    });
    expect(taskIn(flying, flight).answer).toEqual({ event: 'resource-response', code: 'accepted' });
  });

  test('A crew that is withdrawn for search and rescue leaves the mission active, and another may be asked', () => {
    const state = later(
      flying,
      [operator, resourceResponse({ task: flight, answer: 'withdrawn', reason: 'sar-priority' })],
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
    );
    expect(state.status).toBe('active');
    expect(taskIn(state, flight)).toMatchObject({
      status: 'failed',
      reason: { code: 'sar-priority', text: 'Icing on the route' },
    });
    expect(taskIn(state, coordination).status).toBe('accepted');
  });

  test('A declined operator is not told of a later update', () => {
    const before = later(asked, crewDeclines);
    expectNotified(when(before, [amk, missionUpdate({ mission })]), la, hospital);
  });

  test('An operator that declined has no more to say to the others', () => {
    expect(codeOf(when(later(asked, crewDeclines), [operator, missionUpdate({ mission, describes: false })]))).toBe(
      'forbidden-relation',
    );
  });

  test('An operator that was asked twice and declined once is told', () => {
    const before = later(asked, [la, resourceRequest({ mission, id: 'again' })], crewDeclines);
    expectNotified(when(before, [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('Each recipient is named once, however often the mission concerns it', () => {
    const before = later(asked, [la, resourceRequest({ mission, id: 'again' })]);
    const { recipients } = entryOf(when(before, [amk, missionUpdate({ mission })]));
    expect(recipients).toHaveLength(new Set(recipients).size);
  });
});
