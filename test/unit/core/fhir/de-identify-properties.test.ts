import { assert, constant, constantFrom, integer, nat, oneof, property, record, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import { deIdentifiedBundle, deIdentify } from '../../../../core/fhir/de-identify.ts';
import { missionResource } from '../../../../core/fhir/service-request.ts';
import type { Role } from '../../../../schemas/codes.ts';
import { isObject, parseLossless } from '../../../../schemas/json/json.ts';
import { effortIn } from '../../../support/effort.ts';
import { exampleSteps, logOf, sampleDirectory, secondSteps } from '../../../support/examples.ts';

const { modelRuns: numRuns } = effortIn(process.env);

const view = { base: 'https://hub.example/fhir', directory: sampleDirectory };

const entries: readonly StoredEntry[] = [...logOf(exampleSteps), ...logOf(secondSteps)];

/** What a role without persons reads of an entry: the message, and the mission that it may describe. */
const shownOf = (entry: StoredEntry, role: Role): string => {
  const reading = { role, entry, sources: [entry] };
  const described = { ...entry.state, updates: [], request: { entry: entry.number, index: entry.focusIndex ?? 0 } };
  return JSON.stringify([deIdentifiedBundle(reading, view), deIdentify(missionResource(described, [entry]), reading)]);
};

type Path = readonly (string | number)[];

/** Paths of all values, and of a new member of each object. */
const pathsIn = (value: unknown, path: Path = []): readonly Path[] => {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => pathsIn(item, [...path, index]));
  if (!isObject(value)) return [path];
  return Object.entries(value).flatMap(([name, member]) => [
    ...(isObject(member) || Array.isArray(member) ? [[...path, name]] : []),
    ...pathsIn(member, [...path, name]),
  ]);
};

const withValue = (value: unknown, [first, ...rest]: Path, planted: unknown): unknown => {
  if (first === undefined) return planted;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === first ? withValue(item, rest, planted) : item));
  if (!isObject(value)) return planted;
  return { ...value, [first]: withValue(value[first], rest, planted) };
};

const plantedIn = (entry: StoredEntry, paths: readonly Path[], planted: unknown): StoredEntry => ({
  ...entry,
  text: JSON.stringify(paths.reduce((bundle, path) => withValue(bundle, path, planted), parseLossless(entry.text))),
});

/** Types of resources stay, because another type is not shown at all. */
const placesOf = (entry: StoredEntry): readonly Path[] =>
  pathsIn(parseLossless(entry.text)).filter((path) => path.at(-1) !== 'resourceType');

const digits = (length: number) => nat({ max: 10 ** length - 1 }).map((number) => String(number).padStart(length, '0'));

/** Numbers like national identity numbers, with the month of synthetic persons (80 added), so that they are nobody's. */
const identityNumber = tuple(integer({ min: 1, max: 28 }), integer({ min: 81, max: 92 }), digits(2), digits(5)).map(
  ([day, month, year, rest]) => `${String(day).padStart(2, '0')}${month}${year}${rest}`,
);

const entryAt = (index: number): StoredEntry => {
  const entry = entries[index];
  if (entry === undefined) throw new Error('no entry');
  return entry;
};

/** A place in a message: the number of the entry in `entries`, and the path of the value that is replaced. */
const place = integer({ min: 0, max: entries.length - 1 }).chain((index) =>
  record({ index: constant(index), path: constantFrom(...placesOf(entryAt(index))) }),
);

interface Place {
  readonly index: number;
  readonly path: Path;
}

const shownWith = ({ index, path }: Place, reader: Role, planted: unknown): string =>
  shownOf(plantedIn(entryAt(index), [path], planted), reader);

const plain = new Map<string, string>();

/** What is shown if nothing is planted. */
const shownBefore = ({ index }: Place, reader: Role): string => {
  const key = `${reader} ${index}`;
  const shown = plain.get(key) ?? shownOf(entryAt(index), reader);
  plain.set(key, shown);
  return shown;
};

const role = constantFrom<Role[]>('quality', 'observer');

const system = constantFrom(
  'http://loinc.org',
  'http://snomed.info/sct',
  'http://hl7.org/fhir/sid/icd-10',
  'http://www.whocc.no/atc',
  'https://luftbro.example/fhir/CodeSystem/mission-criterion',
  'https://luftbro.example/fhir/CodeSystem/refusal-reason',
  'https://luftbro.example/fhir/CodeSystem/norsk-indeks-medisinsk-nodhjelp',
  'urn:oid:2.16.578.1.12.4.1.1.3402',
);

/** Values of FHIR that hold a text, each in a form that some element has. */
const formsOf = (text: string) =>
  oneof(
    constant<unknown>(text),
    constant<unknown>([text]),
    system.map((one): unknown => ({ coding: [{ system: one, code: text, display: text }], text })),
    system.map((one): unknown => [{ coding: [{ system: one, code: text }] }]),
    system.map((one): unknown => ({ system: one, code: text })),
    constant<unknown>({ reference: `Patient/${text}`, identifier: { value: text }, display: text }),
    constant<unknown>({ extension: [{ url: 'https://partner.example/person', valueString: text }] }),
    constant<unknown>({ value: 1, unit: text, system: 'http://unitsofmeasure.org', code: text }),
    constant<unknown>({ start: text, end: text }),
    constant<unknown>({ system: 'urn:oid:2.16.578.1.12.4.1.4.101', value: text.slice(0, 9) }),
    constant<unknown>({ identifier: { system: 'urn:oid:2.16.578.1.12.4.1.4.101', value: text.slice(0, 9) } }),
  );

