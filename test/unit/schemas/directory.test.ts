import { describe, expect, test } from 'vitest';
import { readDirectory } from '../../../schemas/directory/read-directory.ts';
import type { DirectoryData } from '../../../schemas/directory/directory.ts';
import { systems } from '../../../schemas/names.ts';
import { problemsOf } from '../../support/fhir-validator.ts';

type Resource = Readonly<Record<string, unknown>>;

const organization = (number: string, role: string, more: Resource = {}): Resource => ({
  resourceType: 'Organization',
  id: number,
  identifier: [{ system: systems.organisationNumber, value: number }],
  type: [{ coding: [{ system: systems.partyRole, code: role }] }],
  name: `${role} ${number}`,
  telecom: [{ system: 'phone', value: '+47 00 00 00 01' }],
  ...more,
});

const la = organization('100000011', 'amk-la');
const hospital = organization('100000031', 'hospital');

const ownedBy = (number: string): Resource => ({ managingOrganization: { reference: `Organization/${number}` } });

const endpoint = (id: string, more: Resource = {}): Resource => ({
  resourceType: 'Endpoint',
  id,
  status: 'active',
  connectionType: { system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type', code: 'hl7-fhir-msg' },
  payloadType: [{ text: 'any' }],
  address: 'https://partner.example/fhir',
  ...ownedBy('100000011'),
  ...more,
});

const place = (id: string, more: Resource = {}): Resource => ({
  resourceType: 'Location',
  id,
  name: `place ${id}`,
  position: { latitude: 59.9, longitude: 10.7 },
  ...ownedBy('100000031'),
  ...more,
});

const physicalType = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'area' }],
};

const county = (digits: string): Resource => ({ system: systems.county, value: `NO-${digits}` });
const municipality = (digits: string): Resource => ({ system: systems.municipality, value: digits });
const area = (id: string, identifier: Resource, more: Resource = {}): Resource => ({
  resourceType: 'Location',
  id,
  name: `area ${id}`,
  physicalType,
  identifier: [identifier],
  ...ownedBy('100000011'),
  ...more,
});

const bundleOf = (...resources: readonly Resource[]): Resource => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
});

const faultsIn = (value: unknown): readonly string[] => {
  const reading = readDirectory(value);
  return 'faults' in reading ? reading.faults : [];
};

const read = (...resources: readonly Resource[]): DirectoryData => {
  const reading = readDirectory(bundleOf(...resources));
  if ('faults' in reading) throw new Error(reading.faults.join('\n'));
  return reading.directory;
};

/** Faults of the last resource: FHIRPath inside the resource, and text. */
const faultsOfLast = (...resources: readonly Resource[]): readonly string[] => {
  const own = `Bundle.entry[${resources.length - 1}].resource.`;
  return faultsIn(bundleOf(...resources)).map((fault) => (fault.startsWith(own) ? fault.slice(own.length) : fault));
};

