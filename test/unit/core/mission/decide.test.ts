import { describe, expect, test } from 'vitest';
import { hub, isParty, type MissionState, type Party } from '../../../../core/mission/state.ts';
import {
  codesOf,
  type MissionStatus,
  missionStatuses,
  type Role,
  roles,
  type TaskStatus,
  taskStatuses,
} from '../../../../schemas/codes.ts';
import { statusOf } from '../../../../schemas/faults.ts';
import type { Message } from '../../../../schemas/messages/message.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import { systems } from '../../../../schemas/names.ts';
import { type Cause, overdueMessage, unreachableMessage } from '../../../../core/mission/hub-messages.ts';
import {
  acknowledgement,
  directory,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionReport,
  missionRequest,
  missionUpdate,
  ofAmk,
  outcomeFeedback,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
  strangerToTheDirectory,
} from '../../../support/messages.ts';
import {
  codeOf,
  entryOf,
  expectIllegal,
  expectRefused,
  expectNotified,
  given,
  later,
  mission,
  request,
  statusesOf,
  type Step,
  task,
  taskIn,
  timeOf,
  when,
  withTask,
} from './given.ts';

const {
  amk,
  otherAmk,
  la,
  otherLa,
  operator,
  otherOperator,
  thirdOperator,
  hospital,
  otherHospital,
  observer,
  quality,
} = parties;

// The usual way of a mission. Entry 1 opens the coordination Task, 2 the resource Task, 3 the pre-arrival Task.
const coordination = task(1);
const flight = task(2);
const arrival = task(3);
const opened: Step = [amk, request];
const resourceAsked: Step = [la, resourceRequest({ mission })];
const hospitalWarned: Step = [la, prearrivalNotification({ mission, partOf: flight })];
const decided: Step = [la, missionDecision({ task: coordination, answer: 'accepted' })];
const crewAccepts: Step = [operator, resourceResponse({ task: flight, answer: 'accepted' })];
const crewDeclines: Step = [operator, resourceResponse({ task: flight, answer: 'declined' })];
const crewDeparts: Step = [
  operator,
  resourceStatus({ task: flight, phases: { departed: '2026-01-31T12:05:00+01:00' } }),
];
const crewHandsOver: Step = [
  operator,
  resourceStatus({ task: flight, phases: { 'handed-over': '2026-01-31T13:05:00+01:00' } }),
];
const hospitalAccepts: Step = [hospital, prearrivalResponse({ task: arrival, answer: 'accepted' })];

const asked = given(opened, resourceAsked, hospitalWarned);
const flying = later(asked, decided, crewAccepts, crewDeparts);

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

/** Messages that need a destination: what they are when there is none, two, or a wrong one. */
describe('Who is asked', () => {
  const asking: readonly (readonly [
    string,
    MissionState | undefined,
    Party,
    (to: readonly string[]) => Message,
    Party,
    Party,
  ])[] = [
    ['mission-request', undefined, amk, (to) => missionRequest({ to }), otherLa, hospital],
    ['resource-request', asked, la, (to) => resourceRequest({ mission, to }), otherOperator, hospital],
    ['prearrival-notification', asked, la, (to) => prearrivalNotification({ mission, to }), otherHospital, operator],
  ];

  test.each(asking)('A %s is for the party in its destination', (_event, before, sender, message, wanted) => {
    const entry = entryOf(when(before, [sender, message([wanted.organisation])]));
    expect(entry.state.tasks.at(-1)).toMatchObject({
      owner: wanted.organisation,
      asker: sender.organisation,
      status: 'requested',
      openedBy: entry.number,
    });
    expectNotified({ outcome: 'accepted', entry }, wanted);
  });

  test.each(asking.slice(1))('A %s without a destination asks nobody', (_event, before, sender, message) => {
    expectRefused(when(before, [sender, message([])]), 'missing-field', 'Bundle.entry[0].resource.destination');
  });

  test('A request without a destination goes to the AMK LA that covers the municipality of the place', () => {
    for (const [municipality, covering] of [
      ['3425', la],
      ['4601', otherLa],
    ] as const) {
      const entry = entryOf(when(undefined, [amk, missionRequest({ to: [], municipality })]));
      expect(entry.state).toMatchObject({ coordinator: covering.organisation, municipality });
      expect(entry.state.tasks[0]?.owner).toBe(covering.organisation);
      expectNotified({ outcome: 'accepted', entry }, covering);
    }
  });

  test('A request that names its AMK LA goes there, whoever covers the place', () => {
    const message = missionRequest({ to: [otherLa.organisation], municipality: '3425' });
    expect(given([amk, message]).coordinator).toBe(otherLa.organisation);
  });

  test('A request that names no AMK LA, for a place that nobody covers or of which no municipality is known, asks nobody', () => {
    for (const message of [missionRequest({ to: [] }), missionRequest({ to: [], municipality: '9999' })])
      expectRefused(when(undefined, [amk, message]), 'no-coordinator', 'Bundle.entry[0].resource.destination');
  });

  test.each(asking)('A %s asks one party at a time', (_event, before, sender, message, wanted, other) => {
    for (const second of [wanted, other])
      expectRefused(
        when(before, [sender, message([wanted.organisation, second.organisation])]),
        'wrong-field',
        'Bundle.entry[0].resource.destination',
      );
  });

  test.each(asking)('A %s cannot ask a party of another role', (_event, before, sender, message, _wanted, other) => {
    expectRefused(
      when(before, [sender, message([other.organisation])]),
      'wrong-field',
      'Bundle.entry[0].resource.destination[0].receiver',
    );
  });

  test.each(asking)(
    'A %s cannot ask an organisation that is not in the directory',
    (_event, before, sender, message) => {
      expectRefused(
        when(before, [sender, message([strangerToTheDirectory])]),
        'unknown-organisation',
        'Bundle.entry[0].resource.destination[0].receiver',
      );
    },
  );

  test('Of several destinations the one that is not in the directory is named', () => {
    const message = missionUpdate({ mission, to: [la.organisation, strangerToTheDirectory] });
    expectRefused(
      when(asked, [amk, message]),
      'unknown-organisation',
      'Bundle.entry[0].resource.destination[1].receiver',
    );
  });

  const inTheNameOf = (organisation: string): Readonly<Record<string, unknown>> => ({
    identifier: { system: systems.organisationNumber, value: organisation },
  });

  test.each(['sender', 'responsible'])('Nobody speaks in the name of another organisation (%s)', (element) => {
    const from = { [element]: inTheNameOf(amk.organisation) };
    const at = `Bundle.entry[0].resource.${element}`;
    expectRefused(when(undefined, [parties.otherAmk, missionRequest({ from })]), 'wrong-sender', at);
    expectRefused(when(asked, [la, missionUpdate({ mission, from })]), 'wrong-sender', at);
    expectRefused(when(undefined, [operator, resourceAvailability({ from })]), 'wrong-sender', at);
  });

  test('A message may say that it is from its sender, from a unit of it or from the legal entity above it', () => {
    for (const organisation of [amk.organisation, ofAmk.unit, ofAmk.legalEntity]) {
      const from = { sender: inTheNameOf(organisation), responsible: inTheNameOf(amk.organisation) };
      expect(when(asked, [amk, missionUpdate({ mission, from })]).outcome).toBe('accepted');
    }
  });

  test('A stranger learns nothing of a mission from the name it speaks in', () => {
    const from = { sender: inTheNameOf(amk.organisation) };
    expectRefused(when(asked, [parties.otherAmk, missionUpdate({ mission, from })]), 'not-found');
  });

  test('A receiver whom the mission does not concern is not told, and the log says so', () => {
    const message = missionUpdate({
      mission,
      to: [la.organisation, otherAmk.organisation, otherHospital.organisation, otherAmk.organisation],
    });
    const outcome = when(asked, [amk, message]);
    expectNotified(outcome, la, operator, hospital);
    // Each once, however often it was named.
    expect(entryOf(outcome).notParties).toEqual([otherAmk.organisation, otherHospital.organisation]);
  });

  test('A party that is concerned but not by this message is not told, and the log says so', () => {
    const decision = missionDecision({ task: coordination, answer: 'accepted', to: [operator.organisation] });
    const outcome = when(asked, [la, decision]);
    expectNotified(outcome, amk, quality);
    expect(entryOf(outcome).notParties).toEqual([operator.organisation]);
  });

  test('Receivers that are told anyway may be named, and name nobody else out', () => {
    const message = missionUpdate({ mission, to: [hospital.organisation, la.organisation] });
    const outcome = when(asked, [amk, message]);
    expectNotified(outcome, la, operator, hospital);
    expect(entryOf(outcome).notParties).toEqual([]);
  });

  test('Several resources may be asked side by side, the same operator too', () => {
    const state = later(
      asked,
      [la, resourceRequest({ mission, to: [otherOperator.organisation], kind: 'rescue-helicopter' })],
      [la, resourceRequest({ mission, kind: 'car', id: 'a-car-too' })],
    );
    expect(
      state.tasks.filter(({ kind }) => kind === 'resource').map(({ owner, resourceKind }) => [owner, resourceKind]),
    ).toEqual([
      [operator.organisation, 'helicopter'],
      [otherOperator.organisation, 'rescue-helicopter'],
      [operator.organisation, 'car'],
    ]);
  });

  test.each(['stat', 'urgent', 'routine'] as const)(
    'A crew has 60 seconds to see an ask and a hospital 120, at urgency %s too',
    (urgency) => {
      const first = missionRequest({ urgency });
      const here = missionOpenedBy(first);
      const state = given(
        [amk, first],
        [la, resourceRequest({ mission: here })],
        [la, prearrivalNotification({ mission: here })],
      );
      expect(state.tasks.map(({ acknowledgeBy }) => acknowledgeBy).slice(1)).toEqual([
        '2026-02-01T11:02:00.000Z',
        '2026-02-01T11:04:00.000Z',
      ]);
    },
  );
});

