import { describe, expect, test } from 'vitest';
import { plausible } from '../../../../core/mission/plausible-times.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import {
  entryOf,
  expectRefused,
  given,
  mission,
  missionRequest,
  parties,
  prearrivalNotification,
  request,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  missionDecision,
  type Step,
  task,
  timeOf,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator } = parties;
const minute = 60_000;

const asked = given(
  [amk, request],
  [la, missionDecision({ task: task(1), answer: 'accepted' })],
  [la, resourceRequest({ mission })],
);
const flying = given(
  [amk, request],
  [la, missionDecision({ task: task(1), answer: 'accepted' })],
  [la, resourceRequest({ mission })],
  [operator, resourceResponse({ task: task(3), answer: 'accepted' })],
);
const now = Date.parse(timeOf(flying.version + 1));
const opened = Date.parse(flying.requestedAt ?? flying.openedAt);
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();
const focus = 'Bundle.entry[1].resource';

interface Case {
  readonly what: string;
  readonly make: (time: string) => readonly [before: typeof flying | undefined, step: Step];
  readonly place: string;
  readonly earliest: number;
  readonly latest: number;
}

const before = opened - plausible.beforeMission;
const soon = now + plausible.clockSkew;
const ahead = now + plausible.etaAhead;

const cases: readonly Case[] = [
  {
    what: 'a flight phase',
    make: (time) => [flying, [operator, resourceStatus({ task: task(3), phases: { departed: time } })]],
    place: `${focus}.output`,
    earliest: before,
    latest: soon,
  },
  {
    what: 'the ETA of a flight',
    make: (eta) => [flying, [operator, resourceStatus({ task: task(3), eta })]],
    place: `${focus}.output`,
    earliest: before,
    latest: ahead,
  },
  {
    what: 'the ETA of an answer',
    make: (eta) => [asked, [operator, resourceResponse({ task: task(3), answer: 'accepted', eta })]],
    place: `${focus}.output`,
    earliest: before,
    latest: Date.parse(timeOf(asked.version + 1)) + plausible.etaAhead,
  },
  {
    what: 'the ETA for a hospital',
    make: (eta) => [flying, [la, prearrivalNotification({ mission, eta })]],
    place: `${focus}.input`,
    earliest: before,
    latest: ahead,
  },
  {
    what: 'the timestamp of a report',
    make: (time) => [flying, [operator, resourceStatus({ task: task(3), at: time, phases: { departed: at(opened) } })]],
    place: 'Bundle.timestamp',
    earliest: before,
    latest: soon,
  },
  {
    what: 'the timestamp of a request',
    make: (time) => [undefined, [amk, missionRequest({ at: time })]],
    place: 'Bundle.timestamp',
    earliest: plausible.firstMessage,
    latest: Date.parse(timeOf(1)) + plausible.clockSkew,
  },
  {
    what: 'the timestamp of a readiness report',
    make: (time) => [undefined, [operator, resourceAvailability({ at: time })]],
    place: 'Bundle.timestamp',
    earliest: plausible.firstMessage,
    latest: Date.parse(timeOf(1)) + plausible.clockSkew,
  },
];

describe('plausible times', () => {
  test.each(cases)(
    'accepts $what within its bounds, and refuses it beyond them',
    ({ make, place, earliest, latest }) => {
      for (const [time, isAccepted] of [
        [earliest, true],
        [earliest - 1, false],
        [latest, true],
        [latest + 1, false],
        [Date.parse('0001-01-01T00:00:00Z'), false],
        [Date.parse('9999-12-31T23:59:59Z'), false],
      ] as const) {
        const [state, step] = make(at(time));
        if (isAccepted) entryOf(when(state, step));
        else expectRefused(when(state, step), 'wrong-field', place);
      }
    },
  );

  test('refuses the timestamp of any message from a clock that is ahead, whatever is ordered by it', () => {
    const messages: readonly (readonly [Step[0], (time: string) => Message])[] = [
      [amk, (time) => missionRequest({ at: time })],
      [la, (time) => resourceRequest({ mission, at: time })],
      [la, (time) => prearrivalNotification({ mission, at: time })],
    ];
    for (const [sender, make] of messages) {
      const state = make(at(now)).type.mission === 'opens' ? undefined : flying;
      expectRefused(when(state, [sender, make(at(soon + 60 * minute))]), 'wrong-field', 'Bundle.timestamp');
    }
  });

  test('measures from the request if its sender dated it earlier than the hub received it', () => {
    const old = missionRequest({ at: '2026-01-10T10:00:00Z' });
    const state = entryOf(when(undefined, [amk, old])).state;
    expect(state.requestedAt).toBe('2026-01-10T10:00:00Z');
    const named = { ...flying, requestedAt: '2026-01-10T10:00:00Z' };
    const reported = (time: string): Step => [operator, resourceStatus({ task: task(3), phases: { departed: time } })];
    entryOf(when(named, reported('2026-01-10T10:20:00Z')));
    expectRefused(when(named, reported('2026-01-09T09:59:59Z')), 'wrong-field', `${focus}.output`);
  });
});
