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

describe('observers', () => {
  test('become parties when the requester or the coordinator names them', () => {
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

  test('do not become parties when another party names them, and the entry lists them as not notified', () => {
    for (const sender of [operator, hospital]) {
      const entry = entryOf(when(asked, update(sender, observer.organisation)));
      expect(entry.joins).toBeUndefined();
      expect(entry.state.observers).toBeUndefined();
      expect(entry.notParties).toEqual([observer.organisation]);
    }
  });

  test('are the only organisations that become parties when they are named', () => {
    const entry = entryOf(
      when(
        asked,
        update(la, otherHospital.organisation, otherAmk.organisation, otherLa.organisation, quality.organisation),
      ),
    );
    expect(entry.joins).toBeUndefined();
    expect(entry.notParties).toHaveLength(4);
  });

  test('become parties once, also if they are named repeatedly', () => {
    const twice = entryOf(when(asked, update(la, observer.organisation, observer.organisation)));
    expect(twice.joins).toEqual([observer.organisation]);
    const again = entryOf(when(invited, [amk, missionUpdate({ mission, to: [observer.organisation], id: 'again' })]));
    expect(again.joins).toBeUndefined();
    expect(again.state.observers).toEqual([observer.organisation]);
    expect(again.notParties).toEqual([]);
  });

  test('are added to the observers of the mission', () => {
    const known = { ...asked, observers: ['100000049'] };
    expect(later(known, invites).observers).toEqual(['100000049', observer.organisation]);
  });

  test('become parties by an update only', () => {
    const decision = decides('accepted', { to: [observer.organisation] });
    const entry = entryOf(when(asked, decision));
    expect(entry.joins).toBeUndefined();
    expect(entry.notParties).toEqual([observer.organisation]);
  });

  test('are notified of messages to all parties, not of a decision', () => {
    expectNotified(when(invited, [amk, missionUpdate({ mission })]), la, operator, hospital, observer);
    expectNotified(when(invited, cancels), la, operator, hospital, observer, quality);
    const flying = later(invited, crewSays(task(2), 'accepted'));
    expectNotified(when(flying, crewReports(task(2), 'departed')), amk, la, hospital, observer);
    expectNotified(when(invited, decides('accepted')), amk, quality);
  });

  test('may not send messages', () => {
    expectRefused(when(invited, update(observer)), 'forbidden-role');
  });

  test('remain parties until the end', () => {
    expect(later(invited, cancels).observers).toEqual([observer.organisation]);
  });
});

describe('mayReadEntry and mayReadTask', () => {
  const [request] = [entryOf(when(undefined, opened))];
  const notification = entryOf(when(given(opened, asksCrew), warnsHospital()));

  test('allow the sender and the recipients of a message', () => {
    expect(mayReadEntry(notification, asked, la.organisation, 'amk-la')).toBe(true);
    expect(mayReadEntry(notification, asked, hospital.organisation, 'hospital')).toBe(true);
  });

  test('allow the sender, also if the role may not read such messages of others', () => {
    const answer = entryOf(when(asked, hospitalSays(task(3), 'accepted')));
    expect(answer.recipients).not.toContain(hospital.organisation);
    expect(mayReadEntry(answer, asked, hospital.organisation, 'hospital')).toBe(true);
    expect(mayReadEntry(answer, asked, otherHospital.organisation, 'hospital')).toBe(false);
  });

  test('allow a recipient also after it has left the mission', () => {
    const declined = later(asked, crewSays(task(2), 'declined'));
    const ask = entryOf(when(given(opened), asksCrew));
    expect(mayReadEntry(ask, declined, operator.organisation, 'operator')).toBe(true);
    expect(mayReadEntry(request, declined, operator.organisation, 'operator')).toBe(false);
    expect(mayReadEntry(request, asked, operator.organisation, 'operator')).toBe(true);
  });

  test('allow a role that reads such messages while its organisation is a party', () => {
    expect(mayReadEntry(notification, asked, operator.organisation, 'operator')).toBe(true);
    expect(mayReadEntry(notification, asked, amk.organisation, 'local-amk')).toBe(true);
    expect(mayReadEntry(notification, asked, otherAmk.organisation, 'local-amk')).toBe(false);
    expect(mayReadEntry(notification, invited, observer.organisation, 'observer')).toBe(false);
    const ask = entryOf(when(given(opened), asksCrew));
    expect(mayReadEntry(ask, asked, hospital.organisation, 'hospital')).toBe(false);
  });

  test('hide persons from observers and the quality system only', () => {
    expect(codesOf(roles).filter(seesNoPerson)).toEqual(['observer', 'quality']);
  });

  test('allow requester, coordinator, owner, asker, observers and the quality system to read a Task', () => {
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
