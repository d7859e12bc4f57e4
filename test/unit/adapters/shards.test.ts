import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  fewestShards,
  isOfKind,
  mostShards,
  obligationAt,
  shardForAnyHub,
  type Shards,
  shardsOf,
  shardsOfAnyHub,
} from '../../../adapters/dynamodb/shards.ts';
import { type Key, keys } from '../../../adapters/dynamodb/table.ts';
import { stageNames, readStage } from '../../../infra/stage.ts';

const dueAt = '2026-03-01T12:00:00.000Z';
const kinds = ['pending', 'deadline', 'failed'] as const;
const subscription = randomUUID();
const mission = randomUUID();
const many = Array.from({ length: 20_000 }, (_, index) => index + 1);

/** Keys of which many are stored, by what they have in common. */
const families: Readonly<Record<string, (number: number) => Key>> = {
  'entries of missions': () => keys.entry(randomUUID(), 1),
  'entries of one mission': (number) => keys.entry(mission, number),
  'notifications of subscriptions': () => keys.notification(randomUUID(), 1),
  'notifications of one subscription': (number) => keys.notification(subscription, number),
  'subscription heads': () => keys.subscription(randomUUID()),
  'Tasks of one mission': (number) => keys.task(mission, String(number)),
};

const shares = (family: (number: number) => Key, shards: Shards): readonly number[] => {
  const counts = new Map<string, number>();
  for (const number of many) {
    const { obligation } = obligationAt({ shards }, 'pending', family(number), dueAt);
    counts.set(obligation, (counts.get(obligation) ?? 0) + 1);
  }
  expect(counts.size).toBe(shards.written);
  return [...counts.values()].map((count) => (count * shards.written) / many.length);
};

describe('shards of the obligations index', () => {
  // With 64 shards of 312 items each, a shard is five standard deviations from its share at 28 %.
  test.each(
    Object.entries(families).flatMap(([name, family]) =>
      [fewestShards, 12, mostShards].map((written) => [name, written, family] as const),
    ),
  )('are used evenly: %s over %i', (_name, written, family) => {
    const found = shares(family, { written, read: mostShards });
    const most = written === mostShards ? 0.28 : 0.12;
    expect(Math.max(...found)).toBeLessThan(1 + most);
    expect(Math.min(...found)).toBeGreaterThan(1 - most);
  });

  test.each(kinds)('of %s are read wherever a hub with as many or fewer has written', (kind) => {
    for (const [written, read] of [
      [8, 8],
      [8, 16],
      [13, 16],
      [64, 64],
    ] as const) {
      const looked = shardsOf({ shards: { written: 8, read } }, kind);
      for (const number of many.slice(0, 500)) {
        const { obligation } = obligationAt(
          { shards: { written, read } },
          kind,
          keys.notification(subscription, number),
          dueAt,
        );
        expect(looked).toContain(obligation);
        expect(kinds.filter((one) => isOfKind(one, obligation))).toEqual([kind]);
      }
    }
  });

  test('that a command writes are read by every hub, and it reads those of every hub', () => {
    for (const number of many.slice(0, 500)) {
      const key = keys.notification(subscription, number);
      const ofCommand = obligationAt({}, 'pending', key, dueAt).obligation;
      expect(shardsOf({ shards: { written: fewestShards, read: fewestShards } }, 'pending')).toContain(ofCommand);
      const ofLargestHub = obligationAt({ shards: { written: mostShards, read: mostShards } }, 'failed', key, dueAt);
      expect(shardsOf({}, 'failed')).toContain(ofLargestHub.obligation);
    }
  });

  test('of a restored item are read by every hub; what is of no known kind stays', () => {
    const key = keys.notification(subscription, 1);
    for (const kind of kinds)
      expect(shardForAnyHub(key, `${kind}#63`)).toBe(
        obligationAt({ shards: shardsOfAnyHub }, kind, key, dueAt).obligation,
      );
    expect(shardForAnyHub(key, 'reminder#63')).toBe('reminder#63');
  });

  test.each(stageNames)('are set so that %s reads what it writes', (stage) => {
    const { written, read } = readStage(stage).obligationShards;
    expect(written).toBeGreaterThanOrEqual(fewestShards);
    expect(read).toBeGreaterThanOrEqual(written);
    expect(read).toBeLessThanOrEqual(mostShards);
  });
});
