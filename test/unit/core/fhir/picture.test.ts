import { describe, expect, test } from 'vitest';
import type { Party } from '../../../../core/mission/state.ts';
import { readSent } from '../../../../core/queries/sent-resources.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import {
  acknowledgement,
  missionDecision,
  missionForward,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  reviewRequest,
} from '../../../support/messages.ts';
import {
  bodiesFor,
  mission,
  played,
  request,
  type Resource,
  resourcesIn,
  type Step,
  task,
  view,
  withMembers,
} from './notification-scenario.ts';

const { amk, la, otherLa, operator, otherOperator, hospital, otherHospital, observer } = parties;

const patient = { resourceType: 'Patient', id: 'p', name: [{ text: 'Kari Nordmann' }], gender: 'female' };
const pulse = (value: number, at: string, more: Resource = {}): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { identifier: { system: 'urn:oid:2.16.578.1.12.4.1.4.3', value: 'H-1' } },
  effectiveDateTime: at,
  valueQuantity: { value },
  ...more,
});

const full = withMembers(
  withMembers(request, {}, [
    patient,
    { resourceType: 'Condition', id: 'c', subject: { reference: 'Patient/p' }, code: { text: 'Open fracture' } },
    pulse(80, '2026-02-01T11:50:00+01:00'),
  ]),
  {
    subject: { reference: 'Patient/p' },
    reasonReference: [{ reference: 'Condition/c' }],
    note: [{ text: 'Gate is open' }],
  },
);

const accepted: Step = [la, missionDecision({ task: task(1), answer: 'accepted' })];
const newer: Step = [
  la,
  missionUpdate({ mission, describes: false, id: 'newer', more: [pulse(120, '2026-02-01T11:58:00+01:00')] }),
];

const firstBody = async (party: Party, steps: readonly Step[]): Promise<readonly Resource[]> => {
  const [body] = await bodiesFor(await played(steps), party);
  expect(problemsOf(body)).toEqual([]);
  return resourcesIn(body);
};

const ofType = (resources: readonly Resource[], type: string): readonly Resource[] =>
  resources.filter((one) => one['resourceType'] === type);

const values = (resources: readonly Resource[]): readonly unknown[] =>
  ofType(resources, 'Observation').map((one) => isObject(one['valueQuantity']) && one['valueQuantity']['value']);

