/**
 * JSON without loss. FHIR decimals have a precision (`1.50` is not `1.5`, FHIR R4 2.24.0.1), which `JSON.parse`
 * drops. Numbers that would change are kept as their source text (ECMAScript `JSON.rawJSON`).
 */
declare global {
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

const quote = 34;
const backslash = 92;

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Characters of a number, among them the `e` of `true` and `false`. */
const numeric = new Uint8Array(128);
for (const character of '0123456789-+.eE') numeric[character.charCodeAt(0)] = 1;
const isNumeric = (code: number): boolean => numeric[code] === 1;
export const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;

/** End of the string that begins at a quotation mark: after its closing mark, or the end of the text if there is none. */
export const afterString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
};

interface Place {
  readonly from: number;
  readonly to: number;
}

/** Numbers that a double does not write as the text has them. Invalid JSON is refused later by the parser. */
const lossyNumbers = (text: string): readonly Place[] => {
  const found: Place[] = [];
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    // Most of an indented text is white space.
    if (code === 32) at += 1;
    else if (code === quote) at = afterString(text, at);
    else if (!isNumeric(code)) at += 1;
    else {
      const from = at;
      while (isNumeric(text.charCodeAt(at))) at += 1;
      const source = text.slice(from, at);
      if (String(Number(source)) === source || !jsonNumber.test(source)) continue;
      let next = at;
      while (isSpace(text.charCodeAt(next))) next += 1;
      // A number in the place of a key would become a key if it were quoted.
      if (text[next] !== ':') found.push({ from, to: at });
    }
  }
  return found;
};

/** No JSON text has it unescaped; a text that has it escaped is parsed the slow way. */
const mark = '\\u0000';

const isMarked = (value: unknown): value is string => typeof value === 'string' && value.charCodeAt(0) === 0;

const isHolder = (value: unknown): value is Record<string, unknown> | unknown[] =>
  typeof value === 'object' && value !== null;

/** Replaces marked texts by their numbers, in place. */
const unmarkIn = (holder: Record<string, unknown> | unknown[]): void => {
  if (Array.isArray(holder)) {
    for (let at = 0; at < holder.length; at += 1) {
      const member: unknown = holder[at];
      if (isMarked(member)) holder[at] = JSON.rawJSON(member.slice(1));
      else if (isHolder(member)) unmarkIn(member);
    }
    return;
  }
  for (const key of Object.keys(holder)) {
    const member = holder[key];
    // Not by assignment: a key may be called `__proto__`.
    if (isMarked(member)) Object.defineProperty(holder, key, { value: JSON.rawJSON(member.slice(1)) });
    else if (isHolder(member)) unmarkIn(member);
  }
};

const unmark = (value: unknown): unknown => {
  if (isMarked(value)) return JSON.rawJSON(value.slice(1));
  if (isHolder(value)) unmarkIn(value);
  return value;
};

const parseSlowly = (text: string): unknown =>
  JSON.parse(text, (_key: string, value: unknown, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value,
  );

/**
 * Parses JSON so that `JSON.stringify` of the result has the same meaning, digits of numbers included. Throws `SyntaxError`.
 * A reviver is called for every value and takes several times as long as parsing, so only numbers that need it are marked.
 */
export const parseLossless = (text: string): unknown => {
  const numbers = lossyNumbers(text);
  if (numbers.length === 0) return JSON.parse(text);
  if (text.includes(mark)) return parseSlowly(text);
  let written = '';
  let done = 0;
  for (const { from, to } of numbers) {
    written += `${text.slice(done, from)}"${mark}${text.slice(from, to)}"`;
    done = to;
  }
  return unmark(JSON.parse(written + text.slice(done)));
};

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);

/** The items of a list; none if the value is no list. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The same text for the same JSON value, whatever the order of its keys or its white space. A member that is `undefined` is absent. */
export const canonicalText = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`);
  return `{${members.join(',')}}`;
};
