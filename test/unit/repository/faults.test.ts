import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { guards } from '../../simulation/guards.ts';
import { missingTests } from '../../support/named-tests.ts';
import { guardNameOf, guardsOf } from '../../verification/fault.ts';
import { faults } from '../../verification/faults.ts';
import { withSection } from '../../verification/page.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

/** Guards of faults that have one of their own, each with the test that detects its removal. */
const own = faults.flatMap(({ guard }) => (typeof guard === 'string' ? [] : [guard]));

describe('the faults that were found', () => {
  test('are in docs/verification.md (written by `npx node test/verification/write-page.ts`)', () => {
    const page = read('docs/verification.md');
    expect(page).toBe(withSection(page));
  });

  test('name a guard of the simulation that exists', () => {
    const known = new Set(guards.map(({ what }) => what));
    const named = faults.flatMap(({ guard }) => (typeof guard === 'string' ? [guard] : []));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('each have a guard of another name, so that each command removes one', () => {
    const names = [...guards, ...guardsOf(faults)].map(({ file, what }) => `${file} ${what}`);
    const chosen = faults.map((fault) => names.filter((name) => name.includes(guardNameOf(fault))));
    expect(chosen.filter((found) => found.length !== 1)).toEqual([]);
  });

  // test/simulation/guards.test.ts looks for the guards in their files.
  test.each(own)('have a test that exists for: $what', ({ test: { file, title } }) => {
    expect(missingTests(`\`${file}\` > ${title}`)).toEqual([]);
  });
});
