import { describe, expect, test } from 'vitest';
import { directoryOf } from '../../../adapters/party-directory.ts';
import { contents, differences, dropped, warnings } from '../../../commands/directory/report.ts';
import { hub } from '../../../core/mission/state.ts';
import { organizationResource } from '../../../core/fhir/organization.ts';
import type { DirectoryData } from '../../../schemas/directory/directory.ts';
import { organisationOf, sampleDirectory, sampleDirectoryData } from '../../support/examples.ts';
import { problemsOf } from '../../support/fhir-validator.ts';

const nobody: DirectoryData = { parties: [], coverage: [], resources: [] };
const oslo = { organisation: '100000011', name: 'AMK LA Oslo', role: 'amk-la', phone: '+47 00 00 00 11' } as const;
const bergen = { organisation: '100000012', name: 'AMK LA Bergen', role: 'amk-la' } as const;
const small: DirectoryData = {
  parties: [bergen, oslo],
  coverage: [
    { area: '3430', organisation: bergen.organisation },
    { area: '34', organisation: oslo.organisation },
  ],
  resources: [
    { resourceType: 'Endpoint', id: 'one', status: 'active' },
    { resourceType: 'Location', id: 'one', name: 'Helipad' },
  ],
};

describe('the directory', () => {
  const directory = directoryOf(small);

  test('finds parties and the hub by organisation number', () => {
    expect(directory.partyOf(oslo.organisation)).toEqual(oslo);
    expect(directory.partyOf('199999999')).toBeUndefined();
    expect(directory.partyOf(hub.organisation)).toEqual(hub);
    expect(directoryOf(nobody).partyOf(hub.organisation)).toEqual(hub);
  });

  test('finds the parties of a role, by organisation number', () => {
    expect(directory.partiesOf('amk-la')).toEqual([oslo, bergen]);
    expect(directory.partiesOf('hospital')).toEqual([]);
    expect(directory.partiesOf('hub')).toEqual([hub]);
  });

  test.each([
    ['a municipality of a covered county', '3411', oslo],
    ['a municipality that another covers than its county', '3430', bergen],
    ['a municipality that nobody covers', '5501', undefined],
  ])('knows who coordinates in %s', (_name, municipality, coordinator) =>
    expect(directory.coordinatorFor(municipality)).toEqual(coordinator),
  );

  test('finds endpoints and places by type and id', () => {
    expect(directory.resourceOf('Endpoint', 'one')).toEqual(small.resources[0]);
    expect(directory.resourceOf('Location', 'one')).toEqual(small.resources[1]);
    expect(directory.resourceOf('Location', 'two')).toBeUndefined();
  });
});

describe('a call', () => {
  const ward = { ...bergen, parent: '100000090', units: ['100000091'], suppliers: ['100000092'] };
  const known = directoryOf({ ...small, parties: [oslo, ward] });
  const [own, trust, unit, supplier, unregistered] = [
    ward.organisation,
    '100000090',
    '100000091',
    '100000092',
    '100000099',
  ];

  test('accepts as own numbers the party, its units and its legal entity, and no other', () => {
    expect(new Set(known.numbersOf(own))).toEqual(new Set([own, unit, trust]));
    expect(known.numbersOf(oslo.organisation)).toEqual([oslo.organisation]);
    expect(known.numbersOf(unregistered)).toEqual([unregistered]);
  });

  test.each([
    ['by the number of a party', { parent: own }],
    ['by a unit of it', { parent: own, child: unit }],
    ['by a unit of it alone', { parent: unit }],
    ['by the party under its legal entity', { parent: trust, child: own }],
    ['by its unit under its legal entity', { parent: trust, child: unit }],
    ['by a number that is given twice', { parent: own, child: own }],
    ['by a supplier that is granted', { parent: own, supplier }],
    ['by a supplier that is granted, for a unit', { parent: trust, child: unit, supplier }],
    ['by the party as its own supplier', { parent: own, supplier: own }],
    ['by its legal entity as supplier', { parent: trust, child: own, supplier: trust }],
  ])('accepts a call %s', (_how, calling) => expect(known.callerOf(calling)).toEqual(bergen));

  test.each([
    ['of an unregistered number', { parent: unregistered }, 'unknown-caller'],
    ['of an unregistered number under another', { parent: unregistered, child: '100000098' }, 'unknown-caller'],
    ['of the legal entity alone', { parent: trust }, 'unknown-caller'],
    ['of the hub', { parent: hub.organisation }, 'unknown-caller'],
    ['of an unknown unit', { parent: own, child: unregistered }, 'unknown-unit'],
    ['of a party under another', { parent: oslo.organisation, child: own }, 'unknown-unit'],
    ['of a unit under another party', { parent: oslo.organisation, child: unit }, 'unknown-unit'],
    ['of a party under an unregistered number', { parent: unregistered, child: own }, 'unknown-unit'],
    ['of a party under the legal entity of another', { parent: trust, child: oslo.organisation }, 'unknown-unit'],
    ['by a supplier that is not granted', { parent: own, supplier: unregistered }, 'supplier-not-granted'],
    ['by a supplier of another', { parent: oslo.organisation, supplier }, 'supplier-not-granted'],
    ['by another party as supplier', { parent: own, supplier: oslo.organisation }, 'supplier-not-granted'],
    ['of an unregistered number by a supplier', { parent: unregistered, supplier }, 'unknown-caller'],
  ])('refuses a call %s', (_how, calling, fault) => expect(known.callerOf(calling)).toBe(fault));
});

