import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const folder = new URL('docs/adr/', root);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const files = readdirSync(folder)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .toSorted();

/** Fields of the YAML front matter, one `name: value` a line, values without quotes. */
const frontMatterOf = (text: string): ReadonlyMap<string, string> => {
  const [, block = ''] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
  return new Map([...block.matchAll(/^([a-z-]+): "?(.*?)"?$/gm)].map(([, name = '', value = '']) => [name, value]));
};

const sections = ['Status', 'Context', 'Decision', 'Consequences', 'Alternatives'];

const forms: Readonly<Record<string, RegExp>> = {
  id: /^ADR-\d{4}$/,
  title: /^.+$/,
  status: /^(?:accepted|superseded)$/,
  date: /^\d{4}-\d{2}-\d{2}$/,
};

/** What is wrong with a record by itself; an empty list if nothing is. */
const faultsOf = (file: string, text: string): readonly string[] => {
  const fields = frontMatterOf(text);
  const number = file.slice(0, 4);
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading ?? '');
  const empty = text
    .split(/^## /m)
    .slice(1)
    .filter((section) => (section.split('\n').slice(1).join('\n').trim() || '') === '');
  return [
    ...Object.entries(forms).flatMap(([field, form]) =>
      form.test(fields.get(field) ?? '') ? [] : [`front matter: ${field}`],
    ),
    ...(fields.get('id') === `ADR-${number}` ? [] : ['id is not the number of the file name']),
    ...(text.includes(`\n# ${Number(number)}. ${fields.get('title')}\n`) ? [] : ['heading is not number and title']),
    ...(headings.join() === sections.join() ? [] : [`sections: ${headings.join(', ')}`]),
    ...empty.map((section) => `empty section: ${section.trim()}`),
    ...((fields.get('status') === 'superseded') === fields.has('superseded-by')
      ? []
      : ['status and superseded-by disagree']),
  ];
};

/** The row of the index for a record, up to its date. */
const rowOf = (file: string, fields: ReadonlyMap<string, string>): string => {
  const by = fields.get('superseded-by');
  const status = by === undefined ? fields.get('status') : `superseded by ${Number(by.slice(-4))}`;
  return `| ${Number(file.slice(0, 4))} | [${fields.get('title')}](${file}) | ${status} | ${fields.get('date')} |`;
};

const filesIn = (path: string, extension: string): readonly string[] =>
  readdirSync(new URL(path, root), { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return filesIn(`${path}${entry.name}/`, extension);
    return entry.name.endsWith(extension) ? [`${path}${entry.name}`] : [];
  });

/** Links of a page to other files of the project, without the anchor. Code blocks hold examples. */
const linksOf = (text: string): readonly string[] =>
  [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, link]) => link ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));

const pages = ['README.md', 'CHANGELOG.md', ...filesIn('docs/', '.md')];
const isOfRecords = (page: string, link: string): boolean =>
  page.startsWith('docs/adr/') || new URL(link, new URL(page, root)).href.startsWith(folder.href.replace(/\/$/, ''));

describe('decision records', () => {
  test.each(files)('%s has front matter, title and the five sections', (file) =>
    expect(faultsOf(file, read(`docs/adr/${file}`))).toEqual([]),
  );

  test('reports a record that lacks a field, a section or the link to its successor', () => {
    const [file = ''] = files;
    const text = read(`docs/adr/${file}`);
    expect(faultsOf(file, text.replace(/^date: .*\n/m, ''))).toEqual(['front matter: date']);
    expect(faultsOf(file, text.replace('## Context', '## Why'))).not.toEqual([]);
    expect(faultsOf(file, text.replace(/^superseded-by: .*\n/m, ''))).toEqual(['status and superseded-by disagree']);
    expect(faultsOf(`9${file.slice(1)}`, text)).not.toEqual([]);
  });

  test('names the other record on both sides of a replacement', () => {
    const pairs = (field: string): readonly string[] =>
      files.flatMap((file) => {
        const fields = frontMatterOf(read(`docs/adr/${file}`));
        const other = fields.get(field);
        if (other === undefined) return [];
        return [(field === 'supersedes' ? [other, fields.get('id')] : [fields.get('id'), other]).join(' by ')];
      });
    expect(pairs('supersedes').length).toBeGreaterThan(0);
    expect(pairs('supersedes').toSorted()).toEqual(pairs('superseded-by').toSorted());
  });

  test('are listed in the index in order, with title, status and date, and nothing else is', () => {
    const rows = read('docs/adr/README.md').match(/^\| \d+ \| \[.+?\]\(.+?\) \|.+?\|.+?\|/gm);
    expect(rows).toEqual(files.map((file) => rowOf(file, frontMatterOf(read(`docs/adr/${file}`)))));
  });

  test('are linked under names that exist', () => {
    const links = pages.flatMap((page) =>
      linksOf(read(page)).flatMap((link) => (isOfRecords(page, link) ? [{ page, link }] : [])),
    );
    expect(links.length).toBeGreaterThan(files.length);
    expect(links.filter(({ page, link }) => !existsSync(new URL(link, new URL(page, root))))).toEqual([]);
  });

  test('are cited by numbers that exist', () => {
    const known = new Set(files.map((file) => Number(file.slice(0, 4))));
    const rooms = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => `${name}/`)
      .filter((name) => !['node_modules/', 'cdk.out/', 'coverage/', 'test/'].includes(name));
    const cited = [...pages, ...rooms.flatMap((room) => filesIn(room, '.ts'))].flatMap((file) =>
      file === 'docs/adr/README.md'
        ? []
        : [...read(file).matchAll(/\bADR (\d+)/g)].map(([, number]) => ({ file, number: Number(number) })),
    );
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(({ number }) => !known.has(number))).toEqual([]);
  });
});
