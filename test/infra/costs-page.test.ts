import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { costsPage } from '../../docs/generate/costs-page.ts';

test('docs/costs.md is what `npm run docs` writes from the bench, the stacks and the metrics', () => {
  const page = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  expect(page('costs')).toBe(costsPage(page('performance')));
});
