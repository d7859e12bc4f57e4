import { describe, expect, test } from 'vitest';
import type { MissionState } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { systems } from '../../../../schemas/names.ts';
import { changed } from '../../schemas/reading/changed.ts';
import {
  acknowledgement,
  asked,
  codeOf,
  crewAccepts,
  crewDeparts,
  decided,
  expectIllegal,
  expectNotified,
  expectRefused,
  flight,
  later,
  mission,
  parties,
  read,
  resourceRequest,
  resourceStatus,
  statusesOf,
  type Step,
  taskIn,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, hospital } = parties;

describe('resource-status', () => {
  const report = (phases: Readonly<Record<string, string>>): Step => [
    operator,
    resourceStatus({ task: flight, phases }),
  ];
  const accepted = later(asked, decided, crewAccepts);

  test('notifies every party but the crew', () => {
    expectNotified(when(accepted, crewDeparts), amk, la, hospital);
    const two = later(accepted, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]);
    expectNotified(when(two, crewDeparts), amk, la, otherOperator, hospital);
  });

  test('keeps the status of a crew that is only alerted', () => {
    const state = later(
      accepted,
      report({ 'alarm-received': '2026-01-31T12:00:00+01:00', 'unit-alerted': '2026-01-31T12:01:00+01:00' }),
    );
    expect(taskIn(state, flight)).toMatchObject({
      status: 'accepted',
      phases: { 'alarm-received': '2026-01-31T12:00:00+01:00', 'unit-alerted': '2026-01-31T12:01:00+01:00' },
    });
  });

  test.each(['departed', 'on-scene', 'patient-contact', 'departed-scene', 'arrived-at-destination'])(
    'sets the Task in progress at the phase %s',
    (phase) => {
      expect(taskIn(later(accepted, report({ [phase]: '2026-01-31T12:05:00+01:00' })), flight).status).toBe(
        'in-progress',
      );
    },
  );

  test.each(['handed-over', 'available'])('completes the Task at the phase %s, also without a departure', (phase) => {
    expect(taskIn(later(accepted, report({ [phase]: '2026-01-31T13:05:00+01:00' })), flight).status).toBe('completed');
  });

  test('records phases in any order, each with its reported time', () => {
    const state = later(
      accepted,
      report({ 'on-scene': '2026-01-31T12:25:00+01:00' }),
      report({ departed: '2026-01-31T12:05:00+01:00' }),
      report({ 'patient-contact': '2026-01-31T12:27:00+01:00', 'unit-alerted': '2026-01-31T12:01:00+01:00' }),
    );
    expect(taskIn(state, flight)).toMatchObject({
      status: 'in-progress',
      phases: {
        'unit-alerted': '2026-01-31T12:01:00+01:00',
        departed: '2026-01-31T12:05:00+01:00',
        'on-scene': '2026-01-31T12:25:00+01:00',
        'patient-contact': '2026-01-31T12:27:00+01:00',
      },
    });
  });

  test('keeps the earlier of two times of a phase, in any order and time zone', () => {
    const early = { departed: '2026-01-31T12:04:00+01:00' };
    const late = { departed: '2026-01-31T11:05:00Z' };
    for (const order of [
      [early, late],
      [late, early],
    ])
      expect(taskIn(later(accepted, ...order.map(report)), flight).phases).toEqual(early);
  });

  test('accepts a leap second as a time', () => {
    const leap = { departed: '2026-01-31T23:59:60Z' };
    const before = { departed: '2026-01-31T23:59:30Z' };
    for (const order of [
      [leap, before],
      [before, leap],
    ])
      expect(taskIn(later(accepted, ...order.map(report)), flight).phases).toEqual(before);
  });

  test('refuses a report that states a phase without its time, unless it was reported before', () => {
    const departed = { departed: '2026-01-31T12:05:00+01:00' };
    const said = (state: MissionState, statedPhase: string, phases = {}) =>
      when(state, [operator, resourceStatus({ task: flight, statedPhase, phases, eta: '2026-02-01T12:40:00+01:00' })]);
    const outcome = expectRefused(said(accepted, 'on-scene', departed), 'contradiction');
    expect(outcome.faults[0]).toMatchObject({
      at: 'Bundle.entry[1].resource.businessStatus',
      and: 'Bundle.entry[1].resource.output',
    });
    expect(codeOf(said(accepted, 'departed', departed))).toBe('accepted');
    expect(codeOf(said(later(accepted, report(departed)), 'departed'))).toBe('accepted');
  });

  test('refuses a message that states an answer which the Task does not have', () => {
    const stating = (message: Message, system: string, code: string): Message => {
      const bundle: unknown = JSON.parse(message.text);
      return read(
        JSON.stringify(changed(bundle, ['entry', 1, 'resource', 'businessStatus'], { coding: [{ system, code }] })),
      );
    };
    const departed = resourceStatus({ task: flight, phases: { departed: '2026-01-31T12:05:00+01:00' } });
    const seen = acknowledgement({ task: flight });
    for (const [state, message, system, code] of [
      [asked, seen, systems.resourceAnswer, 'accepted'],
      [accepted, departed, systems.resourceAnswer, 'aborted'],
      [accepted, departed, systems.missionDecision, 'accepted'],
    ] as const) {
      const outcome = expectRefused(when(state, [operator, stating(message, system, code)]), 'contradiction');
      expect(outcome.faults[0]).toMatchObject({
        at: 'Bundle.entry[1].resource.businessStatus',
        and: 'Bundle.entry[1].resource.status',
      });
    }
    expect(codeOf(when(accepted, [operator, stating(departed, systems.resourceAnswer, 'accepted')]))).toBe('accepted');
    expect(codeOf(when(asked, [operator, seen]))).toBe('accepted');
    expect(() => stating(resourceRequest({ mission }), systems.resourceAnswer, 'accepted')).toThrow('contradiction');
  });

  test('refuses a report that states the end of a flight and does not end it', () => {
    const said = (status: string, phase: string) =>
      when(accepted, [
        operator,
        resourceStatus({ task: flight, status, phases: { [phase]: '2026-01-31T12:05:00+01:00' } }),
      ]);
    for (const [status, phase] of [
      ['failed', 'departed'],
      ['cancelled', 'departed'],
      ['completed', 'departed'],
      ['failed', 'available'],
    ] as const)
      expectRefused(said(status, phase), 'changed-meaning', 'Bundle.entry[1].resource.status');
    for (const phase of ['handed-over', 'available']) expect(codeOf(said('completed', phase))).toBe('accepted');
    for (const status of ['failed', 'cancelled', 'completed'] as const)
      expect(
        codeOf(when(withTask(accepted, flight, { status }), report({ departed: '2026-01-31T12:05:00+01:00' }))),
      ).toBe('accepted');
  });

  test('records phases after the end of the flight without a change of status', () => {
    for (const status of ['completed', 'failed', 'cancelled'] as const) {
      const before = withTask(accepted, flight, { status });
      const state = later(
        before,
        report({ departed: '2026-01-31T12:05:00+01:00', available: '2026-01-31T14:00:00+01:00' }),
      );
      expect(statusesOf(state)).toEqual(statusesOf(before));
      expect(state.status).toBe('active');
      expect(taskIn(state, flight).phases).toEqual({
        departed: '2026-01-31T12:05:00+01:00',
        available: '2026-01-31T14:00:00+01:00',
      });
    }
  });

  test('refuses a report of a crew that has not accepted', () => {
    for (const status of ['requested', 'received', 'rejected'] as const) {
      const before = withTask(asked, flight, { status });
      expectIllegal(when(before, crewDeparts), before);
    }
  });

  test('updates ETA and position, and keeps them if a report does not state them', () => {
    const state = later(
      accepted,
      [operator, resourceStatus({ task: flight, eta: '2026-01-31T12:40:00+01:00', place: [61.5, 9.5] })],
      report({ departed: '2026-01-31T12:05:00+01:00' }),
    );
    expect(taskIn(state, flight)).toMatchObject({
      eta: '2026-01-31T12:40:00+01:00',
      position: { latitude: 61.5, longitude: 9.5 },
    });
    expect(state.position).toEqual({ latitude: 62.0729, longitude: 9.1236 });
  });
});
