import { describe, expect, test } from 'vitest';
import { decide } from '../../../../core/mission/decide.ts';
import {
  accepted,
  acknowledgement,
  acknowledges,
  asksCrew,
  codeOf,
  crewReports,
  crewSays,
  decides,
  directory,
  disputes,
  entryOf,
  expectIllegal,
  expectNotified,
  expectRefused,
  forwards,
  given,
  later,
  missionDecision,
  opened,
  parties,
  partyOf,
  rejected,
  reviewRequest,
  sentBy,
  statusesOf,
  type Step,
  task,
  taskIn,
  timeOf,
  when,
} from '../../../support/scenario.ts';

const { amk, otherAmk, la, otherLa, quality } = parties;

const rejectedState = given(opened, rejected);
const disputed = later(rejectedState, disputes());
const review = task(3);

const judges = (
  by: string | { readonly name: string; readonly number?: string },
  answer: 'accepted' | 'rejected' = 'rejected',
  id = review,
  sender: Step[0] = la,
): Step => [sender, missionDecision({ task: id, answer, by })];

describe('review-request', () => {
  test('opens a Task of the coordinator and keeps the rejection', () => {
    const entry = entryOf(when(rejectedState, disputes(task(1), { words: 'The road is closed' })));
    expect(entry.state.tasks).toHaveLength(2);
    expect(taskIn(entry.state, task(1))).toMatchObject({
      status: 'rejected',
      answer: { event: 'mission-decision', code: 'rejected' },
      reason: { code: 'weather' },
      decider: { name: 'Kari Koordinator' },
    });
    expect(taskIn(entry.state, review)).toEqual({
      ask: expect.objectContaining({ type: 'Task', entry: entry.number, words: expect.any(String) }),
      id: review,
      kind: 'coordination',
      owner: la.organisation,
      asker: amk.organisation,
      status: 'requested',
      openedBy: 3,
      changedBy: 3,
      openedAt: timeOf(3),
      changedAt: timeOf(3),
      acknowledgeBy: '2026-02-01T11:03:00.000Z',
      reviewOf: task(1),
      words: 'The road is closed',
    });
    expect(entry.state).toMatchObject({ status: 'active', coordinator: la.organisation });
  });

  test('notifies the coordinator and the quality system', () => {
    expectNotified(when(rejectedState, disputes()), la, quality);
  });

  test('is refused from every party but the requester', () => {
    const shared = { ...rejectedState, observers: [otherAmk.organisation] };
    expectRefused(when(shared, [otherAmk, reviewRequest({ task: task(1) })]), 'forbidden-relation');
  });

  test('is refused if the directory does not have the coordinator any more', () => {
    const known = { ...directory, partyOf: (one: string) => (one === la.organisation ? undefined : partyOf(one)) };
    const [sender, message] = disputes();
    const circumstances = { ...sentBy(sender), directory: known, now: timeOf(3) };
    expectRefused(
      decide(rejectedState, message, circumstances),
      'unknown-organisation',
      'Bundle.entry[0].resource.destination',
    );
  });

  test('refuses a second review of the same rejection', () => {
    expectIllegal(when(later(disputed, judges('Ola Overlege')), disputes(task(1), { id: 'again' })), {
      ...disputed,
      version: 4,
    });
  });

  test('refuses a review while one is open', () => {
    const again = when(disputed, disputes(task(1), { id: 'again' }));
    expectIllegal(again, disputed);
    expectRefused(again, 'illegal-transition', 'Bundle.entry[1].resource.status');
  });

  test('accepts a review of a rejected review, and requires a third decider', () => {
    const twice = later(disputed, judges('Ola Overlege'), disputes(review));
    expect(taskIn(twice, task(5))).toMatchObject({ reviewOf: review, status: 'requested' });
    for (const name of ['Kari Koordinator', 'Ola Overlege'])
      expectRefused(when(twice, judges(name, 'accepted', task(5))), 'same-decider', 'Bundle.entry[0].resource.author');
    expect(codeOf(when(twice, judges('Nils Natt', 'accepted', task(5))))).toBe('accepted');
  });

  test.each(['requested', 'received', 'accepted', 'on-hold', 'cancelled', 'completed'] as const)(
    'refuses a review of a Task that is %s',
    (status) => {
      const [first] = given(opened).tasks;
      if (first === undefined) throw new Error('a request opens a Task');
      const state = { ...given(opened), tasks: [{ ...first, status }] };
      expectIllegal(when(state, disputes()), state);
    },
  );

  test('refuses a review in a cancelled mission', () => {
    const state = { ...rejectedState, status: 'revoked' as const };
    expectIllegal(when(state, disputes()), state);
  });

  test('allows an acceptance and a resource request after a rejection', () => {
    const state = later(disputed, judges('Ola Overlege', 'accepted'), asksCrew);
    expect(statusesOf(state)).toEqual(['rejected', 'accepted', 'requested']);
    expect(codeOf(when(rejectedState, asksCrew))).toBe('illegal-transition');
  });

  test('refuses a second rejection while a resource Task is open', () => {
    const state = later(disputed, asksCrew);
    expectIllegal(when(state, judges('Ola Overlege')), state);
    expect(codeOf(when(later(state, crewSays(task(4), 'declined')), judges('Ola Overlege')))).toBe('accepted');
  });

  test('completes the mission after an accepted review and the hand-over', () => {
    const asked = later(disputed, judges('Ola Overlege', 'accepted'), asksCrew, crewSays(task(5), 'accepted'));
    expect(asked.status).toBe('active');
    const state = later(asked, crewReports(task(5), 'handed-over'));
    expect(statusesOf(state)).toEqual(['rejected', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });
});

describe('decider of a review', () => {
  test('differs from the decider of the rejection', () => {
    for (const answer of ['accepted', 'rejected'] as const)
      expectRefused(when(disputed, judges('Kari Koordinator', answer)), 'same-decider');
    expect(codeOf(when(disputed, judges('Ola Overlege')))).toBe('accepted');
  });

  test('has an HPR number, which a first acceptance does not require', () => {
    expect(codeOf(when(given(opened), judges({ name: 'Ola' }, 'accepted', task(1))))).toBe('accepted');
    expectRefused(
      when(disputed, judges({ name: 'Ola Overlege' }, 'accepted')),
      'missing-field',
      'Bundle.entry[0].resource.author',
    );
  });

  test('is compared by number without leading zeros', () => {
    const numbered = later(given(opened), decides('rejected', { by: { name: 'Kari', number: '1234567' } }), disputes());
    expectRefused(when(numbered, judges({ name: 'Another', number: '001234567' })), 'same-decider');
    const inside = later(given(opened), decides('rejected', { by: { name: 'Kari', number: '1200034' } }), disputes());
    expect(codeOf(when(inside, judges({ name: 'Another', number: '1234567' })))).toBe('accepted');
  });

  test('is compared by HPR number and by name', () => {
    const numbered = later(
      given(opened),
      decides('rejected', { by: { name: 'Kari Koordinator', number: '7777777' } }),
      disputes(),
    );
    expectRefused(when(numbered, judges({ name: 'K. Koordinator', number: '7777777' })), 'same-decider');
    for (const name of ['Kari Koordinator', 'Koordinator, KARI', ' kari\u00A0koordinator', 'Kari\u200b Koordinator'])
      expectRefused(when(numbered, judges({ name, number: '8888888' })), 'same-decider');
    expect(codeOf(when(numbered, judges({ name: 'Kari Kollega', number: '8888888' })))).toBe('accepted');
  });

  test('differs from the decider of the rejection also after a forwarding', () => {
    const forwarded = later(disputed, forwards(review));
    expect(taskIn(forwarded, task(4))).toMatchObject({
      owner: otherLa.organisation,
      reviewOf: task(1),
      forwardOf: review,
      words: 'The road is closed',
    });
    expectRefused(when(forwarded, judges('Kari Koordinator', 'accepted', task(4), otherLa)), 'same-decider');
    expect(codeOf(when(forwarded, judges('Ola Overlege', 'accepted', task(4), otherLa)))).toBe('accepted');
  });

  test('is not checked for an acknowledgement', () => {
    expect(codeOf(when(disputed, acknowledges(la, review)))).toBe('accepted');
    const signed = acknowledgement({ task: review, by: 'Kari Koordinator' });
    expect(codeOf(when(disputed, [la, signed]))).toBe('accepted');
  });

  test('is not checked if nothing was rejected before', () => {
    expect(codeOf(when(later(given(opened), decides('deferred')), accepted))).toBe('accepted');
    expect(codeOf(when(given(opened), accepted))).toBe('accepted');
  });
});
