import {
  type Arbitrary,
  array,
  assert,
  constant,
  constantFrom,
  integer,
  letrec,
  oneof,
  property,
  shuffledSubarray,
  string,
  stringMatching,
  tuple,
  uniqueArray,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText, isObject, parseLossless } from '../../../schemas/json/json.ts';
import { maxDepth, outlineOf } from '../../../schemas/json/strict-json.ts';

/** A JSON value as written: numbers as digits, objects as a list of members. */
type Written =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Written[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: Written])[] };

const numerals: Arbitrary<string> = oneof(
  constantFrom(
    ...'0 -0 -0.0 0.0 1.50 1.5 1.0 1e3 1E3 1e+3 1000 1e-7 0.0000001 5e-324 1e400 -1e400 1e-400'.split(' '),
    ...'12345678901234567890 9007199254740993 0.1 0.10000000000000001'.split(' '),
  ),
  stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/),
);

const texts = oneof(
  string({ unit: 'binary' }),
  string(),
  constantFrom('[', '{"', '\\', '"', '\\"]', '\u2028', '\ud800'),
);
const keys = oneof(
  string(),
  constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '10', '2', '', 'rawJSON', 'id'),
);

const scalar = (text: string): Written => ({ kind: 'scalar', text });

const { written } = letrec<{ written: Written }>((tie) => ({
  written: oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    numerals.map(scalar),
    texts.map((text) => scalar(JSON.stringify(text))),
    constantFrom('true', 'false', 'null').map(scalar),
    array(tie('written'), { maxLength: 5, depthIdentifier: 'json' }).map(
      (items): Written => ({ kind: 'array', items }),
    ),
    uniqueArray(tuple(keys, tie('written')), {
      maxLength: 6,
      selector: ([key]) => key,
      depthIdentifier: 'json',
    }).map((members): Written => ({ kind: 'object', members })),
  ),
}));

/** Writes a value with its members in their order, and with `space` as white space. */
const write = (value: Written, space = ''): string => {
  switch (value.kind) {
    case 'scalar':
      return value.text;
    case 'array':
      return `[${space}${value.items.map((item) => write(item, space)).join(`${space},${space}`)}${space}]`;
    case 'object':
      return `{${space}${value.members
        .map(([key, member]) => `${JSON.stringify(key)}${space}:${space}${write(member, space)}`)
        .join(`${space},${space}`)}${space}}`;
  }
};

/** A second implementation of the canonical text, to compare with. */
const canonicalOf = (value: Written): string => {
  switch (value.kind) {
    case 'scalar':
      return value.text;
    case 'array':
      return `[${value.items.map(canonicalOf).join(',')}]`;
    case 'object': {
      const members = [...value.members].sort(([one], [other]) => (one < other ? -1 : 1));
      return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalOf(member)}`).join(',')}}`;
    }
  }
};

const reordered = (value: Written): Arbitrary<Written> => {
  switch (value.kind) {
    case 'scalar':
      return constant(value);
    case 'array':
      return tuple(...value.items.map(reordered)).map((items): Written => ({ kind: 'array', items }));
    case 'object':
      return shuffledSubarray([...value.members], { minLength: value.members.length })
        .chain((members) => tuple(...members.map(([key, member]) => tuple(constant(key), reordered(member)))))
        .map((members): Written => ({ kind: 'object', members }));
  }
};

const spaces = constantFrom('', ' ', '\n\t', '\r\n  ');

const depthOf = (value: Written): number => {
  switch (value.kind) {
    case 'scalar':
      return 0;
    case 'array':
      return 1 + Math.max(0, ...value.items.map(depthOf));
    case 'object':
      return 1 + Math.max(0, ...value.members.map(([, member]) => depthOf(member)));
  }
};

