import { array, assert, asyncProperty, boolean, constantFrom, integer, nat, record, uniqueArray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Page, pageOf, type Rows, takePage, wrongCursor } from '../../../../../core/queries/search/page.ts';
import { isRefusal } from '../../../../../schemas/faults.ts';

/** A row of a list: its place never changes, what it says may. */
interface Row {
  readonly place: number;
  readonly matches: boolean;
}

const placeOf = ({ place }: Row): string => String(place).padStart(6, '0');
const isFound = ({ matches }: Row): boolean => matches;

/** The rows of a list as they are when they are read, in chunks. */
const rowsOf = (list: ReadonlyMap<number, Row>, chunk: number): Rows<Row> =>
  async function* (after) {
    const sorted = [...list.values()].sort((one, other) => one.place - other.place);
    const rest = sorted.filter((row) => after === undefined || placeOf(row) > after);
    for (let from = 0; from < rest.length; from += chunk)
      yield rest.slice(from, from + chunk).map((row) => ({ row, place: placeOf(row) }));
  };

type Pager = (list: ReadonlyMap<number, Row>, count: number, cursor: string | undefined) => Promise<Page<Row>>;

const found = (page: Page<Row> | ReturnType<typeof pageOf<Row>>): Page<Row> => {
  if (isRefusal(page)) throw new Error(JSON.stringify(page.faults));
  return page;
};

const asked = (count: number, cursor: string | undefined) => ({
  count,
  wantsTotal: false,
  ...(cursor === undefined ? {} : { cursor }),
});

const pagers: Readonly<Record<string, Pager>> = {
  'that is read in chunks': async (list, count, cursor) =>
    found(await takePage(asked(count, cursor), rowsOf(list, 3), isFound)),
  'in memory': async (list, count, cursor) =>
    found(pageOf(asked(count, cursor), [...list.values()].reverse(), { placeOf, form: /^\d{6}$/ }, isFound)),
};

/** What happens to the list between two pages: rows are added, changed or removed. */
const change = record({ place: nat(60), to: constantFrom('matching', 'other', 'removed') });

describe.each(Object.entries(pagers))('pages of a list %s', (_name, pager) => {
  test('have every row that is there throughout once, whatever is added, changed or removed between them', () =>
    assert(
      asyncProperty(
        uniqueArray(record({ place: nat(60), matches: boolean() }), { selector: placeOf }),
        array(array(change, { maxLength: 8 }), { maxLength: 10 }),
        integer({ min: 1, max: 7 }),
        async (start, changes, count) => {
          const list = new Map(start.map((row) => [row.place, row]));
          const throughout = new Set(start.filter(isFound).map(({ place }) => place));
          const seen: number[] = [];
          let cursor: string | undefined;
          let page: Page<Row>;
          let round = 0;
          do {
            page = await pager(list, count, cursor);
            seen.push(...page.rows.map(({ place }) => place));
            // No page is longer than asked for, and none is empty if another one follows.
            expect(page.rows.length).toBeLessThanOrEqual(count);
            if (page.next !== undefined) expect(page.rows).toHaveLength(count);
            cursor = page.next;
            for (const { place, to } of changes[round] ?? []) {
              if (to !== 'matching') throughout.delete(place);
              if (to === 'removed') list.delete(place);
              else list.set(place, { place, matches: to === 'matching' });
            }
            round += 1;
          } while (page.next !== undefined);
          expect(seen).toEqual([...new Set(seen)].sort((one, other) => one - other));
          expect([...throughout].filter((place) => !seen.includes(place))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    ));

  test('give the total if the list fits on one page', async () => {
    const list = new Map([1, 2, 3].map((place) => [place, { place, matches: place !== 2 }]));
    expect(await pager(list, 2, undefined)).toMatchObject({ total: 2 });
    expect((await pager(list, 2, undefined)).next).toBeUndefined();
  });

  test('give only the total if no rows are wanted', async () => {
    const list = new Map(Array.from({ length: 500 }, (_, place) => [place, { place, matches: place % 2 === 0 }]));
    const page = await pager(list, 0, undefined);
    expect(page).toEqual({ rows: [], total: 250 });
  });
});

describe('page of a list', () => {
  test('has the total of all pages if it is wanted', async () => {
    const list = new Map(Array.from({ length: 20 }, (_, place) => [place, { place, matches: true }]));
    expect(await takePage({ ...asked(5, '000009'), wantsTotal: true }, rowsOf(list, 3), isFound)).toMatchObject({
      total: 20,
      next: '000014',
    });
  });

  test('ends after 4 000 rows that do not match, and says so', async () => {
    const list = new Map(Array.from({ length: 9_000 }, (_, place) => [place, { place, matches: place === 8_500 }]));
    const pages: Page<Row>[] = [];
    let cursor: string | undefined;
    do {
      const page = found(await takePage(asked(10, cursor), rowsOf(list, 100), isFound));
      pages.push(page);
      cursor = page.next;
    } while (cursor !== undefined);
    expect(pages.map(({ rows, stopped }) => [rows.length, stopped])).toEqual([
      [0, true],
      [0, true],
      [1, undefined],
    ]);
  });

  test('is not counted if it has more than 10 000 rows', async () => {
    const list = new Map(Array.from({ length: 10_200 }, (_, place) => [place, { place, matches: true }]));
    expect(await takePage(asked(0, undefined), rowsOf(list, 100), isFound)).toMatchObject({
      outcome: 'refused',
      faults: [{ at: 'http._summary' }],
    });
  });

  test('is refused if the cursor is not one of the list: an empty page would mean that there are no rows', () => {
    const refused = pageOf(asked(1, 'x'), [{ place: 1, matches: true }], { placeOf, form: /^\d{6}$/ }, isFound);
    expect(refused).toEqual(wrongCursor);
  });
});
