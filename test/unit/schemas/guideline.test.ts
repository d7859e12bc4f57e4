import { describe, expect, test } from 'vitest';
import { differences } from '../../../commands/guideline/differences.ts';
import {
  firstGuidelines,
  type Guideline,
  guidelineInForce,
  guidelineOf,
  type Guidelines,
  readGuideline,
} from '../../../schemas/guideline.ts';

const [first] = firstGuidelines;
const { criteria, refusalReasons, acknowledgementSeconds } = first;

describe('readGuideline', () => {
  test('accepts the guideline of the release, which states that its figures are provisional', () => {
    expect(first.version).toBe('2026.1');
    expect(first.description).toMatch(/provisional/);
    expect(readGuideline(first)).toEqual({ guideline: first });
  });

  const reasons = (change: object) => ({ refusalReasons: { ...refusalReasons, ...change } });
  const { other: _other, ...withoutOther } = refusalReasons;
  const seconds = (stat: unknown) => ({
    acknowledgementSeconds: { ...acknowledgementSeconds, resource: { ...acknowledgementSeconds.resource, stat } },
  });

  test.each([
    ['a version of another form', { version: '2026-1' }, 'Guideline.version'],
    ['a version that is a number', { version: 2026.1 }, 'Guideline.version'],
    ['a day instead of a moment', { validFrom: '2026-01-01' }, 'Guideline.validFrom'],
    ['a moment without zone', { validFrom: '2026-01-01T00:00:00' }, 'Guideline.validFrom'],
    ['a day that does not exist', { validFrom: '2026-02-30T00:00:00Z' }, 'Guideline.validFrom'],
    ['no title', { title: ' ' }, 'Guideline.title'],
    ['no criteria', { criteria: {} }, 'Guideline.criteria'],
    ['criteria as a list', { criteria: [] }, 'Guideline.criteria'],
    [
      'a criterion without a display',
      { criteria: { ...criteria, new: { display: '' } } },
      'Guideline.criteria.new.display',
    ],
    ['a code with a capital', { criteria: { Rapid: { display: 'x' } } }, 'Guideline.criteria.Rapid'],
    ['a code with a blank', reasons({ 'two words': refusalReasons['other'] }), 'Guideline.refusalReasons.two words'],
    ['a code that ends in a hyphen', reasons({ 'two-': refusalReasons['other'] }), 'Guideline.refusalReasons.two-'],
    ['a reason without class', reasons({ late: { display: 'Late' } }), 'Guideline.refusalReasons.late.class'],
    [
      'a reason of an unknown class',
      reasons({ late: { display: 'Late', class: 'political' } }),
      'Guideline.refusalReasons.late.class',
    ],
    ['no code for other reasons', { refusalReasons: withoutOther }, 'Guideline.refusalReasons'],
    ['an urgency too many', { urgencies: { ...first.urgencies, asap: 'Soon' } }, 'Guideline.urgencies.asap'],
    ['an urgency too few', { urgencies: { stat: 'Red', urgent: 'Yellow' } }, 'Guideline.urgencies.routine'],
    ['zero seconds', seconds(0), 'Guideline.acknowledgementSeconds.resource.stat'],
    ['half a second', seconds(0.5), 'Guideline.acknowledgementSeconds.resource.stat'],
    ['seconds as text', seconds('60'), 'Guideline.acknowledgementSeconds.resource.stat'],
    ['more than a day', seconds(86_401), 'Guideline.acknowledgementSeconds.resource.stat'],
    ['a misspelt member', { tittle: 'x' }, 'Guideline.tittle'],
  ])('refuses a guideline with %s, and reports the path', (_name, change, at) => {
    const reading = readGuideline({ ...first, ...change });
    expect('faults' in reading ? reading.faults.map((fault) => fault.split(': ')[0]) : reading).toEqual([at]);
  });

  test('reports all faults at once', () => {
    const reading = readGuideline({
      ...first,
      version: undefined,
      validFrom: '2026-02-30T00:00:00Z',
      refusalReasons: { 'No!': { display: '', class: 'x' } },
      acknowledgementSeconds: { coordination: { stat: -1 } },
    });
    const paths = 'faults' in reading ? reading.faults.map((fault) => String(fault.split(': ')[0])) : [];
    expect(paths.toSorted()).toEqual([
      'Guideline.acknowledgementSeconds.coordination.routine',
      'Guideline.acknowledgementSeconds.coordination.stat',
      'Guideline.acknowledgementSeconds.coordination.urgent',
      'Guideline.acknowledgementSeconds.prearrival',
      'Guideline.acknowledgementSeconds.resource',
      'Guideline.refusalReasons',
      'Guideline.refusalReasons.No!',
      'Guideline.refusalReasons.No!.class',
      'Guideline.refusalReasons.No!.display',
      'Guideline.validFrom',
      'Guideline.version',
    ]);
  });

  test.each([[undefined], [null], [[]], ['2026.1'], [{}]])('refuses %j', (value) =>
    expect(readGuideline(value)).toHaveProperty('faults'),
  );

  test('accepts a deadline of one day, no description and new codes', () => {
    const { description: _description, ...rest } = first;
    const odd = { ...rest, ...seconds(86_400), criteria: { 'a1-2b': { display: 'New' } } };
    expect(readGuideline(odd)).toEqual({ guideline: odd });
  });
});

const version = (name: string, validFrom: string): Guideline => ({ ...first, version: name, validFrom });
const guidelines: Guidelines = [
  version('2026.1', '2026-01-01T00:00:00+01:00'),
  version('2026.2', '2026-06-01T00:00:00+02:00'),
  version('2026.3', '2026-06-01T00:00:00+02:00'),
  version('2027.1', '2027-01-01T00:00:00+01:00'),
];

describe('guideline versions', () => {
  test.each([
    ['before the first version', '2020-01-01T00:00:00Z', '2026.1'],
    ['at the start of a version', '2025-12-31T23:00:00Z', '2026.1'],
    ['one second before the next', '2026-05-31T21:59:59Z', '2026.1'],
    ['from the start of the next, the later of two with the same start', '2026-05-31T22:00:00Z', '2026.3'],
    ['after the last version', '2030-01-01T00:00:00Z', '2027.1'],
  ])('have one in force %s', (_name, at, expected) => expect(guidelineInForce(guidelines, at).version).toBe(expected));

  test('give the version of a mission, or the earliest if that version does not exist', () => {
    expect(guidelineOf(guidelines, '2026.2').version).toBe('2026.2');
    expect(guidelineOf(guidelines, '1999.1').version).toBe('2026.1');
  });
});

describe('differences', () => {
  test('is empty between a version and itself', () => expect(differences(first, first)).toEqual([]));

  test('lists added, removed and changed members', () => {
    const { 'rapid-transport': _gone, ...kept } = criteria;
    const after: Guideline = {
      ...first,
      title: 'Other',
      criteria: { ...kept, 'new-one': { display: 'New' } },
      refusalReasons: { ...refusalReasons, weather: { display: 'Weather', class: 'other' } },
      urgencies: { ...first.urgencies, stat: 'Red' },
      acknowledgementSeconds: {
        ...acknowledgementSeconds,
        coordination: { ...acknowledgementSeconds.coordination, urgent: 120 },
      },
    };
    expect(differences(first, after)).toEqual([
      'title: Other, was: Requesting an air ambulance, 2026.1',
      'no more criterion rapid-transport',
      'refusal reason weather: Weather (other), was: Weather (operational)',
      'urgency stat: Red, was: Akutt (red)',
      'deadline of coordination, urgent: 120 s, was: 180 s',
      'new criterion new-one: New',
    ]);
  });
});
