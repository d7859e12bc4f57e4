import { faults } from '../faults.ts';
import { readJson } from './strict-json.ts';

/** Bytes. Files of operators are larger than messages of partners. */
const maxFileBytes = 4 * 1024 * 1024;

const newline = 10;

/** The number of the first line that is not UTF-8; `undefined` if all are. No character has a line end inside. */
const wrongLineIn = (bytes: Uint8Array): number | undefined => {
  const strict = new TextDecoder('utf-8', { fatal: true });
  let from = 0;
  for (let line = 1; from <= bytes.length; line += 1) {
    const end = bytes.indexOf(newline, from);
    const to = end === -1 ? bytes.length : end;
    try {
      strict.decode(bytes.subarray(from, to));
    } catch {
      return line;
    }
    from = to + 1;
  }
  return undefined;
};

export type JsonFile = { readonly value: unknown } | { readonly faults: readonly string[] };

/**
 * Reads the bytes of a JSON file of an operator as strictly as a message of a partner: UTF-8, no name twice in one object.
 * A fault says the line.
 */
export const readJsonFile = (bytes: Uint8Array): JsonFile => {
  const wrongLine = wrongLineIn(bytes);
  if (wrongLine !== undefined)
    return { faults: [`line ${wrongLine}: is not UTF-8: save the file as UTF-8, without a byte order mark`] };
  const json = readJson(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), { mostBytes: maxFileBytes });
  if (json.ok) return { value: json.value };
  const { code, detail } = json.fault;
  return { faults: [`${detail === undefined ? '' : `${detail}: `}${faults[code].text}`] };
};
