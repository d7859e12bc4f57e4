import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codesOf } from '../../../schemas/codes.ts';
import { type FaultCode, faults } from '../../../schemas/faults.ts';
import { warnings } from '../../../schemas/warnings.ts';

/** What every refusal in the code gives: a place, and a remedy in its text or in its particulars. */

const root = new URL('../../../', import.meta.url);

/** Arguments of the call whose opening bracket is before `from`, split at their commas. Brackets in strings are balanced here. */
const argumentsAt = (text: string, from: number): readonly string[] => {
  const found = [''];
  let depth = 0;
  let quote: string | undefined;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== undefined) {
      if (character === quote && text[at - 1] !== '\\') quote = undefined;
    } else if (character === "'" || character === '`') quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) {
      if (depth === 0) return found.map((one) => one.trim()).filter((one) => one !== '');
      depth -= 1;
    } else if (character === ',' && depth === 0) {
      found.push('');
      continue;
    }
    found[found.length - 1] += character;
  }
  throw new Error('a call does not end');
};

interface Call {
  readonly file: string;
  readonly code: FaultCode;
  readonly at: string | undefined;
  readonly detail: string | undefined;
}

const given = (argument: string | undefined): string | undefined => (argument === 'undefined' ? undefined : argument);

const calls = globSync('{core,functions,schemas,adapters}/**/*.ts', { cwd: root }).flatMap((file): readonly Call[] => {
  const text = readFileSync(new URL(file, root), 'utf8');
  return [...text.matchAll(/(?<!const )\brefuse\(/g)].flatMap((found) => {
    const [first = '', at, detail] = argumentsAt(text, found.index + found[0].length);
    const code = codesOf(faults).find((one) => first === `'${one}'`);
    return code === undefined ? [] : [{ file, code, at: given(at), detail: given(detail) }];
  });
});

/** The whole body is wrong: line and column are in the particulars. */
const withoutPlace: readonly FaultCode[] = ['bad-request', 'not-json', 'not-utf-8', 'too-deep'];

const isAboutContent = (code: FaultCode): boolean => [400, 422].includes(faults[code].status);

describe('the refusals in the code', () => {
  test('are found', () => expect(calls.length).toBeGreaterThan(80));

  test('name the element, if they are about the content of a request', () =>
    expect(
      calls.filter(({ code, at }) => isAboutContent(code) && at === undefined && !withoutPlace.includes(code)),
    ).toEqual([]));

  test('have particulars, if their text leads there', () =>
    expect(
      calls.filter(
        ({ code, detail }) => /diagnostics (?:say|name|give)/i.test(faults[code].text) && detail === undefined,
      ),
    ).toEqual([]));
});

/** Verbs that a remedy begins with. */
const remedy =
  /(?:^|[.;:,] |or |and )(?:send|give|add|correct|remove|use|read|name|let|ask|leave|accept|flatten|compare|check|wait|get|see|keep|phone|make|GET|end|decide|call|put|notify)\b/i;

test.each(codesOf(faults))('the text of the refusal %s says what to do', (code) =>
  expect(faults[code].text).toMatch(remedy),
);

test.each(codesOf(warnings))('the text of the warning %s says what to do', (code) =>
  expect(warnings[code].text).toMatch(remedy),
);
