/** Random choices that can be repeated: the same seed gives the same choices. */
export interface SeededRandom {
  /** From 0 up to, not including, 1. */
  unit(): number;
  /** A whole number from 0 up to, not including, the limit. */
  below(limit: number): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<Item>(list: readonly Item[]): Item;
  shuffled<Item>(list: readonly Item[]): readonly Item[];
  /** An independent source: more choices in one part of a run do not change the choices of another. */
  fork(): SeededRandom;
}

/** Mulberry32, 32 bits of state: enough for choosing test cases. */
export const seededRandom = (seed: number): SeededRandom => {
  let state = seed | 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(unit() * limit);
  const pick = <Item>(list: readonly Item[]): Item => {
    const index = below(list.length);
    for (const item of list.slice(index, index + 1)) return item;
    throw new Error('nothing to choose from');
  };
  return {
    unit,
    below,
    pick,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => unit() < probability,
    shuffled: (list) =>
      list
        .map((item) => ({ item, rank: unit() }))
        .sort((one, other) => one.rank - other.rank)
        .map(({ item }) => item),
    fork: () => seededRandom(below(2 ** 31)),
  };
};
