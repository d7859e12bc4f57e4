/** Items by time, of which only the earliest is looked at: a binary heap. */
export interface EarliestFirst<Item> {
  readonly add: (time: number, item: Item) => void;
  readonly first: () => { readonly time: number; readonly item: Item } | undefined;
  readonly removeFirst: () => void;
}

export const earliestFirst = <Item>(): EarliestFirst<Item> => {
  const heap: { readonly time: number; readonly item: Item }[] = [];
  const isEarlier = (one: number, other: number): boolean =>
    (heap[one]?.time ?? Number.POSITIVE_INFINITY) < (heap[other]?.time ?? Number.POSITIVE_INFINITY);
  const swap = (one: number, other: number): void => {
    const [a, b] = [heap[one], heap[other]];
    if (a === undefined || b === undefined) return;
    heap[one] = b;
    heap[other] = a;
  };
  return {
    add: (time, item) => {
      heap.push({ time, item });
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isEarlier(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    first: () => heap[0],
    removeFirst: () => {
      swap(0, heap.length - 1);
      heap.pop();
      for (let at = 0; ; ) {
        const left = 2 * at + 1;
        const least = isEarlier(left + 1, left) ? left + 1 : left;
        if (!isEarlier(least, at)) return;
        swap(at, least);
        at = least;
      }
    },
  };
};
