/**
 * Works a list in batches of `size`, the items of a batch at the same time, and returns the results in the order of the list.
 * `mayContinue` is asked before each batch; if it answers `false`, the results so far are returned.
 */
export const inBatches = async <Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
  mayContinue: () => boolean = () => true,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  for (let from = 0; from < items.length && mayContinue(); from += size)
    results.push(...(await Promise.all(items.slice(from, from + size).map(work))));
  return results;
};
