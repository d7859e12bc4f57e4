import { beforeAll, describe, expect, test } from 'vitest';
import { readBundles } from '../../bench/bundles.ts';
import { asMarkdown, asText } from '../../bench/figures.ts';
import { growth } from '../../bench/measure.ts';
import type { GrowthResults, Side } from '../../bench/measure-protocol.ts';
import { arrivals, median, percentile, randomFrom } from '../../bench/statistics.ts';
import { undisturbed } from '../support/standstill.ts';

const assembly = 'cdk.out';

describe('figures of the bench', () => {
  test('computes a percentile that is a measured value', () => {
    const values = [5, 1, 4, 2, 3];
    expect([percentile(values, 0), median(values), percentile(values, 0.95), percentile(values, 1)]).toEqual([
      1, 3, 5, 5,
    ]);
    expect(median([])).toBeNaN();
  });

  test('plans arrivals at the rate, in order, and equal for the same seed', () => {
    const some = arrivals(50, 200, randomFrom(7));
    expect(some).toEqual(arrivals(50, 200, randomFrom(7)));
    expect(some).toEqual(some.toSorted((one, other) => one - other));
    expect(some.length / (50 * 200)).toBeCloseTo(1, 1);
    // Arrivals that wait for nothing: the gaps of a Poisson process vary as much as they are long.
    const gaps = some.slice(1).map((at, index) => at - (some[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 0);
  });

  test('prints a table with the same contents on the terminal and in the page', () => {
    const table = { title: 'T', columns: ['what', 'ms'], rows: [['one', '1.00']], notes: ['Limited.'] };
    expect(asText(table)).toBe('T\nwhat    ms\n────  ────\none   1.00\n  Limited.');
    expect(asMarkdown(table)).toBe('### T\n| what | ms |\n|---|---:|\n| one | 1.00 |\n\nLimited.');
  });
});

describe('cost of a message', () => {
  let length: GrowthResults;
  beforeAll(async () => {
    // Calls that were made again because the machine stood still are not what a message costs.
    length = await undisturbed(
      () => growth({ assembly, of: 'length', sizes: [4, 40], samples: 3 }),
      () => false,
    );
  });

  test('is the same number of AWS calls in a long mission as in a short one', () => {
    const calls = (pick: (one: GrowthResults[number]) => Side) => length.map((one) => pick(one).calls);
    const [accepted, acceptedLater] = calls(({ accept }) => accept);
    const [delivered, deliveredLater] = calls(({ deliver }) => deliver);
    expect(acceptedLater).toEqual(accepted);
    expect(deliveredLater).toEqual(delivered);
    expect(accepted).toMatchObject({ Query: 2, BatchGetItem: 2, SendMessageBatch: 1 });
    expect(delivered).toEqual({ BatchGetItem: 1, UpdateItem: 1 });
  });

  test('is a unit or two more to write in a long mission, for the fingerprints, and no more to deliver', () => {
    const [short, long] = length;
    expect(long?.accept.writeUnits).toBeLessThanOrEqual((short?.accept.writeUnits ?? 0) + 2);
    expect(long?.deliver.readUnits).toBeLessThanOrEqual((short?.deliver.readUnits ?? 0) + 1);
    expect(long?.deliver.writeUnits).toBe(short?.deliver.writeUnits);
  });

  test('is three write units to number and write a notification, whatever the subscription was notified of before', async () => {
    const stored = await undisturbed(
      () => growth({ assembly, of: 'stored', sizes: [2, 300], samples: 3 }),
      () => false,
    );
    expect(stored.map(({ accept }) => accept.notificationUnits)).toEqual([3, 3]);
  });

  test('has every figure', () => {
    for (const { accept, deliver } of length)
      for (const side of [accept, deliver])
        for (const figure of [side.cpu, side.wall, side.bytes, side.writeUnits]) expect(figure).toBeGreaterThan(0);
  });
});

describe('code of the functions', () => {
  test('is small enough to start quickly', async () => {
    const bundles = await readBundles(assembly);
    expect(bundles.map(({ name }) => name).toSorted()).toEqual([
      'Authorize',
      'CheckToken',
      'Deliver',
      'Metadata',
      'Nightly',
      'ProcessMessage',
      'Read',
      'Subscribe',
      'Sweep',
    ]);
    for (const { name, zipped } of bundles) expect([name, zipped < 300_000]).toEqual([name, true]);
  });
});