describe('parseLossless', () => {
  test('keeps every value and every digit through reading and writing', () => {
    assert(
      property(written, spaces, (value, space) => {
        const text = write(value, space);
        const before = canonicalText(parseLossless(text));
        const after = canonicalText(parseLossless(JSON.stringify(parseLossless(text))));
        expect(before).toBe(canonicalOf(value));
        expect(after).toBe(before);
      }),
      { numRuns: 2000 },
    );
  });

  test('keeps the digits of a number at any position', () => {
    assert(
      property(numerals, (digits) => {
        expect(JSON.stringify(parseLossless(digits))).toBe(digits);
        expect(JSON.stringify(parseLossless(`{"value":[${digits}]}`))).toBe(`{"value":[${digits}]}`);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['1.50', '1.5'],
    ['1.0', '1'],
    ['1e3', '1000'],
    ['-0.0', '0'],
    ['-0', '0'],
    ['12345678901234567890', '12345678901234567000'],
    ['9007199254740993', '9007199254740992'],
    ['1e400', '2e400'],
  ])('distinguishes %s from %s', (one, other) => {
    expect(canonicalText(parseLossless(one))).not.toBe(canonicalText(parseLossless(other)));
  });

  test('reads names that are special in JavaScript as ordinary names', () => {
    const text = '{"__proto__":{"status":"accepted"},"constructor":1.50,"hasOwnProperty":null}';
    const value = parseLossless(text);
    expect(JSON.stringify(value)).toBe(text);
    expect(isObject(value) ? value['status'] : 'no object').toBeUndefined();
    expect(Reflect.get({}, 'status')).toBeUndefined();
    expect(canonicalText(value)).toBe(text);
  });

  test('refuses the same random texts as JSON.parse', () => {
    const isJson = (parse: (text: string) => unknown, text: string): boolean => {
      try {
        parse(text);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
        return false;
      }
    };
    assert(
      property(oneof(string(), string({ unit: constantFrom(...'[]{}",:0123.eE+-\\ tfn'.split('')) })), (text) => {
        expect(isJson(parseLossless, text)).toBe(isJson(JSON.parse, text));
      }),
      { numRuns: 5000 },
    );
  });

  test('reads a number as a value that is not an object', () => {
    expect(isObject(parseLossless('1.50'))).toBe(false);
    expect(isObject(parseLossless('{}'))).toBe(true);
    for (const text of ['[]', 'null', '"a"', '1']) expect(isObject(parseLossless(text))).toBe(false);
  });
});

describe('canonicalText', () => {
  test('does not depend on white space or on the order of members', () => {
    assert(
      property(
        written.chain((value) => tuple(constant(value), reordered(value))),
        spaces,
        spaces,
        ([one, other], before, after) => {
          expect(canonicalText(parseLossless(write(one, before)))).toBe(
            canonicalText(parseLossless(write(other, after))),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('depends on the order of items', () => {
    expect(canonicalText([1, 2])).not.toBe(canonicalText([2, 1]));
  });

  test('differs for different values', () => {
    assert(
      property(written, written, (one, other) => {
        expect(canonicalText(parseLossless(write(one))) === canonicalText(parseLossless(write(other)))).toBe(
          canonicalOf(one) === canonicalOf(other),
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe('outlineOf', () => {
  const isTooDeep = (text: string): boolean => outlineOf(text).tooDeepAt !== undefined;

  /** A second implementation: removes the strings of a text and counts its brackets. */
  const model = (text: string): boolean => {
    let depth = 0;
    for (const bracket of text.replace(/"(?:\\[\s\S]|[^"\\])*(?:"|\\?$)/g, '').replace(/[^[\]{}]/g, '')) {
      depth += '[{'.includes(bracket) ? 1 : -1;
      if (depth > maxDepth) return true;
    }
    return false;
  };

  test('detects too deep nesting in any text', () => {
    const brackets = string({ unit: constantFrom(...'[]{}"\\a'.split('')), maxLength: 40 });
    assert(
      property(oneof(string({ unit: 'binary' }), brackets), integer({ min: 58, max: 66 }), (text, depth) => {
        expect(isTooDeep(text)).toBe(model(text));
        expect(isTooDeep('['.repeat(depth) + text)).toBe(model('['.repeat(depth) + text));
      }),
      { numRuns: 5000 },
    );
  });

  test('ignores brackets in strings, after any text', () => {
    const full = '['.repeat(64);
    for (const text of ['"["', '"\\"["', '"\\\\\\"["', '"{\\u005b["', '"]]" , "["'])
      expect(isTooDeep(full + text)).toBe(false);
    for (const text of ['"" [', '"\\\\" [', '"]" {']) expect(isTooDeep(full + text)).toBe(true);
  });

  test('accepts 64 levels and detects 65, with any text in the strings', () => {
    assert(
      property(written, array(constantFrom('array', 'object'), { maxLength: 80 }), texts, (value, wrappers, key) => {
        const nested = wrappers.reduce<Written>(
          (inner, kind) =>
            kind === 'array' ? { kind: 'array', items: [inner] } : { kind: 'object', members: [[key, inner]] },
          value,
        );
        expect(isTooDeep(write(nested))).toBe(depthOf(nested) > maxDepth);
      }),
      { numRuns: 1000 },
    );
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(isTooDeep(open.repeat(64) + '1' + close.repeat(64))).toBe(false);
      expect(isTooDeep(open.repeat(65) + '1' + close.repeat(65))).toBe(true);
    }
  });

  test.each(['[', '{"a":', '[{"a":'])(
    'takes less than 64 times as long for 40 000 repeats of %s as for 100',
    (open) => {
      const once = (depth: number): number => {
        const text = open.repeat(depth);
        const start = performance.now();
        for (let turn = 0; turn < 100; turn += 1) expect(isTooDeep(text)).toBe(true);
        return performance.now() - start;
      };
      // Compares the best of seven measurements each, to exclude the load of the machine.
      const least = (depth: number): number => Math.min(...Array.from({ length: 7 }, () => once(depth)));
      expect(least(40_000)).toBeLessThan(64 * least(100));
    },
  );
});

describe('parseLossless, invalid JSON', () => {
  const parses = (parse: (text: string) => unknown, text: string): boolean => {
    try {
      parse(text);
      return true;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return false;
    }
  };

  test.each([
    '{1.50: 2}',
    '{1.50 : 2}',
    '[1.50"a"]',
    '["a"1.50]',
    '[01.50]',
    '[1.50.]',
    '[-]',
    '[1.50 1.50]',
    '[true1.50]',
    '[1.50true]',
    '["1.50',
    '1.50:',
    '[.50]',
  ])('refuses %s', (text) => expect(() => parseLossless(text)).toThrow(SyntaxError));

  test('refuses the same sequences of tokens as JSON.parse', () =>
    assert(
      property(
        array(
          constantFrom(...'1.50 -0 1e3 12 "a" "1.50" "\\" \\ " { } [ ] : , . - e true null'.split(' '), ' ', '\n'),
          {
            maxLength: 12,
          },
        ).map((parts) => parts.join('')),
        (text) => {
          expect(parses(parseLossless, text)).toBe(parses(JSON.parse, text));
        },
      ),
      { numRuns: 2_000 },
    ));

  test('keeps U+0000 in a text beside kept digits', () =>
    expect(JSON.stringify(parseLossless('["\\u00001.50",1.50]'))).toBe('["\\u00001.50",1.50]'));
});