describe('the sample directory', () => {
  test('has a party in every role', () =>
    expect(
      (['local-amk', 'amk-la', 'operator', 'hospital', 'observer', 'quality'] as const).filter(
        (role) => sampleDirectory.partiesOf(role).length === 0,
      ),
    ).toEqual([]));

  test('has no warning: every county is covered', () => expect(warnings(sampleDirectoryData)).toEqual([]));

  test('names the coordinator of each area', () => {
    expect(sampleDirectory.coordinatorFor('3411')?.organisation).toBe(organisationOf('amk-la-oslo'));
    expect(sampleDirectory.coordinatorFor('3430')?.organisation).toBe(organisationOf('amk-la-trondheim'));
    expect(sampleDirectory.coordinatorFor('5501')?.organisation).toBe(organisationOf('amk-la-tromso'));
  });

  test('serves each endpoint and place as valid FHIR', () =>
    expect(sampleDirectoryData.resources.flatMap(problemsOf)).toEqual([]));

  test('has an endpoint under the number of its organisation', () =>
    expect(sampleDirectory.resourceOf('Endpoint', organisationOf('amk-la-oslo'))).toMatchObject({
      address: 'https://amk-la-oslo.example/fhir',
      managingOrganization: { reference: `Organization/${organisationOf('amk-la-oslo')}` },
    }));
});

describe('the hub as an Organization', () => {
  test('is valid FHIR, and has no organisation number', () => {
    expect(problemsOf(organizationResource(hub))).toEqual([]);
    expect(organizationResource(hub)).toMatchObject({ id: 'luftbro', type: [{ coding: [{ code: 'hub' }] }] });
    expect(organizationResource(hub)).not.toHaveProperty('identifier');
  });
});

describe('the report on a directory', () => {
  test('lists what the directory has', () => {
    const claims = ['coverage-34', 'coverage-3430'].map((id) => ({ resourceType: 'Location', id }) as const);
    const data = {
      ...small,
      parties: [...small.parties, { ...oslo, organisation: '100000013', name: 'AMK LA Nord' }],
      resources: [...small.resources, ...claims],
    };
    expect(contents(data)).toEqual([
      'amk-la, 3: AMK LA Bergen; AMK LA Oslo; AMK LA Nord',
      '1 endpoint, 1 place, 2 areas covered',
      'AMK LA Bergen covers: 3430 (in Innlandet)',
      'AMK LA Oslo covers: 34 Innlandet',
      'AMK LA Nord covers: nothing',
    ]);
  });

  test('warns of counties without a coordinator, and of municipality numbers in no county', () => {
    const claims = ['03', '11', '15', '18', '31', '32', '33', '3430', '39', '40', '42', '46', '50', '56', '21', '5401'];
    const coverage = claims.map((area) => ({ area, organisation: oslo.organisation }));
    expect(warnings({ ...small, coverage })).toEqual([
      'except for 3430 nobody covers 34 Innlandet: a request from there must address its AMK LA',
      'nobody covers 55 Troms: a request from there must address its AMK LA',
      '5401 is in none of the counties since 2024: is the number right?',
    ]);
  });

  test('lists which suppliers may call for a party, and when that changes', () => {
    const granted = { ...oslo, parent: '100000090', units: ['100000092', '100000091'], suppliers: ['100000093'] };
    const words = 'part of 100000090; also called by 100000091, 100000092; suppliers that may act for it: 100000093';
    const data = { ...small, parties: [granted] };
    expect(contents(data)).toContain(`AMK LA Oslo (100000011): ${words}`);
    expect(differences({ ...small, parties: [oslo] }, data)).toEqual([
      `organisation 100000011: amk-la, AMK LA Oslo, +47 00 00 00 11; ${words}, was: amk-la, AMK LA Oslo, +47 00 00 00 11`,
    ]);
  });

  test('is empty if nothing changes', () => expect(differences(small, small)).toEqual([]));

  test('lists what is added, changed and removed', () =>
    expect(
      differences(small, {
        parties: [
          { ...oslo, phone: '+47 00 00 00 12' },
          { organisation: '100000021', name: 'Ål', role: 'operator' },
        ],
        coverage: [{ area: '34', organisation: '100000012' }],
        resources: [
          { resourceType: 'Location', id: 'one', name: 'Landing site' },
          { resourceType: 'Location', id: 'two' },
        ],
      }),
    ).toEqual([
      'no more organisation 100000012: amk-la, AMK LA Bergen, no phone',
      'organisation 100000011: amk-la, AMK LA Oslo, +47 00 00 00 12, was: amk-la, AMK LA Oslo, +47 00 00 00 11',
      'new organisation 100000021: operator, Ål, no phone',
      'no more coverage of 3430 (in Innlandet): AMK LA Bergen',
      'coverage of 34 Innlandet: 100000012, was: AMK LA Oslo',
      'no more Endpoint/one',
      'changed Location/one',
      'new Location/two',
    ]));

  test('names the organisations that another directory leaves out', () => {
    expect(dropped(small, { ...small, parties: [oslo] })).toEqual([bergen]);
    expect(dropped(nobody, small)).toEqual([]);
  });
});
