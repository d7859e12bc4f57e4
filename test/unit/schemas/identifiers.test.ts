import { array, assert, constantFrom, integer, oneof, option, property, string, uuid } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  entryAddress,
  fingerprintOf,
  fingerprintPositions,
  missionIdOf,
  parseAddress,
  resourceAddress,
  uuidOf,
} from '../../../schemas/identifiers.ts';

const names = array(oneof(string(), constantFrom('a', 'b', 'ab', '', '","')), { maxLength: 4 });

describe('derived identifiers', () => {
  test('give equal UUIDs for equal names only', () => {
    assert(
      property(names, names, (one, other) => {
        expect(uuidOf(...one) === uuidOf(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
        expect(fingerprintOf(...one) === fingerprintOf(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
      { numRuns: 2000 },
    );
  });

  test('are UUIDs of version 8 (RFC 9562)', () => {
    assert(
      property(names, (list) => {
        expect(uuidOf(...list)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  test('differ for each sender and message id of a mission', () => {
    expect(missionIdOf('1', '23')).not.toBe(missionIdOf('12', '3'));
    expect(missionIdOf('1', '2')).toBe(missionIdOf('1', '2'));
  });

  test('have the SHA-256 of the text in UTF-8 as digest', () => {
    expect(digestOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digestOf('æøå')).toHaveLength(64);
  });
});

describe('parseAddress', () => {
  const missions = oneof(
    uuid(),
    names.map((list) => uuidOf(...list)),
  );
  const entries = integer({ min: 1, max: 9_999_999 });

  test('reads each written address', () => {
    assert(
      property(
        missions,
        entries,
        option(integer({ min: 0, max: 99_999 }), { nil: undefined }),
        (mission, entry, index) => {
          const id = index === undefined ? entryAddress(mission, entry) : resourceAddress(mission, entry, index);
          expect(parseAddress(id)).toEqual({ mission, entry, ...(index === undefined ? {} : { index }) });
          // An address must be a valid FHIR id.
          expect(id).toMatch(/^[A-Za-z0-9\-.]{1,64}$/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('accepts one notation of each address only', () => {
    const parts = oneof(
      missions,
      constantFrom('.', '.1', '.0', '.01', '1', '.1.0', '.1.00', '.1.1.1', 'A', '-', ' ', '\n', '.99999999'),
      string(),
    );
    assert(
      property(array(parts, { maxLength: 4 }), (list) => {
        const id = list.join('');
        const address = parseAddress(id);
        if (address === undefined) return;
        const { mission, entry, index } = address;
        expect(entry).toBeGreaterThanOrEqual(1);
        expect(index === undefined ? entryAddress(mission, entry) : resourceAddress(mission, entry, index)).toBe(id);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('fingerprints', () => {
  test('have eight characters each', () => {
    assert(
      property(names, (list) => {
        expect(fingerprintOf(...list)).toMatch(/^[\w-]{8}$/);
      }),
    );
  });

  test('are found also after a match across a border', () => {
    expect(fingerprintPositions(`b${'a'.repeat(23)}`, 'a'.repeat(8))).toEqual([1, 2]);
    expect(fingerprintPositions('a'.repeat(24), 'a'.repeat(8))).toEqual([0, 1, 2]);
  });

  test('are found at their positions only', () => {
    const fingerprints = oneof(
      names.map((list) => fingerprintOf(...list)),
      // Two letters only, so that matches across the border of two fingerprints are frequent.
      array(constantFrom('a', 'b'), { minLength: 8, maxLength: 8 }).map((letters) => letters.join('')),
    );
    assert(
      property(
        array(fingerprints, { maxLength: 40 }),
        fingerprints,
        integer({ min: 0, max: 50 }),
        (list, other, at) => {
          const wanted = list[at] ?? other;
          expect(fingerprintPositions(list.join(''), wanted)).toEqual(
            list.flatMap((one, index) => (one === wanted ? [index] : [])),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
