import { existsSync, readFileSync } from 'node:fs';

/** Pages in `docs/` that name a test for each thing they claim: `file` > title, in the cells of a table. */

const root = new URL('../../', import.meta.url);

/** Titles of the tests in a file, as its source has them. */
const titlesIn = (file: string): readonly string[] => {
  const source = readFileSync(new URL(file, root), 'utf8');
  return [...source.matchAll(/(?:\btest|\bit|\)|\])\(\s*(?<quote>['"`])(?<title>(?:(?!\k<quote>).)+)\k<quote>,/g)].map(
    ({ groups }) => groups?.['title'] ?? '',
  );
};

/** The cells of each row of a page's tables, or of those below one of its headings, without heads and rules. */
export const tableRows = (page: string, heading = ''): readonly (readonly string[])[] =>
  readFileSync(new URL(`docs/${page}`, root), 'utf8')
    .split(/\n(?=#+ )/)
    .filter((section) => heading === '' || section.startsWith(`${heading}\n`))
    .join('\n')
    .split(/\n(?!\|)/)
    .flatMap((block) =>
      block
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .slice(2),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );

/** What is wrong with a cell that names tests: each must be in the file that it says. */
export const missingTests = (cell: string): readonly string[] =>
  cell.split('<br>').filter((named) => {
    const [, file = '', title = ''] = /^`([^`]+)` > (.+)$/.exec(named) ?? [];
    return !existsSync(new URL(file, root)) || file === '' || !titlesIn(file).includes(title);
  });