/** Every answer to a Task of each kind: the statuses from which it is legal, and what the Task becomes. */
type Table = Readonly<Partial<Record<TaskStatus, TaskStatus>>>;
const taskTable: readonly (readonly [answer: string, Step, id: string, legal: Table])[] = [
  [
    'acceptance of a request',
    decided,
    coordination,
    { requested: 'accepted', received: 'accepted', 'on-hold': 'accepted' },
  ],
  [
    'partial acceptance of a request',
    [la, missionDecision({ task: coordination, answer: 'partially-accepted' })],
    coordination,
    { requested: 'accepted', received: 'accepted', 'on-hold': 'accepted' },
  ],
  [
    'deferral of a request',
    [la, missionDecision({ task: coordination, answer: 'deferred' })],
    coordination,
    { requested: 'on-hold', received: 'on-hold', 'on-hold': 'on-hold', accepted: 'on-hold' },
  ],
  [
    'rejection of a request',
    [la, missionDecision({ task: coordination, answer: 'rejected' })],
    coordination,
    { requested: 'rejected', received: 'rejected', 'on-hold': 'rejected', accepted: 'rejected' },
  ],
  [
    'acknowledgement of a request',
    [la, acknowledgement({ task: coordination })],
    coordination,
    { requested: 'received' },
  ],
  ["crew's acknowledgement", [operator, acknowledgement({ task: flight })], flight, { requested: 'received' }],
  ["hospital's acknowledgement", [hospital, acknowledgement({ task: arrival })], arrival, { requested: 'received' }],
  ["crew's acceptance", crewAccepts, flight, { requested: 'accepted', received: 'accepted' }],
  ["crew's declining", crewDeclines, flight, { requested: 'rejected', received: 'rejected' }],
  [
    "crew's withdrawal",
    [operator, resourceResponse({ task: flight, answer: 'withdrawn', reason: 'sar-priority' })],
    flight,
    { accepted: 'failed', 'in-progress': 'failed' },
  ],
  [
    'report from the ground',
    [operator, resourceStatus({ task: flight, phases: { 'unit-alerted': '2026-01-31T12:01:00+01:00' } })],
    flight,
    {
      accepted: 'accepted',
      'in-progress': 'in-progress',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'report of a new ETA',
    [operator, resourceStatus({ task: flight, eta: '2026-01-31T12:40:00+01:00' })],
    flight,
    {
      accepted: 'accepted',
      'in-progress': 'in-progress',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'report from the air',
    crewDeparts,
    flight,
    {
      accepted: 'in-progress',
      'in-progress': 'in-progress',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'report of the hand-over',
    crewHandsOver,
    flight,
    {
      accepted: 'completed',
      'in-progress': 'completed',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    },
  ],
  [
    'pre-arrival notification brought up to date',
    [la, prearrivalNotification({ mission, task: arrival, to: [] })],
    arrival,
    { requested: 'requested', received: 'requested', accepted: 'requested' },
  ],
  ["hospital's acceptance", hospitalAccepts, arrival, { requested: 'accepted', received: 'accepted' }],
  [
    "hospital's diversion",
    [hospital, prearrivalResponse({ task: arrival, answer: 'diverted' })],
    arrival,
    { requested: 'rejected', received: 'rejected', accepted: 'rejected' },
  ],
  [
    "hospital's refusal",
    [hospital, prearrivalResponse({ task: arrival, answer: 'cannot-receive' })],
    arrival,
    { requested: 'rejected', received: 'rejected', accepted: 'rejected' },
  ],
];

const cases = taskTable.flatMap(([answer, step, id, legal]) =>
  taskStatuses.map((status) => ({ answer, step, id, status, becomes: legal[status] })),
);

/** Nobody else is asked, so that only the one Task decides. Who is under way has seen what is asked. */
const alone = (id: string, status: TaskStatus): MissionState => {
  const state = id === coordination ? given(opened) : asked;
  const only = { ...state, tasks: state.tasks.filter((one) => one.id === id || one.kind === 'coordination') };
  return withTask(only, id, { status, ...(status === 'in-progress' ? { acknowledgedAt: timeOf(1) } : {}) });
};

describe('What may be answered to an ask, and when', () => {
  test.each(cases.filter(({ becomes }) => becomes !== undefined))(
    'A Task that is $status becomes $becomes by a $answer',
    ({ step, id, status, becomes }) => {
      const before = alone(id, status);
      // Who overturns an acceptance says that it knows of it.
      const entry = entryOf(when(before, step, { ifMatch: before.version }));
      expect(taskIn(entry.state, id)).toMatchObject({ status: becomes, changedBy: before.version + 1 });
      expect(entry.number).toBe(before.version + 1);
      expect(entry.state.version).toBe(before.version + 1);
      expect(entry.state.mission).toBe(mission);
    },
  );

  test.each(cases.filter(({ becomes }) => becomes === undefined))(
    'A Task that is $status cannot be given a $answer',
    ({ step, id, status }) => {
      const before = alone(id, status);
      const outcome = when(before, step);
      expectIllegal(outcome, before);
      expectRefused(outcome, 'illegal-transition', 'Bundle.entry[1].resource.status');
    },
  );

  test('Other Tasks are not touched by an answer to one', () => {
    for (const [, step, id] of taskTable) {
      const before = withTask(withTask(asked, flight, { status: 'accepted' }), arrival, { status: 'received' });
      const outcome = when(before, step);
      if (outcome.outcome === 'refused' || codeOf(outcome) !== 'accepted' || step === crewHandsOver) continue;
      expect(outcome.entry.state.tasks.filter((one) => one.id !== id && one.openedBy < outcome.entry.number)).toEqual(
        before.tasks.filter((one) => one.id !== id),
      );
    }
  });
});

const turnedDown = given(opened, [la, missionDecision({ task: coordination, answer: 'rejected' })]);
const waiting = taskIn(asked, coordination);
const overdue = overdueMessage(asked, waiting, waiting.acknowledgeBy, directory);
const saidByHub = (cause: Cause): Message => {
  const message = unreachableMessage(
    entryOf(when(given(opened, resourceAsked), hospitalWarned)),
    hospital.organisation,
    cause,
    directory,
  );
  if (message === undefined) throw new Error('the hub has something to say of a hospital');
  return message;
};

/** In which states of the mission each message is legal, its Task being ready for it. */
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
    ['review-request', [amk, reviewRequest({ task: coordination })], turnedDown, ['active']],
    ['mission-forward', [la, missionForward({ task: coordination })], asked, ['active']],
    ['mission-report', [operator, missionReport({ task: flight })], flying, ['active', 'revoked', 'completed']],
    ['outcome-feedback', [hospital, outcomeFeedback({ task: arrival })], asked, ['active', 'revoked', 'completed']],
    ['acknowledgement-overdue', [hub, overdue], asked, ['active', 'revoked', 'entered-in-error']],
    ['delivery-failed', [hub, saidByHub({ code: 'gave-up', lastAnswer: 'timeout' })], asked, [...missionStatuses]],
    ['party-unreachable', [hub, saidByHub({ code: 'no-subscription' })], asked, [...missionStatuses]],
  ];

describe('What may be said of a mission, and when', () => {
  const rows = missionTable.flatMap(([event, step, ready, legal]) =>
    missionStatuses.map((status) => ({
      event,
      step,
      before: { ...ready, status },
      status,
      legal: legal.includes(status),
    })),
  );

  test.each(rows.filter((row) => row.legal))('A $event is legal while the mission is $status', ({ step, before }) => {
    expect(codeOf(when(before, step))).toBe('accepted');
  });

  test.each(rows.filter((row) => !row.legal))('A $event is illegal when the mission is $status', ({ step, before }) => {
    expectIllegal(when(before, step), before);
  });

  test('Every message type of a mission but the one that opens it is in this table', () => {
    expect(missionTable.map(([event]) => event).sort()).toEqual(
      catalogue
        .filter((type) => type.mission !== 'opens' && type.log === undefined)
        .map(({ event }) => event)
        .sort(),
    );
  });
});

/** Who may send what. `party` says what a party of the role is answered; whoever is not listed may not send it at all. */
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

describe('Who may send what', () => {
  const members: Readonly<Record<Role, Party>> = {
    'local-amk': amk,
    'amk-la': la,
    operator,
    hospital,
    observer,
    quality,
    hub,
  };
  const strangers: Readonly<Record<Role, Party>> = {
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
    'delivery-failed': () => saidByHub({ code: 'gave-up', lastAnswer: 'timeout' }),
    'party-unreachable': () => saidByHub({ code: 'no-subscription' }),
  };
  const ready = (event: string): MissionState => {
    if (event === 'review-request') return turnedDown;
    return ['resource-status', 'mission-report'].includes(event)
      ? withTask(asked, flight, { status: 'accepted' })
      : asked;
  };
  /** What anyone of the role may send, party or not: there is no mission yet, or none is needed. */
  const ofNoMission = ['mission-request', 'resource-availability'];

  const rows = catalogue.flatMap(({ event }) =>
    codesOf(roles).map((role) => ({ event, role, allowed: maySend[event]?.includes(role) ?? false })),
  );
  const messageOf = (event: string, role: Role): Message => {
    const message = messages[event]?.(role);
    if (message === undefined) throw new Error(`no sample of ${event}`);
    return message;
  };

  test('The table names every message type', () => {
    expect(Object.keys(maySend).sort()).toEqual(catalogue.map(({ event }) => event).sort());
  });

  test.each(rows.filter(({ allowed }) => !allowed))(
    'A $role never sends a $event, whether the mission exists or is its own',
    ({ event, role }) => {
      const message = messageOf(event, role);
      for (const before of [undefined, ready(event)])
        for (const sender of [members[role], strangers[role]])
          expectRefused(when(before, [sender, message]), 'forbidden-role', 'Bundle.entry[0].resource.eventCoding');
    },
  );

  test.each(rows.filter(({ allowed, event, role }) => allowed && role !== 'hub' && !ofNoMission.includes(event)))(
    'A $role that is party to a mission sends a $event; a stranger is told that there is nothing, as if there were none',
    ({ event, role }) => {
      const message = messageOf(event, role);
      expect(codeOf(when(ready(event), [members[role], message]))).toBe('accepted');
      const toStranger = when(ready(event), [strangers[role], message]);
      const toAnybody = when(undefined, [strangers[role], message]);
      expectRefused(toStranger, 'not-found', 'Bundle.entry[0].resource.focus');
      expect(toStranger).toEqual(toAnybody);
      expectRefused(when(undefined, [members[role], message]), 'not-found');
    },
  );

  test('Any local AMK may ask for a mission, and gets its own', () => {
    for (const sender of [amk, otherAmk])
      expect(codeOf(when(undefined, [sender, messageOf('mission-request', sender.role)]))).toBe('accepted');
  });

  test.each(rows.filter(({ allowed, role }) => allowed && role === 'hub'))(
    'The hub sends a $event into a mission that it has no part in, but not where there is none',
    ({ event, role }) => {
      const message = messageOf(event, role);
      expect(codeOf(when(ready(event), [hub, message]))).toBe('accepted');
      expectRefused(when(undefined, [hub, message]), 'not-found', 'Bundle.entry[0].resource.focus');
    },
  );

  test('A stranger learns nothing from the rest of its message', () => {
    const nothing = when(undefined, [otherLa, missionUpdate({ mission })]);
    const curious: readonly Message[] = [
      missionUpdate({ mission, to: [strangerToTheDirectory] }),
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

describe('Whose business it is', () => {
  const two = later(asked, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]);

  test("A crew cannot answer another crew's ask", () => {
    for (const message of [
      resourceResponse({ task: flight, answer: 'accepted' }),
      resourceResponse({ task: flight, answer: 'declined' }),
      resourceStatus({ task: flight, phases: { departed: '2026-01-31T12:05:00+01:00' } }),
      acknowledgement({ task: flight }),
    ])
      expectRefused(when(two, [otherOperator, message]), 'forbidden-relation', 'Bundle.entry[0].resource.eventCoding');
  });

  test('The coordinator cannot acknowledge for the crew, nor the crew for the hospital', () => {
    expectRefused(when(asked, [la, acknowledgement({ task: flight })]), 'forbidden-relation');
    expectRefused(when(asked, [operator, acknowledgement({ task: arrival })]), 'forbidden-relation');
  });

  test('Only the AMK LA that coordinates asks for resources and warns hospitals', () => {
    const shared = withTask(asked, flight, { asker: otherLa.organisation });
    expect(isParty(shared, otherLa.organisation)).toBe(true);
    for (const message of [
      resourceRequest({ mission, id: 'not-mine' }),
      prearrivalNotification({ mission, id: 'not-mine' }),
      missionCancel({ mission }),
      missionDecision({ task: coordination, answer: 'accepted' }),
    ])
      expectRefused(when(shared, [otherLa, message]), 'forbidden-relation');
  });

  test('A local AMK that is party without having asked cannot cancel', () => {
    const shared = withTask(asked, flight, { asker: otherAmk.organisation });
    expectRefused(
      when(shared, [otherAmk, missionCancel({ mission })]),
      'forbidden-relation',
      'Bundle.entry[0].resource.eventCoding',
    );
  });

  test('A crew that is asked or flies may warn a hospital', () => {
    for (const status of ['requested', 'received', 'accepted', 'in-progress'] as const) {
      const before = withTask(asked, flight, { status });
      const entry = entryOf(when(before, [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]));
      expect(entry.state.tasks.at(-1)).toMatchObject({ asker: operator.organisation, owner: hospital.organisation });
      expectNotified({ outcome: 'accepted', entry }, hospital, la);
    }
  });

  test('A crew whose flight is over, or never was, may not warn a hospital', () => {
    for (const status of ['rejected', 'completed', 'failed', 'cancelled'] as const)
      expectRefused(
        when(withTask(asked, flight, { status }), [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]),
        'forbidden-relation',
      );
  });

  test("A crew brings its own warning up to date, not the coordinator's; the coordinator any", () => {
    const both = later(asked, [operator, prearrivalNotification({ mission, id: 'from-the-crew' })]);
    const update = (id: string) =>
      prearrivalNotification({ mission, task: id, to: [], eta: '2026-01-31T13:20:00+01:00' });
    expectRefused(when(both, [operator, update(arrival)]), 'forbidden-relation');
    expect(codeOf(when(both, [operator, update(task(4))]))).toBe('accepted');
    expect(codeOf(when(both, [la, update(arrival)]))).toBe('accepted');
    const changed = entryOf(when(both, [la, update(task(4))]));
    expect(taskIn(changed.state, task(4))).toMatchObject({
      asker: operator.organisation,
      eta: '2026-01-31T13:20:00+01:00',
    });
    expectNotified({ outcome: 'accepted', entry: changed }, hospital);
  });

  test('A Task that the mission does not have is unknown', () => {
    for (const [sender, message] of [
      [operator, resourceResponse({ task: task(99), answer: 'accepted' })],
      [la, acknowledgement({ task: task(2) + '7' })],
      [hospital, prearrivalResponse({ task: task(2000), answer: 'accepted' })],
      [la, prearrivalNotification({ mission, task: task(99) })],
    ] as const)
      expectRefused(when(asked, [sender, message]), 'unknown-task', 'Bundle.entry[1].resource.id');
  });

  test('A pre-arrival notification cannot bring an ask of another kind up to date', () => {
    for (const id of [coordination, flight])
      expectRefused(
        when(asked, [la, prearrivalNotification({ mission, task: id })]),
        'unknown-task',
        'Bundle.entry[1].resource.id',
      );
  });
});

describe('Versions and exercises', () => {
  const update = missionUpdate({ mission });

  test('A message that names the version it was decided on is accepted at that version only', () => {
    expect(codeOf(when(asked, [amk, update], { ifMatch: 3 }))).toBe('accepted');
    for (const ifMatch of [0, 1, 2, 4, 99]) {
      const refusal = expectRefused(when(asked, [amk, update], { ifMatch }), 'version-conflict', 'http.If-Match');
      expect(statusOf(refusal)).toBe(412);
      expect(refusal.version).toBe(3);
    }
  });

  test('A version conflict is told before a transition is judged', () => {
    expectRefused(when(asked, [operator, crewDeparts[1]], { ifMatch: 1 }), 'version-conflict');
  });

  test('An exercise and a real mission never mix', () => {
    const drill = missionRequest({ exercise: true });
    const drillMission = missionOpenedBy(drill);
    const state = given([amk, drill]);
    const real = when(state, [amk, missionUpdate({ mission: drillMission })]);
    const played = when(asked, [amk, missionUpdate({ mission, exercise: true })]);
    for (const outcome of [real, played]) {
      const refusal = expectRefused(outcome, 'exercise-mismatch', 'Bundle.meta.security');
      expect(statusOf(refusal)).toBe(422);
    }
    const entry = entryOf(when(state, [amk, missionUpdate({ mission: drillMission, exercise: true })]));
    expect(entry.exercise).toBe(true);
    expect(entry.state.exercise).toBe(true);
  });
});

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

describe('Decision', () => {
  test('The requester, and beside it only the quality system, is told of a decision', () => {
    for (const answer of ['accepted', 'partially-accepted', 'deferred', 'rejected'] as const)
      expectNotified(when(given(opened), [la, missionDecision({ task: coordination, answer })]), amk, quality);
  });

  test('A rejection says who decided, why, and in what words', () => {
    const state = later(given(opened), [
      la,
      missionDecision({
        task: coordination,
        answer: 'rejected',
        reason: 'no-medical-indication',
        criterion: 'rapid-transport',
        by: 'Ola Overlege',
      }),
    ]);
    expect(taskIn(state, coordination)).toMatchObject({
      status: 'rejected',
      answer: { event: 'mission-decision', code: 'rejected' },
      reason: {
        table: 'refusal-reason',
        code: 'no-medical-indication',
        class: 'medical',
        text: 'Fog at the scene',
      },
      decider: { name: 'Ola Overlege', role: 'Coordinator' },
      decidedAt: timeOf(2),
    });
  });

  test('A deferral says until when', () => {
    const state = later(given(opened), [
      la,
      missionDecision({ task: coordination, answer: 'deferred', until: '2026-02-01T15:00:00+01:00' }),
    ]);
    expect(taskIn(state, coordination)).toMatchObject({ status: 'on-hold', until: '2026-02-01T15:00:00+01:00' });
  });

  test('A deferral that is over leaves neither its time nor its reason behind', () => {
    const state = later(given(opened), [la, missionDecision({ task: coordination, answer: 'deferred' })], decided);
    expect(taskIn(state, coordination)).toMatchObject({ status: 'accepted' });
    expect(taskIn(state, coordination).until).toBeUndefined();
    expect(taskIn(state, coordination).reason).toBeUndefined();
  });

  test('An acceptance is not taken back while a crew is asked or flies', () => {
    for (const answer of ['rejected', 'deferred'] as const)
      for (const status of ['requested', 'received', 'accepted', 'in-progress'] as const) {
        const before = withTask(later(asked, decided), flight, { status });
        const outcome = when(before, [la, missionDecision({ task: coordination, answer })]);
        expectIllegal(outcome, before);
        expect(outcome.outcome === 'refused' ? outcome.faults[0].detail : '').toContain(flight);
      }
  });

  test('An acceptance may be taken back when every crew has declined', () => {
    const before = later(given(opened, resourceAsked), decided, crewDeclines);
    const state = entryOf(
      when(before, [la, missionDecision({ task: coordination, answer: 'rejected', reason: 'weather' })], {
        ifMatch: before.version,
      }),
    ).state;
    expect(statusesOf(state)).toEqual(['rejected', 'rejected']);
    expect(state.status).toBe('active');
  });

  test('A hospital that waits does not keep an acceptance from being taken back', () => {
    const before = later(asked, decided, crewDeclines);
    const rejection = [la, missionDecision({ task: coordination, answer: 'rejected' })] as const;
    expect(codeOf(when(before, rejection, { ifMatch: before.version }))).toBe('accepted');
  });

  test('An acceptance is overturned only by who says that it knows of it', () => {
    const before = later(given(opened), decided);
    for (const answer of ['rejected', 'deferred'] as const) {
      const step = [la, missionDecision({ task: coordination, answer })] as const;
      const refusal = expectRefused(when(before, step), 'precondition-required', 'http.If-Match');
      expect([statusOf(refusal), refusal.version]).toEqual([428, before.version]);
      expect(codeOf(when(before, step, { ifMatch: before.version - 1 }))).toBe('version-conflict');
      expect(codeOf(when(before, step, { ifMatch: before.version }))).toBe('accepted');
    }
  });

  test('A rejection on medical ground names the criteria it was judged on, and every rejection the HPR number', () => {
    const medical = { task: coordination, answer: 'rejected', reason: 'no-medical-indication' } as const;
    expectRefused(
      when(given(opened), [la, missionDecision(medical)]),
      'missing-field',
      'Bundle.entry[1].resource.reasonCode',
    );
    expect(codeOf(when(given(opened), [la, missionDecision({ ...medical, criterion: 'rapid-transport' })]))).toBe(
      'accepted',
    );
    expect(() => missionDecision({ ...medical, by: { name: 'Ola Overlege' } })).toThrow('HPR number');
  });

  test('A decision is deferred for as long as the guideline allows', () => {
    const until = (time: string) =>
      when(given(opened), [la, missionDecision({ task: coordination, answer: 'deferred', until: time })]);
    expect(codeOf(until('2026-02-02T11:01:00Z'))).toBe('accepted');
    expectRefused(until('2026-02-02T11:01:01Z'), 'wrong-field', 'Bundle.entry[1].resource.restriction.period.end');
  });
});

describe('Resources', () => {
  test('The crew, and nobody else, is told that it is asked', () => {
    expectNotified(when(given(opened), resourceAsked), operator);
    expectNotified(when(asked, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]), otherOperator);
  });

  test('Who asked, the requester and the hospital that waits are told what the crew answers, and the quality system', () => {
    expectNotified(when(asked, crewAccepts), amk, la, hospital, quality);
    expectNotified(when(asked, crewDeclines), amk, la, hospital, quality);
    expectNotified(
      when(flying, [operator, resourceResponse({ task: flight, answer: 'withdrawn' })]),
      amk,
      la,
      hospital,
      quality,
    );
  });

  test('A crew that accepts gives its ETA', () => {
    const state = later(asked, [
      operator,
      resourceResponse({ task: flight, answer: 'accepted', eta: '2026-01-31T12:33:00+01:00' }),
    ]);
    expect(taskIn(state, flight)).toMatchObject({
      status: 'accepted',
      eta: '2026-01-31T12:33:00+01:00',
      answer: { event: 'resource-response', code: 'accepted' },
    });
  });

  test('What the crew answered, and why, is not forgotten by a report that comes later', () => {
    const withdrawn = later(flying, [
      operator,
      resourceResponse({ task: flight, answer: 'withdrawn', reason: 'sar-priority' }),
    ]);
    const state = later(withdrawn, [
      operator,
      resourceStatus({ task: flight, phases: { 'on-scene': '2026-01-31T12:20:00+01:00' } }),
    ]);
    expect(taskIn(state, flight)).toMatchObject({
      status: 'failed',
      answer: { event: 'resource-response', code: 'withdrawn' },
      reason: { code: 'sar-priority' },
    });
    expect(taskIn(flying, flight).answer).toEqual({ event: 'resource-response', code: 'accepted' });
  });

  test('A crew that is withdrawn for search and rescue leaves the mission active, and another may be asked', () => {
    const state = later(
      flying,
      [operator, resourceResponse({ task: flight, answer: 'withdrawn', reason: 'sar-priority' })],
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
    );
    expect(state.status).toBe('active');
    expect(taskIn(state, flight)).toMatchObject({
      status: 'failed',
      reason: { code: 'sar-priority', text: 'Icing on the route' },
    });
    expect(taskIn(state, coordination).status).toBe('accepted');
  });

  test('A declined operator is not told of a later update', () => {
    const before = later(asked, crewDeclines);
    expectNotified(when(before, [amk, missionUpdate({ mission })]), la, hospital);
  });

  test('An operator that declined has no more to say to the others', () => {
    expect(codeOf(when(later(asked, crewDeclines), [operator, missionUpdate({ mission, describes: false })]))).toBe(
      'forbidden-relation',
    );
  });

  test('An operator that was asked twice and declined once is told', () => {
    const before = later(asked, [la, resourceRequest({ mission, id: 'again' })], crewDeclines);
    expectNotified(when(before, [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('Each recipient is named once, however often the mission concerns it', () => {
    const before = later(asked, [la, resourceRequest({ mission, id: 'again' })]);
    const { recipients } = entryOf(when(before, [amk, missionUpdate({ mission })]));
    expect(recipients).toHaveLength(new Set(recipients).size);
  });
});

describe('Flight phases', () => {
  const report = (phases: Readonly<Record<string, string>>): Step => [
    operator,
    resourceStatus({ task: flight, phases }),
  ];
  const accepted = later(asked, decided, crewAccepts);

  test('Every party but the crew itself is told of a report', () => {
    expectNotified(when(accepted, crewDeparts), amk, la, hospital);
    const two = later(accepted, [la, resourceRequest({ mission, to: [otherOperator.organisation] })]);
    expectNotified(when(two, crewDeparts), amk, la, otherOperator, hospital);
  });

  test('Being alerted is not being airborne', () => {
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
    'A crew that reports "%s" is under way',
    (phase) => {
      expect(taskIn(later(accepted, report({ [phase]: '2026-01-31T12:05:00+01:00' })), flight).status).toBe(
        'in-progress',
      );
    },
  );

  test.each(['handed-over', 'available'])(
    'A crew that reports "%s" has ended its flight, also if it never said it left',
    (phase) => {
      expect(taskIn(later(accepted, report({ [phase]: '2026-01-31T13:05:00+01:00' })), flight).status).toBe(
        'completed',
      );
    },
  );

  test('Phases that come out of order are all recorded, each with the time it was seen', () => {
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

  test('Of two times for one phase the earlier moment counts, whichever came first and whatever its zone', () => {
    const early = { departed: '2026-01-31T12:04:00+01:00' };
    const late = { departed: '2026-01-31T11:05:00Z' };
    for (const order of [
      [early, late],
      [late, early],
    ])
      expect(taskIn(later(accepted, ...order.map(report)), flight).phases).toEqual(early);
  });

  test('A leap second is a time like any other', () => {
    const leap = { departed: '2025-12-31T23:59:60Z' };
    const before = { departed: '2025-12-31T23:59:30Z' };
    for (const order of [
      [leap, before],
      [before, leap],
    ])
      expect(taskIn(later(accepted, ...order.map(report)), flight).phases).toEqual(before);
  });

  test('What was seen in flight may be told when the flight is over: it is recorded and moves nothing', () => {
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

  test('A crew that has not accepted has nothing to report', () => {
    for (const status of ['requested', 'received', 'rejected'] as const) {
      const before = withTask(asked, flight, { status });
      expectIllegal(when(before, crewDeparts), before);
    }
  });

  test('A report brings ETA and position up to date and keeps what it does not mention', () => {
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

describe('Pre-arrival', () => {
  test('The hospital is told, and the coordinator if the crew warns', () => {
    expectNotified(when(given(opened, resourceAsked), hospitalWarned), hospital);
    expectNotified(when(given(opened, resourceAsked), [operator, prearrivalNotification({ mission })]), hospital, la);
  });

  test('A warning names its flight and its ETA', () => {
    expect(taskIn(asked, arrival)).toMatchObject({
      kind: 'prearrival',
      partOf: flight,
      eta: '2026-02-01T13:00:00+01:00',
      asker: la.organisation,
    });
  });

  test('A warning brought up to date must be seen again by a person', () => {
    const before = later(asked, hospitalAccepts);
    expect(taskIn(before, arrival).acknowledgedAt).toBe(timeOf(4));
    const state = later(before, [
      la,
      prearrivalNotification({ mission, task: arrival, to: [], eta: '2026-01-31T13:20:00+01:00' }),
    ]);
    const updated = taskIn(state, arrival);
    expect(updated).toMatchObject({
      status: 'requested',
      eta: '2026-01-31T13:20:00+01:00',
      acknowledgeBy: '2026-02-01T11:06:00.000Z',
      partOf: flight,
      openedBy: 3,
      changedBy: 5,
    });
    expect(updated.acknowledgedAt).toBeUndefined();
    expect(state.tasks).toHaveLength(before.tasks.length);
  });

  test('Who warned, who coordinates and who flies are told what the hospital answers', () => {
    for (const answer of ['accepted', 'cannot-receive'] as const) {
      expectNotified(when(asked, [hospital, prearrivalResponse({ task: arrival, answer })]), la, operator);
      const byCrew = given(opened, resourceAsked, [operator, prearrivalNotification({ mission })]);
      expectNotified(when(byCrew, [hospital, prearrivalResponse({ task: arrival, answer })]), la, operator);
    }
  });

  test('When a hospital diverts, the other hospital is told beside who warned, who coordinates and who flies', () => {
    const diverts: Step = [hospital, prearrivalResponse({ task: arrival, answer: 'diverted' })];
    expectNotified(when(asked, diverts), la, operator, otherHospital);
    const byCrew = given(opened, resourceAsked, [operator, prearrivalNotification({ mission })]);
    expectNotified(when(byCrew, diverts), la, operator, otherHospital);
  });

  test('A warning that belongs to no flight is answered to who warned', () => {
    const before = given(opened, resourceAsked, [la, prearrivalNotification({ mission })]);
    expectNotified(when(before, [hospital, prearrivalResponse({ task: arrival, answer: 'accepted' })]), la);
  });

  test('A hospital that diverts says where to, and that hospital is warned by the same message', () => {
    const state = later(flying, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'diverted', by: 'Lise Lege', as: 'Surgeon' }),
    ]);
    expect(taskIn(state, arrival)).toMatchObject({
      status: 'rejected',
      divertedTo: otherHospital.organisation,
      decider: { name: 'Lise Lege', role: 'Surgeon' },
      reason: {
        table: 'refusal-reason',
        code: 'no-resource-available',
        class: 'capacity',
        text: 'No operating theatre free',
      },
    });
    expect(state.tasks.at(-1)).toMatchObject({
      kind: 'prearrival',
      owner: otherHospital.organisation,
      status: 'requested',
    });
    expectNotified(when(state, [amk, missionUpdate({ mission })]), la, operator, otherHospital);
  });

  test('A patient is diverted to a hospital that the directory knows', () => {
    const diverted = (divertedTo: string): Step => [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'diverted', divertedTo }),
    ];
    expectRefused(
      when(asked, diverted(strangerToTheDirectory)),
      'unknown-organisation',
      'Bundle.entry[1].resource.output',
    );
    for (const party of [operator, la, amk])
      expectRefused(when(asked, diverted(party.organisation)), 'wrong-field', 'Bundle.entry[1].resource.output');
  });

  test('A pre-arrival notification cannot announce a flight that the mission does not have', () => {
    for (const partOf of [task(99), coordination])
      expectRefused(
        when(given(opened, resourceAsked), [la, prearrivalNotification({ mission, partOf })]),
        'unknown-task',
      );
  });
});

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

describe('Cancellation', () => {
  const cancelled = (before: MissionState, reason = 'condition-improved'): MissionState =>
    later(before, [amk, missionCancel({ mission, reason })]);

  test('Before a crew is airborne everything that is open is cancelled at once', () => {
    for (const status of ['requested', 'received', 'accepted'] as const) {
      const state = cancelled(withTask(asked, flight, { status }));
      expect(state.status).toBe('revoked');
      expect(statusesOf(state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect(state.tasks.every(({ cancelRequested }) => cancelRequested === undefined)).toBe(true);
    }
  });

  test('A crew that is airborne is asked to end its flight, and says how it ended', () => {
    const state = cancelled(flying);
    expect(state.status).toBe('revoked');
    expect(taskIn(state, flight)).toMatchObject({ status: 'in-progress', cancelRequested: true });
    expect(taskIn(state, coordination).status).toBe('cancelled');
    // With a patient on board the flight may still end at the hospital.
    expect(taskIn(state, arrival).status).toBe('requested');
    const landed = later(state, [
      operator,
      resourceStatus({ task: flight, phases: { available: '2026-01-31T12:30:00+01:00' } }),
    ]);
    expect(taskIn(landed, flight).status).toBe('completed');
    expect(landed.status).toBe('revoked');
    const aborted = later(state, [
      operator,
      resourceResponse({ task: flight, answer: 'withdrawn', reason: 'weather' }),
    ]);
    expect(taskIn(aborted, flight).status).toBe('failed');
    expect(taskIn(aborted, arrival).status).toBe('cancelled');
  });

  test('What is over stays as it ended', () => {
    const before = later(asked, crewDeclines, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'cannot-receive' }),
    ]);
    const state = cancelled(before);
    expect(statusesOf(state)).toEqual(['cancelled', 'rejected', 'rejected']);
    expect(taskIn(state, flight)).toEqual(taskIn(before, flight));
  });

  test('A cancellation reaches everybody whom it lets go', () => {
    expectNotified(when(asked, [amk, missionCancel({ mission })]), la, operator, hospital, quality);
    expectNotified(when(asked, [la, missionCancel({ mission })]), amk, operator, hospital, quality);
    expectNotified(when(flying, [amk, missionCancel({ mission })]), la, operator, hospital, quality);
  });

  test('A cancellation does not reach who had declined', () => {
    expectNotified(when(later(asked, crewDeclines), [amk, missionCancel({ mission })]), la, hospital, quality);
  });

  test('A cancellation says why', () => {
    expect(cancelled(asked, 'patient-deceased').cancelReason).toEqual({
      table: 'cancel-reason',
      code: 'patient-deceased',
      text: 'In words',
    });
  });

  test('Why a crew or a hospital said no is not why the mission was cancelled', () => {
    const state = later(asked, crewDeclines, [
      hospital,
      prearrivalResponse({ task: arrival, answer: 'cannot-receive' }),
    ]);
    expect(state.cancelReason).toBeUndefined();
    const late = later(cancelled(flying, 'patient-deceased'), [
      operator,
      resourceResponse({ task: flight, answer: 'withdrawn' }),
    ]);
    expect(late.cancelReason?.code).toBe('patient-deceased');
  });

  test('A cancellation does not describe the mission anew', () => {
    expect(cancelled(asked).request).toEqual({ entry: 1, index: 1 });
    expect(cancelled(asked).position).toEqual(asked.position);
  });

  test('A mission is cancelled once', () => {
    const state = cancelled(asked);
    expectIllegal(when(state, [la, missionCancel({ mission })]), state);
  });

  test('After a cancellation whoever was let go is not told of an update, the crew in the air is', () => {
    expectNotified(when(cancelled(asked), [amk, missionUpdate({ mission })]), la);
    expectNotified(when(cancelled(flying), [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('Whether the crew was airborne first is decided by the order in the log', () => {
    const accepted = later(asked, decided, crewAccepts);
    expect(taskIn(later(accepted, [amk, missionCancel({ mission })], crewDeparts), flight).status).toBe('cancelled');
    expect(taskIn(later(accepted, crewDeparts, [amk, missionCancel({ mission })]), flight)).toMatchObject({
      status: 'in-progress',
      cancelRequested: true,
    });
  });
});

describe('A mission entered in error', () => {
  const state = later(flying, [amk, missionCancel({ mission, reason: 'entered-in-error' })]);

  test('It is marked as such', () => {
    expect(state.status).toBe('entered-in-error');
    expect(state.cancelReason).toEqual({ table: 'cancel-reason', code: 'entered-in-error', text: 'In words' });
    expect(statusesOf(state)).toEqual(['cancelled', 'in-progress', 'cancelled']);
  });

  test('The crew that it sent into the air reports how its flight ends', () => {
    const home: Step = [operator, resourceStatus({ task: flight, phases: { available: '2026-01-31T12:30:00+01:00' } })];
    expect(codeOf(when(state, home))).toBe('accepted');
    expect(codeOf(when(state, [operator, resourceResponse({ task: flight, answer: 'withdrawn' })]))).toBe('accepted');
  });
});

describe('Hand-over', () => {
  test("A patient handed over ends the flight, the hospital's ask and the coordination, and with them the mission", () => {
    const entry = entryOf(when(later(flying, hospitalAccepts), crewHandsOver));
    expect(statusesOf(entry.state)).toEqual(['completed', 'completed', 'completed']);
    expect(entry.state.status).toBe('completed');
    expect(entry.state.tasks.map(({ changedBy }) => changedBy)).toEqual([8, 8, 8]);
    expectNotified({ outcome: 'accepted', entry }, amk, la, hospital);
  });

  test('A hospital that never answered is not asked any more once the patient is there', () => {
    expect(taskIn(later(flying, crewHandsOver), arrival).status).toBe('completed');
  });

  test('A hospital that waits for another flight goes on waiting, and so does the mission', () => {
    // Entries 7 and 8: a second crew, and a second hospital that waits for it.
    const both = later(
      flying,
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      [la, prearrivalNotification({ mission, partOf: task(7), to: [otherHospital.organisation] })],
    );
    const state = later(both, crewHandsOver);
    expect(taskIn(state, arrival).status).toBe('completed');
    expect(taskIn(state, task(8)).status).toBe('requested');
    expect(taskIn(state, coordination).status).toBe('accepted');
    expect(state.status).toBe('active');
  });

  test('A warning that belongs to no flight is over when the last crew has handed over', () => {
    const loose = later(given(opened, resourceAsked), [la, prearrivalNotification({ mission })], decided, crewAccepts, [
      la,
      resourceRequest({ mission, to: [otherOperator.organisation] }),
    ]);
    const first = later(loose, crewDeparts, crewHandsOver);
    expect(taskIn(first, arrival).status).toBe('requested');
    const second = later(
      first,
      [otherOperator, resourceResponse({ task: task(6), answer: 'accepted' })],
      [otherOperator, resourceStatus({ task: task(6), phases: { 'handed-over': '2026-01-31T13:30:00+01:00' } })],
    );
    expect(statusesOf(second)).toEqual(['completed', 'completed', 'completed', 'completed']);
    expect(second.status).toBe('completed');
  });

  test('A mission nobody has decided on is not over because a crew has handed over', () => {
    const state = later(asked, crewAccepts, crewHandsOver);
    expect(statusesOf(state)).toEqual(['requested', 'completed', 'completed']);
    expect(state.status).toBe('active');
    expect(later(state, decided)).toMatchObject({ status: 'completed' });
  });

  test('A mission whose crews all declined is not over: another may be asked', () => {
    const state = later(given(opened, resourceAsked), decided, crewDeclines);
    expect(state.status).toBe('active');
    expect(taskIn(state, coordination).status).toBe('accepted');
  });

  test('When a mission is over, times and news may still come, and change nothing that is over', () => {
    const over = later(flying, crewHandsOver);
    const state = later(
      over,
      [operator, resourceStatus({ task: flight, phases: { available: '2026-01-31T14:00:00+01:00' }, id: 'late' })],
      [hospital, missionUpdate({ mission, describes: false })],
    );
    expect(statusesOf(state)).toEqual(statusesOf(over));
    expect(state.status).toBe('completed');
    expectIllegal(when(state, [la, resourceRequest({ mission, id: 'again' })]), state);
    expectIllegal(when(state, [amk, missionCancel({ mission })]), state);
  });

  test('Who has done its part is still told', () => {
    const over = later(flying, hospitalAccepts, crewHandsOver);
    expectNotified(when(over, [amk, missionUpdate({ mission })]), la, operator, hospital);
  });

  test('A late report of a flight that is over ends no ask that has nothing to do with it', () => {
    // Entry 6 asks a second crew, entry 8 warns a hospital for its patient, without naming the flight.
    const before = later(
      given(opened, resourceAsked, decided, crewAccepts, crewDeparts),
      [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      crewHandsOver,
      [la, prearrivalNotification({ mission, to: [otherHospital.organisation] })],
      [otherOperator, resourceResponse({ task: task(6), answer: 'declined' })],
    );
    expect(before.status).toBe('active');
    const state = later(before, [
      operator,
      resourceStatus({ task: flight, phases: { available: '2026-01-31T13:20:00+01:00' }, id: 'late' }),
    ]);
    expect(statusesOf(state)).toEqual(statusesOf(before));
    expect(state.status).toBe('active');
    expect(codeOf(when(state, [la, resourceRequest({ mission, to: [thirdOperator.organisation] })]))).toBe('accepted');
  });
});
