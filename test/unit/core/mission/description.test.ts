import { array, assert, constantFrom, dictionary, property, record, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeMission, descriptionEntries, type Source } from '../../../../core/mission/description.ts';
import type { MissionState } from '../../../../core/mission/state.ts';
import { missionResource } from '../../../../core/fhir/service-request.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import { systems } from '../../../../schemas/names.ts';
import { nextEntry, organisationOf } from '../../../support/examples.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { missionRequest, missionUpdate } from '../../../support/messages.ts';

type Members = Readonly<Record<string, unknown>>;

/** A message whose ServiceRequest has these members too. */
const withMembers = (text: string, members: Members): string => {
  const bundle: unknown = JSON.parse(text);
  if (!isObject(bundle) || !Array.isArray(bundle['entry'])) throw new Error('not a Bundle');
  for (const { resource } of bundle['entry'].filter(isObject)) {
    if (isObject(resource) && resource['resourceType'] === 'ServiceRequest') Object.assign(resource, members);
  }
  return JSON.stringify(bundle);
};

const request = missionRequest({ to: [organisationOf('amk-la-oslo')] });
const { mission } = nextEntry(undefined, request.text, 'amk-innlandet');

interface Update {
  readonly members: Members;
  readonly sender?: 'amk-innlandet' | 'amk-la-oslo';
}

/** The log of a request and updates whose ServiceRequests have these members. */
const logOf = (opening: Members, updates: readonly Update[]): readonly StoredEntry[] =>
  updates.reduce<readonly StoredEntry[]>(
    (log, { members, sender = 'amk-innlandet' }, at) => [
      ...log,
      nextEntry(log.at(-1), withMembers(missionUpdate({ mission, id: `update-${at}` }).text, members), sender),
    ],
    [nextEntry(undefined, withMembers(request.text, opening), 'amk-innlandet')],
  );

const stateAfter = (log: readonly StoredEntry[]): MissionState => {
  const last = log.at(-1);
  if (last === undefined) throw new Error('an empty log');
  return last.state;
};

const sourcesIn = (log: readonly StoredEntry[]): readonly Source[] =>
  log.filter(({ number }) => descriptionEntries(stateAfter(log)).includes(number));

const after = (opening: Members, ...updates: readonly Members[]): Members => {
  const log = logOf(
    opening,
    updates.map((members) => ({ members })),
  );
  return missionResource(stateAfter(log), sourcesIn(log));
};

const absent = (code: string) => ({
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: code }],
});
const takenBack = absent('not-applicable');
const note = (text: string) => [{ text }];
const patient = { reference: 'Patient/7' };

