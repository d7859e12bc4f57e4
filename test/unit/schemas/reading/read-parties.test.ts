import { describe, expect, test } from 'vitest';
import { directoryOf } from '../../../../adapters/party-directory.ts';
import type { Fault, Refusal } from '../../../../schemas/faults.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { systems } from '../../../../schemas/names.ts';
import {
  missionDecision,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceStatus,
} from '../../../support/messages.ts';
import { changed, gone, type Path, sampleMission as mission, sampleTask as task } from './changed.ts';

const { la, otherLa, hospital, otherHospital } = parties;
const base = 'https://hub.example/fhir';

const endpoints: Readonly<Record<string, readonly string[]>> = {
  'https://la.example/fhir': [la.organisation],
  'https://shared.example/fhir': [la.organisation, otherLa.organisation],
};

type Change = readonly [Path, unknown];

const readChanged = (message: Message, ...changes: readonly Change[]): Message | Refusal =>
  readMessage(
    JSON.stringify(
      changes.reduce<unknown>((bundle, [path, into]) => changed(bundle, path, into), JSON.parse(message.text)),
    ),
    { base, partiesAt: (endpoint) => endpoints[endpoint] ?? [] },
  );

const faultsOf = (outcome: Message | Refusal): readonly unknown[] =>
  outcome.outcome === 'read'
    ? []
    : outcome.faults.map(({ code, at, and }: Fault) => [code, at, ...(and === undefined ? [] : [and])]);

const header: Path = ['entry', 0, 'resource'];
const headerAt = 'Bundle.entry[0].resource';
const resourceAt = 'Bundle.entry[1].resource';
const numbered = (value: string) => ({ identifier: { system: systems.organisationNumber, value } });
const organization = (id: string, ...numbers: readonly string[]) => ({
  resourceType: 'Organization',
  id,
  identifier: numbers.map((value) => numbered(value).identifier),
});

describe('destination', () => {
  const at = `${headerAt}.destination[0]`;
  const destinations = (...list: readonly unknown[]) =>
    readChanged(
      missionUpdate({ mission }),
      [
        [...header, 'contained'],
        [organization('la', la.organisation), organization('two', la.organisation, otherLa.organisation)],
      ],
      [[...header, 'destination'], list],
    );
  const endpoint = 'https://la.example/fhir';

  test.each<[string, unknown]>([
    ['its number', { receiver: numbered(la.organisation) }],
    [
      'its number, at an endpoint that the directory does not have',
      { endpoint: 'https://new.example', receiver: numbered(la.organisation) },
    ],
    ['its number, at the hub', { endpoint: base, receiver: numbered(la.organisation) }],
    [
      'its number, at an endpoint that it shares',
      { endpoint: 'https://shared.example/fhir', receiver: numbered(la.organisation) },
    ],
    ['its address at the hub', { receiver: { reference: `${base}/Organization/${la.organisation}` } }],
    ['a version of it', { receiver: { reference: `${base}/Organization/${la.organisation}/_history/1` } }],
    ['a contained Organization', { receiver: { reference: '#la' } }],
  ])('is a party by %s', (_what, destination) => {
    expect(destinations(destination)).toMatchObject({ outcome: 'read', destinations: [la.organisation] });
  });

  test.each<[string, unknown, readonly unknown[]]>([
    ['nothing', { name: 'AMK LA Oslo' }, ['unresolved-reference', at]],
    ['a Device alone', { target: { reference: 'Device/1' } }, ['unresolved-reference', at]],
    ['an endpoint alone', { endpoint }, ['unresolved-reference', at]],
    ['an endpoint and a Device', { endpoint, target: { reference: 'Device/1' } }, ['unresolved-reference', at]],
    ['an endpoint that nobody has', { endpoint: 'https://nobody.example/fhir' }, ['unresolved-reference', at]],
    ['an endpoint that two have', { endpoint: 'https://shared.example/fhir' }, ['unresolved-reference', at]],
    ['the endpoint of the hub', { endpoint: base }, ['unresolved-reference', at]],
    [
      'a number and the Organization of another',
      { receiver: { ...numbered(otherLa.organisation), reference: '#la' } },
      ['contradiction', `${at}.receiver.identifier.value`, `${headerAt}.contained[0].identifier[0].value`],
    ],
    [
      'an Organization with two numbers',
      { receiver: { reference: '#two' } },
      ['contradiction', `${headerAt}.contained[1].identifier[0].value`, `${headerAt}.contained[1].identifier[1].value`],
    ],
    [
      'an address at another server',
      { receiver: { reference: 'https://x.example/Organization/1' } },
      ['unresolved-reference', `${at}.receiver`],
    ],
  ])('is refused by %s', (_what, destination, fault) => {
    expect(faultsOf(destinations(destination))).toEqual([fault]);
  });

  test('leads to the party of an endpoint by the advice', () => {
    expect(destinations({ endpoint })).toMatchObject({
      faults: [{ detail: expect.stringContaining(la.organisation) }],
    });
  });

  test('is the receiver, with a warning if the endpoint is that of another party', () => {
    const read = destinations({ endpoint, receiver: numbered(otherLa.organisation) });
    expect(read).toMatchObject({
      destinations: [otherLa.organisation],
      warnings: [{ code: 'other-party-named', at: `${at}.endpoint` }],
    });
  });

  test('has a number for each, in their order', () => {
    expect(
      destinations({ receiver: numbered(la.organisation) }, { receiver: numbered(otherLa.organisation) }),
    ).toMatchObject({
      destinations: [la.organisation, otherLa.organisation],
    });
  });
});

