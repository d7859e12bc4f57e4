import type { OperationOutcome } from 'fhir/r4.d.ts';
import { type Refusal, refuse } from '../../../schemas/faults.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import { type Listed, searchset } from '../../fhir/searchset.ts';
import type { Query, Search } from './read-search.ts';

/**
 * Pages by keyset: a page begins after the place of the last row of the page before, not after a number of rows. So a row that is
 * in the list throughout is on exactly one page, whatever is added, changed or removed meanwhile.
 */

/** A row at its place in the list. A place is text; it never changes while the row is in the list. */
export interface Placed<Row> {
  readonly row: Row;
  readonly place: string;
}

/** The rows of a list after a place, in chunks as they are read; from the beginning without one. */
export type Rows<Row> = (after: string | undefined) => AsyncIterable<readonly Placed<Row>[]>;

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Place after which the next page begins, if there is one. */
  readonly next?: string;
  /** Number of all rows, if it is known. */
  readonly total?: number;
  /** The search was stopped after so many rows that do not match: the next page continues it. */
  readonly stopped?: true;
}

/** Rows that one answer looks at. A list of which fewer match costs a request for each. */
const mostLooked = 4_000;

/** Rows that are counted. */
const mostCounted = 10_000;

export const wrongCursor = refuse('unknown-search', 'http._cursor', 'follow the link `next` of the page before');

const countAll = async <Row>(rows: Rows<Row>, isFound: (row: Row) => boolean): Promise<number | undefined> => {
  let count = 0;
  let looked = 0;
  for await (const chunk of rows(undefined)) {
    count += chunk.filter(({ row }) => isFound(row)).length;
    looked += chunk.length;
    if (looked > mostCounted) return undefined;
  }
  return count;
};

/** One page: as many rows as asked for that match. It has a next page only if that one has rows. `rowsToCount`: the same, if counting needs less. */
export const takePage = async <Row>(
  { count, cursor, wantsTotal }: Pick<Search, 'count' | 'cursor' | 'wantsTotal'>,
  rows: Rows<Row>,
  isFound: (row: Row) => boolean,
  rowsToCount: Rows<Row> = rows,
): Promise<Page<Row> | Refusal> => {
  if (count === 0) {
    const total = await countAll(rowsToCount, isFound);
    return total === undefined
      ? refuse('unknown-search', 'http._summary', `more than ${mostCounted} rows are not counted: ask for fewer`)
      : { rows: [], total };
  }
  const found: Placed<Row>[] = [];
  let looked = 0;
  let last: string | undefined;
  let isMore = false;
  let stopped = false;
  for await (const chunk of rows(cursor)) {
    for (const placed of chunk) {
      if (!isFound(placed.row)) last = placed.place;
      else if (found.length === count) {
        isMore = true;
        break;
      } else {
        found.push(placed);
        last = placed.place;
      }
    }
    looked += chunk.length;
    stopped = !isMore && looked >= mostLooked && found.length < count;
    if (isMore || stopped) break;
  }
  const end = isMore ? found.at(-1)?.place : stopped ? last : undefined;
  const isWhole = cursor === undefined && end === undefined;
  const total = isWhole ? found.length : wantsTotal ? await countAll(rowsToCount, isFound) : undefined;
  return {
    rows: found.map(({ row }) => row),
    ...(end === undefined ? {} : { next: end }),
    ...(total === undefined ? {} : { total }),
    ...(stopped ? { stopped } : {}),
  };
};

/** Code units, as DynamoDB and cursors compare. */
const byPlace = (one: { readonly place: string }, other: { readonly place: string }): number =>
  one.place < other.place ? -1 : one.place > other.place ? 1 : 0;

/** How a list in memory is ordered: the place of a row, and the form that places have. */
export interface Order<Row> {
  readonly placeOf: (row: Row) => string;
  readonly form: RegExp;
}

/** A page of a list that is in memory: its total is always known. */
export const pageOf = <Row>(
  { count, cursor }: Pick<Search, 'count' | 'cursor'>,
  all: readonly Row[],
  { placeOf, form }: Order<Row>,
  isFound: (row: Row) => boolean,
): Page<Row> | Refusal => {
  // An empty answer would mean that there are no rows.
  if (cursor !== undefined && !form.test(cursor)) return wrongCursor;
  const placed = all
    .filter(isFound)
    .map((row) => ({ row, place: placeOf(row) }))
    .sort(byPlace);
  const after = cursor === undefined ? placed : placed.filter(({ place }) => place > cursor);
  const page = after.slice(0, count);
  const next = after.length > count ? page.at(-1)?.place : undefined;
  return { rows: page.map(({ row }) => row), total: placed.length, ...(next === undefined ? {} : { next }) };
};

/** A remark on an answer, beside its rows. */
export const remark = (code: 'not-supported' | 'incomplete', text: string): Listed => ({
  resource: {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'warning', code, details: { text } }],
  } satisfies OperationOutcome,
  mode: 'outcome',
});

const ignoredRemark = (ignored: readonly string[]): readonly Listed[] =>
  ignored.length === 0
    ? []
    : [remark('not-supported', `These parameters were ignored: ${[...new Set(ignored)].join(', ')}.`)];

const stoppedRemark = ({ stopped }: Pick<Page<unknown>, 'stopped'>): readonly Listed[] =>
  stopped === true
    ? [
        remark(
          'incomplete',
          'The search is not complete, because many rows did not match. Follow the link `next` for the rest.',
        ),
      ]
    : [];

const addressOf = (path: string, query: Query): string =>
  query.length === 0
    ? path
    : `${path}?${new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()}`;

/** The address of a page below the base URL: what the hub used of the request. */
export const pageAddress = ({ type, used }: Search, cursor: string | undefined, path: string = type): string =>
  addressOf(path, cursor === undefined ? used : [...used, ['_cursor', cursor]]);

/** The answer to a search, with remarks on what it ignored. `listed`: the rows of the page as FHIR, and what is included. */
export const searchAnswer = (
  search: Search,
  page: Page<unknown>,
  listed: readonly Listed[],
  view: Pick<Viewpoint, 'base'>,
  path: string = search.type,
): unknown =>
  searchset(
    pageAddress(search, search.cursor, path),
    page.next === undefined ? undefined : pageAddress(search, page.next, path),
    [...listed, ...stoppedRemark(page), ...ignoredRemark(search.ignored)],
    view,
    page.total,
  );