describe('The description of a mission', () => {
  test.each<[string, Members, readonly Members[], Members]>([
    ['keeps a note that an update does not state', { note: note('a') }, [{}], { note: note('a') }],
    ['replaces a note', { note: note('a') }, [{ note: note('b') }], { note: note('b') }],
    ['replaces a list as a whole', { note: [...note('a'), ...note('b')] }, [{ note: note('c') }], { note: note('c') }],
    ['keeps the patient if the subject is words alone', { subject: patient }, [{}], { subject: patient }],
    [
      'replaces words about the subject by words',
      { subject: { display: 'a man' } },
      [{ subject: { display: 'Per' } }],
      { subject: { display: 'Per' } },
    ],
    [
      'replaces words about the subject by a patient',
      { subject: { display: 'a man' } },
      [{ subject: patient }, {}],
      { subject: patient },
    ],
    ['takes a note back', { note: note('a') }, [{ note: [takenBack] }], { note: undefined }],
    ['shows a note again', { note: note('a') }, [{ note: [takenBack] }, { note: note('b') }], { note: note('b') }],
    [
      'takes back a primitive element',
      { patientInstruction: 'go' },
      [{ _patientInstruction: takenBack }],
      { patientInstruction: undefined },
    ],
    [
      'shows a subject that is taken back as absent',
      { subject: patient },
      [{ subject: takenBack }],
      { subject: takenBack },
    ],
    ...['unknown', 'masked', 'unsupported'].map((code): [string, Members, readonly Members[], Members] => [
      `keeps a note if an update has none with the reason ${code}`,
      { note: note('a') },
      [{ note: [absent(code)] }],
      { note: note('a') },
    ]),
    [
      'takes an element with another type for the same element',
      { occurrenceDateTime: '2026-01-01' },
      [{ occurrencePeriod: { start: '2026-01-02' } }],
      { occurrenceDateTime: undefined, occurrencePeriod: { start: '2026-01-02' } },
    ],
    [
      'keeps the sibling of a primitive element with it',
      { authoredOn: '2026-01-01', _authoredOn: { id: 'a' } },
      [{ authoredOn: '2026-01-02' }],
      { authoredOn: '2026-01-02', _authoredOn: undefined },
    ],
    [
      'keeps extensions of other URLs',
      { extension: [{ url: 'https://a.example', valueString: '1' }] },
      [{ extension: [{ url: 'https://b.example', valueString: '2' }] }],
      {
        extension: [
          { url: 'https://a.example', valueString: '1' },
          { url: 'https://b.example', valueString: '2' },
        ],
      },
    ],
    [
      'takes an extension back by its URL',
      { extension: [{ url: 'https://a.example', valueString: '1' }] },
      [{ extension: [{ url: 'https://a.example', ...takenBack }] }],
      { extension: undefined },
    ],
    [
      'drops a narrative that was generated from elements which have changed',
      { text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' } },
      [{ note: note('b') }],
      { text: undefined },
    ],
    [
      'keeps a narrative with additional content',
      { text: { status: 'additional', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' } },
      [{ note: note('b') }],
      { text: { status: 'additional' } },
    ],
    [
      'has no large event after that is taken back',
      { requisition: { system: 's:a', value: '1' } },
      [{ requisition: takenBack }],
      { requisition: undefined },
    ],
  ])('%s', (_name, opening, updates, expected) => {
    const shown = after(opening, ...updates);
    for (const [name, value] of Object.entries(expected)) {
      if (value === undefined) expect(shown).not.toHaveProperty([name]);
      else expect(shown).toMatchObject({ [name]: value });
    }
    expect(problemsOf(JSON.parse(JSON.stringify(shown)))).toEqual([]);
  });

  test('has no place after the place is taken back, and the criteria after they are', () => {
    const shown = after({}, { locationReference: [takenBack], reasonCode: [takenBack] });
    expect(shown).not.toHaveProperty('locationReference');
    expect(shown).not.toHaveProperty('contained');
    expect(shown['reasonCode']).toMatchObject([{ coding: [{ system: systems.missionCriterion }] }]);
  });

  test('keeps the numbers of both senders', () => {
    const numbered = (value: string) => ({ identifier: [{ system: 'urn:case', value }] });
    const log = logOf(numbered('amk-1'), [
      { members: numbered('la-1'), sender: 'amk-la-oslo' },
      { members: numbered('amk-2') },
      { members: {}, sender: 'amk-la-oslo' },
    ]);
    const { identifier } = missionResource(stateAfter(log), sourcesIn(log));
    expect(identifier).toMatchObject([{ value: mission }, { value: 'la-1' }, { value: 'amk-2' }]);
  });

  test('keeps the extensions of a list of URIs at their values', () => {
    const masked = absent('masked');
    const shown = after({ instantiatesUri: [null, 'https://a.example/b'], _instantiatesUri: [masked, null] });
    expect(shown['instantiatesUri']).toEqual([expect.any(String), null, 'https://a.example/b']);
    expect(shown['_instantiatesUri']).toEqual([null, masked, null]);
  });

  test('has the contained resources of each update under ids of their own', () => {
    const inside = (name: string, element: string) => ({
      contained: [
        { resourceType: 'Practitioner', id: 'x', name: [{ text: name }] },
        { resourceType: 'Patient', id: 'unused' },
      ],
      [element]: element === 'insurance' ? [{ reference: '#x' }] : { reference: '#x' },
    });
    const shown = after(inside('first', 'requester'), inside('second', 'encounter'));
    expect(shown).toMatchObject({
      requester: { reference: '#x' },
      encounter: { reference: '#2.0' },
      contained: [
        { id: 'x', name: [{ text: 'first' }] },
        { id: '2.0', name: [{ text: 'second' }] },
      ],
    });
  });

  test('is composed of few entries, whatever the number of updates', () => {
    const log = logOf(
      {},
      Array.from({ length: 30 }, (_, at) => ({ members: { note: note(`${at}`), code: { text: `${at % 7}` } } })),
    );
    expect(sourcesIn(log).map(({ number }) => number)).toEqual([1, 31]);
  });

  const simple = ['note', 'code', 'category', 'patientInstruction', 'bodySite', 'authoredOn'] as const;
  const valueOf = (element: (typeof simple)[number], words: string): unknown =>
    ({
      note: note(words),
      code: { text: words },
      category: [{ text: words }],
      patientInstruction: words,
      bodySite: [{ text: words }],
      authoredOn: '2026-01-01',
    })[element];

  test('has, of each element, what was stated last', () => {
    const stated = dictionary(
      constantFrom(...simple),
      record({ words: string({ minLength: 1 }), back: constantFrom(true, false, false, false) }),
      {
        noNullPrototype: true,
      },
    );
    assert(
      property(stated, array(stated, { maxLength: 6 }), (opening, updates) => {
        const membersOf = (statements: typeof opening): Members =>
          Object.fromEntries(
            Object.entries(statements).map(([name, { words, back }]) => {
              const element = simple.find((one) => one === name) ?? 'note';
              if (!back) return [element, valueOf(element, words)];
              if (element === 'patientInstruction' || element === 'authoredOn') return [`_${element}`, takenBack];
              return [element, element === 'code' ? takenBack : [takenBack]];
            }),
          );
        const log = logOf(
          membersOf(opening),
          updates.map((one) => ({ members: membersOf(one) })),
        );
        const { content } = describeMission(stateAfter(log), sourcesIn(log));
        for (const element of simple) {
          const last = [opening, ...updates].findLast((one) => one[element] !== undefined)?.[element];
          if (last === undefined) continue;
          if (!last.back) expect(content[element]).toEqual(valueOf(element, last.words));
          else if (updates.length > 0) expect(content).not.toHaveProperty(element);
        }
      }),
    );
  });
});
