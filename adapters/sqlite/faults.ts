import { Unavailable } from '../../core/mission/errors.ts';

/** Result codes of SQLite for which the same call may succeed later: a lock, a full or failing disk, a file that an operator replaces. */
const storageCodes: ReadonlyMap<number, string> = new Map([
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [7, 'SQLITE_NOMEM'],
  [8, 'SQLITE_READONLY'],
  [9, 'SQLITE_INTERRUPT'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [15, 'SQLITE_PROTOCOL'],
  [26, 'SQLITE_NOTADB'],
]);

/** Name of the storage fault that an error of `node:sqlite` is; nothing if it is another error. */
export const storageFaultOf = (error: unknown): string | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? // The low byte is the code, the others its kind.
      storageCodes.get(error.errcode & 0xff)
    : undefined;

/** A fault of the storage as `Unavailable`, as the other adapters throw it; any other error as it is. */
export const asUnavailable = (error: unknown): unknown => {
  const fault = storageFaultOf(error);
  return fault === undefined ? error : new Unavailable(fault, { cause: error });
};