describe('directory file', () => {
  test('is valid FHIR R4 as these tests build it', () =>
    expect(problemsOf(bundleOf(la, hospital, endpoint('one'), place('helipad'), area('three', county('34'))))).toEqual(
      [],
    ));

  test('gives the parties with role and phone', () =>
    expect(read(la, organization('100000051', 'quality', { telecom: undefined })).parties).toEqual([
      { organisation: '100000011', name: 'amk-la 100000011', role: 'amk-la', phone: '+47 00 00 00 01' },
      { organisation: '100000051', name: 'quality 100000051', role: 'quality' },
    ]));

  test('gives the AMK LA of each county and municipality, in any order of the file', () =>
    expect(read(area('a', county('34')), area('b', municipality('3430')), la).coverage).toEqual([
      { area: '34', organisation: '100000011' },
      { area: '3430', organisation: '100000011' },
    ]));

  test('keeps endpoints and places unchanged, with elements unknown to the hub', () => {
    const helipad = place('helipad', { description: 'Lights on request', endpoint: [{ reference: 'Endpoint/one' }] });
    expect(read(la, hospital, endpoint('one'), helipad).resources).toEqual([endpoint('one'), helipad]);
  });

  test('accepts a reference to an organisation by fullUrl or number, and serves it by number', () => {
    const reading = readDirectory({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl: 'urn:uuid:8d0bd0b5-7d2c-4d9c-a02a-3d6d7b1b3c1e', resource: { ...la, id: undefined } },
        {
          fullUrl: 'urn:uuid:f1c1bd7a-36b3-4b6c-8a5e-8f6d5f6f6c11',
          resource: endpoint('one', {
            managingOrganization: { reference: 'urn:uuid:8d0bd0b5-7d2c-4d9c-a02a-3d6d7b1b3c1e' },
          }),
        },
        {
          resource: place('two', {
            managingOrganization: {
              identifier: { system: systems.organisationNumber, value: '100000011' },
              display: 'AMK LA',
            },
            endpoint: [{ reference: 'urn:uuid:f1c1bd7a-36b3-4b6c-8a5e-8f6d5f6f6c11' }],
          }),
        },
      ],
    });
    expect(reading).toMatchObject({
      directory: {
        resources: [
          { managingOrganization: { reference: 'Organization/100000011' } },
          {
            managingOrganization: { reference: 'Organization/100000011', display: 'AMK LA' },
            endpoint: [{ reference: 'Endpoint/one' }],
          },
        ],
      },
    });
  });

  test('accepts references to contained resources and to other servers', () =>
    expect(
      read(
        la,
        area('a', county('34'), {
          contained: [{ resourceType: 'Endpoint', id: 'inside' }],
          endpoint: [{ reference: '#inside' }, { reference: 'https://elsewhere.example/fhir/Endpoint/1' }],
        }),
      ).resources,
    ).toHaveLength(1));
});

describe('faults of a directory file', () => {
  test.each([
    ['a value that is not a Bundle', [], ['Bundle: ']],
    ['another resource', la, ['Bundle.resourceType: must be Bundle', 'Bundle.type: ', 'Bundle.entry: ']],
    ['a message', { ...bundleOf(la), type: 'message' }, ['Bundle.type: must be collection']],
    ['a Bundle without organisations', bundleOf(), ['Bundle.entry: needs at least one Organization']],
    [
      'invalid entries',
      { ...bundleOf(la), entry: [1, {}, { resource: { id: 'x' } }, { fullUrl: 2, resource: la }] },
      [
        'Bundle.entry[0]: ',
        'Bundle.entry[1].resource: needs a FHIR resource',
        'Bundle.entry[2].resource.resourceType: needs a FHIR resource type',
        'Bundle.entry[3].fullUrl: ',
        'Bundle.entry: ',
      ],
    ],
    [
      'a type that a directory cannot have',
      bundleOf(la, { resourceType: 'Practitioner' }),
      ['Bundle.entry[1].resource.resourceType: Practitioner cannot be in a directory'],
    ],
    [
      'the same fullUrl twice',
      {
        ...bundleOf(),
        entry: [
          { fullUrl: 'urn:x', resource: la },
          { fullUrl: 'urn:x', resource: hospital },
        ],
      },
      ['Bundle.entry[1].fullUrl: is the same in Bundle.entry[0]'],
    ],
  ])('refuses %s', (_name, value, wanted) => {
    const faults = faultsIn(value);
    expect(faults).toHaveLength(wanted.length);
    wanted.forEach((start, index) => expect(faults[index]).toContain(start));
  });

  test('reports all faults at once, in the order of the file', () => {
    const faults = faultsIn(
      bundleOf(
        place('helipad', { name: '', position: { latitude: 10.7, longitude: 59.9 }, ...ownedBy('100000099') }),
        organization('10000001', 'pilot', { name: undefined, telecom: [{ system: 'phone', value: '113' }] }),
        { resourceType: 'Device' },
        endpoint('?', { address: 'http://partner.example', payloadType: [] }),
      ),
    );
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(': ')))).toEqual([
      'Bundle.entry[0].resource.managingOrganization',
      'Bundle.entry[0].resource.name',
      'Bundle.entry[0].resource.position',
      'Bundle.entry[1].resource.identifier',
      'Bundle.entry[1].resource.type',
      'Bundle.entry[1].resource.name',
      'Bundle.entry[1].resource.telecom[0].value',
      'Bundle.entry[2].resource.resourceType',
      'Bundle.entry[3].resource.id',
      'Bundle.entry[3].resource.managingOrganization',
      'Bundle.entry[3].resource.payloadType',
      'Bundle.entry[3].resource.address',
    ]);
  });
});

