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

describe('acknowledgement', () => {
  test('marks the Task as received, at the time the hub received the message', () => {
    for (const [sender, id] of [
      [la, coordination],
      [operator, flight],
      [hospital, arrival],
    ] as const) {
      const { state } = entryOf(when(asked, [sender, acknowledgement({ task: id })]));
      expect(taskIn(state, id)).toMatchObject({ status: 'received', acknowledgedAt: timeOf(4) });
    }
  });

  test('notifies the asker and the coordinator', () => {
    expectNotified(when(asked, [la, acknowledgement({ task: coordination })]), amk);
    expectNotified(when(asked, [operator, acknowledgement({ task: flight })]), la);
    const warned = later(asked, [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]);
    expectNotified(when(warned, [hospital, acknowledgement({ task: task(4) })]), operator, la);
  });

  test('counts an answer as an acknowledgement', () => {
    for (const [step, id] of [
      [decided, coordination],
      [crewDeclines, flight],
      [hospitalAccepts, arrival],
    ] as const)
      expect(taskIn(later(asked, step), id).acknowledgedAt).toBe(timeOf(4));
  });

  test('keeps the time of the acknowledgement when an answer follows', () => {
    const state = later(asked, [operator, acknowledgement({ task: flight })], crewAccepts);
    expect(taskIn(state, flight).acknowledgedAt).toBe(timeOf(4));
  });
});
