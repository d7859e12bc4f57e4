import { describe, expect, test } from 'vitest';
import type { MissionState, Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { systems } from '../../../../schemas/names.ts';
import { read } from '../../../support/messages/compose.ts';
import { changed } from '../../schemas/reading/changed.ts';
import {
  asked,
  coordination,
  entryOf,
  expectNotified,
  expectRefused,
  given,
  later,
  mission,
  missionDecision,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  ofAmk,
  parties,
  prearrivalNotification,
  resourceAvailability,
  resourceRequest,
  unknownOrganisation,
  when,
} from '../../../support/scenario.ts';

const { amk, otherAmk, la, otherLa, operator, otherOperator, hospital, otherHospital, quality } = parties;

/** The message with one more element in its focus resource. */
const focusWith = (message: Message, element: string, value: unknown): Message =>
  read(JSON.stringify(changed(JSON.parse(message.text), ['entry', 1, 'resource', element], value)));

/** Messages that need a destination, with none, two or a wrong one. */
describe('receivers of a message', () => {
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

  test.each(asking)('opens a Task of the destination of a %s', (_event, before, sender, message, wanted) => {
    const entry = entryOf(when(before, [sender, message([wanted.organisation])]));
    expect(entry.state.tasks.at(-1)).toMatchObject({
      owner: wanted.organisation,
      asker: sender.organisation,
      status: 'requested',
      openedBy: entry.number,
    });
    expectNotified({ outcome: 'accepted', entry }, wanted);
  });

  test.each(asking.slice(1))('refuses a %s without a destination', (_event, before, sender, message) => {
    expectRefused(when(before, [sender, message([])]), 'missing-field', 'Bundle.entry[0].resource.destination');
  });

  test('sends a request without a destination to the AMK LA that covers the municipality', () => {
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

  test('sends a request to the AMK LA it names, also if another one covers the place', () => {
    const message = missionRequest({ to: [otherLa.organisation], municipality: '3425' });
    expect(given([amk, message]).coordinator).toBe(otherLa.organisation);
  });

  test('refuses a request without a destination if the municipality is missing or not covered', () => {
    for (const message of [missionRequest({ to: [] }), missionRequest({ to: [], municipality: '9999' })])
      expectRefused(when(undefined, [amk, message]), 'no-coordinator', 'Bundle.entry[0].resource.destination');
  });

  test.each(asking)('refuses a %s with two destinations', (_event, before, sender, message, wanted, other) => {
    for (const second of [wanted, other])
      expectRefused(
        when(before, [sender, message([wanted.organisation, second.organisation])]),
        'wrong-field',
        'Bundle.entry[0].resource.destination',
      );
  });

  test.each(asking)('refuses a %s to a party of another role', (_event, before, sender, message, _wanted, other) => {
    expectRefused(
      when(before, [sender, message([other.organisation])]),
      'wrong-field',
      'Bundle.entry[0].resource.destination[0].receiver',
    );
  });

  test.each(asking)(
    'refuses a %s to an organisation that is not in the directory',
    (_event, before, sender, message) => {
      expectRefused(
        when(before, [sender, message([unknownOrganisation])]),
        'unknown-organisation',
        'Bundle.entry[0].resource.destination[0].receiver',
      );
    },
  );

  const numbered = (organisation: string) => ({
    identifier: { system: systems.organisationNumber, value: organisation },
  });

  test('refuses a request without a receiver whose performer is another than the AMK LA of the municipality', () => {
    const request = (performer: unknown) =>
      when(undefined, [amk, focusWith(missionRequest({ to: [], municipality: '3425' }), 'performer', [performer])]);
    for (const performer of [numbered(la.organisation), { display: 'Anybody' }]) entryOf(request(performer));
    expectRefused(
      request(numbered(otherLa.organisation)),
      'contradiction',
      'Bundle.entry[1].resource.performer[0].identifier.value',
    );
  });

  test.each<[string, Message, MissionState | undefined, Party, string, unknown]>([
    ['performer', missionRequest(), undefined, amk, la.organisation, [numbered(otherLa.organisation)]],
    ['owner', resourceRequest({ mission }), asked, la, operator.organisation, numbered(otherOperator.organisation)],
  ])('asks the receiver, with a warning of another %s', (element, message, before, sender, receiver, value) => {
    const changedMessage = focusWith(message, element, value);
    expect(changedMessage.warnings).toMatchObject([{ code: 'other-party-named' }]);
    expect(entryOf(when(before, [sender, changedMessage])).state.tasks.at(-1)?.owner).toBe(receiver);
    const same = [numbered(receiver)];
    expect(focusWith(message, element, element === 'owner' ? same[0] : same).warnings).toEqual([]);
  });

  test('reports which of several destinations is not in the directory', () => {
    const message = missionUpdate({ mission, to: [la.organisation, unknownOrganisation] });
    expectRefused(
      when(asked, [amk, message]),
      'unknown-organisation',
      'Bundle.entry[0].resource.destination[1].receiver',
    );
  });

  const inTheNameOf = (organisation: string): Readonly<Record<string, unknown>> => ({
    identifier: { system: systems.organisationNumber, value: organisation },
  });

  test.each(['sender', 'responsible'])('refuses a message in the name of another organisation (%s)', (element) => {
    const from = { [element]: inTheNameOf(amk.organisation) };
    const at = `Bundle.entry[0].resource.${element}`;
    expectRefused(when(undefined, [parties.otherAmk, missionRequest({ from })]), 'wrong-sender', at);
    expectRefused(when(asked, [la, missionUpdate({ mission, from })]), 'wrong-sender', at);
    expectRefused(when(undefined, [operator, resourceAvailability({ from })]), 'wrong-sender', at);
  });

  test('accepts a message in the name of the sender, of its unit or of its legal entity', () => {
    for (const organisation of [amk.organisation, ofAmk.unit, ofAmk.legalEntity]) {
      const from = { sender: inTheNameOf(organisation), responsible: inTheNameOf(amk.organisation) };
      expect(when(asked, [amk, missionUpdate({ mission, from })]).outcome).toBe('accepted');
    }
  });

  test('refuses contact data of another party, and takes those of the sender and of organisations that are no party', () => {
    const phoned = (organisation: string, element: 'telecom' | 'contact') => ({
      resourceType: 'Organization',
      identifier: [{ system: systems.organisationNumber, value: organisation }],
      [element]: [element === 'telecom' ? { system: 'phone', value: '+47 00 00 00 99' } : { telecom: [] }],
    });
    const says = (...more: readonly Readonly<Record<string, unknown>>[]) =>
      when(asked, [amk, missionUpdate({ mission, more })]);
    for (const other of [la, otherLa, operator, hospital])
      for (const element of ['telecom', 'contact'] as const)
        expectRefused(
          says(phoned(amk.organisation, 'telecom'), phoned(other.organisation, element)),
          'reserved-address',
          `Bundle.entry[3].resource.${element}`,
        );
    const unknown = phoned(unknownOrganisation, 'telecom');
    for (const own of [amk.organisation, ofAmk.unit])
      expect(says(phoned(own, 'telecom'), unknown).outcome).toBe('accepted');
  });

  test('answers a non-party with not-found before it checks the name of the sender', () => {
    const from = { sender: inTheNameOf(amk.organisation) };
    expectRefused(when(asked, [parties.otherAmk, missionUpdate({ mission, from })]), 'not-found');
  });

  test('does not notify a receiver that is not a party, and logs it', () => {
    const message = missionUpdate({
      mission,
      to: [la.organisation, otherAmk.organisation, otherHospital.organisation, otherAmk.organisation],
    });
    const outcome = when(asked, [amk, message]);
    expectNotified(outcome, la, operator, hospital);
    // Each once, also if it is named twice.
    expect(entryOf(outcome).notParties).toEqual([otherAmk.organisation, otherHospital.organisation]);
  });

  test('does not notify a party that this message does not concern, and logs it', () => {
    const decision = missionDecision({ task: coordination, answer: 'accepted', to: [operator.organisation] });
    const outcome = when(asked, [la, decision]);
    expectNotified(outcome, amk, quality);
    expect(entryOf(outcome).notParties).toEqual([operator.organisation]);
  });

  test('notifies every recipient also if the message names only some of them', () => {
    const message = missionUpdate({ mission, to: [hospital.organisation, la.organisation] });
    const outcome = when(asked, [amk, message]);
    expectNotified(outcome, la, operator, hospital);
    expect(entryOf(outcome).notParties).toEqual([]);
  });

  test('accepts several resource requests, also to the same operator', () => {
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
    'gives a crew 60 seconds to acknowledge and a hospital 120, at urgency %s',
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
