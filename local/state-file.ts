import { open, readFile, rename } from 'node:fs/promises';
import type { z } from 'zod';

/** Files that a hub on this machine reads: a broken one is named, with what to do, and never overwritten. */

/** A file that cannot be used: its path as it was given, what is wrong, and what to do. */
export class BrokenFile extends Error {
  override readonly name = 'BrokenFile';

  constructor(file: string, why: string, todo: string) {
    super(`${file} ${why}. ${todo}`);
  }
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** What is wrong with a value, without the value: it may be a key. */
const whyNot = ({ issues: [first] }: z.core.$ZodError): string => {
  const place = first?.path.map(String).join('.') ?? '';
  return `does not have the form that this release reads (${place === '' ? 'as a whole' : `at ${place}`})`;
};

/** The JSON in a text. `todo`: what to do if there is none. Throws `BrokenFile`. */
const parseJsonFile = (file: string, text: string, todo: string): unknown => {
  if (text.trim() === '') throw new BrokenFile(file, 'is empty', todo);
  try {
    return JSON.parse(text);
  } catch {
    throw new BrokenFile(file, 'is not JSON, or ends in the middle', todo);
  }
};

/** Reads a JSON file; `undefined` if it does not exist. Throws `BrokenFile`. */
export const readStateFile = async <Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  todo: string,
): Promise<z.output<Schema> | undefined> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new BrokenFile(file, `cannot be read (${error instanceof Error ? error.message : String(error)})`, todo);
  }
  const read = schema.safeParse(parseJsonFile(file, text, todo));
  if (read.success) return read.data;
  throw new BrokenFile(file, whyNot(read.error), todo);
};

/** Reads a JSON file that must exist. Throws `BrokenFile`. */
export const requireStateFile = async <Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  todo: string,
): Promise<z.output<Schema>> => {
  const read = await readStateFile(file, schema, todo);
  if (read === undefined) throw new BrokenFile(file, 'does not exist', todo);
  return read;
};

/** Writes a file as a whole: after a crash or on a full disk it is the old one or the new one, never a part. */
export const writeStateFile = async (
  file: string,
  text: string,
  { mode = 0o666 }: { readonly mode?: number } = {},
): Promise<void> => {
  const next = `${file}.new`;
  const handle = await open(next, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
};
