/**
 * JSON without loss. FHIR decimals carry their precision (`1.50` is not `1.5`, FHIR R4 2.24.0.1), which `JSON.parse`
 * drops; numbers that would not come out as they went in are kept as their source text (ECMAScript `JSON.rawJSON`).
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

export const maxDepth = 64;

/** Largest request body, in bytes of UTF-8: a log entry, compressed, must fit a DynamoDB item (400 KB). */
export const maxBodyBytes = 256 * 1024;

const quote = 34;
const backslash = 92;
const isOpening = (code: number): boolean => code === 123 || code === 91;
const isClosing = (code: number): boolean => code === 125 || code === 93;

/** Whether brackets nest deeper than `maxDepth`. Looked at before parsing, so that no parser recurses into an attack. */
export const isTooDeep = (text: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === backslash) at += 1;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (isOpening(code)) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (isClosing(code)) depth -= 1;
  }
  return false;
};

/** Parses JSON so that `JSON.stringify` of the result has the same meaning, digits of numbers included. Throws `SyntaxError`. */
export const parseLossless = (text: string): unknown =>
  JSON.parse(text, (_key: string, value: unknown, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value,
  );

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);

/** The same text for the same JSON value, whatever the order of its keys or its white space. */
export const canonicalText = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`);
  return `{${members.join(',')}}`;
};
