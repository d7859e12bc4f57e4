import type { Fault, FaultCode } from '../faults.ts';
import { afterString, isSpace } from './json.ts';

/**
 * Strict reading of JSON from outside. It refuses what two readers could understand differently (RFC 7493, I-JSON):
 * the hub passes the text on, and its readers must read the same as the hub.
 */

export const maxDepth = 64;

/** Largest request body, in bytes of UTF-8: a log entry, compressed, must fit a DynamoDB item (400 KB). */
export const maxBodyBytes = 256 * 1024;

const quote = 34;
const colon = 58;
const isOpening = (code: number): boolean => code === 123 || code === 91;
const isClosing = (code: number): boolean => code === 125 || code === 93;

/** Number of member names in a text, with repetitions; or the place where brackets first nest deeper than `maxDepth`. */
interface Outline {
  readonly names: number;
  readonly tooDeepAt?: number;
}

/** Checked before parsing, so that no parser recurses into an attack. */
export const outlineOf = (text: string): Outline => {
  let depth = 0;
  let names = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = afterString(text, at) - 1;
    else if (code === colon) names += 1;
    else if (isOpening(code)) {
      depth += 1;
      if (depth > maxDepth) return { names, tooDeepAt: at };
    } else if (isClosing(code)) depth -= 1;
  }
  return { names };
};

/** Members of JavaScript objects that lead to shared prototypes. No FHIR element has such a name. */
const reserved: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** Number of members of a value and its nested values; `undefined` if one has a reserved name. */
const membersIn = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += membersIn(item);
    return count;
  }
  for (const [name, member] of Object.entries(value))
    count += reserved.includes(name) ? Number.NaN : 1 + membersIn(member);
  return count;
};

/** Escapes of half a character or NUL: unescaped, neither is JSON in UTF-8. */
const mayBeOdd = /\\u(?:0000|[dD][89a-fA-F])/;

/** NUL ends a text for some readers and is refused by others; half a character (a lone surrogate) is in no UTF-8. */
const isOdd = (text: string): boolean => text.includes('\u0000') || !text.isWellFormed();

const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![^\s,\]}])/y;

type Expected = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'rest' | 'end';
type Odd = { readonly code: FaultCode; readonly at: number };

const stringIn = (raw: string): string | undefined => {
  try {
    const read: unknown = JSON.parse(raw);
    return typeof read === 'string' ? read : undefined;
  } catch {
    return undefined;
  }
};

/** The first fault in a text. Called only if there is one, because it takes longer than parsing. */
const firstOdd = (text: string): Odd | undefined => {
  /** Open brackets: an object with its names so far, or a list. */
  const open: (Set<string> | 'list')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const closed = (): Expected => {
    open.pop();
    return open.length === 0 ? 'end' : 'rest';
  };
  for (;;) {
    while (isSpace(text.charCodeAt(at))) at += 1;
    const broken: Odd = { code: 'not-json', at };
    const character = text[at];
    const inside = open.at(-1);
    if (character === undefined) return expected === 'end' ? undefined : broken;
    if (character === '"') {
      const isName = expected === 'name' || expected === 'first name';
      if (!isName && expected !== 'value' && expected !== 'first value') return broken;
      const end = afterString(text, at);
      const read = stringIn(text.slice(at, end));
      if (read === undefined) return broken;
      if (isOdd(read)) return { code: 'not-unicode', at };
      if (isName && inside instanceof Set) {
        if (reserved.includes(read)) return { code: 'reserved-name', at };
        if (inside.has(read)) return { code: 'repeated-name', at };
        inside.add(read);
      }
      at = end;
      if (isName) expected = 'colon';
      else expected = open.length === 0 ? 'end' : 'rest';
      continue;
    }
    switch (expected) {
      case 'value':
      case 'first value': {
        if (character === '{' || character === '[') {
          const isList = character === '[';
          open.push(isList ? 'list' : new Set());
          expected = isList ? 'first value' : 'first name';
          at += 1;
        } else if (character === ']' && expected === 'first value') {
          expected = closed();
          at += 1;
        } else {
          scalar.lastIndex = at;
          if (!scalar.test(text)) return broken;
          at = scalar.lastIndex;
          expected = open.length === 0 ? 'end' : 'rest';
        }
        break;
      }
      case 'name':
      case 'first name':
        if (character !== '}' || expected === 'name') return broken;
        expected = closed();
        at += 1;
        break;
      case 'colon':
        if (character !== ':') return broken;
        expected = 'value';
        at += 1;
        break;
      case 'rest': {
        const isList = inside === 'list';
        if (character === ',') expected = isList ? 'value' : 'name';
        else if (character === (isList ? ']' : '}')) expected = closed();
        else return broken;
        at += 1;
        break;
      }
      case 'end':
        return broken;
    }
  }
};

/** A place in a text by line and column, without the text at that place. */
const placeOf = (text: string, at: number): string => {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
};

const refused = (text: string, { code, at }: Odd): Fault => {
  const isMarked = code === 'not-json' && at === 0 && text.startsWith('\ufeff');
  return { code, detail: isMarked ? 'begins with a byte order mark: leave it out' : placeOf(text, at) };
};

type JsonRead = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: Fault };

/** Parses JSON as `JSON.parse` does. Returns the reason and place of a refusal. Time is linear in the text. Throws nothing. */
export const readJson = (text: string): JsonRead => {
  if (Buffer.byteLength(text) > maxBodyBytes) return { ok: false, fault: { code: 'too-large' } };
  const { names, tooDeepAt } = outlineOf(text);
  if (tooDeepAt !== undefined) return { ok: false, fault: { code: 'too-deep', detail: placeOf(text, tooDeepAt) } };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: refused(text, firstOdd(text) ?? { code: 'not-json', at: 0 }) };
  }
  // A repeated member is in the value once.
  if (membersIn(value) === names && !mayBeOdd.test(text)) return { ok: true, value };
  const odd = firstOdd(text);
  return odd === undefined ? { ok: true, value } : { ok: false, fault: refused(text, odd) };
};
