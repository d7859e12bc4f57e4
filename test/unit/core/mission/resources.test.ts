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

describe('resource-request and resource-response', () => {
  test('notifies the crew only of a request', () => {
    expectNotified(when(given(opened), resourceAsked), operator);
    expectNotified(when(asked, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]), otherOperator);
  });

  test('notifies the asker, the requester, the hospital and the quality system of the answer', () => {
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

  test('stores the ETA of an acceptance', () => {
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

  test('keeps the answer and its reason when a report follows', () => {
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

  test('keeps the mission active when a crew withdraws, and accepts a request to another crew', () => {
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

  test('does not notify an operator that declined of a later update', () => {
    const before = later(asked, crewDeclines);
    expectNotified(when(before, [amk, missionUpdate({ mission })]), la, hospital);
  });

  test('refuses an update of an operator that declined', () => {
    expect(codeOf(when(later(asked, crewDeclines), [operator, missionUpdate({ mission, describes: false })]))).toBe(
      'forbidden-relation',
    );
  });

  test('notifies an operator that declined one of two requests', () => {
    const before = later(asked, [la, resourceRequest({ mission, id: 'again' })], crewDeclines);
    expectNotified(when(before, [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('lists each recipient once', () => {
    const before = later(asked, [la, resourceRequest({ mission, id: 'again' })]);
    const { recipients } = entryOf(when(before, [amk, missionUpdate({ mission })]));
    expect(recipients).toHaveLength(new Set(recipients).size);
  });
});
