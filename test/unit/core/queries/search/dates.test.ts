import { assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateIn, isAsked } from '../../../../../core/queries/search/dates.ts';

const now = Date.parse('2026-02-01T12:00:00Z');

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Whether an instant is what a search for the date finds. */
const finds = (asked: string, instant: string): boolean => {
  const date = dateIn(asked, now);
  if (date === undefined) throw new Error(`${asked} is not read`);
  const low = Date.parse(instant);
  return isAsked(date, { low, high: low + 1 });
};

describe('date of a search', () => {
  test.each([
    ['2026', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2026-02', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['2026-12', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['2026-02-01T12:30', '2026-02-01T12:30:00.000Z', '2026-02-01T12:31:00.000Z'],
    ['2026-02-01T12:30Z', '2026-02-01T12:30:00.000Z', '2026-02-01T12:31:00.000Z'],
    ['2026-02-01T12:30:15', '2026-02-01T12:30:15.000Z', '2026-02-01T12:30:16.000Z'],
    ['2026-02-01T12:30:15.5Z', '2026-02-01T12:30:15.500Z', '2026-02-01T12:30:15.600Z'],
    ['2026-02-01T12:30:15.123Z', '2026-02-01T12:30:15.123Z', '2026-02-01T12:30:15.124Z'],
    ['2026-02-01T12:30:15.1234567Z', '2026-02-01T12:30:15.123Z', '2026-02-01T12:30:15.124Z'],
    ['2026-02-01T12:30:15+01:00', '2026-02-01T11:30:15.000Z', '2026-02-01T11:30:16.000Z'],
    // A plus sign that was not encoded.
    ['2026-02-01T12:30:15 01:00', '2026-02-01T11:30:15.000Z', '2026-02-01T11:30:16.000Z'],
    ['2026-02-01T12:30:15-02:30', '2026-02-01T15:00:15.000Z', '2026-02-01T15:00:16.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z', '2017-01-01T00:00:01.000Z'],
    ['0026-02-01', '0026-02-01T00:00:00.000Z', '0026-02-02T00:00:00.000Z'],
  ])('%s is the range from %s to %s', (text, low, high) => {
    const date = dateIn(text, now);
    expect([iso(date?.low ?? 0), iso(date?.high ?? 0), date?.prefix]).toEqual([low, high, 'eq']);
  });

  test.each([
    '',
    'ge',
    'xx2026',
    '26',
    '2026-13',
    '2026-00',
    '2026-02-29',
    '2026-04-31',
    '2026-2-1',
    '2026-02-01T24:00',
    '2026-02-01T12',
    '2026-02-01T12:60',
    '2026-02-01T12:30:61Z',
    '2026-02-01T12:30:15+15:00',
    '2026-02-01T12:30:15+01',
    'today',
    'ge2026-02-01;x',
  ])('%j is not read', (text) => expect(dateIn(text, now)).toBeUndefined());

  // R4 search.html 3.1.1.4.7, each prefix for an instant before, in and after the day.
  test.each([
    ['eq', [false, true, false]],
    ['ne', [true, false, true]],
    ['gt', [false, false, true]],
    ['lt', [true, false, false]],
    ['ge', [false, true, true]],
    ['le', [true, true, false]],
    ['sa', [false, false, true]],
    ['eb', [true, false, false]],
  ])('%s of a day', (prefix, expected) =>
    expect(
      ['2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00.000Z', '2026-02-02T00:00:00.000Z'].map((instant) =>
        finds(`${prefix}2026-02-01`, instant),
      ),
    ).toEqual(expected),
  );

  test('ap allows a tenth of the time between the date and now', () =>
    expect(
      [
        '2026-01-21T11:59:00.000Z',
        '2026-01-21T12:00:00.000Z',
        '2026-01-23T11:59:00.000Z',
        '2026-01-23T12:01:00.000Z',
      ].map((instant) => finds('ap2026-01-22T12:00:00Z', instant)),
    ).toEqual([false, true, true, false]));

  test('agrees for every prefix with its complement and with the finest range', () =>
    assert(
      property(
        integer({ min: Date.parse('2000-01-01'), max: Date.parse('2050-01-01') }),
        integer({ min: Date.parse('2000-01-01'), max: Date.parse('2050-01-01') }),
        constantFrom(4, 7, 10, 24),
        (asked, element, length) => {
          const date = length === 24 ? iso(asked) : iso(asked).slice(0, length);
          const instant = iso(element);
          expect(finds(`ne${date}`, instant)).toBe(!finds(date, instant));
          expect(finds(`ge${date}`, instant)).toBe(finds(`gt${date}`, instant) || finds(date, instant));
          expect(finds(`le${date}`, instant)).toBe(finds(`lt${date}`, instant) || finds(date, instant));
          // An instant is either before, in or after a range.
          expect([`eb${date}`, date, `sa${date}`].filter((one) => finds(one, instant))).toHaveLength(1);
        },
      ),
    ));
});