describe('supplier in a directory file', () => {
  const number = (value: string): Resource => ({ identifier: { system: systems.organisationNumber, value } });
  const grant = (id: string, more: Resource = {}): Resource => ({
    resourceType: 'OrganizationAffiliation',
    id,
    organization: { reference: 'Organization/100000011' },
    participatingOrganization: number('100000099'),
    code: [{ coding: [{ system: systems.affiliationRole, code: 'system-supplier' }] }],
    ...more,
  });

  test('acts for the organisations that have granted it', () => {
    const { parties } = read(
      la,
      hospital,
      grant('1'),
      grant('2', { participatingOrganization: number('100000098') }),
      grant('3', { organization: number('100000031'), active: true }),
    );
    expect(parties.map(({ suppliers }) => suppliers)).toEqual([['100000099', '100000098'], ['100000099']]);
    expect(problemsOf(bundleOf(la, grant('1')))).toEqual([]);
  });

  test('accepts an organisation of the file as supplier', () =>
    expect(
      read(la, hospital, grant('1', { participatingOrganization: { reference: 'Organization/100000031' } })).parties[0],
    ).toMatchObject({ suppliers: ['100000031'] }));

  test.each([
    ['without an organisation', { organization: undefined }, 'organization: needs an organisation of this file'],
    [
      'of an organisation that is not in the file',
      { organization: number('100000077') },
      'organization: needs an organisation of this file',
    ],
    [
      'with a supplier without a number',
      { participatingOrganization: { display: 'Journal' } },
      'participatingOrganization: needs an org',
    ],
    [
      'with the organisation itself as supplier',
      { participatingOrganization: number('100000011') },
      'participatingOrganization: ',
    ],
    ['with no code', { code: undefined }, 'code: needs one code: system-supplier'],
    ['with another code', { code: [{ coding: [{ code: 'member' }] }] }, 'code: needs one code: system-supplier'],
    ['that is not active', { active: false }, 'active: must be true'],
    ['with an end date', { period: { end: '2026-01-01' } }, 'period: must be left out'],
  ])('refuses a supplier %s', (_what, more, wanted) =>
    expect(faultsOfLast(la, grant('1', more))).toEqual([expect.stringContaining(wanted)]),
  );

  test('refuses a second grant of the same supplier', () =>
    expect(faultsOfLast(la, grant('1'), grant('2'))).toEqual([
      expect.stringContaining('participatingOrganization: is the same in Bundle.entry[1]'),
    ]));
});

