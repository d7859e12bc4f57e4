/**
 * Virtual time: scheduled events are in one queue, and time jumps from one to the next. Between two events the code under
 * test runs until every promise waits for a port again, so that the same seed gives the same run.
 */
export interface Scheduler {
  /** Milliseconds since the epoch; no process has this clock. */
  now(): number;
  after(milliseconds: number, run: () => void): void;
  /** Runs every event up to a time. */
  runTo(time: number): Promise<void>;
  /** To be called when an event has resolved a promise: the waiting code then runs before the next event. */
  resumed(): void;
}

interface ScheduledEvent {
  readonly time: number;
  /** Of two events at the same time, the one that was scheduled first runs first. */
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (one: ScheduledEvent, other: ScheduledEvent): boolean =>
  one.time < other.time || (one.time === other.time && one.order < other.order);

const binaryHeap = () => {
  const heap: ScheduledEvent[] = [];
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
    first: (): ScheduledEvent | undefined => heap[0],
    push: (event: ScheduledEvent): void => {
      heap.push(event);
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

/** Resolves when no promise can make progress: the tick queue is served after all promises, and costs less than a turn of the event loop. */
export const untilAllWait = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve);
  });

export const schedulerFrom = (start: number): Scheduler => {
  const heap = binaryHeap();
  let time = start;
  let order = 0;
  let hasResumed = false;
  return {
    now: () => time,
    after: (milliseconds, run) => {
      order += 1;
      heap.push({ time: time + Math.max(0, milliseconds), order, run });
    },
    resumed: () => {
      hasResumed = true;
    },
    runTo: async (end) => {
      for (;;) {
        const next = heap.first();
        if (next === undefined || next.time > end) break;
        heap.pop();
        time = next.time;
        next.run();
        if (hasResumed) {
          hasResumed = false;
          await untilAllWait();
        }
      }
      time = Math.max(time, end);
    },
  };
};
