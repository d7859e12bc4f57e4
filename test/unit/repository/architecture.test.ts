import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { missingTests, tableRows } from '../../support/named-tests.ts';

const root = new URL('../../../', import.meta.url);
const pages = [...globSync('docs/architecture{,/**/*}.md', { cwd: root }), 'docs/developing.md'].toSorted();
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

const rooms = 'schemas|core|adapters|functions|standalone|infra|commands|local|partner|bench|docs|test';
/** Files and folders of the project that a page names as code. A name with a placeholder is none. */
const pathsIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(new RegExp(`\`((?:${rooms})/[\\w./-]*)\``, 'g'))].map(([, path = '']) => path)),
];
const missingPaths = (text: string): readonly string[] =>
  pathsIn(text).filter((path) => !existsSync(new URL(path, root)));

describe('the pages for developers', () => {
  test('has a page for each room', () => {
    for (const room of [
      'schemas',
      'core',
      'adapters',
      'functions',
      'standalone',
      'infra',
      'commands',
      'local',
      'partner',
      'bench',
      'test',
    ])
      expect(pages).toContain(`docs/architecture/${room}.md`);
  });

  test.each(pages)('names only files that exist: %s', (page) => expect(missingPaths(read(page))).toEqual([]));

  test('reports a file that does not exist', () =>
    expect(missingPaths('`core/mission/decide.ts`, `core/nothing.ts`, `test/unit/`')).toEqual(['core/nothing.ts']));
});

const guarantees = tableRows('architecture.md', '## Guarantees');

describe('the table of guarantees', () => {
  test('has eight guarantees', () => expect(guarantees).toHaveLength(8));

  test.each(guarantees.map(([guarantee = '', tests = '']) => ({ guarantee, tests })))(
    'names a test that exists: $guarantee',
    ({ tests }) => expect(missingTests(tests)).toEqual([]),
  );
});
