import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { logPage } from '../../../docs/generate/log-page.ts';
import { messagePages } from '../../../docs/generate/message-pages.ts';
import { parseLossless } from '../../../schemas/json/json.ts';
import { exampleText } from '../../support/examples.ts';

const folder = new URL('../../../docs/messages/', import.meta.url);
const pages = messagePages((file) => parseLossless(exampleText(file)));

test('the page of what is logged and counted is up to date: npm run docs writes it', () =>
  expect(readFileSync(new URL('../../../docs/logs.md', import.meta.url), 'utf8')).toBe(logPage()));

describe('the pages of the messages', () => {
  test('are those of the catalogue and no others', () =>
    expect(readdirSync(folder).toSorted()).toEqual([...pages.keys()].toSorted()));

  test.each([...pages])('%s is up to date: npm run docs writes it', (file, text) =>
    expect(readFileSync(new URL(file, folder), 'utf8')).toBe(text),
  );

  test.each([...pages])('%s links to what is there', (_file, text) => {
    const links = [...text.matchAll(/\]\((?<path>[^)#]+)?(?:#(?<anchor>[^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const { groups } of links) {
      const { path = '', anchor } = groups ?? {};
      const target = new URL(path, folder);
      expect([path, existsSync(target)]).toEqual([path, true]);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        heading?.toLowerCase().replaceAll(' ', '-'),
      );
      expect(headings).toContain(anchor);
    }
  });
});
