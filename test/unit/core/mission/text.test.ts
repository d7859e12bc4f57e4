import { describe, expect, test } from 'vitest';
import { durationText, escapeXhtml, momentText } from '../../../../core/mission/text.ts';

describe('text of times', () => {
  test.each([
    [0, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min 0 s'],
    [192, '3 min 12 s'],
    [3600, '1 h 0 min 0 s'],
    [90_061, '1 d 1 h 1 min 1 s'],
  ])('writes %d seconds as %s', (seconds, words) => {
    const start = '2026-02-01T11:00:00.000Z';
    const end = new Date(Date.parse(start) + seconds * 1000).toISOString();
    expect(durationText(start, end)).toBe(words);
    expect(durationText(end, start)).toBe(words);
  });

  test('writes a time in Norwegian local time, summer and winter', () => {
    expect(momentText('2026-01-08T07:31:10.000Z')).toBe('8 January 2026, 08:31:10 (UTC+01:00)');
    expect(momentText('2026-07-01T00:30:00+05:00')).toBe('30 June 2026, 21:30:00 (UTC+02:00)');
    expect(momentText('2026-12-31T23:59:60Z')).toBe('1 January 2027, 00:59:60 (UTC+01:00)');
    expect(momentText('sometime')).toBe('sometime');
  });

  test('replaces an unpaired surrogate', () => expect(escapeXhtml('a\uD800b')).toBe('a\uFFFDb'));
});