describe('organisation in a directory file', () => {
  const own = (value: string): Resource => ({ system: systems.organisationNumber, value });
  const unit = (value: string): Resource => ({ ...own(value), use: 'secondary' });
  const role = (...codes: readonly string[]): Resource => ({
    type: [{ coding: codes.map((code) => ({ system: systems.partyRole, code })) }],
  });

  test.each([
    ['no number', { identifier: undefined }, 'identifier: needs one organisation number'],
    ['a number of eight digits', { id: undefined, identifier: [own('10000001')] }, 'identifier: needs one'],
    ['two numbers', { identifier: [own('100000001'), own('100000002')] }, 'identifier: needs one'],
    ['only a number of another system', { identifier: [{ value: '100000001' }] }, 'identifier: needs one'],
    ['an invalid identifier', { identifier: [{ system: 1 }] }, 'identifier[0].system: '],
    ['another id', { id: 'amk' }, 'id: must be the organisation number 100000001'],
    ['no role', { type: undefined }, 'type: needs one role'],
    ['an unknown role', role('pilot'), 'type: needs one role'],
    ['two roles', role('local-amk', 'amk-la'), 'type: needs one role'],
    ["the hub's own role", role('hub'), 'type: needs one role'],
    ['no name', { name: undefined }, 'name: needs a name'],
    ['a blank name', { name: ' ' }, 'name: needs a name'],
    ['active set to false', { active: false }, 'active: must be true'],
    ['no phone', { telecom: undefined }, 'telecom: needs a phone'],
    ['only a fax', { telecom: [{ system: 'fax', value: '+47 00 00 00 01' }] }, 'telecom: needs a phone'],
    ['only a former phone', { telecom: [{ system: 'phone', use: 'old', value: '1' }] }, 'telecom: needs a phone'],
    ['a phone without value', { telecom: [{ system: 'phone' }] }, 'telecom[0].value: is not a phone number'],
    [
      'a phone without country',
      {
        telecom: [
          { system: 'email', value: 'a@b.example' },
          { system: 'phone', value: '00 00 00 01' },
        ],
      },
      'telecom[1].value: is not a phone number',
    ],
    ['a phone with letters', { telecom: [{ system: 'phone', value: '+47 ask' }] }, 'telecom[0].value: is not a phone'],
    ['a phone too long', { telecom: [{ system: 'phone', value: `+47${'0'.repeat(14)}` }] }, 'telecom[0].value: '],
    ['an invalid further number', { identifier: [own('100000001'), unit('1')] }, 'identifier[1].value: is not an'],
    ['its own number twice', { identifier: [own('100000001'), unit('100000001')] }, 'identifier[1]: is the same in'],
    ['only a further number', { identifier: [unit('100000001')] }, 'identifier: needs one organisation number'],
    ['itself as parent', { partOf: { identifier: own('100000001') } }, 'partOf: must be another organisation'],
    ['a parent without a number', { partOf: { display: 'Trust' } }, 'partOf: needs an organisation number'],
    ['a parent with eight digits', { partOf: { identifier: own('10000001') } }, 'partOf: needs an organisation number'],
    [
      'a parent that does not exist',
      { partOf: { reference: 'Organization/1' } },
      'partOf.reference: Organization/1 is not in',
    ],
  ])('refuses an organisation with %s', (_name, more, wanted) => {
    const faults = faultsOfLast(organization('100000001', 'local-amk', more));
    expect(faults).toEqual([expect.stringContaining(wanted)]);
  });

  test('accepts units and a legal entity, also one that is not in the file', () => {
    const amk = (more: Resource): Resource => organization('100000001', 'local-amk', more);
    const units = amk({ identifier: [unit('100000008'), own('100000001'), unit('100000009')] });
    expect(read(units).parties[0]).toMatchObject({ organisation: '100000001', units: ['100000008', '100000009'] });
    expect(read(units).parties[0]).not.toHaveProperty('parent');
    for (const partOf of [{ identifier: own('100000011') }, { reference: 'Organization/100000011' }])
      expect(read(la, amk({ partOf })).parties[1]).toMatchObject({ parent: '100000011' });
    expect(read(amk({ partOf: { identifier: own('100000099') } })).parties[0]).toMatchObject({ parent: '100000099' });
    expect(problemsOf(bundleOf(units, la))).toEqual([]);
  });

  test('accepts a list of hosts for notifications', () => {
    const host = (valueString: unknown): Resource => ({
      url: 'https://luftbro.example/fhir/StructureDefinition/notification-host',
      valueString,
    });
    const other = { url: 'https://other.example/extension', valueString: 'https://no/host' };
    const amk = (...extension: readonly Resource[]): Resource =>
      organization('100000001', 'local-amk', { extension: [...extension] });
    expect(read(amk(other)).parties[0]).not.toHaveProperty('notificationHosts');
    expect(read(amk(other, host('partner.example'), host('localhost'))).parties[0]).toMatchObject({
      notificationHosts: ['partner.example', 'localhost'],
    });
    for (const wrong of ['https://partner.example', 'Partner.example', 'partner.example:8443', '*.example', '', 7])
      expect(faultsOfLast(amk(host('partner.example'), host(wrong)))).toEqual([
        expect.stringMatching(/^extension\[1\]\.valueString: is not a host/),
      ]);
  });

  test('refuses a number or unit of another organisation', () => {
    const other = (...numbers: readonly Resource[]): Resource =>
      organization('100000011', 'amk-la', { identifier: [own('100000011'), ...numbers] });
    const amk = organization('100000001', 'local-amk', { identifier: [own('100000001'), unit('100000008')] });
    expect(faultsOfLast(amk, other(unit('100000008')))).toEqual([
      expect.stringMatching(/^identifier\[1\]: is the same/),
    ]);
    expect(faultsOfLast(amk, other(unit('100000001')))).toEqual([
      expect.stringMatching(/^identifier\[1\]: is the same/),
    ]);
  });

  test.each(['observer', 'quality'])('accepts a party of role %s without a phone', (code) =>
    expect(faultsOfLast(organization('100000001', code, { telecom: undefined }))).toEqual([]),
  );

  test.each(['local-amk', 'amk-la', 'operator', 'hospital'])('refuses a party of role %s without a phone', (code) =>
    expect(faultsOfLast(organization('100000001', code, { telecom: [] }))).toHaveLength(1),
  );

  test.each(['+47 00 00 01 05', '+4700000105', '+47 000 00 105', '+4580000000', '+1 000 000 0000'])(
    'accepts the phone number %s',
    (value) =>
      expect(read(organization('100000001', 'local-amk', { telecom: [{ system: 'phone', value }] })).parties).toEqual([
        expect.objectContaining({ phone: value }),
      ]),
  );

  test('gives the first phone number in use', () =>
    expect(
      read(
        organization('100000001', 'local-amk', {
          telecom: [
            { system: 'email', value: 'a@b.example' },
            { system: 'phone', use: 'old', value: '+47 00 00 00 01' },
            { system: 'phone', value: '+47 00 00 00 02' },
            { system: 'phone', value: '+47 00 00 00 03' },
          ],
        }),
      ).parties,
    ).toEqual([expect.objectContaining({ phone: '+47 00 00 00 02' })]));

  test('refuses an organisation that is in the file twice, also with another fault', () =>
    expect(faultsOfLast({ ...la, name: '' }, hospital, la)).toEqual([
      'Bundle.entry[0].resource.name: needs a name, as shown to people',
      'identifier: is the same in Bundle.entry[0]: keep one of the two',
    ]));
});

