import { describe, expect, test } from 'vitest';
import {
  coordination,
  entryOf,
  expectNotified,
  given,
  mission,
  missionRequest,
  opened,
  parties,
  request,
  timeOf,
  when,
} from '../../../support/scenario.ts';

const { amk, otherAmk, la } = parties;

describe('Opening a mission', () => {
  test('A request opens a mission with one ask to the AMK LA it is sent to', () => {
    const entry = entryOf(when(undefined, opened));
    expect(entry).toMatchObject({ mission, number: 1, event: 'mission-request', sender: amk.organisation });
    expect(entry.state).toMatchObject({
      mission,
      version: 1,
      status: 'active',
      exercise: false,
      urgency: 'stat',
      requester: amk.organisation,
      coordinator: la.organisation,
      openedAt: timeOf(1),
      position: { latitude: 62.0729, longitude: 9.1236 },
      request: { entry: 1, index: 1 },
    });
    expect(entry.state.tasks).toEqual([
      {
        id: coordination,
        kind: 'coordination',
        owner: la.organisation,
        asker: amk.organisation,
        status: 'requested',
        openedBy: 1,
        changedBy: 1,
        openedAt: timeOf(1),
        changedAt: timeOf(1),
        acknowledgeBy: '2026-02-01T11:01:00.000Z',
      },
    ]);
  });

  test('The AMK LA, and nobody else, is told of a request', () => {
    expectNotified(when(undefined, opened), la);
  });

  test.each([
    ['stat', '2026-02-01T11:01:00.000Z'],
    ['urgent', '2026-02-01T11:03:00.000Z'],
    ['routine', '2026-02-01T11:10:00.000Z'],
  ] as const)('A person at the AMK LA must have seen a request of urgency %s by %s', (urgency, by) => {
    const state = given([amk, missionRequest({ urgency })]);
    expect(state.tasks[0]?.acknowledgeBy).toBe(by);
    expect(state.urgency).toBe(urgency);
  });

  test('The same request finds the same mission, from another AMK it opens another', () => {
    expect(entryOf(when(undefined, opened)).mission).toBe(entryOf(when(undefined, opened)).mission);
    expect(entryOf(when(undefined, [otherAmk, request])).mission).not.toBe(mission);
  });

  test('An exercise is an exercise from its first message', () => {
    expect(given([amk, missionRequest({ exercise: true })]).exercise).toBe(true);
  });
});
