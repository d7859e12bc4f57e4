import { describe, expect, test } from 'vitest';
import {
  asked,
  codeOf,
  expectNotified,
  expectRefused,
  given,
  later,
  mission,
  missionRequest,
  missionUpdate,
  opened,
  parties,
  prearrivalNotification,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital } = parties;

describe('mission-update', () => {
  test('notifies every party but the sender', () => {
    const everybody = [amk, la, operator, hospital];
    for (const sender of everybody)
      expectNotified(
        when(asked, [sender, missionUpdate({ mission, describes: false })]),
        ...everybody.filter((party) => party !== sender),
      );
  });

  test('accepts a new description from the requester and the coordinator only', () => {
    for (const sender of [amk, la]) expect(codeOf(when(asked, [sender, missionUpdate({ mission })]))).toBe('accepted');
    for (const sender of [operator, hospital])
      expectRefused(
        when(asked, [sender, missionUpdate({ mission })]),
        'forbidden-relation',
        'Bundle.entry[0].resource.focus',
      );
  });

  test('changes the urgency and the place, and replaces these elements of the description', () => {
    const state = later(asked, [amk, missionUpdate({ mission, urgency: 'routine', place: [60.1, 10.2] })]);
    expect(state).toMatchObject({
      urgency: 'routine',
      position: { latitude: 60.1, longitude: 10.2 },
      request: { entry: 1, index: 1 },
      updates: [{ entry: 4, index: 1, elements: ['subject.display', 'locationReference'] }],
    });
    expect(state.tasks).toEqual(asked.tasks);
  });

  test('keeps urgency and place if the update does not state them', () => {
    const state = later(asked, [amk, missionUpdate({ mission })]);
    expect(state).toMatchObject({ urgency: 'stat', position: asked.position, updates: [{ entry: 4 }] });
  });

  test('has the municipality of its newest place, and none if that place states none', () => {
    const before = given([amk, missionRequest({ municipality: '3401', place: [61.1, 10.2] })]);
    expect(before.municipality).toBe('3401');
    const moved = (place: { readonly municipality?: string }) =>
      later(before, [amk, missionUpdate({ mission, place: [61.2, 10.3], ...place })]).municipality;
    expect(moved({})).toBeUndefined();
    expect(moved({ municipality: '3403' })).toBe('3403');
    expect(later(before, [amk, missionUpdate({ mission })]).municipality).toBe('3401');
  });

  test('keeps the description if the update has none', () => {
    const state = later(asked, [hospital, missionUpdate({ mission, describes: false })]);
    expect(state).toMatchObject({ version: 4, request: { entry: 1, index: 1 } });
  });

  test('uses the new urgency for the deadline of later Tasks', () => {
    const state = later(
      given(opened),
      [amk, missionUpdate({ mission, urgency: 'routine' })],
      [la, prearrivalNotification({ mission })],
    );
    expect(state.tasks.at(-1)?.acknowledgeBy).toBe('2026-02-01T11:04:00.000Z');
  });
});
