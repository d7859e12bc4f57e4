import type { Clock } from '../mission/clock.ts';
import { Unavailable } from '../mission/errors.ts';

/**
 * A pass over the whole table by a nightly job: paced, in segments side by side, page by page. Each segment has a place at which
 * a later run continues, so that a table of any size is read in several runs.
 */

/** A place in a segment of the table: empty at its begin, `end` at its end. */
export type Place = string;

export interface TablePage {
  readonly next: Place;
  /** Read units that the page cost. */
  readonly units: number;
}

/** The whole table. Only what a job needs is on a page. */
export interface TablePages<Page extends TablePage> {
  readonly segments: number;
  page(segment: number, from: Place): Promise<Page>;
}

export interface PassPorts extends Clock {
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** What a nightly job keeps between two runs. */
export interface KeptState<State> {
  read(): Promise<State | undefined>;
  /** Replaces the state that was read; `false` if another run has replaced it meanwhile. */
  replace(before: State | undefined, after: State): Promise<boolean>;
}

/** Where a pass begins. */
export const firstPlaces = ({ segments }: Pick<TablePages<TablePage>, 'segments'>): readonly Place[] =>
  Array.from({ length: segments }, () => '');

export const isAtEnd = (places: readonly Place[]): boolean => places.every((place) => place === 'end');

/**
 * A pass that began longer ago is begun again, milliseconds: what it found is no longer what there is. And a person who may write the
 * state could otherwise name a begin of long ago and no place to read: a pass that read nothing would be complete.
 */
const longestPassMilliseconds = 48 * 3_600_000;

/** The pass that an earlier run left, if it can be continued: it is not old, and its places are of as many segments. */
export const continued = <Pass extends { readonly from: string; readonly places: readonly Place[] }>(
  open: Pass | undefined,
  { segments }: Pick<TablePages<TablePage>, 'segments'>,
  now: number,
): Pass | undefined =>
  open?.places.length === segments && Date.parse(open.from) > now - longestPassMilliseconds ? open : undefined;

/** Read units a second of a pass, so that it leaves the table's capacity to the missions. */
export const mostUnitsPerSecond = 4_000;

/** Time after which a run keeps what it has read, so that little is read again if it is interrupted. */
export const keepAfterMilliseconds = 60_000;

/** How often a page is asked for, and the first pause before that; each further one is twice as long. */
const mostTries = 5;
const firstPauseMilliseconds = 500;

/** A page, also if the table throttles for some seconds. Throws `Unavailable`. */
const pageOf = async <Page extends TablePage>(
  pages: TablePages<Page>,
  segment: number,
  from: Place,
  { wait }: PassPorts,
): Promise<Page> => {
  for (let tries = 1; ; tries += 1)
    try {
      return await pages.page(segment, from);
    } catch (error) {
      if (!(error instanceof Unavailable) || tries === mostTries) throw error;
      await wait(firstPauseMilliseconds * 2 ** (tries - 1));
    }
};

/** Lets a pass read so many units a second, all segments together. */
const pacer = (ports: PassPorts) => {
  let free = 0;
  return async (units: number): Promise<void> => {
    free = Math.max(free, ports.now()) + (units / mostUnitsPerSecond) * 1_000;
    if (free > ports.now()) await ports.wait(free - ports.now());
  };
};

/** Reads segments from their places while `mayContinue`, and returns where they stopped. Throws `Unavailable`. */
export const readSegments = async <Page extends TablePage>(
  pages: TablePages<Page>,
  places: readonly Place[],
  { take, mayContinue }: { readonly take: (page: Page) => void; readonly mayContinue: () => boolean },
  ports: PassPorts,
): Promise<readonly Place[]> => {
  const pace = pacer(ports);
  const segment = async (from: Place, index: number): Promise<Place> => {
    let place = from;
    while (place !== 'end' && mayContinue()) {
      const page = await pageOf(pages, index, place, ports);
      take(page);
      place = page.next;
      await pace(page.units);
    }
    return place;
  };
  return Promise.all(places.map(segment));
};
