import type { Row } from './database.ts';

/** Columns of a row, read with the type that the schema gives them. */

export const text = (value: Row[string]): string => String(value ?? '');

export const optionalText = (value: Row[string]): string | undefined => (value === undefined ? undefined : text(value));

export const integer = (value: Row[string]): number => Number(value ?? 0);

export const optionalInteger = (value: Row[string]): number | undefined =>
  value === undefined ? undefined : integer(value);

/** JSON that only the hub writes, so its shape is trusted; `undefined` for NULL. */
export const json = (value: Row[string]) => (value === undefined ? undefined : JSON.parse(text(value)));

/** Several texts as one parameter: `IN (SELECT value FROM json_each($list))`. */
export const list = (texts: readonly string[]): string => JSON.stringify(texts);
