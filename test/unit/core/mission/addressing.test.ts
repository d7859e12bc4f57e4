import { describe, expect, test } from 'vitest';
import type { MissionState, Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/messages/message.ts';
import { systems } from '../../../../schemas/names.ts';
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
        when(before, [sender, message([unknownOrganisation])]),
        'unknown-organisation',
        'Bundle.entry[0].resource.destination[0].receiver',
      );
    },
  );

  test('Of several destinations the one that is not in the directory is named', () => {
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
