import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../../schemas/faults.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { systems } from '../../../../schemas/names.ts';
import {
  medicalAssessment,
  missionDecision,
  missionRequest,
  missionUpdate,
  resourceResponse,
} from '../../../support/messages.ts';
import { changed, sampleMission as mission, sampleTask as task } from './changed.ts';

const number = (value: unknown, more: object = {}) => ({ system: systems.healthPersonnel, value, ...more });

/** A decision with this author: a PractitionerRole (entry 3) that leads to a Practitioner (entry 4). */
const decided = (
  { person = {}, role = {} }: { readonly person?: object; readonly role?: object },
  answer: 'accepted' | 'rejected' = 'accepted',
): Message | Refusal => {
  const more = [
    {
      resourceType: 'PractitionerRole',
      id: 'r',
      practitioner: { reference: 'Practitioner/p' },
      code: [{ text: 'Physician' }],
      ...role,
    },
    {
      resourceType: 'Practitioner',
      id: 'p',
      name: [{ text: 'Kari Hansen' }],
      identifier: [number('9999901')],
      ...person,
    },
  ];
  const message = missionDecision({ task, answer, more });
  return readMessage(
    JSON.stringify(
      changed(JSON.parse(message.text), ['entry', 0, 'resource', 'author'], { reference: 'PractitionerRole/r' }),
    ),
  );
};

const deciderOf = (outcome: Message | Refusal) =>
  outcome.outcome === 'read' ? outcome.facts.decider : outcome.faults.map(({ code, at, and }) => [code, at, and]);

const personAt = 'Bundle.entry[4].resource';
const roleAt = 'Bundle.entry[3].resource';
const masked = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};

describe('HPR number', () => {
  test.each([
    '12345',
    '123456',
    '1234567890',
    ' 9999901',
    '9999901 ',
    '99999O1',
    '9 999 901',
    '9999901.0',
    '000000000',
    '',
    '٩٩٩٩٩٠١',
  ])('%j is refused', (value) => {
    expect(deciderOf(decided({ person: { identifier: [number(value)] } }))).toEqual([
      ['wrong-field', `${personAt}.identifier[0].value`, undefined],
    ]);
  });

  test.each(['9999901', '99999010', '999990100', '000009901'])('%j is read', (value) => {
    expect(deciderOf(decided({ person: { identifier: [number(value)] } }))).toMatchObject({ identifier: value });
  });

  test.each([
    'URN:OID:2.16.578.1.12.4.1.4.4',
    '2.16.578.1.12.4.1.4.4',
    'urn:oid:2.16.578.1.12.4.1.4.4/',
    'http://hl7.no/fhir/NamingSystem/HPR',
  ])('is refused under the system %s', (system) => {
    expect(deciderOf(decided({ person: { identifier: [number('9999901', { system })] } }))).toEqual([
      ['wrong-field', `${personAt}.identifier[0].system`, undefined],
    ]);
  });

  test('is refused twice, and read twice if it is the same', () => {
    const twice = (one: string, other: string) =>
      deciderOf(decided({ person: { identifier: [number(one), number(other)] } }));
    expect(twice('9999901', '9999902')).toEqual([
      ['contradiction', `${personAt}.identifier[0].value`, `${personAt}.identifier[1].value`],
    ]);
    expect(twice('9999901', '009999901')).toMatchObject({ identifier: '9999901' });
    const practitioner = { reference: 'Practitioner/p', identifier: number('9999902') };
    expect(deciderOf(decided({ role: { practitioner } }))).toEqual([
      ['contradiction', `${personAt}.identifier[0].value`, `${roleAt}.practitioner.identifier.value`],
    ]);
  });

  test('is the current one', () => {
    for (const former of [{ use: 'old' }, { period: { end: '2025' } }]) {
      const identifier = [number('7777777', former), number('9999901')];
      expect(deciderOf(decided({ person: { identifier } }))).toMatchObject({ identifier: '9999901' });
      expect(deciderOf(decided({ person: { identifier: [number('7777777', former)] } }, 'rejected'))).toEqual([
        ['missing-field', 'Bundle.entry[0].resource.author', undefined],
      ]);
    }
    expect(deciderOf(decided({ person: { identifier: [number('9999901', { use: 'secondary' })] } }))).toMatchObject({
      identifier: '9999901',
    });
  });

  test('is not said if it is masked, and then missing where it is required', () => {
    const identifier = [{ system: systems.healthPersonnel, _value: masked }];
    const unnumbered = deciderOf(decided({ person: { identifier } }));
    expect(unnumbered).toEqual({ name: 'Kari Hansen', role: 'Physician' });
    expect(deciderOf(decided({ person: { identifier } }, 'rejected'))).toEqual([
      ['missing-field', 'Bundle.entry[0].resource.author', undefined],
    ]);
  });
});

