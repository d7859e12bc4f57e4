import { describe, expect, test } from 'vitest';
import { hub, type MissionState, type Party } from '../../../../core/mission/state.ts';
import { codesOf, type Role, roles } from '../../../../schemas/codes.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import {
  acknowledgement,
  arrival,
  asked,
  codeOf,
  coordination,
  expectRefused,
  flight,
  medicalAssessment,
  mission,
  missionCancel,
  missionDecision,
  missionForward,
  missionReport,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  overdue,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  rejectedMission,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
  task,
  unknownOrganisation,
  unreachableHospital,
  when,
  withTask,
} from '../../../support/scenario.ts';

const { amk, otherAmk, la, otherLa, operator, otherOperator, hospital, otherHospital, observer, quality } = parties;

/** The roles that may send each message type. A role that is not listed may never send it. */
const maySend: Readonly<Record<string, readonly Role[]>> = {
  'mission-request': ['local-amk'],
  acknowledgement: ['amk-la', 'operator', 'hospital'],
  'mission-update': ['local-amk', 'amk-la', 'operator', 'hospital'],
  'mission-decision': ['amk-la'],
  'resource-request': ['amk-la'],
  'resource-response': ['operator'],
  'resource-status': ['operator'],
  'prearrival-notification': ['amk-la', 'operator'],
  'prearrival-response': ['hospital'],
  'mission-cancel': ['local-amk', 'amk-la'],
  'medical-assessment': ['amk-la', 'operator'],
  'review-request': ['local-amk'],
  'mission-forward': ['amk-la'],
  'mission-report': ['operator'],
  'outcome-feedback': ['hospital'],
  'resource-availability': ['operator'],
  'acknowledgement-overdue': ['hub'],
  'delivery-failed': ['hub'],
  'party-unreachable': ['hub'],
};

describe('messages by role', () => {
  const members: Readonly<Record<Role, Party>> = {
    'local-amk': amk,
    'amk-la': la,
    operator,
    hospital,
    observer,
    quality,
    hub,
  };
  const nonParties: Readonly<Record<Role, Party>> = {
    'local-amk': otherAmk,
    'amk-la': otherLa,
    operator: otherOperator,
    hospital: otherHospital,
    observer,
    quality,
    hub,
  };
  const ownTask: Readonly<Record<Role, string>> = {
    'local-amk': coordination,
    'amk-la': coordination,
    operator: flight,
    hospital: arrival,
    observer: coordination,
    quality: coordination,
    hub: coordination,
  };
  const messages: Readonly<Record<string, (role: Role) => Message>> = {
    'mission-request': () => missionRequest({ id: 'another-request' }),
    acknowledgement: (role) => acknowledgement({ task: ownTask[role] }),
    'mission-update': (role) => missionUpdate({ mission, describes: ['local-amk', 'amk-la'].includes(role) }),
    'mission-decision': () => missionDecision({ task: coordination, answer: 'accepted' }),
    'resource-request': () => resourceRequest({ mission, id: 'another-resource' }),
    'resource-response': () => resourceResponse({ task: flight, answer: 'accepted' }),
    'resource-status': () => resourceStatus({ task: flight, phases: { departed: '2026-01-31T12:05:00+01:00' } }),
    'prearrival-notification': () => prearrivalNotification({ mission, id: 'another-warning' }),
    'prearrival-response': () => prearrivalResponse({ task: arrival, answer: 'accepted' }),
    'mission-cancel': () => missionCancel({ mission }),
    'medical-assessment': () => medicalAssessment({ mission, ground: 'indicated' }),
    'review-request': () => reviewRequest({ task: coordination }),
    'mission-forward': () => missionForward({ task: coordination }),
    'mission-report': () => missionReport({ task: flight }),
    'outcome-feedback': () => outcomeFeedback({ task: arrival }),
    'resource-availability': () => resourceAvailability(),
    'acknowledgement-overdue': () => overdue,
    'delivery-failed': () =>
      unreachableHospital({ code: 'gave-up', lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' } }),
    'party-unreachable': () => unreachableHospital({ code: 'no-subscription' }),
  };
  const ready = (event: string): MissionState => {
    if (event === 'review-request') return rejectedMission;
    return ['resource-status', 'mission-report'].includes(event)
      ? withTask(asked, flight, { status: 'accepted' })
      : asked;
  };
  /** Messages that every organisation of the role may send: they open a mission, or need none. */
  const ofNoMission = ['mission-request', 'resource-availability'];

  const rows = catalogue.flatMap(({ event }) =>
    codesOf(roles).map((role) => ({ event, role, allowed: maySend[event]?.includes(role) ?? false })),
  );
  const messageOf = (event: string, role: Role): Message => {
    const message = messages[event]?.(role);
    if (message === undefined) throw new Error(`no sample of ${event}`);
    return message;
  };

  test('lists every message type', () => {
    expect(Object.keys(maySend).sort()).toEqual(catalogue.map(({ event }) => event).sort());
  });

  test.each(rows.filter(({ allowed }) => !allowed))(
    'refuses a $event of the role $role, with and without a mission and from party and non-party',
    ({ event, role }) => {
      const message = messageOf(event, role);
      for (const before of [undefined, ready(event)])
        for (const sender of [members[role], nonParties[role]])
          expectRefused(when(before, [sender, message]), 'forbidden-role', 'Bundle.entry[0].resource.eventCoding');
    },
  );

  test.each(rows.filter(({ allowed, event, role }) => allowed && role !== 'hub' && !ofNoMission.includes(event)))(
    'accepts a $event of a party of the role $role, and answers a non-party as if there were no mission',
    ({ event, role }) => {
      const message = messageOf(event, role);
      expect(codeOf(when(ready(event), [members[role], message]))).toBe('accepted');
      const toNonParty = when(ready(event), [nonParties[role], message]);
      const withoutMission = when(undefined, [nonParties[role], message]);
      expectRefused(toNonParty, 'not-found', 'Bundle.entry[0].resource.focus');
      expect(toNonParty).toEqual(withoutMission);
      expectRefused(when(undefined, [members[role], message]), 'not-found');
    },
  );

  test('accepts a mission-request of every local AMK', () => {
    for (const sender of [amk, otherAmk])
      expect(codeOf(when(undefined, [sender, messageOf('mission-request', sender.role)]))).toBe('accepted');
  });

  test.each(rows.filter(({ allowed, role }) => allowed && role === 'hub'))(
    'accepts a $event of the hub in an existing mission only',
    ({ event, role }) => {
      const message = messageOf(event, role);
      expect(codeOf(when(ready(event), [hub, message]))).toBe('accepted');
      expectRefused(when(undefined, [hub, message]), 'not-found', 'Bundle.entry[0].resource.focus');
    },
  );

  test('gives a non-party the same answer for every content', () => {
    const nothing = when(undefined, [otherLa, missionUpdate({ mission })]);
    const curious: readonly Message[] = [
      missionUpdate({ mission, to: [unknownOrganisation] }),
      missionUpdate({ mission, exercise: true }),
      resourceRequest({ mission, to: [] }),
      acknowledgement({ task: task(99) }),
    ];
    for (const message of curious) {
      expect(when(asked, [otherLa, message])).toEqual(nothing);
      expect(when(asked, [otherLa, message], { ifMatch: 99 })).toEqual(nothing);
    }
  });
});
