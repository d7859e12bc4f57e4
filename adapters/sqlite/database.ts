import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { asUnavailable } from './faults.ts';
import type { Write } from './grouped-writes.ts';

/** The one database of a standalone hub, as its adapters use it. */

/** A row by column. A column that is NULL is `undefined`. */
export type Row = Readonly<Record<string, Exclude<SQLOutputValue, null> | undefined>>;

/** Values by parameter (`$name` in the statement). `undefined` is NULL, a boolean 0 or 1. */
export type Values = Readonly<Record<string, SQLInputValue | boolean | undefined>>;

/** A prepared statement. Each call throws `Unavailable` for a storage fault. */
export interface Statement {
  /** Returns how many rows it changed. */
  readonly run: (values: Values) => number;
  readonly get: (values: Values) => Row | undefined;
  readonly all: (values: Values) => readonly Row[];
}

export interface Database {
  readonly statement: (sql: string) => Statement;
  /** Runs statements that write in a transaction; it resolves when they are on the disk. Throws `Unavailable`; nothing is stored then. */
  readonly write: Write;
  readonly close: () => void;
}

const bound = (values: Values): Record<string, SQLInputValue> => {
  const bindings: Record<string, SQLInputValue> = {};
  for (const [name, value] of Object.entries(values))
    bindings[name] = typeof value === 'boolean' ? Number(value) : (value ?? null);
  return bindings;
};

const rowOf = (stored: Record<string, SQLOutputValue>): Row => {
  const row: Record<string, Exclude<SQLOutputValue, null>> = {};
  for (const [column, value] of Object.entries(stored)) if (value !== null) row[column] = value;
  return row;
};

const reach = <Result>(call: () => Result): Result => {
  try {
    return call();
  } catch (error) {
    throw asUnavailable(error);
  }
};

/** The statements of an open connection. They run at once: a read of some kilobytes takes microseconds. */
export const databaseOn = (connection: DatabaseSync, write: Write, close: () => void): Database => ({
  statement: (sql) => {
    const prepared = connection.prepare(sql);
    return {
      run: (values) => reach(() => Number(prepared.run(bound(values)).changes)),
      get: (values) => {
        const found = reach(() => prepared.get(bound(values)));
        return found === undefined ? undefined : rowOf(found);
      },
      all: (values) => reach(() => prepared.all(bound(values))).map(rowOf),
    };
  },
  write,
  close,
});
