import type { Tally } from './items.ts';

const intervalMilliseconds = 5_000;

/** Prints how many items were processed: every five seconds on stderr, and at the end on stdout. */
export const progress = (what: string) => {
  const began = performance.now();
  let printedAt = began;
  const line = (items: number, bytes: number): string => {
    const seconds = (performance.now() - began) / 1000;
    return `${what} ${items} items, ${(bytes / 1_000_000).toFixed(1)} MB in ${seconds.toFixed(1)} s (${Math.round(items / seconds)} items/s)`;
  };
  return {
    at: ({ items, bytes }: Tally): void => {
      if (performance.now() - printedAt < intervalMilliseconds) return;
      printedAt = performance.now();
      console.error(line(items, bytes));
    },
    end: ({ items, bytes }: Tally): void => console.log(line(items, bytes)),
  };
};
