import { describe, expect, test } from 'vitest';
import { mayReadEntry, mayReadTask, seesNoPerson } from '../../../../core/mission/access-rules.ts';
import { isParty } from '../../../../core/mission/state.ts';
import { codesOf, roles } from '../../../../schemas/codes.ts';
import {
  asksCrew,
  cancels,
  crewReports,
  crewSays,
  decides,
  entryOf,
  expectNotified,
  expectRefused,
  given,
  hospitalSays,
  later,
  mission,
  missionUpdate,
  opened,
  parties,
  type Step,
  task,
  taskIn,
  warnsHospital,
  when,
} from '../../../support/scenario.ts';

const { amk, otherAmk, la, otherLa, operator, hospital, otherHospital, observer, quality } = parties;

const asked = given(opened, asksCrew, warnsHospital({ partOf: task(2) }));
const update = (sender: Step[0], ...to: readonly string[]): Step => [
  sender,
  missionUpdate({ mission, to, describes: false }),
];

const invites = update(la, observer.organisation);
const invited = later(asked, invites);

describe('Observers', () => {
  test('become party to a mission when the requester or the coordinator names them', () => {
    for (const sender of [amk, la]) {
      const entry = entryOf(when(asked, update(sender, observer.organisation)));
      expect(entry.joins).toEqual([observer.organisation]);
      expect(entry.state.observers).toEqual([observer.organisation]);
      expect(entry.notParties).toEqual([]);
      expectNotified(
        { outcome: 'accepted', entry },
        ...[amk, la, operator, hospital, observer].filter((one) => one !== sender),
      );
    }
    expect(isParty(asked, observer.organisation)).toBe(false);
    expect(isParty(invited, observer.organisation)).toBe(true);
  });

  test('are named by nobody else: who names them is told that they are not told', () => {
    for (const sender of [operator, hospital]) {
      const entry = entryOf(when(asked, update(sender, observer.organisation)));
      expect(entry.joins).toBeUndefined();
      expect(entry.state.observers).toBeUndefined();
      expect(entry.notParties).toEqual([observer.organisation]);
    }
  });

  test('are the only ones who become party by being named', () => {
    const entry = entryOf(
      when(
        asked,
        update(la, otherHospital.organisation, otherAmk.organisation, otherLa.organisation, quality.organisation),
      ),
    );
    expect(entry.joins).toBeUndefined();
    expect(entry.notParties).toHaveLength(4);
  });

  test('become party once, however often they are named', () => {
    const twice = entryOf(when(asked, update(la, observer.organisation, observer.organisation)));
    expect(twice.joins).toEqual([observer.organisation]);
    const again = entryOf(when(invited, [amk, missionUpdate({ mission, to: [observer.organisation], id: 'again' })]));
    expect(again.joins).toBeUndefined();
    expect(again.state.observers).toEqual([observer.organisation]);
    expect(again.notParties).toEqual([]);
  });

  test('join those who were made party before', () => {
    const known = { ...asked, observers: ['100000049'] };
    expect(later(known, invites).observers).toEqual(['100000049', observer.organisation]);
  });

  test('become party only by an update', () => {
    const decision = decides('accepted', { to: [observer.organisation] });
    const entry = entryOf(when(asked, decision));
    expect(entry.joins).toBeUndefined();
    expect(entry.notParties).toEqual([observer.organisation]);
  });

  test('are told what concerns everybody, and not what is between two', () => {
    expectNotified(when(invited, [amk, missionUpdate({ mission })]), la, operator, hospital, observer);
    expectNotified(when(invited, cancels), la, operator, hospital, observer, quality);
    const flying = later(invited, crewSays(task(2), 'accepted'));
    expectNotified(when(flying, crewReports(task(2), 'departed')), amk, la, hospital, observer);
    expectNotified(when(invited, decides('accepted')), amk, quality);
  });

  test('say nothing', () => {
    expectRefused(when(invited, update(observer)), 'forbidden-role');
  });

  test('stay party to the end', () => {
    expect(later(invited, cancels).observers).toEqual([observer.organisation]);
  });
});

describe('Who may read what', () => {
  const [request] = [entryOf(when(undefined, opened))];
  const notification = entryOf(when(given(opened, asksCrew), warnsHospital()));

  test('Who sent a message and who was told of it reads it', () => {
    expect(mayReadEntry(notification, asked, la.organisation, 'amk-la')).toBe(true);
    expect(mayReadEntry(notification, asked, hospital.organisation, 'hospital')).toBe(true);
  });

  test('Who sent a message reads it whatever its role reads of others', () => {
    const answer = entryOf(when(asked, hospitalSays(task(3), 'accepted')));
    expect(answer.recipients).not.toContain(hospital.organisation);
    expect(mayReadEntry(answer, asked, hospital.organisation, 'hospital')).toBe(true);
    expect(mayReadEntry(answer, asked, otherHospital.organisation, 'hospital')).toBe(false);
  });

  test('Who was told reads it also when the mission does not concern it any more', () => {
    const declined = later(asked, crewSays(task(2), 'declined'));
    const ask = entryOf(when(given(opened), asksCrew));
    expect(mayReadEntry(ask, declined, operator.organisation, 'operator')).toBe(true);
    expect(mayReadEntry(request, declined, operator.organisation, 'operator')).toBe(false);
    expect(mayReadEntry(request, asked, operator.organisation, 'operator')).toBe(true);
  });

  test('A role that reads such messages reads them while the mission concerns it', () => {
    expect(mayReadEntry(notification, asked, operator.organisation, 'operator')).toBe(true);
    expect(mayReadEntry(notification, asked, amk.organisation, 'local-amk')).toBe(true);
    expect(mayReadEntry(notification, asked, otherAmk.organisation, 'local-amk')).toBe(false);
    expect(mayReadEntry(notification, invited, observer.organisation, 'observer')).toBe(false);
    const ask = entryOf(when(given(opened), asksCrew));
    expect(mayReadEntry(ask, asked, hospital.organisation, 'hospital')).toBe(false);
  });

  test('Observers and the quality system, and nobody else, see no person', () => {
    expect(codesOf(roles).filter(seesNoPerson)).toEqual(['observer', 'quality']);
  });

  test('Requester, coordinator, owner and asker see a Task, observers and the quality system without persons', () => {
    const arrival = taskIn(asked, task(3));
    for (const { organisation, role } of [amk, la, hospital, observer, quality])
      expect(mayReadTask(arrival, asked, organisation, role)).toBe(true);
    for (const { organisation, role } of [operator, otherHospital, otherLa, otherAmk])
      expect(mayReadTask(arrival, asked, organisation, role)).toBe(false);
    expect(mayReadTask({ ...arrival, asker: operator.organisation }, asked, operator.organisation, 'operator')).toBe(
      true,
    );
  });
});
