import { describe, expect, test } from 'vitest';
import { mostWarnings } from '../../../../schemas/warnings.ts';
import { checkR4 } from '../../../../schemas/r4/check.ts';

type Members = Readonly<Record<string, unknown>>;

const patient = (more: Members): Members => ({ resourceType: 'Patient', ...more });
const observation = (more: Members): Members => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});
const extension = { url: 'urn:x', valueString: 'x' };
const bundleOf = (...entry: readonly Members[]): Members => ({ resourceType: 'Bundle', type: 'message', entry });

/** Findings as `path: detail`. */
const found = (resource: unknown): readonly string[] => {
  const { faults, warnings } = checkR4(resource);
  return [...faults, ...warnings].map(({ at, detail }) => `${at}: ${detail}`);
};

describe('checkR4', () => {
  test.each<readonly [string, Members, string]>([
    [
      'an element that R4 does not have',
      patient({ shoeSize: 43 }),
      'Patient: has shoeSize, which is no element of Patient',
    ],
    [
      'an element in another spelling',
      patient({ birthdate: '1960' }),
      'Patient: has birthdate, which is no element of Patient: write birthDate',
    ],
    [
      'a sibling in another spelling',
      patient({ _birthdate: { extension: [extension] } }),
      'Patient: has _birthdate, which is no element of Patient: write _birthDate',
    ],
    [
      'a choice without its type',
      observation({ value: 'x' }),
      'Observation: has value, which is no element of Observation: the name ends with the type of the value, for example valueQuantity',
    ],
    [
      'a choice with a type that it may not have',
      observation({ valueDecimal: 1 }),
      'Observation: has valueDecimal, which is no element of Observation',
    ],
    [
      'an element of R5',
      { resourceType: 'MessageHeader', eventCanonical: 'urn:x', source: { endpoint: 'urn:x' }, eventUri: 'urn:x' },
      'MessageHeader: has eventCanonical, which is no element of MessageHeader',
    ],
    [
      'a member inside an element',
      patient({ name: [{ first: 'x' }] }),
      'Patient.name[0]: has first, which is no element of HumanName',
    ],
    [
      'a member that may be text of the sender',
      patient({ 'Kari Nordmann': 1 }),
      'Patient: has a member whose name is no element of Patient',
    ],
    ['a sibling of a complex element', patient({ _name: [{}] }), 'Patient: has _name, which is no element of Patient'],
    ['a list instead of one value', patient({ gender: ['male'] }), 'Patient.gender: must be one value, not a list'],
    ['one value instead of a list', patient({ name: { text: 'x' } }), 'Patient.name: must be a list'],
    ['an empty list', patient({ name: [] }), 'Patient.name: is an empty list: leave it out'],
    ['an empty object', patient({ maritalStatus: {} }), 'Patient.maritalStatus: is empty: leave it out'],
    ['null', patient({ gender: null }), 'Patient.gender: must not be null: leave it out'],
    ['null for an object', patient({ maritalStatus: null }), 'Patient.maritalStatus: must not be null: leave it out'],
    [
      'null in a list of objects',
      patient({ name: [null] }),
      'Patient.name[0]: must not be null without an id or extension in its place',
    ],
    [
      'null in a list of primitives, without a sibling',
      patient({ name: [{ given: ['a', null] }] }),
      'Patient.name[0].given[1]: must not be null without an id or extension in its place',
    ],
    [
      'null in a list of primitives, with a sibling elsewhere',
      patient({ name: [{ given: ['a', null], _given: [{ extension: [extension] }] }] }),
      'Patient.name[0].given[1]: must not be null without an id or extension in its place',
    ],
    [
      'null in the list of siblings only',
      patient({ name: [{ _given: [null] }] }),
      'Patient.name[0].given[0]: has neither a value nor an id or extension',
    ],
    [
      'a text for an object',
      patient({ maritalStatus: 'gift' }),
      'Patient.maritalStatus: must be an object (CodeableConcept)',
    ],
    [
      'a text for a boolean',
      patient({ active: 'true' }),
      'Patient.active: must be true or false (boolean), not a string',
    ],
    [
      'a number for a text',
      patient({ name: [{ family: 1 }] }),
      'Patient.name[0].family: must be a string (string), not a number',
    ],
    [
      'a code outside a required binding',
      patient({ gender: 'kvinne' }),
      'Patient.gender: must be one of male, female, other, unknown',
    ],
    [
      'a code in another spelling',
      patient({ gender: 'Female' }),
      'Patient.gender: must be one of male, female, other, unknown',
    ],
    [
      'a code outside a long value set',
      {
        resourceType: 'Basic',
        code: { text: 'x' },
        extension: [{ url: 'urn:x', valueDataRequirement: { type: 'Nothing' } }],
      },
      'Basic.extension[0].value.type: has no code of the required value set all-types',
    ],
    [
      'a concept outside a required binding',
      {
        resourceType: 'Condition',
        subject: { display: 'x' },
        clinicalStatus: { coding: [{ system: 'urn:x', code: 'active' }] },
      },
      'Condition.clinicalStatus: must be one of active, recurrence, relapse, inactive, remission, resolved, with its system',
    ],
    [
      'a concept with text alone in a required binding',
      { resourceType: 'Condition', subject: { display: 'x' }, clinicalStatus: { text: 'active' } },
      'Condition.clinicalStatus: must be one of active, recurrence, relapse, inactive, remission, resolved, with its system',
    ],
    [
      'a missing element',
      { resourceType: 'Observation', code: { text: 'x' } },
      'Observation.status: is missing: R4 requires it',
    ],
    [
      'a missing choice',
      { resourceType: 'Task', status: 'requested', intent: 'order', input: [{ type: { text: 'x' } }] },
      'Task.input[0].value: is missing: R4 requires it',
    ],
    [
      'two values of a choice',
      patient({ deceasedBoolean: true, deceasedDateTime: '2026' }),
      'Patient.deceased: has both deceasedBoolean and deceasedDateTime: only one value is allowed',
    ],
    [
      'a value and the extension of another',
      patient({ deceasedBoolean: true, _deceasedDateTime: { extension: [extension] } }),
      'Patient.deceased: has both deceasedBoolean and deceasedDateTime: only one value is allowed',
    ],
    ['a date that is none', patient({ birthDate: '1960-02-30' }), 'Patient.birthDate: is not a day of the calendar'],
    [
      'an extension without url',
      patient({ extension: [{ valueString: 'x' }] }),
      'Patient.extension[0].url: is missing: R4 requires it',
    ],
    [
      'an extension without content',
      patient({ extension: [{ url: 'urn:x' }] }),
      'Patient.extension[0]: has neither a value nor extensions',
    ],
    [
      'an extension with value and extensions',
      patient({ extension: [{ ...extension, extension: [extension] }] }),
      'Patient.extension[0]: has both a value and extensions: only one is allowed',
    ],
    [
      'an extension of a primitive',
      patient({ _birthDate: { extension: [{ url: 'urn:x', valueDate: 'x' }] } }),
      'Patient.birthDate.extension[0].value: must be a date: YYYY, YYYY-MM or YYYY-MM-DD',
    ],
    ['a sibling that is a text', patient({ _gender: 'x' }), 'Patient.gender: its id and extensions must be an object'],
    [
      'a sibling with a value',
      patient({ _gender: { value: 'male' } }),
      'Patient.gender: has value, which is no element of Element',
    ],
    [
      'a sibling that is no list',
      patient({ name: [{ _given: {} }] }),
      'Patient.name[0].given: its ids and extensions must be a list',
    ],
    [
      'a comparator in a SimpleQuantity',
      observation({ referenceRange: [{ low: { value: 1, comparator: '<' } }] }),
      'Observation.referenceRange[0].low: has comparator, which is no element of SimpleQuantity',
    ],
    [
      'a reference to a type that the element does not allow',
      patient({ managingOrganization: { reference: 'https://hub.example/fhir/Task/1/_history/2' } }),
      'Patient.managingOrganization: leads to a resource of type Task; allowed: Organization',
    ],
    [
      'a reference into the Bundle to a wrong type',
      bundleOf(
        { fullUrl: 'urn:uuid:a', resource: patient({ active: true }) },
        { resource: patient({ managingOrganization: { reference: 'urn:uuid:a' } }) },
      ),
      'Bundle.entry[1].resource.managingOrganization: leads to a resource of type Patient; allowed: Organization',
    ],
    [
      'a reference to a contained resource of a wrong type',
      patient({ contained: [{ resourceType: 'Patient', id: 'a' }], managingOrganization: { reference: '#a' } }),
      'Patient.managingOrganization: leads to a resource of type Patient; allowed: Organization',
    ],
    [
      'a reference to a contained resource that is missing',
      patient({ managingOrganization: { reference: '#a' } }),
      'Patient.managingOrganization: leads to no contained resource',
    ],
    [
      'a wrong type in a logical reference',
      patient({ managingOrganization: { type: 'Group', display: 'x' } }),
      'Patient.managingOrganization: says in type that it leads to Group; allowed: Organization',
    ],
    [
      'a type that contradicts the reference',
      observation({ subject: { reference: 'Patient/1', type: 'Group' } }),
      'Observation.subject: says in type that it leads to Group, but it leads to a resource of type Patient',
    ],
    [
      'a contained resource in a contained resource',
      patient({ contained: [{ resourceType: 'Patient', contained: [{ resourceType: 'Patient', active: true }] }] }),
      'Patient.contained[0].contained: must not be in a contained resource',
    ],
    [
      'a version of a contained resource',
      patient({ contained: [{ resourceType: 'Patient', meta: { versionId: '1' } }] }),
      'Patient.contained[0].meta: must not have versionId in a contained resource',
    ],
    [
      'a contained resource without type',
      patient({ contained: [{ id: 'a' }] }),
      'Patient.contained[0]: has no resourceType',
    ],
    [
      'a contained text',
      patient({ contained: ['x'] }),
      'Patient.contained[0]: must be a resource: an object with resourceType',
    ],
    [
      'an entry with an unknown element',
      bundleOf({ fullURL: 'urn:x' }),
      'Bundle.entry[0]: has fullURL, which is no element of Bundle.entry: write fullUrl',
    ],
    [
      'an element of a type defined by reference',
      {
        resourceType: 'Parameters',
        parameter: [{ name: 'a', part: [{ name: 'b', part: [{ valueString: 'x' }] }] }],
      },
      'Parameters.parameter[0].part[0].part[0].name: is missing: R4 requires it',
    ],
    ['a resource without type', { id: 'a' }, 'Resource: has no resourceType'],
  ])('finds %s', (_what, resource, finding) => expect(found(resource)).toEqual([finding]));

  test.each<readonly [string, Members, string]>([
    ['as a whole', { resourceType: 'Transport' }, 'Resource'],
    ['in a Bundle', bundleOf({ resource: { resourceType: 'Transport' } }), 'Bundle.entry[0].resource'],
    [
      'in a Bundle in a Bundle',
      bundleOf({ resource: bundleOf({ resource: { resourceType: 'Transport' } }) }),
      'Bundle.entry[0].resource.entry[0].resource',
    ],
    ['contained', patient({ contained: [{ resourceType: 'Transport' }] }), 'Patient.contained[0]'],
    [
      'in Parameters',
      { resourceType: 'Parameters', parameter: [{ name: 'a', resource: { resourceType: 'Transport' } }] },
      'Parameters.parameter[0].resource',
    ],
    ['of R4B', { resourceType: 'SubscriptionStatus' }, 'Resource'],
    ['that is abstract', { resourceType: 'DomainResource' }, 'Resource'],
    ['that is no text', { resourceType: 5 }, 'Resource'],
  ])('refuses a type that R4 does not have, %s', (_where, resource, at) => {
    expect(checkR4(resource).faults).toEqual([
      { code: 'unknown-resource-type', at, detail: 'has a resourceType that R4 does not have' },
    ]);
    expect(checkR4(resource).warnings.filter((warning) => warning.at?.startsWith(at))).toEqual([]);
  });

  test('says how R4 writes a resource type', () =>
    expect(found({ resourceType: 'patient' })).toEqual([
      'Resource: has a resourceType that R4 does not have: write Patient',
    ]));

  test.each<readonly [string, Members]>([
    [
      'a primitive without value, with an extension',
      { resourceType: 'Observation', _status: { extension: [extension] }, code: { text: 'x' } },
    ],
    [
      'null where the sibling has the content',
      patient({ name: [{ given: [null, 'b'], _given: [{ extension: [extension] }, null] }] }),
    ],
    ['a list of siblings without values', patient({ name: [{ _given: [{ id: 'a' }] }] })],
    [
      'a code outside a binding that is not required',
      patient({ maritalStatus: { coding: [{ system: 'urn:x', code: 'x' }] } }),
    ],
    [
      'a media type, which no table lists',
      observation({ extension: [{ url: 'urn:x', valueAttachment: { contentType: 'image/x' } }] }),
    ],
    [
      'an absolute URL of another kind of server',
      patient({ managingOrganization: { reference: 'https://x.example/Something/1' } }),
    ],
    ['a reference to anything', { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: 'Task/1' } }],
    [
      'references between contained resources, and to the container',
      patient({
        managingOrganization: { reference: '#a' },
        contained: [
          { resourceType: 'Organization', id: 'a', partOf: { reference: '#b' } },
          { resourceType: 'Organization', id: 'b', name: 'x' },
          { resourceType: 'Task', status: 'requested', intent: 'order', for: { reference: '#' } },
        ],
      }),
    ],
    [
      'a resource of any type in a response',
      {
        resourceType: 'Bundle',
        type: 'batch-response',
        entry: [{ response: { status: '200', outcome: patient({ active: true }) } }],
      },
    ],
    ['white space that is not that of XML', patient({ name: [{ text: 'a\u00a0b' }] })],
  ])('finds nothing wrong with %s', (_what, resource) => expect(found(resource)).toEqual([]));

  test('repeats no value of a resource', () => {
    const secret = 'hemmelig';
    const resource = patient({
      id: `${secret} `,
      gender: secret,
      birthDate: secret,
      active: secret,
      name: secret,
      maritalStatus: secret,
      [`${secret} ${secret}`]: 1,
      deceasedBoolean: secret,
      managingOrganization: { reference: `#${secret}`, type: secret },
      contained: [{ resourceType: secret }, secret],
    });
    expect(found(resource).length).toBeGreaterThan(8);
    expect(found(resource).join('\n')).not.toContain(secret);
  });

  test('reads on for unknown types when it has enough warnings', () => {
    const many = Array.from({ length: 200 }, () => ({ resource: patient({ gender: 'x' }) }));
    const { faults, warnings } = checkR4(bundleOf(...many, { resource: { resourceType: 'Transport' } }));
    expect(warnings).toHaveLength(mostWarnings + 1);
    expect(faults.map(({ at }) => at)).toEqual(['Bundle.entry[200].resource']);
  });

  test.each<readonly [string, unknown]>([
    [
      '500 entries full of unknown members',
      bundleOf(
        ...Array.from({ length: 500 }, () => ({
          resource: patient(Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`x${at}`, at]))),
        })),
      ),
    ],
    ['a list of 60 000 nulls', patient({ name: [{ given: Array.from({ length: 60_000 }, () => null) }] })],
    [
      'a list of 60 000 nulls with siblings',
      patient({
        name: [
          { given: Array.from({ length: 60_000 }, () => null), _given: Array.from({ length: 60_000 }, () => null) },
        ],
      }),
    ],
    [
      'extensions in extensions',
      patient({
        extension: Array.from({ length: 4_000 }, () =>
          Array.from({ length: 14 }).reduce<unknown>((inner) => ({ url: 'u', extension: [inner] }), {}),
        ),
      }),
    ],
    [
      '10 000 contained resources that refer to each other',
      patient({
        contained: Array.from({ length: 10_000 }, (_, at) => ({
          resourceType: 'Basic',
          id: `a${at}`,
          subject: { reference: `#a${at - 1}` },
        })),
      }),
    ],
  ])('takes linear time for %s', (_what, resource) => {
    const started = performance.now();
    checkR4(resource);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