describe('endpoints of the directory', () => {
  const endpointOf = (id: string, address: string, owner: string, status = 'active') => ({
    resourceType: 'Endpoint' as const,
    id,
    status,
    address,
    managingOrganization: { reference: `Organization/${owner}` },
  });
  const { partiesAt } = directoryOf({
    parties: [],
    coverage: [],
    resources: [
      endpointOf('a', 'https://a.example/fhir', '1'),
      endpointOf('b', 'https://a.example/fhir/', '2'),
      endpointOf('c', 'https://a.example/fhir', '2', 'off'),
      endpointOf('d', 'https://a.example/fhir', '3', 'entered-in-error'),
      { resourceType: 'Location', id: 'e', managingOrganization: { reference: 'Organization/4' } },
    ],
  });

  test('are found in any spelling', () => {
    for (const address of ['https://a.example/fhir', 'HTTPS://A.example:443/fhir/', 'https://a.example/x/../fhir'])
      expect(partiesAt(address)).toEqual(['1', '2']);
    for (const address of ['https://a.example', 'https://a.example/fhir/Task', 'nothing', ''])
      expect(partiesAt(address)).toEqual([]);
  });
});

describe('author', () => {
  const at = `${headerAt}.author`;
  const contained = [
    {
      resourceType: 'PractitionerRole',
      id: 'role',
      practitioner: { reference: '#person' },
      code: [{ text: 'Physician' }],
    },
    {
      resourceType: 'PractitionerRole',
      id: 'lost',
      practitioner: { reference: '#nobody' },
      code: [{ text: 'Physician' }],
    },
    {
      resourceType: 'PractitionerRole',
      id: 'unsure',
      practitioner: { reference: '#twin' },
      code: [{ text: 'Physician' }],
    },
    { resourceType: 'Practitioner', id: 'person', name: [{ text: 'Kari' }] },
    { resourceType: 'Practitioner', id: 'twin', name: [{ text: 'Kari' }] },
    { resourceType: 'Practitioner', id: 'twin', name: [{ text: 'Ola' }] },
    { resourceType: 'Device', id: 'device' },
  ];
  const author = (value: unknown) =>
    readChanged(
      missionDecision({ task, answer: 'accepted' }),
      [[...header, 'contained'], contained],
      [[...header, 'author'], value],
    );

  test('is a contained role of a contained person', () => {
    expect(author({ reference: '#role' })).toMatchObject({ facts: { decider: { name: 'Kari', role: 'Physician' } } });
  });

  test.each<[string, object, readonly unknown[]]>([
    ['is not there', { reference: '#nobody' }, ['unresolved-reference', at]],
    ['is at another server', { reference: 'https://x.example/Practitioner/1' }, ['unresolved-reference', at]],
    [
      'has a role without the person',
      { reference: '#lost' },
      ['unresolved-reference', `${headerAt}.contained[1].practitioner`],
    ],
    ['can be two', { reference: '#twin' }, ['contradiction', `${headerAt}.contained[4]`, `${headerAt}.contained[5]`]],
    [
      'can be two in one role',
      { reference: '#unsure' },
      ['contradiction', `${headerAt}.contained[4]`, `${headerAt}.contained[5]`],
    ],
    ['is a Device', { reference: '#device' }, ['wrong-field', at]],
  ])('is refused if it %s', (_what, reference, fault) => {
    expect(faultsOf(author(reference))).toEqual([fault]);
  });

  test('is refused also where nobody need sign', () => {
    const update = readChanged(missionUpdate({ mission }), [[...header, 'author'], { reference: '#nobody' }]);
    expect(faultsOf(update)).toEqual([['unresolved-reference', at]]);
  });
});

