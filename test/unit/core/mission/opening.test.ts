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

describe('mission-request', () => {
  test('opens a mission with one Task of the AMK LA it is sent to', () => {
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
        ask: {
          type: 'ServiceRequest',
          entry: 1,
          index: 1,
          place: { reference: `Location/${entry.mission}.1.2` },
          patient: { display: 'Unknown' },
        },
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

  test('notifies the AMK LA only', () => {
    expectNotified(when(undefined, opened), la);
  });

  test.each([
    ['stat', '2026-02-01T11:01:00.000Z'],
    ['urgent', '2026-02-01T11:03:00.000Z'],
    ['routine', '2026-02-01T11:10:00.000Z'],
  ] as const)('sets the deadline of a request of urgency %s to %s', (urgency, by) => {
    const state = given([amk, missionRequest({ urgency })]);
    expect(state.tasks[0]?.acknowledgeBy).toBe(by);
    expect(state.urgency).toBe(urgency);
  });

  test('opens the same mission for the same request, and another one from another AMK', () => {
    expect(entryOf(when(undefined, opened)).mission).toBe(entryOf(when(undefined, opened)).mission);
    expect(entryOf(when(undefined, [otherAmk, request])).mission).not.toBe(mission);
  });

  test('opens an exercise if it has the label of an exercise', () => {
    expect(given([amk, missionRequest({ exercise: true })]).exercise).toBe(true);
  });
});