describe('endpoint in a directory file', () => {
  test.each([
    ['no id', { id: undefined }, 'id: '],
    ['an invalid id', { id: 'a b' }, 'id: is not a FHIR id'],
    ['an unknown status', { status: 'on' }, 'status: needs one of active, '],
    ['no status', { status: undefined }, 'status: needs one of active, '],
    ['no connection type', { connectionType: undefined }, 'connectionType: needs system and code'],
    ['a connection type without system', { connectionType: { code: 'x' } }, 'connectionType.system: needs system'],
    ['no payload', { payloadType: [] }, 'payloadType: needs at least one'],
    ['no address', { address: undefined }, 'address: needs an https URL'],
    ['an address that is not a URL', { address: 'partner.example' }, 'address: needs an https URL'],
    ['an address without TLS', { address: 'http://partner.example/fhir' }, 'address: needs an https URL'],
    ['a password in its address', { address: 'https://user:secret@partner.example' }, 'address: needs an https URL'],
    [
      'headers, which every reader of the directory would see',
      { header: ['Authorization: Bearer x'] },
      'header: must be left out',
    ],
    ['no owner', { managingOrganization: undefined }, 'managingOrganization: needs an organisation of this file'],
    [
      'an unknown organisation as owner',
      ownedBy('199999999'),
      'managingOrganization: needs an organisation of this file',
    ],
    [
      'an owner that is not an organisation',
      { managingOrganization: { reference: 'Endpoint/one' } },
      'managingOrganization: needs an organisation of this file',
    ],
    [
      'an owner by a number of another system',
      { managingOrganization: { identifier: { system: 'urn:x', value: '100000011' } } },
      'managingOrganization: needs an organisation of this file',
    ],
  ])('refuses an endpoint with %s', (_name, more, wanted) =>
    expect(faultsOfLast(la, endpoint('one', more))).toEqual([expect.stringContaining(wanted)]),
  );

  test.each(['http://localhost:4000/fhir', 'http://127.0.0.1:4000', 'http://[::1]:4000', 'https://partner.example'])(
    'accepts the address %s',
    (address) => expect(faultsOfLast(la, endpoint('one', { address }))).toEqual([]),
  );

  test('refuses a second endpoint with the same id, accepts a place with it', () =>
    expect(faultsOfLast(la, hospital, endpoint('one'), place('one'), endpoint('one'))).toEqual([
      'id: is the same in Bundle.entry[2]: keep one of the two',
    ]));
});

