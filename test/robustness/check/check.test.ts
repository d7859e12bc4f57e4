import { readFileSync } from 'node:fs';
import { type Arbitrary, array, assert, constantFrom, nat, property as holds, record as shape } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableRows } from '../../support/named-tests.ts';
import type { HistoryRecord } from '../history.ts';
import { plantedFaults } from '../planted.ts';
import { checkHistory, properties } from './check.ts';
import { exampleHistory, type Step } from './example-history.ts';
import { good, mutations, violations } from './example-violations.ts';

const namesOf = (records: readonly HistoryRecord[]): readonly string[] => [
  ...new Set(checkHistory(records).map(({ property }) => property)),
];

const anyStep: Arbitrary<Step> = shape({
  sender: constantFrom('amk', 'la'),
  fate: constantFrom('ok', 'repeated', 'answer lost', 'stored', 'lost', 'refused', 'if-match', 'conflict'),
  failures: nat(2),
  duplicates: nat(2),
});

describe('the checker of histories', () => {
  test('finds nothing in a good history', () => expect(checkHistory(good)).toEqual([]));

  test('finds nothing in any good history, unknown outcomes included', () => {
    assert(
      holds(array(anyStep, { maxLength: 12 }), (steps) => {
        expect(checkHistory(exampleHistory(steps))).toEqual([]);
      }),
    );
  });

  test.each(violations)('finds by %s: %s', (name, _, history) => expect(namesOf(history())).toContain(name));

  test.each(mutations)('finds a change of any good history by %s', (name, mutate) => {
    assert(
      holds(array(anyStep, { maxLength: 8 }), nat(), (steps, pick) => {
        expect(namesOf(mutate(exampleHistory(steps), pick))).toContain(name);
      }),
    );
  });

  test('shows each violation by few records of the history', () => {
    for (const [, , history] of violations)
      for (const { excerpt } of checkHistory(history())) {
        expect(excerpt.length).toBeGreaterThan(0);
        expect(excerpt.length).toBeLessThan(8);
      }
  });

  test('has a violation of every property in these tests', () => {
    expect([...new Set(violations.map(([name]) => name))].toSorted()).toEqual(
      properties.map(({ name }) => name).toSorted(),
    );
  });
});

describe('the planted faults', () => {
  test.each(plantedFaults)('finds the line of "$what" once', ({ file, find }) => {
    expect(readFileSync(file, 'utf8').split(find)).toHaveLength(2);
  });

  test('are found by properties that exist', () => {
    const names = properties.map(({ name }) => name);
    for (const { foundBy } of plantedFaults) expect(names).toContain(foundBy);
  });
});

describe('docs/verification.md', () => {
  test('defines every property', () => {
    expect(tableRows('verification.md', '### Properties')).toEqual(
      properties.map(({ name, definition }) => [name, definition]),
    );
  });

  test('lists every planted fault, with what finds it', () => {
    expect(tableRows('verification.md', '### Planted faults').map((row) => row.slice(0, 2))).toEqual(
      plantedFaults.map(({ what, foundBy }) => [what, foundBy]),
    );
  });
});
