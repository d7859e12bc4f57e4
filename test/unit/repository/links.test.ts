import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const pagesIn = (folder: string): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name))
    : [];

const pages: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...pagesIn('docs'),
  ...pagesIn('partner'),
];

/** The text without fenced code, in which nothing is a heading or a link. */
const withoutFences = (text: string): string =>
  text.replaceAll(/^[ \t]*(?<fence>`{3,}|~{3,}).*\n(?:.*\n)*?[ \t]*\k<fence>[ \t]*$/gm, '');

/** The words of a heading as a reader sees them. */
const shownText = (heading: string): string =>
  heading
    .replaceAll(/!?\[(?<text>[^\]]*)\]\([^)]*\)/g, '$<text>')
    .replaceAll(/[`*]/g, '')
    .trim();

/** Anchors of a page by the rule of GitHub: lower case, no punctuation, hyphens for blanks, a number behind a heading that repeats. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const anchors = new Set<string>();
  const body = withoutFences(text);
  for (const [, heading = ''] of body.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const plain = shownText(heading)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    const repeated = Array.from({ length: anchors.size + 1 }, (_, at) => (at === 0 ? plain : `${plain}-${at}`));
    anchors.add(repeated.find((anchor) => !anchors.has(anchor)) ?? plain);
  }
  for (const [, name = ''] of body.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name);
  return anchors;
};

/** Targets of links and images, and of reference definitions, that stay in the repository. */
const targetsOf = (text: string): readonly string[] => {
  const body = withoutFences(text).replaceAll(/(?<ticks>`+)[^`\n]+\k<ticks>/g, (code) =>
    code.replaceAll(/[[\]()]/g, ' '),
  );
  return [
    ...body.matchAll(/\]\((?<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"]*")?\)/g),
    ...body.matchAll(/^ {0,3}\[[^\]]+\]:\s+(?<target>\S+)/gm),
  ]
    .map(({ groups }) => groups?.['target'] ?? '')
    .filter((target) => !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target));
};

interface Files {
  readonly exists: (path: string) => boolean;
  readonly text: (path: string) => string;
}

const repository: Files = { exists: (path) => existsSync(join(root, path)), text: read };

/** Links of a page that lead to no file, or to no heading of it. */
const brokenLinks = (page: string, files: Files): readonly string[] =>
  targetsOf(files.text(page)).filter((target) => {
    const [path = '', anchor] = target.split('#');
    const leadsTo = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
    if (leadsTo.startsWith('..') || !files.exists(leadsTo)) return true;
    return anchor !== undefined && (!leadsTo.endsWith('.md') || !anchorsOf(files.text(leadsTo)).has(anchor));
  });

describe('links between pages', () => {
  test('finds the pages', () => {
    expect(pages).toContain(join('docs', 'integrating.md'));
    expect(pages.filter((page) => targetsOf(read(page)).length > 0).length).toBeGreaterThan(30);
  });

  test.each(pages)('resolves every link of %s', (page) => expect(brokenLinks(page, repository)).toEqual([]));
});

describe('the link check', () => {
  const check = (texts: Readonly<Record<string, string>>): readonly string[] =>
    brokenLinks('docs/a.md', { exists: (path) => path in texts, text: (path) => texts[path] ?? '' });

  test('reports a file that does not exist', () =>
    expect(check({ 'docs/a.md': '[b](b.md) and [`c`](../c.md)', 'c.md': '' })).toEqual(['b.md']));

  test('reports a heading that does not exist', () =>
    expect(
      check({ 'docs/a.md': '# A page\n[here](#a-page) [there](b.md#two) [no](b.md#three)', 'docs/b.md': '## Two\n' }),
    ).toEqual(['b.md#three']));

  test('reports a path that leaves the repository', () =>
    expect(check({ 'docs/a.md': '[out](../../x.md)' })).toEqual(['../../x.md']));

  test('reports an image and a reference definition', () =>
    expect(check({ 'docs/a.md': '![x](x.svg)\n\n[y]: y.md\n' })).toEqual(['x.svg', 'y.md']));

  test('ignores code, other hosts and addresses of a hub', () =>
    expect(
      check({
        'docs/a.md': '```md\n[b](b.md)\n# No heading\n```\n`[b](b.md)` [c](https://c.example/d.md) <http://localhost>',
      }),
    ).toEqual([]));

  test('gives anchors as GitHub does', () =>
    expect([
      ...anchorsOf('# `POST` *and* [links](x.md), done!\n## Über A_b\n## Same\n## Same\n```\n# code\n```\n'),
    ]).toEqual(['post-and-links-done', 'über-a_b', 'same', 'same-1']));
});

describe('README.md', () => {
  test('has at most 120 lines', () => expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120));
});
