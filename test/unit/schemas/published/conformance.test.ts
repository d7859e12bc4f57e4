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

/** The numbers of the requirements in the kit's list, version 1.1.0 of the guide: 2 to 139. */
const listed = Array.from({ length: 138 }, (_, index) => index + 2);

describe('conformance table', () => {
  test('has each requirement of the list once, or gives the reason below', () => {
    const [, below = ''] = page.split('## Not in the table');
    const [reasons = ''] = below.split('\n\n');
    const left = [...reasons.matchAll(/(?<=[:,] |^- |and )\d+(?=[,.]| \(| is )/gm)].map(([id]) => Number(id));
    const numbers = rows.map(({ id }) => Number(id));
    // Requirement 48 is named below, and also has a row.
    const all = [...numbers, ...left].toSorted((one, other) => one - other);
    expect(all).toEqual(listed);
  });

  test.each(rows.map((row) => [row.id, row] as const))('states whether requirement %s is held', (_id, row) => {
    expect(row.requirement).not.toBe('');
    expect(row.strength).toMatch(/^(SHALL|SHOULD)( NOT)?$|^MAY$/);
    expect(row.held).toMatch(/^held\b|^not (held|applicable): ./);
    expect(row.more).toEqual([]);
  });

  test.each(rows.map((row) => [row.id, row] as const))('names an existing test for requirement %s', (_id, row) => {
    expect(missingTests(row.tests)).toEqual([]);
  });

  test('holds every requirement of a server', () =>
    expect(rows.filter(({ strength, held }) => strength !== 'MAY' && !held.startsWith('held'))).toEqual([]));
});
