import { createRequire } from 'node:module';
import { z } from 'zod';

/**
 * LevelDB after a write that the disk refused: its log may end with half a record, and a record behind that would be lost at the next
 * start. So writes are made one after another, none is made after one that failed, and the database is closed and opened again, which
 * cuts off the half record, before the next.
 */

/** The database. */
export type LevelDatabase = LevelClass;

interface LevelClass {
  open: (this: LevelClass) => Promise<void>;
  close: (this: LevelClass) => Promise<void>;
  _open: Hook;
  _put: Hook;
  _del: Hook;
  _batch: Hook;
}

/** What a class of abstract-level implements. */
type Hook = (this: LevelClass, ...given: unknown[]) => Promise<void>;

interface Watcher {
  readonly opened: () => void;
  /** The database cannot be opened. */
  readonly notOpened: (error: unknown) => void;
  /** A write has failed: no other is made until `steady.reopen`. */
  readonly writeFailed: (database: LevelDatabase, error: unknown) => void;
}

const requireOf = (name: string, from: NodeJS.Require): NodeJS.Require => createRequire(from.resolve(name));
const ofLevel = requireOf('level', requireOf('dynalite', createRequire(import.meta.url)));
const { prototype } = z
  .object({ ClassicLevel: z.custom<{ readonly prototype: LevelClass }>((one) => typeof one === 'function') })
  .parse(ofLevel('classic-level')).ClassicLevel;

let watcher: Watcher = { opened: () => {}, notOpened: () => {}, writeFailed: () => {} };
let last: Promise<unknown> = Promise.resolve();
let failure: { readonly error: unknown } | undefined;

/** Makes a write when those before it have ended. Fails without making it if one of them has failed. */
const inTurn = (database: LevelDatabase, write: () => Promise<void>): Promise<void> => {
  const before = last;
  const make = async (): Promise<void> => {
    await before;
    if (failure !== undefined) throw failure.error;
    try {
      await write();
    } catch (error) {
      failure = { error };
      watcher.writeFailed(database, error);
      throw error;
    }
  };
  const made = make();
  last = made.catch(() => {});
  return made;
};

const { close, open: openAgain, _open, _put, _del, _batch } = prototype;
prototype._open = async function open(...given) {
  try {
    await _open.apply(this, given);
    watcher.opened();
  } catch (error) {
    watcher.notOpened(error);
    throw error;
  }
};
prototype._put = function put(...given) {
  return inTurn(this, () => _put.apply(this, given));
};
prototype._del = function del(...given) {
  return inTurn(this, () => _del.apply(this, given));
};
prototype._batch = function batch(...given) {
  return inTurn(this, () => _batch.apply(this, given));
};

export const steady = {
  watch: (by: Watcher): void => {
    watcher = by;
  },
  /** Closes the database; not by the method that dynalite has put in its place, after which it never uses it again. */
  close: (database: LevelDatabase): Promise<void> => close.call(database),
  /** Opens the database again, and lets writes be made. */
  reopen: async (database: LevelDatabase): Promise<void> => {
    await openAgain.call(database);
    failure = undefined;
  },
};
