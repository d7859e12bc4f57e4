import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { guards } from '../../simulation/guards.ts';
import { invariants } from '../../simulation/validate/invariants.ts';
import { tableRows } from '../../support/named-tests.ts';

const named = guards.flatMap(({ detectedBy }) => (typeof detectedBy === 'object' ? [detectedBy] : []));

/** The test of the contract on DynamoDB has its tests from the folder of the contract. */
const sourcesOf = (file: string): readonly string[] => {
  const files = file.endsWith('-contract.test.ts')
    ? readdirSync('test/contract', { encoding: 'utf8' }).map((one) => `test/contract/${one}`)
    : [file];
  return files.map((one) => readFileSync(one, 'utf8'));
};

describe('docs/simulation.md', () => {
  test('lists every invariant', () => {
    expect(tableRows('simulation.md', '## Invariants')).toEqual(Object.entries(invariants));
  });

  test('lists every guard, in order, with its file', () => {
    const listed = tableRows('simulation.md', '## Guards').map(([what, file]) => [what, file]);
    expect(listed).toEqual(guards.map(({ what, file }) => [what, `\`${file}\``]));
  });

  test('names for each guard an invariant, or the test that detects its removal', () => {
    const listed = tableRows('simulation.md', '## Guards').map(([, , detectedBy = '']) => detectedBy);
    const wrong = guards.filter(({ detectedBy }, index) => {
      const text = listed[index] ?? '';
      if (detectedBy !== undefined)
        return text !== (detectedBy === 'exhaustive search' ? detectedBy : `test "${detectedBy.title}"`);
      return !Object.hasOwn(invariants, /^(.+) after \d+ seeds$/.exec(text)?.[1] ?? '');
    });
    expect(wrong).toEqual([]);
  });

  test.each(named)('names a test that exists: $title', ({ file, title }) => {
    expect(sourcesOf(file).some((source) => source.includes(`'${title}'`))).toBe(true);
  });
});
