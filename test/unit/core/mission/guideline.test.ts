import { describe, expect, test } from 'vitest';
import { decide } from '../../../../core/mission/decide.ts';
import type { DecisionContext } from '../../../../core/mission/decision.ts';
import { evolve } from '../../../../core/mission/evolve.ts';
import type { MissionState } from '../../../../core/mission/state.ts';
import { firstGuidelines, type Guideline, type Guidelines } from '../../../../schemas/guideline.ts';
import {
  asksCrew,
  codeOf,
  crewSays,
  decides,
  directory,
  entryOf,
  expectRefused,
  given,
  hospitalSays,
  later,
  mission,
  missionDecision,
  missionRequest,
  missionUpdate,
  opened,
  type Outcome,
  parties,
  request,
  resourceRequest,
  resourceResponse,
  type Step,
  task,
  taskIn,
  warnsHospital,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator } = parties;

const [first] = firstGuidelines;
/** A version in force from noon UTC, with other codes and other deadlines. */
const newer: Guideline = {
  ...first,
  version: '2027.1',
  validFrom: '2026-02-01T12:00:00Z',
  criteria: { 'new-criterion': { display: 'New' } },
  refusalReasons: {
    other: { display: 'Other', class: 'other' },
    weather: { display: 'Weather', class: 'capacity' },
    'new-reason': { display: 'New', class: 'medical' },
  },
  acknowledgementSeconds: {
    coordination: { stat: 10, urgent: 20, routine: 30 },
    resource: { stat: 11, urgent: 21, routine: 31 },
    prearrival: { stat: 12, urgent: 22, routine: 32 },
  },
};

const guidelines: Guidelines = [first, newer];
const before = '2026-02-01T11:59:59.999Z';
const after = '2026-02-01T12:00:00.000Z';

const at = (state: MissionState | undefined, now: string, [sender, message]: Step, known = guidelines): Outcome => {
  const circumstances: DecisionContext = { sender, directory, guidelines: known, now };
  return decide(state, message, circumstances);
};

const through = (now: string, ...steps: readonly Step[]): MissionState => {
  const state = steps.reduce<MissionState | undefined>((last, step) => entryOf(at(last, now, step)).state, undefined);
  if (state === undefined) throw new Error('a mission begins with a request');
  return state;
};

const newRequest: Step = [amk, missionRequest({ criterion: 'new-criterion' })];

describe('guideline version in force', () => {
  test('is stored when a mission is opened, and only then', () => {
    const entry = entryOf(at(undefined, before, opened));
    expect(entry.guideline).toBe(first.version);
    expect(entry.state.guideline).toBe(first.version);
    expect(entryOf(at(entry.state, before, asksCrew)).guideline).toBeUndefined();
    expect(entryOf(at(undefined, after, newRequest)).state.guideline).toBe('2027.1');
  });

  test('defines the criteria that a request may state', () => {
    expect(codeOf(at(undefined, before, opened))).toBe('accepted');
    expectRefused(at(undefined, after, opened), 'unknown-code', 'Bundle.entry[1].resource.reasonCode');
    expectRefused(at(undefined, before, newRequest), 'unknown-code', 'Bundle.entry[1].resource.reasonCode');
    expect(codeOf(at(undefined, after, newRequest))).toBe('accepted');
  });

  test('defines the deadline of the acknowledgement', () => {
    const [coordination] = through(after, newRequest).tasks;
    expect(coordination?.acknowledgeBy).toBe('2026-02-01T12:00:10.000Z');
  });
});

