import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { guards } from './guards.ts';

test.each(guards)('finds one place in $file: $what', async ({ file, find }) => {
  expect((await readFile(file, 'utf8')).split(find)).toHaveLength(2);
});

test('is listed in docs/simulation.md with what detects its removal', async () => {
  const table = (await readFile('docs/simulation.md', 'utf8')).matchAll(
    /^\| (.+) \| `(\S+\.ts)` \| (?:test ".+"|.+ after \d+ seeds) \|$/gm,
  );
  const listed = Array.from(table, ([, what, file]) => `${what}: ${file}`);
  expect(listed).toEqual(guards.map(({ what, file }) => `${what}: ${file}`));
});
