import { describe, expect, test } from 'vitest';
import {
  asked,
  codeOf,
  expectNotified,
  expectRefused,
  given,
  later,
  mission,
  missionUpdate,
  opened,
  parties,
  prearrivalNotification,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital } = parties;

describe('Updates', () => {
  test('Every party but the one that speaks is told of an update', () => {
    const everybody = [amk, la, operator, hospital];
    for (const sender of everybody)
      expectNotified(
        when(asked, [sender, missionUpdate({ mission, describes: false })]),
        ...everybody.filter((party) => party !== sender),
      );
  });

  test('Who asked and who coordinates describe the mission anew, nobody else', () => {
    for (const sender of [amk, la]) expect(codeOf(when(asked, [sender, missionUpdate({ mission })]))).toBe('accepted');
    for (const sender of [operator, hospital])
      expectRefused(
        when(asked, [sender, missionUpdate({ mission })]),
        'forbidden-relation',
        'Bundle.entry[0].resource.focus',
      );
  });

  test('An update may change the urgency and the place, and then describes the mission', () => {
    const state = later(asked, [amk, missionUpdate({ mission, urgency: 'routine', place: [60.1, 10.2] })]);
    expect(state).toMatchObject({
      urgency: 'routine',
      position: { latitude: 60.1, longitude: 10.2 },
      request: { entry: 4, index: 1 },
    });
    expect(state.tasks).toEqual(asked.tasks);
  });

  test('An update that does not mention urgency or place keeps them', () => {
    const state = later(asked, [amk, missionUpdate({ mission })]);
    expect(state).toMatchObject({ urgency: 'stat', position: asked.position, request: { entry: 4, index: 1 } });
  });

  test('An update that describes nothing leaves the description where it was', () => {
    const state = later(asked, [hospital, missionUpdate({ mission, describes: false })]);
    expect(state).toMatchObject({ version: 4, request: { entry: 1, index: 1 } });
  });

  test('An ask made after a change of urgency has the deadline of the new urgency', () => {
    const state = later(
      given(opened),
      [amk, missionUpdate({ mission, urgency: 'routine' })],
      [la, prearrivalNotification({ mission })],
    );
    expect(state.tasks.at(-1)?.acknowledgeBy).toBe('2026-02-01T11:04:00.000Z');
  });
});
