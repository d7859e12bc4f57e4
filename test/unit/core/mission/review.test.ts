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
  withTask,
} from '../../../support/scenario.ts';

const { amk, otherAmk, la, otherLa, quality } = parties;

const turnedDown = given(opened, rejected);
const disputed = later(turnedDown, disputes());
const review = task(3);

const judges = (
  by: string | { readonly name: string; readonly number?: string },
  answer: 'accepted' | 'rejected' = 'rejected',
  id = review,
  sender: Step[0] = la,
): Step => [sender, missionDecision({ task: id, answer, by })];

describe('A rejection that is disputed', () => {
  test('opens a new Task of the AMK LA that coordinates, and leaves the rejection as it is', () => {
    const entry = entryOf(when(turnedDown, disputes(task(1), { words: 'The road is closed' })));
    expect(entry.state.tasks).toHaveLength(2);
    expect(taskIn(entry.state, task(1))).toMatchObject({
      status: 'rejected',
      answer: { event: 'mission-decision', code: 'rejected' },
      reason: { code: 'weather' },
      decider: { name: 'Kari Koordinator' },
    });
    expect(taskIn(entry.state, review)).toEqual({
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

  test('is told to the coordinator and the quality system', () => {
    expectNotified(when(turnedDown, disputes()), la, quality);
  });

  test('is the requester’s to dispute: nobody else is a clinician who stands with the patient', () => {
    const shared = { ...turnedDown, observers: [otherAmk.organisation] };
    expectRefused(when(shared, [otherAmk, reviewRequest({ task: task(1) })]), 'forbidden-relation');
  });

  test('cannot be disputed where the directory does not know the coordinator any more', () => {
    const known = { ...directory, partyOf: (one: string) => (one === la.organisation ? undefined : partyOf(one)) };
    const [sender, message] = disputes();
    const circumstances = { ...sentBy(sender), directory: known, now: timeOf(3) };
    expectRefused(
      decide(turnedDown, message, circumstances),
      'unknown-organisation',
      'Bundle.entry[0].resource.destination',
    );
  });

  test('is disputed once', () => {
    expectIllegal(when(later(disputed, judges('Ola Overlege')), disputes(task(1), { id: 'again' })), {
      ...disputed,
      version: 4,
    });
  });

  test('cannot be disputed twice at a time', () => {
    const again = when(disputed, disputes(task(1), { id: 'again' }));
    expectIllegal(again, disputed);
    expectRefused(again, 'illegal-transition', 'Bundle.entry[1].resource.status');
  });

  test('may be disputed again when the review rejects too: a third person decides', () => {
    const twice = later(disputed, judges('Ola Overlege'), disputes(review));
    expect(taskIn(twice, task(5))).toMatchObject({ reviewOf: review, status: 'requested' });
    for (const name of ['Kari Koordinator', 'Ola Overlege'])
      expectRefused(when(twice, judges(name, 'accepted', task(5))), 'same-decider', 'Bundle.entry[0].resource.author');
    expect(codeOf(when(twice, judges('Nils Natt', 'accepted', task(5))))).toBe('accepted');
  });

  test.each(['requested', 'received', 'accepted', 'on-hold', 'cancelled', 'completed'] as const)(
    'is needed for a review: a Task that is %s cannot be disputed',
    (status) => {
      const [first] = given(opened).tasks;
      if (first === undefined) throw new Error('a request opens a Task');
      const state = { ...given(opened), tasks: [{ ...first, status }] };
      expectIllegal(when(state, disputes()), state);
    },
  );

  test('cannot be disputed in a mission that was cancelled', () => {
    const state = { ...turnedDown, status: 'revoked' as const };
    expectIllegal(when(state, disputes()), state);
  });

  test('lets a crew be asked again, and the mission be accepted', () => {
    const state = later(disputed, judges('Ola Overlege', 'accepted'), asksCrew);
    expect(statusesOf(state)).toEqual(['rejected', 'accepted', 'requested']);
    expect(codeOf(when(turnedDown, asksCrew))).toBe('illegal-transition');
  });

  test('is not decided as rejected again over the head of a crew', () => {
    const state = later(disputed, asksCrew);
    expectIllegal(when(state, judges('Ola Overlege')), state);
    expect(codeOf(when(later(state, crewSays(task(4), 'declined')), judges('Ola Overlege')))).toBe('accepted');
  });

  test('ends with the mission when its review was accepted and the crew has handed over', () => {
    const asked = later(disputed, judges('Ola Overlege', 'accepted'), asksCrew, crewSays(task(5), 'accepted'));
    expect(asked.status).toBe('active');
    const state = later(asked, crewReports(task(5), 'handed-over'));
    expect(statusesOf(state)).toEqual(['rejected', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });
});

describe('Who decides a review', () => {
  test('is another person than the one who rejected', () => {
    for (const answer of ['accepted', 'rejected'] as const)
      expectRefused(when(disputed, judges('Kari Koordinator', answer)), 'same-decider');
    expect(codeOf(when(disputed, judges('Ola Overlege')))).toBe('accepted');
  });

  test('gives an HPR number, or nobody could tell; who accepts a request first need not', () => {
    expect(codeOf(when(given(opened), judges({ name: 'Ola' }, 'accepted', task(1))))).toBe('accepted');
    expectRefused(
      when(disputed, judges({ name: 'Ola Overlege' }, 'accepted')),
      'missing-field',
      'Bundle.entry[0].resource.author',
    );
  });

  test('is told apart by name, however it is written, where an old rejection has no number', () => {
    const old = withTask(disputed, task(1), { decider: { name: 'Kari Koordinator' } });
    for (const name of ['KARI koordinator', 'kari  koordinator', 'Koordinator, Kari', 'Kari Koordinator.'])
      expectRefused(when(old, judges({ name, number: '1' })), 'same-decider');
    for (const name of ['Kari K. Koordinator', 'Karikoordinator'])
      expect(codeOf(when(old, judges({ name, number: '1' })))).toBe('accepted');
  });

  test('is the same person with and without leading zeros in the number', () => {
    const numbered = later(given(opened), decides('rejected', { by: { name: 'Kari', number: '1234567' } }), disputes());
    expectRefused(when(numbered, judges({ name: 'Another', number: '001234567' })), 'same-decider');
    const inside = later(given(opened), decides('rejected', { by: { name: 'Kari', number: '1002' } }), disputes());
    expect(codeOf(when(inside, judges({ name: 'Another', number: '12' })))).toBe('accepted');
  });

  test('is told apart by HPR number where both have one, whatever they are called', () => {
    const numbered = later(
      given(opened),
      decides('rejected', { by: { name: 'Kari Koordinator', number: '7777777' } }),
      disputes(),
    );
    expectRefused(when(numbered, judges({ name: 'K. Koordinator', number: '7777777' })), 'same-decider');
    expect(codeOf(when(numbered, judges({ name: 'Kari Koordinator', number: '8888888' })))).toBe('accepted');
  });

  test('is another person also after the review was forwarded', () => {
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

  test('may acknowledge what another decided: seeing is not deciding', () => {
    expect(codeOf(when(disputed, acknowledges(la, review)))).toBe('accepted');
    const signed = acknowledgement({ task: review, by: 'Kari Koordinator' });
    expect(codeOf(when(disputed, [la, signed]))).toBe('accepted');
  });

  test('is anybody where nothing was rejected before', () => {
    expect(codeOf(when(later(given(opened), decides('deferred')), accepted))).toBe('accepted');
    expect(codeOf(when(given(opened), accepted))).toBe('accepted');
  });
});
