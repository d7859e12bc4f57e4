import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { statementsOf } from '../../../../schemas/reading/description.ts';

const absent = (code: string) => ({
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: code }],
});

const bases = [
  'text',
  'category',
  'code',
  'orderDetail',
  'reasonCode',
  'note',
  'patientInstruction',
  'occurrenceDateTime',
  'occurrencePeriod',
  'occurrence',
  'asNeededBoolean',
  'asNeededCodeableConcept',
  'quantityRange',
  // These state nothing: decided by the hub, no element of R4, or almost one.
  'status',
  'priority',
  'performer',
  'quantity',
  'codes',
  'toString',
];
const members = bases.flatMap((name) => [name, `_${name}`, `__${name}`]);

const value = fc.oneof(
  fc.constantFrom<unknown>('text', '', null, true, 0, {}, [], [null], ['one', null], { text: 'words' }, [
    { text: 'words' },
  ]),
  fc.constantFrom(absent('not-applicable'), absent('unknown')),
);
const resources = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...members), value), { selector: ([name]) => name, maxLength: 12 })
  .map((pairs): Readonly<Record<string, unknown>> => Object.fromEntries(pairs));

const patterns: readonly (readonly [key: string, form: RegExp])[] = [
  ...bases.slice(0, 7).map((name) => [name, new RegExp(`^_?${name}$`)] as const),
  ['quantity', /^_?quantity[A-Z]/],
  ['occurrence', /^_?occurrence[A-Z]/],
  ['asNeeded', /^_?asNeeded[A-Z]/],
];

const textsOf = (statements: readonly unknown[]): ReadonlySet<string> =>
  new Set(statements.map((one) => JSON.stringify(one)));

test('states each element by itself, as if the resource had no other members', () => {
  fc.assert(
    fc.property(resources, (resource) => {
      const alone = patterns.flatMap(([, form]) => [
        ...statementsOf(Object.fromEntries(Object.entries(resource).filter(([name]) => form.test(name)))),
      ]);
      const all = [...statementsOf(resource)];
      expect(new Map(all)).toEqual(new Map(alone));
      // Text for text: a notification has the members in the order in which they were sent.
      expect(textsOf(all)).toEqual(textsOf(alone));
    }),
  );
});

test('lists statements in one order, whatever the order of the members', () => {
  fc.assert(
    fc.property(resources, (resource) => {
      const reversed = Object.fromEntries(Object.entries(resource).toReversed());
      expect([...statementsOf(reversed).keys()]).toEqual([...statementsOf(resource).keys()]);
    }),
  );
});

test('states an element with its sibling in one statement, whatever stands between them', () => {
  const [code, _code] = [{ text: 'words' }, { id: 'one' }];
  expect(statementsOf({ code, note: [{ text: 'more' }], _code }).get('code')).toEqual({
    members: { code, _code },
    takenBack: false,
  });
});