/** Characters of the shortest run of digits that says more than a date. */
const telling = 7;

const withoutPoints = (text: string): string => text.replaceAll('.', '');

/** Runs of digits of a number that are shown, and were not before it was planted. */
const partsShown = (number: string, shown: string, before: string, length = telling): readonly string[] =>
  Array.from(number, (_digit, start) => start)
    .flatMap((start) => (start + length <= number.length ? [number.slice(start, start + length)] : []))
    .filter((part) => withoutPoints(shown).includes(part) && !withoutPoints(before).includes(part));

describe('de-identification of a message with one planted value', () => {
  test('shows no identity number, whatever element and form it has', () => {
    const forms = identityNumber.chain((number) => record({ number: constant(number), form: formsOf(number) }));
    assert(
      property(place, role, forms, (at, reader, { number, form }) => {
        const shown = shownWith(at, reader, form);
        expect(partsShown(number, shown, shownBefore(at, reader))).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('shows no identity number that is written as a number', () => {
    const numbers = identityNumber.chain((number) =>
      record({
        number: constant(number),
        value: constantFrom(
          Number(number),
          Number(`0.${number}`),
          Number(`${number.slice(0, 6)}.${number.slice(6)}`),
          Number(`${number.slice(0, 5)}.${number.slice(5)}`),
          Number(`${number.slice(0, 2)}.${number.slice(2)}`),
          -Number(number),
        ),
      }),
    );
    const shapes = constantFrom<{ longest: number; of: (value: number) => unknown }[]>(
      { longest: telling, of: (value) => value },
      { longest: telling, of: (value) => ({ value, system: 'http://unitsofmeasure.org', code: 'mg' }) },
      { longest: telling, of: (value) => ({ value }) },
      // A position needs eight digits.
      { longest: 9, of: (value) => ({ longitude: value, latitude: value, altitude: value }) },
    );
    assert(
      property(place, role, numbers, shapes, (at, reader, { number, value }, { longest, of }) => {
        const isInPosition = ['longitude', 'latitude'].includes(String(at.path.at(-1)));
        const shown = shownWith(at, reader, of(value));
        expect(partsShown(number, shown, shownBefore(at, reader), isInPosition ? 9 : longest)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('shows no name, in the form of a text, of an id or of a code', () => {
    const forms = constantFrom('Planta Person', 'planta-person', 'PLANTA', 'planta.person').chain((text) =>
      formsOf(text),
    );
    assert(
      property(place, role, forms, (at, reader, form) => {
        expect(shownWith(at, reader, form).toLowerCase().includes('planta')).toBe(false);
      }),
      { numRuns },
    );
  });

  test('shows no birth date finer than its year', () => {
    const born = record({
      year: integer({ min: 1920, max: 2025 }),
      month: integer({ min: 1, max: 12 }),
      day: integer({ min: 1, max: 28 }),
      clock: constantFrom('', 'T05:06:07+01:00', 'T05:06:07.123456789Z'),
    }).chain(({ year, month, day, clock }) => {
      const start = `${year}-${String(month).padStart(2, '0')}`;
      const whole = `${start}-${String(day).padStart(2, '0')}${clock}`;
      return record({ start: constant(start), form: formsOf(whole) });
    });
    assert(
      property(place, role, born, (at, reader, { start, form }) => {
        expect(shownWith(at, reader, form).includes(start)).toBe(false);
      }),
      { numRuns },
    );
  });
});

describe('de-identification of a message with planted values everywhere', () => {
  const structural = ['system', 'url'];
  const groups: readonly { of: string; has: (path: Path) => boolean }[] = [
    { of: 'all elements', has: (path) => !structural.includes(String(path.at(-1))) },
    { of: 'codes', has: (path) => path.at(-1) === 'code' },
    { of: 'values of identifiers', has: (path) => path.at(-1) === 'value' },
    { of: 'references', has: (path) => path.at(-1) === 'reference' },
    {
      of: 'times',
      has: (path) => /DateTime$|^(start|end|authoredOn|lastModified|date|instant)$/.test(String(path.at(-1))),
    },
  ];

  test.each(groups)('shows neither number, name nor date in $of', ({ has }) => {
    for (const entry of entries) {
      const paths = placesOf(entry).filter((path) => path.length > 4 && has(path));
      for (const planted of ['01819012345', 'planta-person', '1987-03-14', '1987-03-14T05:06:07+01:00'])
        for (const reader of ['quality', 'observer'] as const)
          expect(shownOf(plantedIn(entry, paths, planted), reader)).not.toMatch(/01819012345|planta|1987-03/);
    }
  });
});