describe('place in a directory file', () => {
  test.each([
    ['no name', { name: undefined }, 'name: needs a name'],
    ['no position', { position: undefined }, 'position: needs latitude and longitude'],
    ['half a position', { position: { latitude: 60 } }, 'position.longitude: needs latitude and longitude'],
    ['swapped coordinates', { position: { latitude: 10.7, longitude: 59.9 } }, 'position: has latitude and longitude'],
    [
      'a position outside the service area',
      { position: { latitude: 0, longitude: 0 } },
      'position: is outside the area of the service',
    ],
    ['an unknown status', { status: 'open' }, 'status: may be active, suspended, inactive'],
    ['the number of a county', { identifier: [county('34')] }, 'physicalType: must be area of'],
    [
      'a reference to a resource that does not exist',
      { partOf: { reference: 'Location/none' } },
      'partOf.reference: Location/none is not in',
    ],
    [
      'a list of such references',
      { endpoint: [{ reference: 'urn:uuid:x' }] },
      'endpoint[0].reference: urn:uuid:x is not in',
    ],
  ])('refuses a place with %s', (_name, more, wanted) =>
    expect(faultsOfLast(hospital, place('helipad', more))).toEqual([expect.stringContaining(wanted)]),
  );

  test('accepts other identifiers', () =>
    expect(faultsOfLast(hospital, place('helipad', { identifier: [{ system: 'urn:x', value: '34' }] }))).toEqual([]));
});

describe('covered area in a directory file', () => {
  test.each([
    ['no number', { identifier: undefined }, 'identifier: needs one identifier: a county, e.g. NO-34'],
    ['two numbers', { identifier: [county('34'), municipality('3430')] }, 'make one Location of each area'],
    ['a county without country', { identifier: [{ system: systems.county, value: '34' }] }, 'identifier[0].value: is'],
    ['a county of Sweden', { identifier: [{ system: systems.county, value: 'SE-Z' }] }, 'identifier[0].value: is not'],
    ['a municipality of three digits', { identifier: [municipality('343')] }, 'identifier[0].value: is not a muni'],
    ['a number without value', { identifier: [{ system: systems.county }] }, 'identifier[0].value: is not a county'],
    ['another owner than an AMK LA', ownedBy('100000031'), 'managingOrganization: 100000031 is hospital'],
    ['no owner', { managingOrganization: undefined }, 'managingOrganization: needs an organisation'],
    ['the status inactive', { status: 'inactive' }, 'status: must be active'],
    ['swapped coordinates', { position: { latitude: 10.7, longitude: 59.9 } }, 'position: has latitude and longitude'],
  ])('refuses an area with %s', (_name, more, wanted) =>
    expect(faultsOfLast(la, hospital, area('a', county('34'), more))).toEqual([expect.stringContaining(wanted)]),
  );

  test('refuses a second AMK LA for the same area', () =>
    expect(faultsOfLast(la, area('a', county('34')), area('b', municipality('3430')), area('c', county('34')))).toEqual(
      ['identifier: is the same in Bundle.entry[1]: keep one of the two'],
    ));

  test('reports no further fault if its organisation has no number', () =>
    expect(
      faultsIn({
        ...bundleOf(),
        entry: [
          { fullUrl: 'urn:x', resource: { ...la, id: undefined, identifier: [] } },
          { resource: area('a', county('34'), { managingOrganization: { reference: 'urn:x' } }) },
        ],
      }),
    ).toEqual([expect.stringContaining('Bundle.entry[0].resource.identifier: ')]));

  test('reports no further fault if its organisation is faulty', () =>
    expect(faultsIn(bundleOf({ ...la, name: '' }, area('a', county('34'))))).toEqual([
      'Bundle.entry[0].resource.name: needs a name, as shown to people',
    ]));
});