describe('name', () => {
  const named = (...name: object[]) => deciderOf(decided({ person: { name } }));

  test('is read around placeholders for masked parts', () => {
    expect(named({ given: [null, 'Rolig'], _given: [masked, null], family: 'Radar' })).toMatchObject({
      name: 'Rolig Radar',
      identifier: '9999901',
    });
    expect(named({ given: ['Rolig'], _family: masked })).toMatchObject({ name: 'Rolig' });
  });

  test('is the official one of those that are current', () => {
    expect(named({ use: 'nickname', text: 'Kaja' }, { use: 'official', text: 'Kari' })).toMatchObject({ name: 'Kari' });
    expect(named({ use: 'old', text: 'Kari Olsen' }, { text: 'Kari Hansen' })).toMatchObject({ name: 'Kari Hansen' });
    expect(named({ use: 'maiden', text: 'Kari Olsen' }, { text: 'Kari Hansen' })).toMatchObject({
      name: 'Kari Hansen',
    });
  });

  test('is refused if two that count alike differ', () => {
    expect(named({ text: 'Kari Hansen' }, { text: 'Ola Olsen' })).toEqual([
      ['contradiction', `${personAt}.name[0]`, `${personAt}.name[1]`],
    ]);
    expect(named({ text: 'Kari Hansen' }, { family: 'HANSEN', given: ['Kari'] })).toMatchObject({
      name: 'Kari Hansen',
    });
  });

  test('needs a letter', () => {
    for (const text of ['.', '-', '9999901', '\u200b', ' '])
      expect(named({ text })).toEqual([['missing-field', 'Bundle.entry[0].resource.author', undefined]]);
  });

  test('is refused if the Practitioner cannot be read', () => {
    expect(named({ text: 7 })).toEqual([['wrong-field', `${personAt}.name[0].text`, undefined]]);
  });

  test('is cut between characters, without what nobody can see', () => {
    expect(named({ text: `${'A'.repeat(199)}\u{1F681}tail` })).toMatchObject({ name: 'A'.repeat(199) });
    expect(named({ text: 'Kari\u202e Hansen' })).toMatchObject({ name: 'Kari Hansen' });
  });
});

describe('role', () => {
  const acting = (...code: object[]) => deciderOf(decided({ role: { code } }));

  test('is refused if the person has two', () => {
    expect(acting({ text: 'Physician' }, { text: 'Coordinator' })).toEqual([
      ['contradiction', `${roleAt}.code[0]`, `${roleAt}.code[1]`],
    ]);
    const coding = (code: string) => ({ system: 'http://terminology.hl7.org/CodeSystem/practitioner-role', code });
    expect(acting({ coding: [coding('doctor'), coding('nurse')], text: 'Physician' })).toEqual([
      ['contradiction', `${roleAt}.code[0].coding[0]`, `${roleAt}.code[0].coding[1]`],
    ]);
  });

  test('is read if it is said twice, or coded in two systems', () => {
    expect(acting({ text: 'Physician' }, { text: ' physician' })).toMatchObject({ role: 'Physician' });
    const coding = [
      { system: 'http://snomed.info/sct', code: '309343006', display: 'Physician' },
      { system: 'http://terminology.hl7.org/CodeSystem/practitioner-role', code: 'doctor' },
    ];
    expect(acting({ coding })).toMatchObject({ role: 'Physician' });
    expect(acting({ coding: [{ system: 'http://snomed.info/sct', code: '309343006' }] })).toMatchObject({
      role: '309343006',
    });
  });

  test('needs a letter if it is a text', () => {
    expect(acting({ text: '.' })).toEqual([['missing-field', 'Bundle.entry[0].resource.author', undefined]]);
  });
});

test('a person who can be two is refused', () => {
  const identifier = { system: 'https://a.example/staff', value: '7' };
  const twins = ['Ola', 'Per'].map((text) => ({
    resourceType: 'Practitioner',
    identifier: [identifier],
    name: [{ text }],
  }));
  const message = missionDecision({ task, answer: 'accepted', more: twins });
  const outcome = readMessage(
    JSON.stringify(changed(JSON.parse(message.text), ['entry', 0, 'resource', 'author'], { identifier })),
  );
  expect(deciderOf(outcome)).toContainEqual(['contradiction', 'Bundle.entry[3].resource', 'Bundle.entry[4].resource']);
});

