import { describe, expect, test } from 'vitest';
import { hub, type MissionState } from '../../../../core/mission/state.ts';
import { type MissionStatus, missionStatuses } from '../../../../schemas/codes.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import {
  acknowledgement,
  arrival,
  asked,
  codeOf,
  coordination,
  crewAccepts,
  crewHandsOver,
  decided,
  expectIllegal,
  flight,
  flying,
  hospitalAccepts,
  medicalAssessment,
  mission,
  missionCancel,
  missionForward,
  missionReport,
  missionUpdate,
  outcomeFeedback,
  overdue,
  parties,
  prearrivalNotification,
  rejectedMission,
  resourceRequest,
  reviewRequest,
  type Step,
  unreachableHospital,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital } = parties;

/** The statuses of the mission in which each message is legal, if its Task is ready for it. */
const missionTable: readonly (readonly [event: string, Step, ready: MissionState, legal: readonly MissionStatus[]])[] =
  [
    [
      'acknowledgement',
      [la, acknowledgement({ task: coordination })],
      asked,
      ['active', 'revoked', 'entered-in-error'],
    ],
    [
      'mission-update',
      [amk, missionUpdate({ mission })],
      asked,
      ['active', 'revoked', 'entered-in-error', 'completed'],
    ],
    ['mission-decision', decided, asked, ['active']],
    ['resource-request', [la, resourceRequest({ mission, id: 'again' })], asked, ['active']],
    ['resource-response', crewAccepts, asked, ['active', 'revoked', 'entered-in-error']],
    ['resource-status', crewHandsOver, flying, ['active', 'revoked', 'entered-in-error', 'completed']],
    ['prearrival-notification', [la, prearrivalNotification({ mission, id: 'again' })], flying, ['active', 'revoked']],
    ['prearrival-response', hospitalAccepts, asked, ['active', 'revoked']],
    ['mission-cancel', [amk, missionCancel({ mission })], asked, ['active']],
    ['medical-assessment', [la, medicalAssessment({ mission, ground: 'indicated' })], asked, ['active']],
    ['review-request', [amk, reviewRequest({ task: coordination })], rejectedMission, ['active']],
    ['mission-forward', [la, missionForward({ task: coordination })], asked, ['active']],
    ['mission-report', [operator, missionReport({ task: flight })], flying, ['active', 'revoked', 'completed']],
    ['outcome-feedback', [hospital, outcomeFeedback({ task: arrival })], asked, ['active', 'revoked', 'completed']],
    ['acknowledgement-overdue', [hub, overdue], asked, ['active', 'revoked', 'entered-in-error']],
    [
      'delivery-failed',
      [hub, unreachableHospital({ code: 'gave-up', lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' } })],
      asked,
      [...missionStatuses],
    ],
    ['party-unreachable', [hub, unreachableHospital({ code: 'no-subscription' })], asked, [...missionStatuses]],
  ];

describe('messages by mission status', () => {
  const rows = missionTable.flatMap(([event, step, ready, legal]) =>
    missionStatuses.map((status) => ({
      event,
      step,
      before: { ...ready, status },
      status,
      legal: legal.includes(status),
    })),
  );

  test.each(rows.filter((row) => row.legal))('accepts a $event while the mission is $status', ({ step, before }) => {
    expect(codeOf(when(before, step))).toBe('accepted');
  });

  test.each(rows.filter((row) => !row.legal))('refuses a $event when the mission is $status', ({ step, before }) => {
    expectIllegal(when(before, step), before);
  });

  test('lists every message type of a mission but the one that opens it', () => {
    expect(missionTable.map(([event]) => event).sort()).toEqual(
      catalogue
        .filter((type) => type.mission !== 'opens' && type.log === undefined)
        .map(({ event }) => event)
        .sort(),
    );
  });
});
