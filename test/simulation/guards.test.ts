import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';
import { guardsOf } from '../verification/fault.ts';
import { faults } from '../verification/faults.ts';
import { guards, withoutGuard } from './guards.ts';

// A removal that leaves code which cannot be read shows nothing: every test fails then.
test.each([...guards, ...guardsOf(faults)])('finds one place in $file, and leaves code: $what', async (guard) => {
  const changed = withoutGuard(await readFile(guard.file, 'utf8'), guard);
  expect(changed).toBeDefined();
  expect(() => stripTypeScriptTypes(changed ?? '')).not.toThrow();
});
