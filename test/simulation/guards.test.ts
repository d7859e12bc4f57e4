import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { guards } from './guards.ts';

test.each(guards)('finds one place in $file: $what', async ({ file, find }) => {
  expect((await readFile(file, 'utf8')).split(find)).toHaveLength(2);
});