describe('the person in ClinicalImpression.assessor', () => {
  const assessed = (assessor: object) => {
    const author = { name: 'Frida Flylege', number: '9999901' };
    const message = medicalAssessment({ mission, ground: 'indicated', by: author });
    return deciderOf(
      readMessage(JSON.stringify(changed(JSON.parse(message.text), ['entry', 1, 'resource', 'assessor'], assessor))),
    );
  };

  test('is the author', () => {
    for (const assessor of [
      { display: 'Frida Flylege' },
      { display: 'Flylege, Frida' },
      { display: 'Dr. Frida Flylege' },
      { display: 'F. F.', identifier: number('009999901') },
      { identifier: number('9999901') },
    ])
      expect(assessed(assessor)).toMatchObject({ name: 'Frida Flylege' });
  });

  test('is refused if it is another person', () => {
    for (const assessor of [{ display: 'Ola Overlege' }, { display: 'Frida Flylege', identifier: number('9999902') }])
      expect(assessed(assessor)).toEqual([
        ['contradiction', 'Bundle.entry[0].resource.author', 'Bundle.entry[1].resource.assessor'],
      ]);
  });
});

interface Sent {
  readonly resourceType: string;
  readonly id: string;
  readonly [element: string]: unknown;
}

describe('an author of a message that decides nothing', () => {
  const practitioner = { resourceType: 'Practitioner', id: 'p', name: [{ text: 'Kari Hansen' }] };
  const role = { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: 'Practitioner/p' } };
  const [author, byRole] = [{ reference: 'Practitioner/p' }, { reference: 'PractitionerRole/r' }];
  const sent = (message: Message, by: object, more: readonly Sent[]) => {
    const bundle: { entry: { resource: object }[] } = JSON.parse(message.text);
    const entry = [
      ...bundle.entry.map(({ resource, ...others }, index) => ({
        ...others,
        resource: index === 0 ? { ...resource, author: by } : resource,
      })),
      ...more.map((resource) => ({ fullUrl: `https://a.example/${resource.resourceType}/${resource.id}`, resource })),
    ];
    return readMessage(JSON.stringify({ ...bundle, entry }));
  };
  const absolute = ({ reference }: { readonly reference: string }) => ({ reference: `https://a.example/${reference}` });
  const unclear: readonly (readonly [string, object, readonly Sent[]])[] = [
    ['two roles', absolute(byRole), [practitioner, { ...role, code: [{ text: 'Physician' }, { text: 'Nurse' }] }]],
    ['two names', absolute(author), [{ ...practitioner, name: [{ text: 'Kari Hansen' }, { text: 'Ola Olsen' }] }]],
    ['a number with blanks', absolute(author), [{ ...practitioner, identifier: [number('9999901 ')] }]],
    ['a name that is no text', absolute(author), [{ ...practitioner, name: [{ text: 7 }] }]],
    [
      'an Organization',
      absolute({ reference: 'Organization/o' }),
      [{ resourceType: 'Organization', id: 'o', name: 'AMK' }],
    ],
  ];

  test.each(unclear)('is a warning if it has %s', (_what, by, more) => {
    for (const message of [
      missionRequest(),
      missionUpdate({ mission }),
      resourceResponse({ task, answer: 'accepted' }),
    ]) {
      const read = sent(message, by, more);
      expect(read).toMatchObject({
        outcome: 'read',
        warnings: expect.arrayContaining([expect.objectContaining({ code: 'unclear-author' })]),
      });
      expect(read).not.toHaveProperty('facts.decider');
    }
  });

  test.each(unclear)('is refused with %s in an answer that requires an author', (_what, by, more) => {
    for (const message of [
      missionDecision({ task, answer: 'deferred' }),
      resourceResponse({ task, answer: 'declined' }),
    ])
      expect(sent(message, by, more).outcome).toBe('refused');
  });

  test('is refused if the reference leads nowhere, and says nothing of the person', () => {
    expect(deciderOf(sent(missionRequest(), { reference: 'Practitioner/none' }, []))).toEqual([
      ['unresolved-reference', 'Bundle.entry[0].resource.author', undefined],
    ]);
  });
});
