import { describe, expect, test } from 'vitest';
import {
  acknowledgement,
  arrival,
  asked,
  coordination,
  crewAccepts,
  crewDeclines,
  decided,
  entryOf,
  expectNotified,
  flight,
  hospitalAccepts,
  later,
  mission,
  parties,
  prearrivalNotification,
  task,
  taskIn,
  timeOf,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital } = parties;

describe('Acknowledgement', () => {
  test('A person has seen the ask, at the time the hub was told', () => {
    for (const [sender, id] of [
      [la, coordination],
      [operator, flight],
      [hospital, arrival],
    ] as const) {
      const { state } = entryOf(when(asked, [sender, acknowledgement({ task: id })]));
      expect(taskIn(state, id)).toMatchObject({ status: 'received', acknowledgedAt: timeOf(4) });
    }
  });

  test('Who asked and who coordinates are told that a person has seen it', () => {
    expectNotified(when(asked, [la, acknowledgement({ task: coordination })]), amk);
    expectNotified(when(asked, [operator, acknowledgement({ task: flight })]), la);
    const warned = later(asked, [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]);
    expectNotified(when(warned, [hospital, acknowledgement({ task: task(4) })]), operator, la);
  });

  test('An answer is an acknowledgement too', () => {
    for (const [step, id] of [
      [decided, coordination],
      [crewDeclines, flight],
      [hospitalAccepts, arrival],
    ] as const)
      expect(taskIn(later(asked, step), id).acknowledgedAt).toBe(timeOf(4));
  });

  test('An answer after the acknowledgement keeps the time of the acknowledgement', () => {
    const state = later(asked, [operator, acknowledgement({ task: flight })], crewAccepts);
    expect(taskIn(state, flight).acknowledgedAt).toBe(timeOf(4));
  });
});
