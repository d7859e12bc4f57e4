/**
 * Virtual time: what is to happen stands in one queue, and time jumps from one to the next. Between two happenings the real
 * code runs until it waits for a port again, so that the same seed gives the same run.
 */
export interface Scheduler {
  /** Milliseconds since the epoch, of nobody's clock. */
  now(): number;
  after(milliseconds: number, happening: () => void): void;
  /** Lets everything happen up to a time. */
  runTo(time: number): Promise<void>;
  /** Says that code waits no more: it runs before the next happening. */
  woken(): void;
}

interface Happening {
  readonly time: number;
  /** Of two at the same time the one that was arranged first. */
  readonly order: number;
  readonly happen: () => void;
}

const isBefore = (one: Happening, other: Happening): boolean =>
  one.time < other.time || (one.time === other.time && one.order < other.order);

/** A binary heap. */
const heapOf = () => {
  const heap: Happening[] = [];
  const swap = (one: number, other: number): void => {
    const [a, b] = [heap[one], heap[other]];
    if (a === undefined || b === undefined) return;
    heap[one] = b;
    heap[other] = a;
  };
  const before = (one: number, other: number): boolean => {
    const [a, b] = [heap[one], heap[other]];
    return a !== undefined && b !== undefined && isBefore(a, b);
  };
  return {
    first: (): Happening | undefined => heap[0],
    push: (happening: Happening): void => {
      heap.push(happening);
      let at = heap.length - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!before(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    pop: (): void => {
      swap(0, heap.length - 1);
      heap.pop();
      let at = 0;
      for (;;) {
        const left = 2 * at + 1;
        let least = before(left, at) ? left : at;
        if (before(left + 1, least)) least = left + 1;
        if (least === at) return;
        swap(at, least);
        at = least;
      }
    },
  };
};

/** Every promise that can be kept is kept before this returns: ticks have their turn when no promise is left, and cost less than a turn of the event loop. */
const untilAllWait = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve);
  });

export const schedulerFrom = (start: number): Scheduler => {
  const heap = heapOf();
  let time = start;
  let order = 0;
  let isWoken = false;
  return {
    now: () => time,
    after: (milliseconds, happen) => {
      order += 1;
      heap.push({ time: time + Math.max(0, milliseconds), order, happen });
    },
    woken: () => {
      isWoken = true;
    },
    runTo: async (end) => {
      for (;;) {
        const next = heap.first();
        if (next === undefined || next.time > end) break;
        heap.pop();
        time = next.time;
        next.happen();
        if (isWoken) {
          isWoken = false;
          await untilAllWait();
        }
      }
      time = Math.max(time, end);
    },
  };
};
