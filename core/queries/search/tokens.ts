/** Tokens and lists of values, with R4's escapes (search.html 3.1.1.4.0.1: `\,`, `\|`, `\$`, `\\`). */

/** Splits a text at each separator that is not escaped. The parts keep their escapes. */
export const splitAt = (text: string, separator: ',' | '|'): readonly string[] => {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
};

export const unescape = (text: string): string => text.replaceAll(/\\([\\,|$])/g, '$1');

/** A token as it is asked for. */
export interface Token {
  /** `undefined`: any system; empty: none. */
  readonly system?: string;
  /** `undefined`: any value of the system. */
  readonly value?: string;
}

/** Reads `value`, `system|value`, `|value` or `system|`; `undefined` if it has neither system nor value. */
export const tokenIn = (text: string): Token | undefined => {
  const [first = '', ...others] = splitAt(text, '|');
  if (others.length === 0) return first === '' ? undefined : { value: unescape(first) };
  const value = unescape(others.join('|'));
  const system = unescape(first);
  if (system === '' && value === '') return undefined;
  return { system, ...(value === '' ? {} : { value }) };
};

/** A code or identifier of an element. */
export interface Coded {
  readonly system?: string;
  readonly value: string;
}

export const hasToken = (coded: readonly Coded[], { system, value }: Token): boolean =>
  coded.some(
    (one) => (value === undefined || one.value === value) && (system === undefined || (one.system ?? '') === system),
  );
