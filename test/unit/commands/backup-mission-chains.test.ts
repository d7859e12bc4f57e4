import { describe, expect, test } from 'vitest';
import { pack } from '../../../adapters/packed.ts';
import type { Item } from '../../../commands/backup/items.ts';
import { missionChains } from '../../../commands/backup/mission-chains.ts';
import { exampleLog } from '../../support/examples.ts';

/** A mission's log as items of a backup. */
const items = exampleLog().map((entry): Item => {
  const { seal, fanOutPending: _pending, notified: _notified, withoutSubscription: _without, ...content } = entry;
  return {
    pk: { S: `MISSION#${entry.mission}` },
    sk: { S: `ENTRY#${String(entry.number).padStart(9, '0')}` },
    digest: { S: seal },
    packed: { B: pack(content) },
  };
});
const mission = exampleLog(1)[0]?.mission ?? '';

const brokenIn = (backup: readonly Item[]): readonly string[] => {
  const chains = missionChains();
  for (const item of backup) chains.add(item);
  return chains.broken();
};

describe('missionChains', () => {
  test('takes a whole log in any order, and items that are no entries', () => {
    const others: readonly Item[] = [{ pk: { S: `MISSION#${mission}` }, sk: { S: 'TASK#one' } }];
    expect(brokenIn([...items.toReversed(), ...others])).toEqual([]);
  });

  test.each([
    ['without its first entry', items.slice(1)],
    ['without an entry in between', items.filter((_item, index) => index !== 3)],
    [
      'with another digest of its last entry',
      items.map((item, index) => (index === items.length - 1 ? { ...item, digest: { S: 'x' } } : item)),
    ],
    [
      'with another digest in between',
      items.map((item, index) => (index === 2 ? { ...item, digest: { S: 'x' } } : item)),
    ],
    [
      'with the content of another entry',
      items.map((item, index) => (index === 2 ? { ...item, packed: { B: pack({}) } } : item)),
    ],
    [
      'with content that cannot be unpacked',
      items.map((item, index) => (index === 2 ? { ...item, packed: { B: Buffer.from('x') } } : item)),
    ],
  ] as const)('finds a log %s', (_what, backup) => {
    expect(brokenIn(backup)).toEqual([mission]);
  });
});
