import { type Item, Tally } from './items.ts';
import type { Place } from './place.ts';
import { progress } from './progress.ts';
import { scanSegment, segments } from './table.ts';

interface Reading {
  /** The first word of the progress line. */
  readonly what: string;
  readonly lineOf: (item: Item) => string;
}

/** Reads the whole table once, its segments in parallel. `each` gets the lines of one segment. */
export const readTable = async <Result>(
  place: Place,
  { what, lineOf }: Reading,
  each: (segment: number, lines: AsyncIterable<string>) => Promise<Result>,
): Promise<{ readonly tally: Tally; readonly results: readonly Result[] }> => {
  const tally = new Tally();
  const shown = progress(what);
  const lines = async function* (segment: number): AsyncGenerator<string> {
    for await (const item of scanSegment(place, segment)) {
      const line = lineOf(item);
      tally.add(line);
      shown.at(tally);
      yield line;
    }
  };
  const results = await Promise.all(Array.from({ length: segments }, (_, segment) => each(segment, lines(segment))));
  shown.end(tally);
  return { tally, results };
};

/** Reads the whole table and keeps the tally only. */
export const tallyTable = async (place: Place, reading: Reading): Promise<Tally> => {
  const { tally } = await readTable(place, reading, async (_segment, lines) => {
    for await (const _line of lines);
  });
  return tally;
};