describe('references in a Task', () => {
  const output: Path = ['entry', 1, 'resource', 'output', 0, 'valueReference'];
  const outputAt = `${resourceAt}.output[0].valueReference`;
  const diverted = (reference: unknown) =>
    readChanged(
      prearrivalResponse({ task, answer: 'diverted', more: [organization('o', otherHospital.organisation)] }),
      [output, reference],
    );

  test.each<[string, object]>([
    ['a number', numbered(otherHospital.organisation)],
    ['an entry', { reference: 'Organization/o' }],
    ['an address at the hub', { reference: `Organization/${otherHospital.organisation}` }],
    ['a number and its resource', { ...numbered(otherHospital.organisation), reference: 'Organization/o' }],
  ])('name the hospital by %s', (_what, reference) => {
    expect(diverted(reference)).toMatchObject({ facts: { divertedTo: otherHospital.organisation } });
  });

  test('name one hospital that can be known', () => {
    expect(faultsOf(diverted({ ...numbered(hospital.organisation), reference: 'Organization/o' }))).toEqual([
      ['contradiction', `${outputAt}.identifier.value`, 'Bundle.entry[3].resource.identifier[0].value'],
    ]);
    expect(faultsOf(diverted({ reference: '#nowhere' }))).toEqual([['unresolved-reference', outputAt]]);
  });

  test('end no flight if the hospital of a hand-over is given by reference', () => {
    const handedOver = (reference: unknown) =>
      readChanged(
        resourceStatus({
          task,
          phases: { 'handed-over': '2026-02-01T12:05:00+01:00' },
          handedOverTo: hospital.organisation,
        }),
        [['entry', 1, 'resource', 'output', 1, 'valueReference'], reference],
      );
    expect(handedOver({ reference: `${base}/Organization/${hospital.organisation}` })).toMatchObject({
      facts: { answer: 'handed-over', handedOverTo: hospital.organisation },
    });
    expect(handedOver({ reference: '#nowhere' }).outcome).toBe('refused');
  });

  test('name one flight, in any form', () => {
    const flight = `${mission}.2`;
    const partOf = (...references: readonly string[]) =>
      readChanged(prearrivalNotification({ mission, partOf: task }), [
        ['entry', 1, 'resource', 'partOf'],
        references.map((reference) => ({ reference })),
      ]);
    const flightOf = (outcome: Message | Refusal) =>
      outcome.outcome === 'read' ? outcome.facts.partOf : faultsOf(outcome);
    for (const reference of [`Task/${flight}`, `${base}/Task/${flight}`, `Task/${flight}/_history/3`])
      expect(flightOf(partOf(reference, `Task/${flight}`))).toBe(flight);
    expect(flightOf(partOf(`Task/${flight}`, `Task/${mission}.3`))).toEqual([
      ['contradiction', `${resourceAt}.partOf[0]`, `${resourceAt}.partOf[1]`],
    ]);
    const lost = partOf(`https://x.example/Task/${flight}`);
    expect(lost).toMatchObject({
      outcome: 'read',
      warnings: [{ code: 'unresolved-flight', at: `${resourceAt}.partOf[0]` }],
    });
    expect(flightOf(lost)).toBeUndefined();
  });
});

