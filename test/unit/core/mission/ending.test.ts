import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  given,
  later,
  mission,
  missionDecision,
  missionRequest,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  recipients,
  request,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  sentBy,
  type Step,
  task,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, otherOperator, hospital, quality } = parties;

const opened: Step = [amk, request];
const accepted: Step = [la, missionDecision({ task: task(1), answer: 'accepted' })];
const rejected: Step = [la, missionDecision({ task: task(1), answer: 'rejected' })];
const asked: Step = [la, resourceRequest({ mission, to: [operator.organisation] })];

describe('mission-decision and resource-request', () => {
  test('refuses a rejection while a resource Task is open', () => {
    expect(when(given(opened, asked), rejected)).toMatchObject({
      outcome: 'refused',
      faults: [{ code: 'illegal-transition' }],
    });
  });

  test('accepts a rejection after the crew has declined', () => {
    const declined: Step = [operator, resourceResponse({ task: task(2), answer: 'declined' })];
    expect(when(given(opened, asked, declined), rejected)).toMatchObject({ outcome: 'accepted' });
  });

  test('refuses a resource request after a rejection', () => {
    expect(when(given(opened, rejected), asked)).toMatchObject({
      outcome: 'refused',
      faults: [{ code: 'illegal-transition' }],
    });
  });

  test('refuses a resource request after a rejection also while a hospital Task is open', () => {
    const warned: Step = [la, prearrivalNotification({ mission, to: [hospital.organisation] })];
    expect(when(given(opened, warned, rejected), asked)).toMatchObject({
      outcome: 'refused',
      faults: [{ code: 'illegal-transition' }],
    });
  });

  test('accepts a resource request before the decision', () => {
    expect(when(given(opened), asked)).toMatchObject({ outcome: 'accepted' });
  });
});

describe('end of a mission', () => {
  test('notifies every party, independent of which message ends the mission', () => {
    const flown = later(
      given(opened, accepted, asked),
      [operator, resourceResponse({ task: task(3), answer: 'accepted' })],
      [la, resourceRequest({ mission, to: [otherOperator.organisation], id: 'second' })],
      [operator, prearrivalNotification({ mission, to: [hospital.organisation], partOf: task(3) })],
      [hospital, prearrivalResponse({ task: task(6), answer: 'accepted' })],
      [
        operator,
        resourceStatus({
          task: task(3),
          phases: { departed: '2026-01-31T11:05:00Z', 'handed-over': '2026-01-31T11:30:00Z' },
        }),
      ],
    );
    expect(flown.status).toBe('active');
    const last = when(flown, [otherOperator, resourceResponse({ task: task(5), answer: 'declined' })]);
    expect(last).toMatchObject({ outcome: 'accepted', entry: { state: { status: 'completed' } } });
    expect(new Set(recipients(last))).toEqual(
      new Set([amk, la, operator, hospital, quality].map(({ organisation }) => organisation)),
    );
  });
});

describe('acceptMessage, a repeated message', () => {
  test('returns whether the fan-out is pending, so that it need not wait for the sweeper', async () => {
    const { missions } = memoryHub();
    const message = missionRequest({ id: 'again' });
    const accept = () => acceptMessage(missions, message, sentBy(amk), () => Date.parse('2026-02-01T11:00:00Z'));
    expect(await accept()).toMatchObject({ repeated: false, fanOutPending: true });
    const again = await accept();
    expect(again).toMatchObject({ repeated: true, fanOutPending: true });
    if (again.outcome === 'refused') throw new Error('refused');
    await missions.completeFanOut(again.entry.mission, 1, {
      notified: [],
      withoutSubscription: [],
      fanOutCompletedAt: new Date(0).toISOString(),
    });
    expect(await accept()).toMatchObject({ repeated: true, fanOutPending: false });
  });
});
