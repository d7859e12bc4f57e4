import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Words that this project replaces, with what to write instead (docs/developing.md, "Texts"). */
const replaced: readonly (readonly [RegExp, string])[] = [
  [/\bwho(?:so|m)?ever\b/i, 'name the component or the role'],
  [/\banew\b/i, 'again, or a new one'],
  [/\b(?:owe|owes|owed|owing|debts?)\b/i, 'pending, an obligation'],
  [/\b(?:un)?told\b/i, 'notified, alerted, not notified'],
  [/\bat the most\b/i, 'at most'],
  [/\bof no account\b/i, 'name what is ignored'],
  [/\b(?:held|hold|holds|holding) up\b/i, 'paused, delayed'],
  [/\bhand(?:s|ed|ing)? on\b/i, 'forward, transfer'],
  [/\bmend(?:s|ed|ing)?\b/i, 'fix'],
  [/\bturned down\b/i, 'rejected'],
  [/\bleft alone\b/i, 'name what is not done'],
  [/\bstrangers?\b/i, 'non-party, unknown receiver'],
];

const root = new URL('../../../', import.meta.url);
const own = 'test/unit/repository/words.test.ts';

const patterns = [
  '*.md',
  '*.{json,ts}',
  '.ci/*',
  '{schemas,core,adapters,functions,infra,commands,local,partner,bench,docs,test}/**/*.{ts,mjs,js,html,css,md,yaml}',
  'docs/generate/openapi/answers/*.json',
  'local/sample/*.json',
];

const files = globSync(patterns, { cwd: root })
  .filter((file) => file !== own && file !== 'package-lock.json' && !file.endsWith('-report.json'))
  .toSorted();

/** Where a replaced word stands, with what to write instead. */
const findings = (file: string, text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line, index) =>
      replaced
        .filter(([word]) => word.test(line))
        .map(([word, instead]) => `${file}:${index + 1}: "${word.exec(line)?.[0]}": ${instead}`),
    );

describe('plain words', () => {
  test('reads the sources, the tests and the pages', () => {
    expect(files.length).toBeGreaterThan(450);
    for (const file of ['README.md', 'core/mission/decide.ts', 'docs/runbook.md', 'infra/hub-stack.ts'])
      expect(files).toContain(file);
  });

  test('finds each word of the list', () => {
    const text =
      'Whoever\nanew\nowes\nuntold\nat the most\nof no account\nheld up\nhands on\nmended\nturned down\nleft alone\nstranger';
    expect(findings('page.md', text)).toHaveLength(replaced.length);
    expect(findings('page.md', 'who ever, renewed, toldWord, showed, commend, a handful')).toEqual([]);
  });

  test('are used everywhere', () => {
    const found = files.flatMap((file) => findings(file, readFileSync(new URL(file, root), 'utf8')));
    expect(found).toEqual([]);
  });
});
