import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { guards } from '../../simulation/guards.ts';
import { invariants } from '../../simulation/validate/invariants.ts';
import { tableRows } from '../../support/named-tests.ts';

const testSources = ['test/contract', 'test/unit/core']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(file, 'utf8'));

describe('docs/simulation.md', () => {
  test('lists every invariant', () => {
    expect(tableRows('simulation.md', '## Invariants')).toEqual(Object.entries(invariants));
  });

  test('lists every guard, in order, with its file', () => {
    const listed = tableRows('simulation.md', '## Guards').map(([what, file]) => [what, file]);
    expect(listed).toEqual(guards.map(({ what, file }) => [what, `\`${file}\``]));
  });

  test('names an invariant or a test that exists for each guard', () => {
    const unknown = tableRows('simulation.md', '## Guards')
      .map(([, , detectedBy = '']) => detectedBy)
      .filter((detectedBy) => {
        const title = /^test "(.+)"$/.exec(detectedBy)?.[1];
        const invariant = /^(.+) after \d+ seeds$/.exec(detectedBy)?.[1];
        if (detectedBy === 'exhaustive search') return false;
        return title === undefined
          ? !Object.hasOwn(invariants, invariant ?? '')
          : !testSources.some((source) => source.includes(title));
      });
    expect(unknown).toEqual([]);
  });
});
