import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { missingTests, tableRows } from '../../../support/named-tests.ts';

const page = readFileSync(new URL('../../../../docs/conformance.md', import.meta.url), 'utf8');

const rows = tableRows('conformance.md').map(
  ([id = '', requirement = '', strength = '', held = '', tests = '', ...more]) => ({
    id,
    requirement,
    strength,
    held,
    tests,
    more,
  }),
);

/** The requirements of the kit's list, version 1.1.0 of the guide: 2 to 139. */
const listed = Array.from({ length: 138 }, (_, index) => index + 2);

describe('The conformance table', () => {
  test('has each requirement of the list once, or says below why not', () => {
    const [, below = ''] = page.split('## Not in the table');
    const [reasons = ''] = below.split('\n\n');
    const left = [...reasons.matchAll(/(?<=[:,] |^- |and )\d+(?=[,.]| \(| is )/gm)].map(([id]) => Number(id));
    const numbers = rows.map(({ id }) => Number(id));
    // Row 48 is named below, and has its row all the same.
    const all = [...numbers, ...left].toSorted((one, other) => one - other);
    expect(all).toEqual(listed);
  });

  test.each(rows.map((row) => [row.id, row] as const))('says of requirement %s whether it is held', (_id, row) => {
    expect(row.requirement).not.toBe('');
    expect(row.strength).toMatch(/^(SHALL|SHOULD)( NOT)?$|^MAY$/);
    expect(row.held).toMatch(/^held\b|^not (held|applicable): ./);
    expect(row.more).toEqual([]);
  });

  test.each(rows.map((row) => [row.id, row] as const))('names a test for requirement %s that is there', (_id, row) => {
    expect(missingTests(row.tests)).toEqual([]);
  });

  test('holds everything that servers must', () =>
    expect(rows.filter(({ strength, held }) => strength !== 'MAY' && !held.startsWith('held'))).toEqual([]));
});