describe('The first notification of a party that is asked', () => {
  test.each<[string, Party, readonly Step[]]>([
    ['an operator', operator, [[amk, full], accepted, newer, [la, resourceRequest({ mission })]]],
    [
      'a second operator',
      otherOperator,
      [
        [amk, full],
        accepted,
        newer,
        [la, resourceRequest({ mission })],
        [operator, resourceResponse({ task: task(4), answer: 'declined' })],
        [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
      ],
    ],
    ['a hospital', hospital, [[amk, full], accepted, newer, [la, prearrivalNotification({ mission })]]],
    [
      'a hospital that a patient is diverted to',
      otherHospital,
      [
        [amk, full],
        accepted,
        newer,
        [la, prearrivalNotification({ mission })],
        [hospital, prearrivalResponse({ task: task(4), answer: 'diverted' })],
      ],
    ],
    [
      'the AMK LA that a mission is forwarded to',
      otherLa,
      [[amk, full], accepted, newer, [la, missionForward({ task: task(1) })]],
    ],
  ])('has place, patient, condition and the newest findings for %s', async (_who, party, steps) => {
    const resources = await firstBody(party, steps);
    expect(ofType(resources, 'Patient')).toMatchObject([{ id: `${mission}.1.3`, name: [{ text: 'Kari Nordmann' }] }]);
    expect(ofType(resources, 'Condition')).toMatchObject([
      { id: `${mission}.1.4`, subject: { reference: `Patient/${mission}.1.3` } },
    ]);
    expect(ofType(resources, 'Location')).toMatchObject([{ id: `${mission}.1.2` }]);
    expect(values(resources)).toEqual([120]);
    expect(ofType(resources, 'ServiceRequest')).toMatchObject([
      { note: [{ text: 'Gate is open' }], subject: { reference: `Patient/${mission}.1.3` } },
    ]);
    const hub = await played(steps);
    for (const type of ['Patient', 'Condition', 'Location', 'Observation']) {
      for (const { id } of ofType(resources, type))
        expect(await readSent(hub.missions, party, type, String(id), view)).toMatchObject({ outcome: 'found' });
    }
  });

  test('has the picture for the coordinator that is asked for a review', async () => {
    const rejected: Step = [la, missionDecision({ task: task(1), answer: 'rejected' })];
    const bodies = await bodiesFor(await played([[amk, full], rejected, [amk, reviewRequest({ task: task(1) })]]), la);
    expect(ofType(resourcesIn(bodies.at(-1)), 'Patient')).toMatchObject([{ id: `${mission}.1.3` }]);
  });

  test('has the picture without persons and text for an observer that joins', async () => {
    const joins: Step = [la, missionUpdate({ mission, describes: false, to: [observer.organisation] })];
    const resources = await firstBody(observer, [[amk, full], accepted, newer, joins]);
    expect(ofType(resources, 'Location')).toMatchObject([{ id: `${mission}.1.2`, position: {} }]);
    expect(values(resources)).toEqual([120]);
    expect(JSON.stringify(resources)).not.toMatch(/Kari|fracture|Gate/);
  });

  test('is named by addresses with payload id-only', async () => {
    const hub = await played([[amk, full], accepted, newer, [la, resourceRequest({ mission })]], 'id-only');
    const [body] = await bodiesFor(hub, operator);
    expect(problemsOf(body)).toEqual([]);
    expect(resourcesIn(body)).toHaveLength(1);
    const text = JSON.stringify(body);
    for (const address of ['Patient/*.1.3', 'Location/*.1.2', 'Condition/*.1.4', 'Observation/*.3.1'])
      expect(text).toContain(`"fullUrl":"${view.base}/${address.replace('*', mission)}"`);
  });

  test('has nothing of a discussion that the party may not read', async () => {
    const assessed: Step = [
      la,
      resourceRequest({ mission, to: [otherOperator.organisation], more: [pulse(60, '2026-02-01T11:59:00+01:00')] }),
    ];
    const resources = await firstBody(operator, [[amk, full], accepted, assessed, [la, resourceRequest({ mission })]]);
    expect(values(resources)).toEqual([80]);
  });

  test('is given once: later notifications have what is new', async () => {
    const hub = await played([
      [amk, full],
      accepted,
      [la, resourceRequest({ mission })],
      [amk, missionUpdate({ mission, describes: false })],
    ]);
    const [, second] = await bodiesFor(hub, operator);
    expect(ofType(resourcesIn(second), 'Patient')).toEqual([]);
    await expect(played([[amk, full], accepted, [la, acknowledgement({ task: task(1) })]])).rejects.toThrow();
  });

  test('names what does not fit, and says so', async () => {
    const large = pulse(80, '2026-02-01T11:50:00+01:00', { note: [{ text: 'x'.repeat(200_000) }] });
    const larger = pulse(90, '2026-02-01T11:50:00+01:00', {
      code: { text: 'other' },
      note: [{ text: 'y'.repeat(200_000) }],
    });
    const hub = await played([
      [amk, full],
      accepted,
      ...[large, larger].map(
        (one, at): Step => [la, missionUpdate({ mission, describes: false, id: `l${at}`, more: [one] })],
      ),
      [la, resourceRequest({ mission })],
    ]);
    const [body] = await bodiesFor(hub, operator);
    expect(problemsOf(body)).toEqual([]);
    expect(ofType(resourcesIn(body), 'Observation')).toHaveLength(1);
    expect(JSON.stringify(body)).toContain(`Observation/${mission}.4.1`);
    expect(JSON.stringify(resourcesIn(body)[0])).toContain('names 1 more resource of earlier messages');
  });
});

describe('The references of a picture', () => {
  const referring = (subject: Resource): Step => [
    amk,
    withMembers(missionUpdate({ mission, id: 'referring' }), { subject }),
  ];
  const patientsAfter = async (subject: Resource): Promise<readonly unknown[]> =>
    ofType(
      await firstBody(operator, [
        [amk, withMembers(request, {}, [patient])],
        accepted,
        referring(subject),
        [la, resourceRequest({ mission })],
      ]),
      'Patient',
    ).map(({ id }) => id);

  test.each([
    ['', ''],
    ['', '/_history/1'],
    [`${view.base}/`, ''],
  ])('lead to a patient of the mission: %sPatient/…%s', async (base, version) => {
    const reference = `${base}Patient/${mission}.1.3${version}`;
    expect(await patientsAfter({ reference })).toEqual([`${mission}.1.3`]);
  });

  test.each([
    ['as it is', `Patient/${mission}.3.1`],
    ['below the base URL', `${view.base}/Patient/${mission}.3.1`],
    ['percent-encoded', `${view.base}/Patient/${mission}%2E3%2e1`],
    ['percent-encoded in its first character', `Patient/%${mission.charCodeAt(0).toString(16)}${mission.slice(1)}.3.1`],
    ['with a line break, which a URL parser removes', `${view.base}/Patient/${mission}\n.3.1`],
  ])('lead to a message that nothing else names, with the address %s', async (_how, reference) => {
    const hub = await played([
      [amk, request],
      accepted,
      [la, missionUpdate({ mission, describes: false, id: 'earlier', more: [patient] })],
      referring({ reference }),
      [la, resourceRequest({ mission })],
    ]);
    // The validator knows no reference that is spelt so.
    const [body] = await bodiesFor(hub, operator);
    expect(ofType(resourcesIn(body), 'Patient').map(({ id }) => id)).toEqual([`${mission}.3.1`]);
  });

  test('do not take a patient of another server for one of the mission', async () => {
    expect(await patientsAfter({ reference: `https://other.example/fhir/Patient/${mission}.1.3` })).toEqual([]);
  });
});

describe('The room of a picture', () => {
  test('is left to patient, place, findings and a later attachment by one that is too large', async () => {
    const attachment = {
      resourceType: 'DocumentReference',
      id: 'd',
      status: 'current',
      content: [{ attachment: { data: 'A'.repeat(200_000) } }],
    };
    const small = { ...attachment, id: 'e', content: [{ attachment: { data: 'QUJD' } }] };
    const asked = withMembers(withMembers(request, {}, [patient, attachment, small]), {
      supportingInfo: [{ reference: 'DocumentReference/d' }, { reference: 'DocumentReference/e' }],
      subject: { reference: 'Patient/p' },
    });
    const long = pulse(80, '2026-02-01T11:50:00+01:00', { note: [{ text: 'x'.repeat(100_000) }] });
    const resources = await firstBody(operator, [
      [amk, asked],
      accepted,
      [la, missionUpdate({ mission, describes: false, more: [long] })],
      [la, resourceRequest({ mission })],
    ]);
    expect(ofType(resources, 'Patient')).toHaveLength(1);
    expect(ofType(resources, 'Location')).toHaveLength(1);
    expect(values(resources)).toEqual([80]);
    expect(ofType(resources, 'DocumentReference')).toMatchObject([{ content: small.content }]);
  });
});

describe('The newest findings', () => {
  const shownAfter = async (...observations: readonly Resource[]): Promise<readonly unknown[]> => {
    const updates = observations.map(
      (one, at): Step => [la, missionUpdate({ mission, describes: false, id: `u${at}`, more: [one] })],
    );
    return values(
      await firstBody(operator, [[amk, request], accepted, ...updates, [la, resourceRequest({ mission })]]),
    );
  };

  test.each<[string, readonly Resource[], readonly number[]]>([
    ['replaces an older one', [pulse(80, '2026-02-01T09:50:00Z'), pulse(90, '2026-02-01T09:51:00Z')], [90]],
    ['ignores one that arrives late', [pulse(90, '2026-02-01T09:51:00Z'), pulse(80, '2026-02-01T09:50:00Z')], [90]],
    [
      'takes a correction with the same time',
      [pulse(80, '2026-02-01T09:50:00Z'), pulse(81, '2026-02-01T09:50:00Z')],
      [81],
    ],
    [
      'keeps both of two patients',
      [
        pulse(80, '2026-02-01T09:50:00Z', { subject: { display: 'A' } }),
        pulse(90, '2026-02-01T09:51:00Z', { subject: { display: 'B' } }),
      ],
      [80, 90],
    ],
    [
      'keeps both of two body sites',
      [
        pulse(3, '2026-02-01T09:50:00Z', { bodySite: { text: 'Left eye' } }),
        pulse(5, '2026-02-01T09:51:00Z', { bodySite: { text: 'Right eye' } }),
      ],
      [3, 5],
    ],
    [
      'is not kept out by a time in the future',
      [pulse(80, '2036-02-01T11:50:00Z'), pulse(90, '2036-02-01T11:50:00Z')],
      [90],
    ],
    [
      'ignores one that was entered in error',
      [pulse(80, '2026-02-01T09:50:00Z'), pulse(190, '2026-02-01T09:51:00Z', { status: 'entered-in-error' })],
      [80],
    ],
    [
      'ignores one that was cancelled',
      [pulse(80, '2026-02-01T09:50:00Z'), pulse(190, '2026-02-01T09:51:00Z', { status: 'cancelled' })],
      [80],
    ],
    [
      'no longer has one that is taken back',
      [
        pulse(190, '2026-02-01T09:51:00Z', { identifier: [{ value: 'o1' }] }),
        pulse(190, '2026-02-01T09:51:00Z', { identifier: [{ value: 'o1' }], status: 'entered-in-error' }),
      ],
      [],
    ],
  ])('%s', async (_name, observations, expected) => {
    expect(await shownAfter(...observations)).toEqual(expected);
  });

  test('ignores a condition whose verification status says that it was entered in error', async () => {
    const condition = (status: string): Resource => ({
      resourceType: 'Condition',
      subject: pulse(0, '')['subject'],
      code: { text: 'Open fracture' },
      verificationStatus: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: status }],
      },
    });
    const updates = ['confirmed', 'entered-in-error'].map(
      (status): Step => [la, missionUpdate({ mission, describes: false, id: status, more: [condition(status)] })],
    );
    const shown = await firstBody(operator, [[amk, request], accepted, ...updates, [la, resourceRequest({ mission })]]);
    expect(ofType(shown, 'Condition')).toMatchObject([{ id: `${mission}.3.1` }]);
  });

  test.each<[string, Resource, readonly number[]]>([
    [
      'are of two patients, if two senders use the same name without an identifier',
      { reference: 'Patient/1' },
      [80, 90],
    ],
    [
      'are of two patients, if two senders use the same number without a system',
      { identifier: { value: '1' } },
      [80, 90],
    ],
    ['are of one patient, if two senders use its address at the hub', { reference: `Patient/${mission}.1.3` }, [90]],
  ])('%s', async (_name, subject, expected) => {
    const says = (party: Party, value: number): Step => [
      party,
      missionUpdate({
        mission,
        describes: false,
        id: `by-${party.organisation}`,
        more: [pulse(value, `2026-02-01T09:${value === 80 ? 50 : 51}:00Z`, { subject })],
      }),
    ];
    const opened: Step = [amk, withMembers(request, {}, [patient])];
    const shown = await firstBody(operator, [
      opened,
      accepted,
      says(amk, 80),
      says(la, 90),
      [la, resourceRequest({ mission })],
    ]);
    expect(values(shown)).toEqual(expected);
  });
});
