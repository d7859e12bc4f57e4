import { assert, integer, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  comparable,
  comparableCallSign,
  comparablePerson,
  cut,
  hasInvisible,
  hasLetters,
  shownName,
} from '../../../schemas/text.ts';

describe('comparable', () => {
  test.each([
    ['NFD', 'DOMBÅS 1'.normalize('NFD')],
    ['blanks at the ends', '  DOMBÅS 1 '],
    ['two blanks', 'DOMBÅS  1'],
    ['a no-break space', 'DOMBÅS\u00A01'],
  ])('is the same for %s', (_what, spelt) => expect(comparable(spelt)).toBe('DOMBÅS 1'));

  test('keeps the case of numbers and ignores that of call signs', () => {
    expect(comparable('AMK-ab')).toBe('AMK-ab');
    expect(comparableCallSign('dombås 1'.normalize('NFD'))).toBe('DOMBÅS 1');
  });

  test('returns its own results unchanged', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        expect(comparable(comparable(text))).toBe(comparable(text));
        expect(comparableCallSign(comparableCallSign(text))).toBe(comparableCallSign(text));
      }),
    );
  });
});

test.each([
  ['Hansen, Kari', 'Kari Hansen'],
  ['KARI  HANSEN', 'Kari Hansen'],
  ['Ærlig Ås'.normalize('NFD'), 'ærlig ås'],
  ['Kari\u200b Hansen', 'Kari Hansen'],
  ['Anne-Kari Hansen', 'Anne Kari Hansen'],
])('comparablePerson reads %j as %j', (one, other) => expect(comparablePerson(one)).toBe(comparablePerson(other)));

describe('hasInvisible and hasLetters', () => {
  test.each(['\t', '\u0000', '\u200b', '\u200d', '\u202e', '\u00ad', '\ufeff', '\u2800', '\u3164', '\u{E0041}'])(
    'finds %j, which nobody can see',
    (character) => {
      expect(hasInvisible(`LN-${character}01`)).toBe(true);
      expect(hasLetters(character)).toBe(character === '\u3164');
    },
  );

  test('takes letters, digits, signs, blanks and accents as visible', () => {
    for (const text of ['DOMBÅS 1', 'A\u030A', 'a\u00A0b', '2026/17-#', '\u{1F681}'])
      expect(hasInvisible(text)).toBe(false);
  });

  test('takes digits and punctuation for no words', () => {
    for (const text of ['.', '-', '…', '112', ' ']) expect(hasLetters(text)).toBe(false);
    for (const text of ['å', 'Tåke', '霧']) expect(hasLetters(text)).toBe(true);
  });
});

describe('cut', () => {
  test.each([
    ['an emoji', `${'a'.repeat(9)}\u{1F681}b`],
    ['a letter with a combining accent', `${'a'.repeat(9)}A\u030Ab`],
    ['a flag', `${'a'.repeat(9)}\u{1F1F3}\u{1F1F4}b`],
    ['a family', `${'a'.repeat(9)}\u{1F468}\u200D\u{1F469}\u200D\u{1F467}b`],
  ])('does not cut %s in two', (_what, text) => expect(cut(text, 10)).toBe('a'.repeat(9)));

  test('returns a short text unchanged', () => expect(cut('Kari', 4)).toBe('Kari'));

  test('cuts one character that is longer than the limit', () =>
    expect(cut(`\u{1F681}${'\u0301'.repeat(50)}`, 1)).toBe(''));

  test('returns a beginning of the text, of whole characters', () => {
    assert(
      property(string({ unit: 'grapheme' }), integer({ min: 1, max: 20 }), (text, most) => {
        const shown = cut(text, most);
        expect(text.startsWith(shown)).toBe(true);
        expect(shown.length).toBeLessThanOrEqual(most);
        expect(shown.isWellFormed()).toBe(true);
      }),
    );
  });
});

test('shownName removes what nobody can see, and is nothing without a letter or digit', () => {
  expect(shownName(' Rolig\u202e\tRadar ', 200)).toBe('Rolig Radar');
  expect(shownName(`${'A'.repeat(199)}\u{1F681}tail`, 200)).toBe('A'.repeat(199));
  for (const text of [undefined, '', ' ', '.', '\u200b']) expect(shownName(text, 200)).toBeUndefined();
});