describe('guideline version of a mission', () => {
  const old = entryOf(at(undefined, before, opened)).state;

  test('is used for criteria also after a newer version is in force', () => {
    const judged = (criterion: string): Step => decides('accepted', { criterion });
    expect(codeOf(at(old, after, judged('time-to-definitive-care')))).toBe('accepted');
    expectRefused(at(old, after, judged('new-criterion')), 'unknown-code', 'Bundle.entry[1].resource.reasonCode');
  });

  test('is used for reasons and their classes', () => {
    expectRefused(
      at(old, after, decides('rejected', { reason: 'new-reason' })),
      'unknown-code',
      'Bundle.entry[1].resource.statusReason',
    );
    const rejected = entryOf(at(old, after, decides('rejected', { reason: 'weather' }))).state;
    expect(taskIn(rejected, task(1)).reason).toMatchObject({ code: 'weather', class: 'operational' });
    const young = through(after, newRequest);
    const said = missionDecision({ task: young.tasks[0]?.id ?? '', answer: 'rejected', reason: 'weather' });
    expect(entryOf(at(young, after, [la, said])).state.tasks[0]?.reason?.class).toBe('capacity');
  });

  test('is used for deadlines', () => {
    const state = entryOf(at(old, after, asksCrew)).state;
    expect(state.tasks[1]?.acknowledgeBy).toBe('2026-02-01T12:01:00.000Z');
    const young = through(after, newRequest);
    const crew = entryOf(at(young, after, [la, resourceRequest({ mission: young.mission })])).state;
    expect(crew.tasks[1]?.acknowledgeBy).toBe('2026-02-01T12:00:11.000Z');
  });

  test('falls back to the earliest version if the mission has none', () => {
    const { guideline: _lost, ...forgotten } = old;
    expect(entryOf(at(forgotten, after, asksCrew)).state.tasks[1]?.acknowledgeBy).toBe('2026-02-01T12:01:00.000Z');
  });

  test('does not change with later messages', () => {
    const state = entryOf(at(old, after, [amk, missionUpdate({ mission })])).state;
    expect(state.guideline).toBe(first.version);
    expect(evolve(old, entryOf(at(old, after, asksCrew))).guideline).toBe(first.version);
  });
});

describe('criteria and reasons', () => {
  test('refuses a request without a criterion of the guideline', () => {
    expect(given(opened).criteria).toEqual(['time-to-definitive-care']);
    expectRefused(
      when(undefined, [amk, missionRequest({ criterion: 'because' })]),
      'unknown-code',
      'Bundle.entry[1].resource.reasonCode',
    );
  });

  test('accepts a request with one criterion of the guideline among others, and stores that one', () => {
    const several = { ...request, facts: { ...request.facts, criteria: ['because', 'rapid-transport'] } };
    expect(given([amk, several]).criteria).toEqual(['rapid-transport']);
  });

  test('stores the criteria of a decision on the Task until the next answer', () => {
    const state = later(given(opened), decides('deferred', { criterion: 'rapid-transport' }));
    expect(taskIn(state, task(1)).criteria).toEqual(['rapid-transport']);
    expect(taskIn(later(state, decides('accepted')), task(1)).criteria).toBeUndefined();
    expect(state.criteria).toEqual(['time-to-definitive-care']);
  });

  test('requires a reason of the guideline for a refusal', () => {
    const asked = given(opened, asksCrew, warnsHospital());
    const unknown: readonly Step[] = [
      decides('partially-accepted', { reason: 'no-reason' }),
      [operator, resourceResponse({ task: task(2), answer: 'declined', reason: 'no-reason' })],
      hospitalSays(task(3), 'cannot-receive', { reason: 'no-reason' }),
    ];
    for (const step of unknown)
      expectRefused(when(asked, step), 'unknown-code', 'Bundle.entry[1].resource.statusReason');
    expectRefused(when(given(opened), decides('rejected', { reason: 'no-reason' })), 'unknown-code');
    const state = later(asked, crewSays(task(2), 'declined'));
    expect(taskIn(state, task(2)).reason).toEqual({
      table: 'refusal-reason',
      code: 'weather',
      class: 'operational',
      text: 'Icing on the route',
    });
  });

  test('refuses names of inherited object properties as codes', () => {
    expectRefused(when(given(opened), decides('rejected', { reason: 'constructor' })), 'unknown-code');
    expectRefused(when(undefined, [amk, missionRequest({ criterion: 'toString' })]), 'unknown-code');
  });

  test('reports an illegal transition before an unknown code', () => {
    const state = given(opened, decides('rejected'));
    expectRefused(when(state, decides('rejected', { reason: 'no-reason', id: 'again' })), 'illegal-transition');
    expect(request.facts.criteria).toEqual(['time-to-definitive-care']);
  });
});
