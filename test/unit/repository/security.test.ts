import { describe, expect, test } from 'vitest';
import { missingTests, tableRows } from '../../support/named-tests.ts';

const threats = tableRows('security.md').filter((row) => row.length === 4);

describe('The threat model', () => {
  test('has threats of every border', () => expect(threats.length).toBeGreaterThan(20));

  test.each(threats.map(([threat = '', does = '', tests = '']) => ({ threat, does, tests })))(
    'names what is done and a test that is there: $threat',
    ({ does, tests }) => {
      expect(does).not.toBe('');
      expect(missingTests(tests)).toEqual([]);
    },
  );
});

const limits = tableRows('limits.md', '## All limits');

describe('The page of limits', () => {
  test('has limits', () => expect(limits.length).toBeGreaterThan(20));

  test.each(limits.map(([what = '', , , tests = '']) => ({ what, tests })))(
    'names a test that is there: $what',
    ({ tests }) => {
      expect(tests === '–' ? [] : missingTests(tests)).toEqual([]);
    },
  );
});
