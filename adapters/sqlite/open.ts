import { closeSync, openSync, realpathSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Database, databaseOn } from './database.ts';
import { storageFaultOf } from './faults.ts';
import { groupedWrites, singleWrites } from './grouped-writes.ts';
import { applicationId, migrations } from './schema.ts';

/** The database cannot be used. The message says why and what an operator can do; nothing was written. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
}

interface Opening {
  /** `hub`: no other hub may have it open. `command`: beside a hub, or alone. */
  readonly by: 'hub' | 'command';
  /** `turn`: writes of one turn of the event loop share a transaction. `none`: each is one, at once. */
  readonly grouping?: 'turn' | 'none';
}

/** Milliseconds for which a statement waits for the lock of another process, such as a command. */
const busyMilliseconds = 2_000;

const settings = [
  // The defaults of this build for WAL, stated because durability rests on them: COMMIT returns after fsync.
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = FULL',
  // On macOS, fsync alone leaves data in the cache of the disk.
  'PRAGMA fullfsync = ON',
  'PRAGMA checkpoint_fullfsync = ON',
  // The WAL is given back to the file system after a peak.
  `PRAGMA journal_size_limit = ${64 * 1024 * 1024}`,
  // Kibibytes, negative as SQLite wants it.
  `PRAGMA cache_size = -${32 * 1024}`,
  'PRAGMA cell_size_check = ON',
  'PRAGMA trusted_schema = OFF',
  'PRAGMA temp_store = MEMORY',
].join(';');

const numberOf = (connection: DatabaseSync, pragma: 'application_id' | 'user_version'): number =>
  Number(connection.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);

const isEmpty = (connection: DatabaseSync): boolean =>
  connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;

/** Whose database it is, and of which version. */
const refuseForeign = (connection: DatabaseSync, path: string): void => {
  const version = numberOf(connection, 'user_version');
  if (numberOf(connection, 'application_id') !== applicationId && !isEmpty(connection))
    throw new DatabaseRefused(`${path} is the database of another program. Give the hub a file of its own.`);
  if (version > migrations.length)
    throw new DatabaseRefused(
      `${path} was written by a newer release (version ${version} of the database; this release knows ${migrations.length}). Start that release.`,
    );
};

/** Findings of the check that are named. */
const mostFindings = 3;

const damageOf = (connection: DatabaseSync): readonly string[] =>
  connection
    .prepare(`PRAGMA quick_check(${mostFindings})`)
    .all()
    .map(({ quick_check: finding }) => String(finding))
    .filter((finding) => finding !== 'ok');

const damaged = (path: string, findings: readonly string[]): DatabaseRefused =>
  new DatabaseRefused(
    `${path} is damaged${findings.map((finding) => `: ${finding}`).join('')}. Keep the file as it is, and restore a backup to another folder.`,
  );

/** A look at a database that changes nothing. A connection that may write would move what is in the WAL to the file when it is closed. */
const withReader = (path: string, look: (connection: DatabaseSync) => void): void => {
  const connection = new DatabaseSync(path, { readOnly: true, timeout: busyMilliseconds });
  try {
    look(connection);
  } finally {
    connection.close();
  }
};

const refuseDamaged = (connection: DatabaseSync, path: string): void => {
  const findings = damageOf(connection);
  if (findings.length > 0) throw damaged(path, findings);
};

/** Bytes. A check reads the whole file, 750 ms for a gigabyte; a hub is to accept messages within a second of its start. */
const mostCheckedAtStart = 512 * 1024 * 1024;

const refuseUnusable = (path: string): void =>
  withReader(path, (connection) => {
    refuseForeign(connection, path);
    if (statSync(path).size <= mostCheckedAtStart) refuseDamaged(connection, path);
  });

/** Throws `DatabaseRefused` if a database is damaged. For a large one, which is not checked when it is opened: that takes seconds and more. */
export const checkDatabase = (path: string): void => {
  try {
    withReader(path, (connection) => refuseDamaged(connection, path));
  } catch (error) {
    throw whyNotOpened(error, path);
  }
};

/** Takes the steps that are missing in one transaction. */
const migrate = (connection: DatabaseSync): void => {
  connection.exec('BEGIN IMMEDIATE');
  const version = numberOf(connection, 'user_version');
  for (const step of migrations.slice(version)) connection.exec(step);
  if (version < migrations.length)
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
  connection.exec('COMMIT');
};

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/**
 * Makes the file if there is none, readable by its owner only: it holds secrets and health data. A file that is there is not even
 * opened: when a process closes a file, it loses all its locks on it, those of SQLite too.
 */
const makeFile = (path: string): void => {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!isThere(error)) throw error;
  }
};

/**
 * A lock that the operating system releases when the process ends, however it ends: SQLite's own, on an empty file beside the
 * database. The database itself stays open to commands and to tools that copy its WAL.
 */
const lockFor = (path: string): (() => void) => {
  const lockPath = `${path}.lock`;
  makeFile(lockPath);
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (storageFaultOf(error) !== 'SQLITE_BUSY') throw error;
    throw new DatabaseRefused(`Another hub uses ${path}. Stop it first, or give this one a folder of its own.`);
  }
  return () => lock.close();
};

/** SQLite's reasons for not opening a file, as a sentence. */
const whyNotOpened = (error: unknown, path: string): unknown => {
  const fault = storageFaultOf(error);
  if (fault === 'SQLITE_NOTADB' || fault === 'SQLITE_CORRUPT')
    return damaged(path, [error instanceof Error ? error.message : fault]);
  if (fault !== undefined || (error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code))))
    return new DatabaseRefused(
      `${path} cannot be opened: ${error instanceof Error ? error.message : 'unknown'}. Check the folder and its rights.`,
      { cause: error },
    );
  return error;
};

const connect = (path: string, { by, grouping = 'turn' }: Opening): Database => {
  const closing: (() => void)[] = [];
  const close = (): void => {
    for (const one of closing.splice(0).reverse()) one();
  };
  try {
    const isFile = path !== ':memory:';
    // A command works on a hub that there is.
    if (isFile && by === 'hub') makeFile(path);
    if (isFile && by === 'hub') closing.push(lockFor(realpathSync(path)));
    // Nothing is written before it is known that the file is whole and the hub's.
    if (isFile) refuseUnusable(path);
    const connection = new DatabaseSync(path, { timeout: busyMilliseconds, defensive: true });
    closing.push(() => connection.close());
    connection.exec(settings);
    migrate(connection);
    return databaseOn(connection, grouping === 'turn' ? groupedWrites(connection) : singleWrites(connection), close);
  } catch (error) {
    close();
    throw error;
  }
};

/**
 * Opens the database of a hub, and makes it if there is none. Throws `DatabaseRefused` if it is damaged, of another program, of a
 * newer release, or in use by another hub.
 */
export const openDatabase = (path: string, opening: Opening): Database => {
  try {
    return connect(path, opening);
  } catch (error) {
    throw whyNotOpened(error, path);
  }
};