describe('organisations of a message', () => {
  test('whose contact data it gives', () => {
    const more = [
      { ...organization('a', la.organisation), name: 'AMK LA', telecom: [{ system: 'phone', value: '1' }] },
      { ...organization('b', otherLa.organisation), name: 'AMK LA', alias: ['LA'] },
      { resourceType: 'Basic', contained: [{ ...organization('c', hospital.organisation), contact: [{}] }] },
      { resourceType: 'Organization', telecom: [] },
    ];
    expect(missionRequest({ more }).contacts).toEqual([
      { organisation: la.organisation, at: 'Bundle.entry[3].resource.telecom' },
      { organisation: hospital.organisation, at: 'Bundle.entry[5].resource.contained[0].contact' },
    ]);
  });

  test('that it asks', () => {
    const asked = (message: Message, element: string, value: unknown) => {
      const outcome = readChanged(message, [['entry', 1, 'resource', element], value]);
      return outcome.outcome === 'read' ? outcome.asked : faultsOf(outcome);
    };
    expect(asked(missionRequest(), 'performer', [{ display: 'A' }, numbered(la.organisation)])).toEqual([
      { organisation: la.organisation, at: `${resourceAt}.performer[1].identifier.value` },
    ]);
    expect(asked(missionRequest(), 'performer', gone)).toEqual([]);
    // The owner of a Task that exists is asked nothing here.
    expect(asked(missionDecision({ task, answer: 'accepted' }), 'owner', numbered(la.organisation))).toEqual([]);
  });
});

describe('patient', () => {
  const patient = (value: unknown, ...more: readonly Readonly<Record<string, unknown>>[]) =>
    readChanged(missionRequest({ more }), [['entry', 1, 'resource', 'subject'], value]);
  const twin = { resourceType: 'Patient', identifier: [{ system: 'urn:x', value: '1' }] };

  test.each<[string, object]>([
    ['in the Bundle', { reference: 'Patient/p' }],
    ['at the hub', { reference: `Patient/${mission}.1.3` }],
    ['with a number', { reference: 'https://amk.example/Patient/1', identifier: { system: 'urn:x', value: '1' } }],
    ['by words', { display: 'Unknown' }],
  ])('gives no warning %s', (_what, reference) => {
    expect(patient(reference, { resourceType: 'Patient', id: 'p' })).toMatchObject({ outcome: 'read', warnings: [] });
  });

  test.each(['#nowhere', 'urn:uuid:1', 'Patient/7', 'https://amk.example/Patient/1'])(
    'gives a warning if the reference leads nowhere: %s',
    (reference) => {
      const read = patient({ reference, display: 'Kari' });
      expect(read.outcome === 'read' && read.warnings).toContainEqual({
        code: 'unresolved-patient',
        at: `${resourceAt}.subject`,
      });
    },
  );

  test('is refused if it can be two', () => {
    expect(faultsOf(patient({ identifier: { system: 'urn:x', value: '1' } }, twin, twin))).toEqual([
      ['contradiction', 'Bundle.entry[3].resource', 'Bundle.entry[4].resource'],
    ]);
  });
});
