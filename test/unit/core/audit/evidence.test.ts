import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anchorSet } from '../../../../core/audit/anchor-set.ts';
import type { Anchor, RestoreNote } from '../../../../core/audit/anchors.ts';
import { compareWithEvidence, type Evidence, type Statement } from '../../../../core/audit/evidence.ts';

const timeOf = (number: number): string => new Date(Date.UTC(2026, 11, 1, 0, number)).toISOString();
const of = (number: number, digest = `digest ${number}`, at = timeOf(number)): Statement => ({ number, digest, at });
const upTo = (length: number): readonly Statement[] => Array.from({ length }, (_, index) => of(index + 1));

interface Outside {
  readonly log?: readonly Statement[];
  /** Numbers of minutes that the log covers. */
  readonly covers?: readonly [number, number];
  readonly anchors?: readonly Statement[];
  readonly completeUntil?: string;
  readonly restores?: readonly RestoreNote[];
}

const evidence = ({ log = [], covers, anchors = [], completeUntil = '', restores = [] }: Outside): Evidence => ({
  logged: {
    statements: log,
    covers: ({ at }) => covers !== undefined && at >= timeOf(covers[0]) && at <= timeOf(covers[1]),
  },
  anchored: { statements: anchors, completeUntil },
  restores,
});

const faultsOf = (records: readonly Statement[], outside: Outside) =>
  compareWithEvidence(records, evidence(outside)).faults;

const unlike = (number: number, exists: boolean, anchored: string) => ({
  kind: 'unlike-anchor',
  number,
  anchored,
  exists,
});

describe('compareWithEvidence, with the log', () => {
  test('has no finding for records that are as logged, also if the log was given twice', () => {
    const log = [...upTo(4), ...upTo(4)];
    expect(compareWithEvidence(upTo(4), evidence({ log, covers: [1, 4] }))).toEqual({
      faults: [],
      withLog: 4,
      withAnchors: 0,
      lost: 0,
    });
  });

  test('reports a record without a line within the time of the log, and none outside of it', () => {
    const log = [of(3), of(5)];
    expect(faultsOf(upTo(8), { log, covers: [3, 6] })).toEqual([
      { kind: 'not-logged', from: 4, to: 4 },
      { kind: 'not-logged', from: 6, to: 6 },
    ]);
    expect(faultsOf(upTo(8), { log: [] })).toEqual([]);
  });

  test('reports a chain that was rewritten from a record on, and one that was cut', () => {
    const forged = [of(1), of(2, 'other'), of(3, 'another')];
    expect(faultsOf(forged, { log: upTo(3), covers: [1, 3] })).toEqual([{ kind: 'unlike-log', from: 2, to: 3 }]);
    expect(faultsOf(upTo(1), { log: upTo(3), covers: [1, 3] })).toEqual([{ kind: 'unlike-log', from: 2, to: 3 }]);
    expect(faultsOf([], { log: upTo(3) })).toEqual([{ kind: 'unlike-log', from: 1, to: 3 }]);
  });

  test('reports a rewritten record although lines that fit were added to the log', () => {
    const forged = [of(1), of(2, 'other'), of(3, 'another')];
    expect(faultsOf(forged, { log: [...upTo(3), ...forged], covers: [1, 3] })).toEqual([
      { kind: 'log-contradicts', from: 2, to: 3 },
    ]);
  });
});

describe('compareWithEvidence, with anchors', () => {
  const anchors = [of(2, 'digest 2', timeOf(30)), of(5, 'digest 5', timeOf(60))];
  const completeUntil = timeOf(50);

  test('has no finding for a chain that has grown since, and counts what no anchor covers yet', () => {
    const records = [...upTo(5), of(6, 'digest 6', timeOf(70))];
    expect(compareWithEvidence(records, evidence({ anchors, completeUntil }))).toMatchObject({
      faults: [],
      withAnchors: 5,
    });
  });

  test('reports a chain that was rewritten, shortened or removed, with the newest anchor of each record', () => {
    const forged = upTo(5).map(({ number }) => of(number, number < 4 ? `digest ${number}` : 'other'));
    expect(faultsOf(forged, { anchors })).toEqual([unlike(5, true, timeOf(60))]);
    expect(faultsOf(upTo(4), { anchors })).toEqual([unlike(5, false, timeOf(60))]);
    expect(faultsOf([], { anchors })).toEqual([unlike(2, false, timeOf(30)), unlike(5, false, timeOf(60))]);
  });

  test('reports records that state a time before an anchor that does not have them', () => {
    expect(faultsOf([...upTo(5), of(6), of(7), of(8, 'digest 8', timeOf(55))], { anchors, completeUntil })).toEqual([
      { kind: 'not-anchored', from: 6, to: 7, anchored: completeUntil },
    ]);
    expect(faultsOf(upTo(1), { completeUntil })).toEqual([
      { kind: 'not-anchored', from: 1, to: 1, anchored: completeUntil },
    ]);
  });
});

