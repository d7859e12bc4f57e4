import { describe, expect, test } from 'vitest';
import { preconditions } from '../../../../core/mission/decide.ts';
import type { MissionState } from '../../../../core/mission/state.ts';
import { systems } from '../../../../schemas/names.ts';
import {
  acknowledgement,
  asksCrew,
  cancels,
  crewSays,
  decides,
  expectRefused,
  forwards,
  given,
  mission,
  missionDecision,
  missionUpdate,
  opened,
  parties,
  prearrivalNotification,
  resourceRequest,
  resourceStatus,
  type Step,
  task,
  unknownOrganisation,
  when,
} from '../../../support/scenario.ts';

const { amk, la, operator, hospital } = parties;
const foreignName = {
  responsible: { identifier: { system: systems.organisationNumber, value: parties.otherLa.organisation } },
};

const foreignContact = {
  resourceType: 'Organization',
  identifier: [{ system: systems.organisationNumber, value: parties.otherLa.organisation }],
  telecom: [{ system: 'phone', value: '+47 99 99 99 99' }],
};

describe('preconditions', () => {
  test('have this order', () => {
    expect(preconditions.map(([name]) => name)).toEqual([
      'sender role',
      'mission visible',
      'own name',
      'own contacts',
      'known receivers',
      'exercise label',
      'expected version',
      'known Task',
      'relation',
      'mission status',
      'open Task',
      'alerted once',
      'plausible times',
      'answered kind',
      'Task status',
      'stated end',
      'stated status',
      'no open resource',
      'one review',
      'new answer',
      'informed rejection',
      'another decider',
      'flight reference',
      'deferral time',
      'Task receiver',
      'named hospital',
      'description',
      'guideline codes',
      'new owner named',
      'asked party',
      'room for Tasks',
      'room for observers',
      'room for extensions',
    ]);
  });

  const present = given(opened);
  const forwarded = given(opened, forwards(), cancels);
  const flying = given(opened, asksCrew, crewSays(task(2), 'accepted'));
  const future = { 'on-scene': '2027-01-01T12:00:00+01:00' };

  type Case = readonly [
    refused: string,
    before: string,
    code: string,
    step: Step,
    state: MissionState | undefined,
    ifMatch: number | undefined,
  ];

  test.each<Case>([
    [
      'sender role',
      'mission visible',
      'forbidden-role',
      [hospital, missionDecision({ task: task(1), answer: 'accepted' })],
      undefined,
      undefined,
    ],
    ['mission visible', 'own name', 'not-found', decides('accepted', { from: foreignName }), undefined, undefined],
    [
      'own name',
      'own contacts',
      'wrong-sender',
      [amk, missionUpdate({ mission, from: foreignName, more: [foreignContact] })],
      present,
      undefined,
    ],
    [
      'own contacts',
      'known receivers',
      'reserved-address',
      [amk, missionUpdate({ mission, more: [foreignContact], to: [unknownOrganisation] })],
      present,
      undefined,
    ],
    [
      'known receivers',
      'exercise label',
      'unknown-organisation',
      [amk, missionUpdate({ mission, exercise: true, to: [unknownOrganisation] })],
      present,
      undefined,
    ],
    [
      'exercise label',
      'expected version',
      'exercise-mismatch',
      [amk, missionUpdate({ mission, exercise: true })],
      present,
      99,
    ],
    ['expected version', 'known Task', 'version-conflict', [la, acknowledgement({ task: task(9) })], present, 99],
    ['known Task', 'relation', 'unknown-task', [la, acknowledgement({ task: task(9) })], present, undefined],
    ['relation', 'mission status', 'forbidden-relation', [la, resourceRequest({ mission })], forwarded, undefined],
    [
      'mission status',
      'guideline codes',
      'illegal-transition',
      [la, missionDecision({ task: task(1), answer: 'rejected', reason: 'unknown' })],
      given(opened, cancels),
      undefined,
    ],
    [
      'plausible times',
      'Task status',
      'wrong-field',
      [operator, resourceStatus({ task: task(2), phases: future })],
      given(opened, asksCrew),
      undefined,
    ],
    [
      'Task status',
      'guideline codes',
      'illegal-transition',
      [operator, resourceStatus({ task: task(2), phases: { 'on-scene': '2026-02-01T11:00:00Z' } })],
      given(opened, asksCrew),
      undefined,
    ],
    [
      'flight reference',
      'new owner named',
      'unknown-task',
      [la, prearrivalNotification({ mission, partOf: task(9), to: [operator.organisation] })],
      flying,
      undefined,
    ],
  ])('refuses by "%s" before "%s": %s', (_refused, _before, code, step, state, ifMatch) => {
    expectRefused(when(state, step, ifMatch === undefined ? {} : { ifMatch }), code);
  });
});