describe('compareWithEvidence, after a restore', () => {
  const restores = [{ asOf: timeOf(10), at: timeOf(40) }];

  test('takes records as lost that were written between backup and restore, and are gone or replaced by newer ones', () => {
    const log = [of(1, 'digest 1', timeOf(5)), of(2, 'lost', timeOf(20)), of(3, 'lost', timeOf(30))];
    const records = [of(1, 'digest 1', timeOf(5)), of(2, 'new', timeOf(45))];
    const anchors = [of(3, 'lost', timeOf(35))];
    expect(compareWithEvidence(records, evidence({ log, anchors, restores }))).toMatchObject({ faults: [], lost: 2 });
    // The new record has a line too.
    const later = [...log, of(2, 'new', timeOf(45))];
    expect(faultsOf(records, { log: later, anchors, restores, covers: [0, 50] })).toEqual([]);
  });

  test('reports what a restore does not explain: older evidence, newer evidence, and a record that states an older time', () => {
    const older = [of(2, 'gone', timeOf(9))];
    const newer = [of(2, 'gone', timeOf(41))];
    for (const log of [older, newer])
      expect(faultsOf([of(1)], { log, restores })).toEqual([{ kind: 'unlike-log', from: 2, to: 2 }]);
    const between = [of(1, 'gone', timeOf(20))];
    expect(faultsOf([of(1, 'other', timeOf(15))], { anchors: between, restores })).toEqual([
      unlike(1, true, timeOf(20)),
    ]);
  });
});

describe('compareWithEvidence, for any change of the table', () => {
  test('finds it, if log or anchors have the record', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('rewritten from', 'cut from', 'removed'),
        (length, where, anchored, change) => {
          const number = 1 + (where % length);
          const records = upTo(length).flatMap((record) => {
            if (record.number < number && change !== 'removed') return [record];
            return change === 'rewritten from' ? [of(record.number, 'forged')] : [];
          });
          // Lines that fit what is in the table now were added.
          const log = [...upTo(length), ...records];
          expect(faultsOf(records, { log, covers: [0, length] })).not.toEqual([]);
          const newest = 1 + (anchored % length);
          const anchors = [of(newest, `digest ${newest}`, timeOf(60))];
          const isAnchored = newest >= number || change === 'removed';
          expect(faultsOf(records, { anchors }).length > 0).toBe(isAnchored);
        },
      ),
    );
  });
});

const anchorOf = (anchor: number, changes: Partial<Anchor> = {}): Anchor => ({
  anchor,
  previous: anchor === 1 ? '' : `anchor ${anchor - 1}`,
  digest: `anchor ${anchor}`,
  hub: 'a-table',
  at: timeOf(anchor * 60),
  pass: { from: timeOf(anchor * 60 - 1), since: '', complete: true },
  ends: [{ log: 'reads', chain: 'a', number: anchor, digest: `digest ${anchor}` }],
  ...changes,
});

describe('anchorSet', () => {
  const anchors = [1, 2, 3].map((number) => anchorOf(number));
  const newest = { leasedUntil: 0, newest: { anchor: 3, digest: 'anchor 3' } };

  test('has what each anchor says of a chain, and the time until which all is anchored', () => {
    const set = anchorSet(
      [...anchors, anchorOf(4, { pass: { from: timeOf(239), since: '', complete: false } })],
      newest,
      [],
    );
    expect(set.faults).toEqual([]);
    expect(set.chains('reads')).toEqual(['a']);
    expect(set.of('reads', 'a').map(({ number, at }) => [number, at])).toEqual(
      [1, 2, 3, 4].map((number) => [number, timeOf(number * 60)]),
    );
    expect(set.of('missions', 'a')).toEqual([]);
    // The third one's pass began a quarter of an hour later.
    expect(set.completeUntil).toBe(timeOf(164));
  });

  test('reports an anchor that is missing: in between, at the begin, and the newest one', () => {
    const [one, two, three] = anchors;
    const faults = (...given: readonly (Anchor | undefined)[]) =>
      anchorSet(
        given.filter((anchor) => anchor !== undefined),
        newest,
        [],
      ).faults;
    expect(faults(one, three)).toEqual([{ kind: 'predecessor-missing', anchor: 3, at: timeOf(180) }]);
    expect(faults(two, three)).toEqual([{ kind: 'predecessor-missing', anchor: 2, at: timeOf(120) }]);
    expect(faults(one, two)).toEqual([{ kind: 'newest-missing', anchor: 3 }]);
    expect(anchorSet([], newest, []).faults).toEqual([]);
  });

  test('accepts two anchors with one predecessor: a run that was interrupted', () => {
    const twin = anchorOf(3, { digest: 'another anchor 3' });
    expect(anchorSet([...anchors, twin], newest, []).faults).toEqual([]);
  });

  test('reports a restore until people confirm it, by an anchor and by the table', () => {
    const restored = { at: timeOf(100), asOf: timeOf(90) };
    const noted = [...anchors.slice(0, 2), anchorOf(3, { restored })];
    for (const [given, state] of [
      [noted, newest],
      [anchors, { ...newest, restored }],
    ] as const) {
      expect(anchorSet(given, state, []).faults).toEqual([{ kind: 'restore-unconfirmed', restore: restored }]);
      expect(anchorSet(given, state, [restored.at])).toMatchObject({ faults: [], restores: [restored] });
    }
  });
});
